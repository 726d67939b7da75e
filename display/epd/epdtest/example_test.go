// SPDX-License-Identifier: Apache-2.0

package epdtest_test

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/epd/epdtest"
)

func Example() {
	panel := epdtest.NewSSD1683(nil)
	panel.SetPower(gpio.High)
	panel.SetReset(gpio.High)
	for panel.Busy() {
		time.Sleep(time.Millisecond)
	}
	panel.Tx(false, []byte{0x44})       // window in X
	panel.Tx(true, []byte{0x00, 0x32})  // one byte too far
	panel.Tx(false, []byte{0x22, 0x20}) // a sequence without its parameter
	for _, f := range panel.Faults() {
		fmt.Println(f)
	}
	// Output:
	// window X 00 32, of 00–31
	// command 22 with 0 of 1 parameters
	// sequence FF reads the temperature from an external sensor, there is none
	// partial refresh before a full one
}

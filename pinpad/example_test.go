// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"fmt"
	"log"
	"time"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

func Example() {
	m := pinpadtest.NewMatrix() // on the box: eight lines of gpiochip0
	pad, err := pinpad.New(m.Rows(), m.Cols(), nil)
	if err != nil {
		log.Fatal(err)
	}
	defer pad.Halt()

	pad.Menu(1)
	time.Sleep(50 * time.Millisecond) // nobody is faster; keys must be seen up first
	m.Press(pinpad.KeyDown)
	e := <-pad.Events()
	fmt.Println(e.Kind, e.Key)
	m.Release(pinpad.KeyDown)

	pad.Secret(2, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4})
	pad.Off(3)
	fmt.Println(pad.Take(pinpad.SlotCurrent) == nil)
	// Output:
	// press down
	// true
}

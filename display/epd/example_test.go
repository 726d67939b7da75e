// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"context"
	"fmt"
	"image"
	"log"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

func Example() {
	// On the box: spireg.Open("/dev/spidev0.0") and the four lines of the HAT.
	panel := epdtest.NewSSD1683(&epdtest.Opts{Speed: 100})
	d, err := epd.New(panel.Port(), epd.Pins(panel.Pins()), &epd.Opts{Model: epd.Model4in2, AnyTime: true})
	if err != nil {
		log.Fatal(err)
	}
	defer d.Halt()

	m := mono.New(400, 300)
	m.Fill(image.Rect(40, 40, 360, 100), false)
	if err := d.Full(context.Background(), m); err != nil {
		log.Fatal(err)
	}
	fmt.Println(d, "shows the picture:", panel.Glass().Equal(m))
	// Output: epd.SSD1683{epdtest} shows the picture: true
}

// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"fmt"
	"image"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// A Model is a panel by its name in the configuration.
type Model string

// The panels that this package drives.
const (
	Model4in2 Model = "4in2_v2" // Waveshare 4.2" V2, Good Display GDEY042T81: SSD1683, 400 × 300
	Model7in5 Model = "7in5_v2" // Waveshare 7.5" V2, Good Display GDEY075T7: UC8179, 800 × 480
)

// Models are all of them.
var Models = []Model{Model4in2, Model7in5}

// Bounds returns the panel's rectangle; it is empty for an unknown model.
func (m Model) Bounds() image.Rectangle {
	switch m {
	case Model4in2:
		return image.Rect(0, 0, 400, 300)
	case Model7in5:
		return image.Rect(0, 0, 800, 480)
	}
	return image.Rectangle{}
}

// A controller is what differs between the panels: bytes, and the sense of BUSY. Its methods run under the driver's lock; like everything
// that sends, they do nothing once d.err is set.
type controller interface {
	name() string
	idle() gpio.Level      // of BUSY
	settle() time.Duration // RST stays high so long before and after its pulse
	least() image.Point    // of a RAM window, in pixels
	start()                // what follows a hardware reset, before registers
	// full writes registers and a frame, and refreshes by it.
	full(pix []byte, quick bool)
	// part writes windows and refreshes by them; without windows it refreshes by no difference. of returns a window's bytes, and may be asked
	// for them more than once.
	part(of func(image.Rectangle) []byte, rs []image.Rectangle)
	powerOff()
	sleep()
	// other asks, after BUSY stayed at the wrong level behind a reset, whether the panel speaks the other controller's language, and
	// names it; "" if nothing answers.
	other() string
}

// newController makes the other half of a driver.
func newController(d *Dev) (controller, error) {
	switch d.opts.Model {
	case Model4in2:
		return ssd1683{d}, nil
	case Model7in5:
		return uc8179{d}, nil
	}
	return nil, fmt.Errorf("panel %q is unknown; there are %v", d.opts.Model, Models)
}

// reset pulses RST, waits until the controller is idle and finds out who answers if it is not.
func (d *Dev) reset() {
	d.op = "resetting"
	if d.pins.PWR != nil {
		d.set(d.pins.PWR, gpio.High)
		d.pause(10 * time.Millisecond)
	}
	d.set(d.pins.RST, gpio.High)
	d.pause(d.ctl.settle())
	d.set(d.pins.RST, gpio.Low) // on some boards a low RST also cuts the supply: keep it short
	d.pause(2 * time.Millisecond)
	d.set(d.pins.RST, gpio.High)
	d.pause(d.ctl.settle())
	d.waitIdle(d.opts.InitLimit)
	busy, ok := d.err.(*BusyError)
	if !ok {
		return
	}
	d.err = nil
	if found := d.ctl.other(); found != "" {
		d.err = &ModelError{Want: d.opts.Model, Found: found, Err: busy}
		return
	}
	d.err = busy
}

// answers sends a command and reports whether BUSY then shows a level, soon.
func (d *Dev) answers(cmd byte, level gpio.Level) bool {
	d.send(cmd)
	d.wait(level, 100*time.Millisecond, true)
	ok := d.err == nil
	d.err = nil
	return ok
}

// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"time"

	"madoguchi/display"
	"madoguchi/pinpad"
)

// unplugged pulls the reader out of the machine until the panel says so, and puts another one in.
func (m *machine) unplugged(office string) {
	m.t.Helper()
	m.qmp.do("device_del", map[string]any{"id": "reader"})
	m.shows(display.Screen{ID: display.FaultReader, Lang: display.Japanese, Facts: display.Facts{Office: office}})
	m.savePicture("5-reader.png")
	m.qmp.do("device_add", map[string]any{"driver": "usb-ccid", "bus": "usb.0", "id": "reader"})
}

// interrupted waits for what the first start after a cut shows: rest at once, or, if the case was still open, what was interrupted, which a
// clerk confirms.
func (m *machine) interrupted(office string) {
	m.t.Helper()
	up, down := atRest(office, "at_once", 0)
	waits, waitsDown := atRest(office, "at_once", 1)
	notice := display.Screen{ID: display.ClerkInterrupted, Lang: display.Japanese, Facts: display.Facts{Office: office, Procedure: "pin_change", Reason: "none", Kind: "login"}}
	if m.shows(notice, up, down, waits, waitsDown) == 0 {
		m.savePicture("6-interrupted.png")
		m.down(pinpad.KeyEnter)
		m.up()
		time.Sleep(time.Second)
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/pinpad"
)

// sceneChange changes a login PIN by keys, follows the record to city hall, and looks for the PINs in all of the guest's memory.
func (r *rig) sceneChange() {
	r.t.Helper()
	c := r.opens(login)
	r.m.savePicture("2-pin.png")
	r.lap("the resident may type")
	r.types(login)
	r.press(pinpad.KeyEnter)
	r.until("resident.changed")
	r.m.savePicture("3-changed.png")
	r.lap("the card has a new PIN")
	r.leaves(login)
	r.lap("the box is at rest")
	r.arrives()
	if n := c.Left(card.KindLogin); n != 3 {
		r.t.Errorf("%d tries are left, want 3", n)
	}
	if m := c.Misuse(); len(m) > 0 {
		r.t.Errorf("card misused: %v", m)
	}
	r.lap("the record is at city hall")
	r.m.secrets(login)
	r.m.answers()
}

// sceneWalls probes both sides from within, and measures them at rest.
func (r *rig) sceneWalls() {
	r.t.Helper()
	r.m.walls()
	r.m.loads()
	r.lap("both walls hold")
}

// scenePulled pulls the card after it has carried out a change of its signing password and before its answer. The resident puts it back, and the box finds out
// which password holds.
func (r *rig) scenePulled() {
	r.t.Helper()
	ch := drawn(signing)
	r.pulled(ch)
	r.arrives()
	r.lap("the card was pulled in the middle of a change and put back")
	r.m.secrets(ch)
}

// sceneReader unplugs the card reader until the panel says so, and plugs in another one, in which a card is read.
func (r *rig) sceneReader() {
	r.t.Helper()
	r.m.unplug()
	r.m.shows(display.Screen{ID: display.FaultReader, Lang: display.Japanese, Facts: display.Facts{Office: r.config.Office}})
	r.m.savePicture("5-reader.png")
	r.m.plug()
	r.rests()
	r.lap("the reader was unplugged and is back")
}

// unplug takes the card reader off the bus.
func (m *machine) unplug() {
	m.t.Helper()
	m.qmp.do("device_del", map[string]any{"id": "reader"})
}

// plug puts another one there.
func (m *machine) plug() {
	m.t.Helper()
	m.qmp.do("device_add", map[string]any{"driver": "usb-ccid", "bus": "usb.0", "id": "reader"})
	m.qmp.do("device_add", map[string]any{"driver": "ccid-card-passthru", "bus": "reader.0", "chardev": "card", "id": "slot"})
}

// sceneCut takes the line away, changes a PIN, and cuts the power when the result stands on the panel. After the next start city hall holds exactly one record of the
// case.
func (r *rig) sceneCut() {
	r.t.Helper()
	must(r.t, r.hall.broker.Kill())
	r.m.rests(false, 0)
	r.lap("the broker is gone")
	r.changes(another) // with the reader that was plugged in again
	r.m.cut()
	r.lap("the power was cut between the result and the upload")
	must(r.t, r.hall.broker.Restart())
	r.m.powerOn()
	r.m.interrupted()
	r.arrives()
	r.m.savePicture("7-again.png")
	r.lap("started again: exactly one record came of the case")
}

// interrupted waits for what the first start after a cut shows: rest at once, or, if the case was still open, what was interrupted, which a
// clerk confirms.
func (m *machine) interrupted() {
	m.t.Helper()
	notice := display.Screen{ID: display.ClerkInterrupted, Lang: display.Japanese, Facts: display.Facts{Office: m.config.Office, Procedure: "pin_change", Reason: "none", Kind: "login"}}
	if m.showsOf(func() []display.Screen { return append([]display.Screen{notice}, atRests(m.config)...) }) == 0 {
		m.savePicture("6-interrupted.png")
		m.press(pinpad.KeyEnter)
	}
}

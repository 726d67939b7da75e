// SPDX-License-Identifier: Apache-2.0

package device

import (
	"fmt"

	"madoguchi/device/session"
	"madoguchi/device/update"
	"madoguchi/sync/enrol"
)

// Home is the folder of a box that was enrolled, in which everything lies that makes it this box; *enrol.Home of device/enrol is one.
type Home interface {
	// Enrolment is the serial of the provisioning file by which it was enrolled; "": it is not known.
	Enrolment() string
	// Mark notes durably that the box is being wiped.
	Mark(m enrol.Mark) error
}

// wiper is the box as the agent of its updates wipes it.
type wiper struct{ d *Device }

var _ update.Wiper = wiper{}

// unsaved is what would be lost: what city hall does not have, and what it has and no backup of its has.
type unsaved struct{ lost, kept, claims int }

func (u unsaved) any() bool { return u != unsaved{} }

func (d *Device) unsaved() (u unsaved, err error) {
	s := d.box.Stats()
	u.lost, u.kept = s.Hold+s.Out+s.Dead, s.Sent
	claims, err := d.box.Claims()
	for _, c := range claims {
		if !c.Told {
			u.claims++
		}
	}
	return u, err
}

// Ready implements update.Wiper. What two people have agreed to lose keeps nothing up; an operation at the issuer does, for a card lies between before and after.
func (w wiper) Ready(o update.Wipe) string {
	if w.d.opts.Home == nil {
		return "unable"
	}
	if own := w.d.opts.Home.Enrolment(); own != "" && own != o.Enrolment {
		return "enrolment"
	}
	if w.d.box.Operation() != nil {
		return "operation"
	}
	if o.EvenUnsent {
		return ""
	}
	switch u, err := w.d.unsaved(); {
	case err != nil:
		return "storage"
	case u.any():
		return "unsent"
	case w.d.box.Stats().Quarantined > 0:
		return "damaged"
	}
	return ""
}

// Begin implements update.Wiper.
func (w wiper) Begin(o update.Wipe) error {
	if code := w.Ready(o); code != "" { // a case may have ended since
		return fmt.Errorf("wiping: %s", code)
	}
	u, _ := w.d.unsaved() // of a file that cannot be read nobody knows
	m := enrol.Mark{Device: w.d.cfg.DeviceID, Panel: w.d.cfg.Panel, Serial: o.Serial, Lost: u.lost, Kept: u.kept, Claims: u.claims, Begun: w.d.clock.Now().UTC()}
	w.d.log.Info("wipe", "lost", m.Lost, "kept", m.Kept, "claims", m.Claims)
	return w.d.opts.Home.Mark(m)
}

// wipeFaults are the words of display.UpdateFaults by the codes of an order to wipe that waits.
var wipeFaults = map[string]string{"unsent": "wipe_unsent", "damaged": "wipe_unsent", "clock": "wipe_clock", "unable": "wipe_unable", "enrolment": "wipe_unable", "expired": ""}

// wiping is the order to wipe that stands, as the screens have it; "": none does.
func (u *updates) wiping() string {
	if u == nil {
		return ""
	}
	s := u.status.Load()
	if s == nil || s.Wipe == nil {
		return ""
	}
	if word, ok := wipeFaults[s.Wipe.Code]; ok {
		return word
	}
	return "wipe"
}

// changedWiping tells whether an order to wipe came, went or stands otherwise than before.
func changedWiping(before *update.Status, now update.Status) bool {
	was, is := update.WipeStatus{}, update.WipeStatus{}
	if before != nil && before.Wipe != nil {
		was = *before.Wipe
	}
	if now.Wipe != nil {
		is = *now.Wipe
	}
	return was != is
}

// showWiping brings it to the screens.
func (u *updates) showWiping() {
	u.d.send(u.d.ctx, session.Event{Kind: session.WipeOrdered, OK: u.wiping() != ""})
}

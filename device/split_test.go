// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"fmt"
	"testing"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/display"
	"madoguchi/pinpad"
)

// split is a card whose register PIN was changed from 1234 to 2580 and cut between its two halves.
func split(t *testing.T) *simcard.Card {
	t.Helper()
	c := adult()
	st := c.State()
	ref := card.KindRegister.Info().Refs[0]
	name := fmt.Sprintf("%v:%04X", ref.AP, ref.EF)
	k := st.Keys[name]
	k.PIN = "2580"
	st.Keys[name] = k
	if err := c.Restore(st); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestSplitTold: on a card whose register PIN was cut in two the resident reads what is the matter, not that the number is wrong; a check ends with
// what the clerk does next, and a change of the same two PINs mends it.
func TestSplitTold(t *testing.T) {
	told := func(r *rig, reason string, left int) {
		t.Helper()
		r.until("resident.split")
		s := display.Screen{ID: display.ResidentSplit, Lang: display.Japanese, Facts: display.Facts{Kind: "register", Reason: reason, Left: left, Max: 3}}
		if got := string(r.panel.Glass().Pix); got != r.drawn(s) {
			t.Errorf("the glass does not show %q with %d tries", reason, left)
		}
	}
	bubble(t, nil, func(r *rig) {
		c := split(t)
		r.toPIN(pinpad.Key1, pinpad.Key4, c, "register")
		r.until("resident.pin.register")
		r.digits("1234")
		told(r, "check", 2)
		r.press(pinpad.KeyEnter)
		r.until("resident.stopped")
		r.leaves()
	})
	bubble(t, nil, func(r *rig) {
		c := split(t)
		change := func(now, next string) {
			r.until("resident.pin.register")
			r.digits(now)
			r.until("resident.rules.register")
			r.press(pinpad.KeyEnter)
			for _, screen := range []string{"resident.newpin.register", "resident.again.register"} {
				r.until(screen)
				r.digits(next)
			}
		}
		r.toPIN(pinpad.Key2, pinpad.Key4, c, "register")
		change("1234", "7391") // a third number mends nothing
		told(r, "swap", 1)
		r.press(pinpad.KeyEnter)
		for _, step := range []struct {
			screen string
			key    pinpad.Key
		}{{"resident.guard.1", pinpad.KeyEnter}, {"resident.guard.2", pinpad.KeyDown}, {"resident.guard.3", pinpad.KeyEnter}} {
			r.until(step.screen)
			r.press(step.key)
		}
		change("2580", "1234") // back to the old one
		r.until("resident.changed")
		if left := c.Left(card.KindRegister); left != 3 {
			t.Errorf("%d tries left, want 3", left)
		}
		r.press(pinpad.KeyEnter)
		r.until("resident.leavecheck.ask")
		r.press(pinpad.KeyCancel)
		r.until("resident.card.take")
		r.reader.Remove()
		r.rests()
	})
}

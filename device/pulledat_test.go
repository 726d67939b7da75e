// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"fmt"
	"sync"
	"testing"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/pinpad"
)

// pulls are the screens of a change at which somebody takes the card.
var pulls = []string{"resident.board", "resident.about.login", "resident.pin.login", "resident.rules.login", "resident.newpin.login", "resident.again.login",
	"resident.changing", "resident.changed", "resident.leavecheck.ask", "resident.leavecheck.login", "resident.leavecheck.ok"}

// TestCardPulled takes the card out at every step of a change, then walks away: one record, no PIN left, the box at rest.
func TestCardPulled(t *testing.T) {
	for _, at := range pulls {
		t.Run(at, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.opens(pinpad.Key2, pinpad.Key1)
				r.press(pinpad.Key1)
				r.until("resident.card.insert")
				r.reader.Insert(adult())
				r.mu.Lock()
				var once sync.Once
				r.watch = func(o device.Observed) {
					if o.Screen == at {
						once.Do(func() { go r.reader.Remove() })
					}
				}
				r.mu.Unlock()
				r.goesOn(at)
				r.rests()
				if n := r.box.Stats().Created; n != 1 {
					t.Errorf("%d records, want 1", n)
				}
			})
		})
	}
}

// TestCardPulledAtCommand takes the card out at every single command of a change, before it reaches the card and after the card has acted. A resident who
// puts it back and goes on ends with one PIN that is known: the old one or the new one, never locked.
func TestCardPulledAtCommand(t *testing.T) {
	t.Parallel()
	for pull, every := range map[simcard.Pull]int{simcard.PullBefore: 4, simcard.PullAfter: 1} { // a pull before the n-th is one after the one before it, but for what was sent
		stride := 5 // through the reading of the board
		for n := 1; n < 60; n += stride {
			if n > 11 {
				stride = every
			}
			done := false
			bubble(t, nil, func(r *rig) {
				c := adult()
				r.opens(pinpad.Key2, pinpad.Key1)
				r.press(pinpad.Key1)
				r.until("resident.card.insert")
				c.Inject(simcard.Fault{At: n, Pull: pull})
				r.reader.Insert(c)
				for i := 0; r.state().Screen != "idle"; i++ {
					if i > 3000 {
						t.Fatalf("command %d: the box stays at %+v", n, r.state())
					}
					r.persists(c, "login")
				}
				if got := r.box.Stats().Created; got != 1 {
					t.Errorf("command %d, pull %v: %d records, want 1", n, pull, got)
				}
				if c.Left(card.KindLogin) == 0 {
					t.Errorf("command %d, pull %v: the PIN is locked", n, pull)
				}
				if m := c.Misuse(); len(m) > 0 {
					t.Errorf("command %d, pull %v: card misused: %v", n, pull, m)
				}
				done = len(c.Log()) < n
			})
			if t.Failed() {
				return
			}
			if done {
				t.Logf("pull %v: %d commands", pull, n)
				break
			}
		}
	}
}

// TestRegisterPulledAtCommand does the same to the PIN that lies on the card twice: a resident who goes on and types the same two
// PINs again ends with both halves the same.
func TestRegisterPulledAtCommand(t *testing.T) {
	halves := func(c *simcard.Card) (pins []string) {
		st := c.State()
		for _, ref := range card.KindRegister.Info().Refs {
			pins = append(pins, st.Keys[fmt.Sprintf("%v:%04X", ref.AP, ref.EF)].PIN)
		}
		return pins
	}
	cuts := 0
	for n, done := 22, false; n < 90 && !done; n++ { // the board is read before
		bubble(t, nil, func(r *rig) {
			c := adult()
			r.opens(pinpad.Key2, pinpad.Key4)
			r.press(pinpad.Key1)
			r.until("resident.card.insert")
			c.Inject(simcard.Fault{At: n, Pull: simcard.PullAfter})
			r.reader.Insert(c)
			cut := false
			for i := 0; r.state().Screen != "idle"; i++ {
				if i > 3000 {
					t.Fatalf("command %d: the box stays at %+v", n, r.state())
				}
				if pins := halves(c); pins[0] != pins[1] && !c.Powered() {
					cut = true
				}
				r.persists(c, "register")
			}
			if pins := halves(c); pins[0] != pins[1] {
				t.Errorf("command %d: the halves hold %q at the end (cut: %v)", n, pins, cut)
			}
			if c.Left(card.KindRegister) == 0 {
				t.Errorf("command %d: the PIN is locked", n)
			}
			if m := c.Misuse(); len(m) > 0 {
				t.Errorf("command %d: card misused: %v", n, m)
			}
			if cut {
				cuts++
			}
			done = len(c.Log()) < n
		})
	}
	if cuts < 5 {
		t.Errorf("%d removals between the halves, want one at each command there", cuts)
	}
}

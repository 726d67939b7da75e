// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/pinpad"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// TestPINChange carries a change from the first key closure to city hall's receipt.
func TestPINChange(t *testing.T) {
	for _, tc := range []struct {
		name, id, new, bad string
		key                pinpad.Key
		kind               card.Kind
		enter              func(*rig, string)
	}{
		{"login", "login", "2580", "25", pinpad.Key1, card.KindLogin, (*rig).digits},
		{"signing", "signing", "KATA47Z", "KATAKANA", pinpad.Key2, card.KindSigning, (*rig).letters},
		{"card info", "card_info", "2580", "25", pinpad.Key3, card.KindCardInfo, (*rig).digits},
		{"register, in two halves", "register", "2580", "25", pinpad.Key4, card.KindRegister, (*rig).digits},
	} {
		t.Run(tc.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				c := adult()
				r.toPIN(pinpad.Key2, tc.key, c, tc.id)
				current := "1234"
				if tc.kind == card.KindSigning {
					current = "ABC123"
					r.until("resident.letters")
					r.press(pinpad.KeyEnter)
				}
				r.until("resident.pin." + tc.id)
				tc.enter(r, current)
				r.until("resident.rules." + tc.id)
				r.press(pinpad.KeyEnter)
				r.until("resident.newpin." + tc.id)
				tc.enter(r, tc.bad) // breaks the rules: stays
				time.Sleep(2 * time.Second)
				r.until("resident.newpin." + tc.id)
				r.keys.Press(pinpad.KeyClear) // 2 s: all goes
				time.Sleep(2300 * time.Millisecond)
				r.keys.Release(pinpad.KeyClear)
				time.Sleep(200 * time.Millisecond)
				tc.enter(r, tc.new)
				if tc.kind == card.KindSigning {
					r.until("resident.lookalike")
					r.press(pinpad.KeyEnter)
				}
				r.until("resident.again." + tc.id)
				tc.enter(r, tc.new)
				r.until("resident.changed")
				if n := r.box.Stats().Created; n != 1 {
					t.Errorf("%d records are stored when the result is shown, want 1", n)
				}
				r.press(pinpad.KeyEnter)
				r.until("resident.leavecheck.ask")
				r.press(pinpad.KeyEnter)
				r.until("resident.leavecheck." + tc.id)
				tc.enter(r, tc.new)
				r.until("resident.leavecheck.ok")
				r.leaves()
				if c.Powered() {
					t.Error("the card still has power")
				}
				p := r.peer(wall.Up)
				b := p.batch()
				if len(b.Records) != 1 || b.Records[0].Procedure() != record.PinChange || b.Records[0].Outcome() != record.Done || b.Records[0].Week().String() != "2026-W48" {
					t.Errorf("records %v", b.Records)
				}
				p.ack(b, b.Last())
				time.Sleep(time.Second)
				if s := r.box.Stats(); s.Out != 0 || s.Upto != 1 {
					t.Errorf("after the receipt: %+v", s)
				}
				p.conn.Close()
				if m := c.Misuse(); len(m) > 0 {
					t.Errorf("card misused: %v", m)
				}
				if r.state().Case != nil {
					t.Errorf("a case is open at rest: %+v", r.state())
				}
			})
		})
	}
}

// TestTriesBoard: a card laid down at rest, no key pressed.
func TestTriesBoard(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.until("idle")
		c := adult()
		r.reader.Insert(c)
		r.until("idle.board")
		if c.Powered() {
			t.Error("the card still has power while its board is shown")
		}
		for _, h := range c.Log() {
			if h.INS == 0x24 {
				t.Errorf("a change was sent: %v", h)
			}
		}
		r.reader.Remove()
		r.until("idle")
		r.reader.Insert(sample(t, "driving_licence"))
		r.until("idle.wrongcard")
		r.reader.Remove()
		r.until("idle")
		if n := r.box.Stats().Created; n != 0 {
			t.Errorf("%d records of looking, want none", n)
		}
	})
}

// TestLastTry: the guard, and the lock when the last entry is wrong.
func TestLastTry(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := sample(t, "one_try_left")
		r.toPIN(pinpad.Key1, pinpad.Key1, c, "login")
		r.until("resident.guard.1")
		r.press(pinpad.KeyEnter)
		r.until("resident.guard.2")
		r.press(pinpad.KeyEnter, pinpad.KeyDown)
		r.until("resident.guard.3")
		r.press(pinpad.KeyEnter)
		r.until("resident.pin.login")
		r.digits("9999")
		r.until("resident.locked")
		if n := c.Left(card.KindLogin); n != 0 {
			t.Errorf("%d tries left", n)
		}
		r.leaves()
	})
}

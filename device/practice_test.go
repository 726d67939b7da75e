// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"testing"
	"time"

	"madoguchi/pinpad"
)

// TestPracticeAsksNoCard: a practice round beside a card that lies in the reader sends it nothing, leaves no PIN and stores nothing of its own; slow
// keys that were switched on in it end with the case.
func TestPracticeAsksNoCard(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		c := adult()
		r.opens(pinpad.Key2, pinpad.Key1)
		r.reader.Insert(c)
		time.Sleep(time.Second)
		r.press(pinpad.Key8)
		r.until("resident.practice")
		r.press(pinpad.KeyEnter)
		r.until("resident.practice.login")
		r.press(pinpad.KeyMenu)
		r.until("resident.menu")
		r.press(pinpad.Key3)
		time.Sleep(time.Second)
		r.press(pinpad.KeyCancel) // 60 ms: too short for slow keys
		time.Sleep(time.Second)
		r.until("resident.menu")
		r.keys.Press(pinpad.KeyCancel)
		time.Sleep(400 * time.Millisecond)
		r.keys.Release(pinpad.KeyCancel)
		r.until("resident.practice.login")
		for _, k := range []pinpad.Key{pinpad.Key1, pinpad.Key2, pinpad.Key3, pinpad.Key4, pinpad.KeyEnter} {
			r.keys.Press(k)
			time.Sleep(400 * time.Millisecond)
			r.keys.Release(k)
			time.Sleep(600 * time.Millisecond)
		}
		r.until("resident.letters")
		if c.Powered() {
			t.Error("the card has power in the practice round")
		}
		if s := r.box.Stats(); s.Created != 0 {
			t.Errorf("%d records are stored", s.Created)
		}
		time.Sleep(4 * time.Minute) // everybody goes away
		r.reader.Remove()
		r.leaves()
		r.press(pinpad.KeyEnter) // 60 ms again
		r.until("clerk.code")
	})
}

// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"testing"
	"time"

	"madoguchi/pinpad"
)

// With no key down and outside secret mode the lines are left alone.
func TestIdleDoesNotPoll(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		time.Sleep(time.Second)
		before := r.m.Ops()
		time.Sleep(10 * time.Minute)
		got := r.m.Ops() - before
		// Each row: one wait and one look at the level in 30 s.
		if want := uint64(4 * 2 * 20); got > want {
			t.Errorf("%d line operations in 10 minutes, want at most %d", got, want)
		}
	})
}

// In secret mode the lines see the same calls whatever is typed.
func TestSecretCadence(t *testing.T) {
	ops := func(typing func(*rig)) (n uint64) {
		bubble(t, nil, func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent})
			time.Sleep(202330 * time.Microsecond) // not at the moment of a scan
			before, begun := r.m.Ops(), time.Now()
			typing(r)
			time.Sleep(2*time.Second - time.Since(begun))
			n = r.m.Ops() - before
		})
		return n
	}
	none := ops(func(*rig) {})
	some := ops(func(r *rig) { r.tap(pinpad.Key1, pinpad.Key2, pinpad.Key2, pinpad.KeyUp, pinpad.KeyClear) })
	if none != some || none < 390*24 {
		t.Errorf("%d line operations in 2 s without keys, %d with; want the same, 200 scans of 24 a second", none, some)
	}
}

// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// told is what the key test says of contacts and of the key-pad's order.
type told struct {
	kind   pinpad.EventKind
	closed uint16
}

// TestContacts: what reads closed is told in the key test, whatever it makes of keys, and nowhere else.
func TestContacts(t *testing.T) {
	const ms = time.Millisecond
	one, two := pinpad.Key1.Bit(), pinpad.Key2.Bit()
	closed := func(masks ...uint16) (all []told) {
		for _, m := range masks {
			all = append(all, told{pinpad.EventContacts, m})
		}
		return all
	}
	for _, tt := range []struct {
		name string
		do   func(*rig)
		want []told
	}{
		{"one key", func(r *rig) { r.tap(pinpad.Key1) }, closed(one, 0)},
		{"two keys", func(r *rig) {
			r.m.Press(pinpad.Key1)
			time.Sleep(60 * ms)
			r.m.Press(pinpad.Key2)
			time.Sleep(60 * ms)
			r.m.Release(pinpad.Key1)
			time.Sleep(60 * ms)
			r.m.Release(pinpad.Key2)
			time.Sleep(100 * ms)
		}, closed(one, one|two, two, 0)},
		{"three corners close the fourth", func(r *rig) {
			r.m.SetClosed(one | two | pinpad.Key4.Bit())
			time.Sleep(100 * ms)
			r.m.SetClosed(0)
			time.Sleep(100 * ms)
		}, closed(one|two|pinpad.Key4.Bit()|pinpad.Key5.Bit(), 0)},
		{"a bounce is not told", func(r *rig) {
			r.m.Press(pinpad.Key1)
			time.Sleep(6 * ms)
			r.m.Release(pinpad.Key1)
			time.Sleep(200 * ms)
		}, nil},
		{"a stuck key is named while the key-pad is out of order", func(r *rig) {
			r.m.Press(pinpad.Key1)
			time.Sleep(12 * time.Second)
			r.m.Press(pinpad.Key2)
			time.Sleep(2 * time.Second)
			r.m.SetClosed(0)
			time.Sleep(2 * time.Second)
		}, []told{{pinpad.EventContacts, one}, {pinpad.EventStuck, 0}, {pinpad.EventContacts, one | two}, {pinpad.EventContacts, 0}, {pinpad.EventIdle, 0}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Menu(1)
				r.tap(pinpad.Key7)
				if !r.p.Test(2) {
					t.Fatal("no key test from menu mode")
				}
				time.Sleep(100 * ms)
				for _, e := range r.events() {
					if e.Kind == pinpad.EventContacts {
						t.Errorf("menu mode told contacts %016b", e.Closed)
					}
				}
				tt.do(r)
				var got []told
				for _, e := range r.events() {
					if e.Kind == pinpad.EventContacts || e.Kind == pinpad.EventStuck || e.Kind == pinpad.EventIdle {
						got = append(got, told{e.Kind, e.Closed})
					}
				}
				if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(told{})); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// A new code is typed twice like a new PIN, and stands beside the old one.
func TestNewCode(t *testing.T) {
	for _, tt := range []struct {
		name, again string
		want        pinpad.Event
		stands      bool
	}{
		{"the same", "5093", pinpad.Event{Gen: 3, Kind: pinpad.EventEntered, Filled: 4}, true},
		{"another", "5094", pinpad.Event{Gen: 3, Kind: pinpad.EventEntered, Filled: 4, Fault: pin.FaultMismatch}, false},
		{"shorter, then given up", "509", pinpad.Event{Gen: 3, Kind: pinpad.EventEntered, Filled: 3, Fault: pin.FaultTooShort}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				for i, e := range []struct {
					entry  pinpad.Entry
					digits string
				}{
					{pinpad.Entry{Slot: pinpad.SlotCode}, "1357"},
					{pinpad.Entry{Slot: pinpad.SlotNewCode}, "5093"},
					{pinpad.Entry{Slot: pinpad.SlotNewCode, Again: true}, tt.again},
				} {
					r.p.Secret(uint32(i+1), e.entry)
					time.Sleep(100 * time.Millisecond)
					for _, d := range []byte(e.digits) {
						r.tap(pinpad.Key0 + pinpad.Key(d-'0'))
					}
					r.tap(pinpad.KeyEnter)
				}
				all := r.bare()
				if diff := cmp.Diff(tt.want, all[len(all)-1]); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				old, next := r.p.TakeCode(), r.p.TakeNewCode()
				defer old.Wipe()
				defer next.Wipe()
				if old.Len() != 4 {
					t.Errorf("the old code has %d digits", old.Len())
				}
				if (next.Len() == 4) != tt.stands || r.p.TakeNewCode() != nil {
					t.Errorf("the new code has %d digits, want one that stands: %v", next.Len(), tt.stands)
				}
				r.p.Wipe()
			})
		})
	}
}

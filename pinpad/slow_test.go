// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

func TestSlowKeys(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		do   func(*rig)
		want int // presses of 7
	}{
		{"touched in passing", func(r *rig) { r.hold(pinpad.Key7, 200*ms, 500*ms) }, 0},
		{"pressed", func(r *rig) { r.hold(pinpad.Key7, 280*ms, 500*ms) }, 1},
		{"again too soon", func(r *rig) { r.hold(pinpad.Key7, 300*ms, 300*ms); r.hold(pinpad.Key7, 300*ms, 500*ms) }, 1},
		{"again", func(r *rig) { r.hold(pinpad.Key7, 300*ms, 450*ms); r.hold(pinpad.Key7, 300*ms, 500*ms) }, 2},
		{"another key in between", func(r *rig) {
			r.hold(pinpad.Key7, 300*ms, 50*ms)
			r.hold(pinpad.Key8, 100*ms, 50*ms) // in passing
			r.hold(pinpad.Key7, 300*ms, 500*ms)
		}, 1},
		{"two keys", func(r *rig) {
			r.m.SetClosed(pinpad.Key7.Bit() | pinpad.Key8.Bit())
			time.Sleep(time.Second)
			r.m.SetClosed(0)
		}, 0},
		{"turned off while the key is on its way", func(r *rig) {
			r.m.Press(pinpad.Key7)
			time.Sleep(100 * ms)
			r.p.SetSlow(false)
			time.Sleep(50 * ms)
			r.m.Release(pinpad.Key7)
		}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Menu(1)
				r.p.SetSlow(true)
				time.Sleep(time.Second)
				tt.do(r)
				time.Sleep(time.Second)
				var sevens []pinpad.Event
				for range tt.want {
					sevens = append(sevens, press(1, pinpad.Key7)...)
				}
				if diff := cmp.Diff(sevens, r.bare()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				r.p.SetSlow(false)
				r.tap(pinpad.Key1)
				if diff := cmp.Diff(press(1, pinpad.Key1), r.bare()); diff != "" {
					t.Errorf("with the usual keys again (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Slow keys come and go in the middle of an entry, and nothing of it is lost.
func TestSlowWhileTyping(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
		r.tap(keys(t, "2", "1", "3")...)
		r.p.SetSlow(true)
		r.tap(keys(t, "9")...) // in passing
		r.hold(pinpad.Key2, 300*time.Millisecond, 500*time.Millisecond)
		r.p.SetSlow(false)
		r.tap(keys(t, "0", "1", "0", "1", "0", "1", "0", "1", "enter")...)
		var last said
		for _, s := range r.said() {
			last = s
		}
		if want := (said{entered, 6, false, 0}); last != want {
			t.Errorf("ended with %+v, want %+v", last, want)
		}
		r.wantPIN(pinpad.SlotCurrent, "AE0000")
	})
}

// A hand that trembles opens the contact for up to 20 ms at a time. With slow
// keys such a press is one press, however long it lasts.
func TestTremor(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 5))
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		r.p.SetSlow(true)
		for n := range 30 {
			k := pinpad.Keys()[n%16]
			trace := []pinpadtest.Contact{{Closed: true}}
			var span time.Duration
			for span < 450*time.Millisecond {
				shut, open := time.Duration(15+rng.IntN(60))*time.Millisecond, time.Duration(1+rng.IntN(19))*time.Millisecond
				trace = append(trace, pinpadtest.Contact{After: shut}, pinpadtest.Contact{After: open, Closed: true})
				span += shut + open
			}
			r.m.Trace(k, append(trace, pinpadtest.Contact{After: 50 * time.Millisecond})...)
			time.Sleep(span + 700*time.Millisecond)
			if diff := cmp.Diff(press(1, k), r.bare()); diff != "" {
				t.Fatalf("%s, %v (-want +got):\n%s", k, trace, diff)
			}
		}
	})
}

// hold presses a key for some time, and rests.
func (r *rig) hold(k pinpad.Key, down, rest time.Duration) {
	r.m.Press(k)
	time.Sleep(down)
	r.m.Release(k)
	time.Sleep(rest)
}

// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
)

func press(gen uint32, all ...pinpad.Key) []pinpad.Event {
	var want []pinpad.Event
	for _, k := range all {
		want = append(want, pinpad.Event{Gen: gen, Kind: pinpad.EventPress, Key: k})
	}
	return want
}

// held is a press, its long press and its end.
func held(gen uint32, k pinpad.Key) []pinpad.Event {
	return append(press(gen, k), pinpad.Event{Gen: gen, Kind: pinpad.EventHold, Key: k}, pinpad.Event{Gen: gen, Kind: pinpad.EventRelease, Key: k})
}

func TestEveryKey(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(7)
		for _, k := range pinpad.Keys() {
			r.tap(k)
			if diff := cmp.Diff(press(7, k), r.bare()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", k, diff)
			}
		}
	})
}

func TestEveryKeyFromSleep(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		for _, k := range pinpad.Keys() {
			time.Sleep(47 * time.Second)
			r.tap(k)
			if diff := cmp.Diff(press(1, k), r.bare()); diff != "" {
				t.Errorf("%s (-want +got):\n%s", k, diff)
			}
		}
	})
}

// Two keys at one moment are no key, and the next one alone is.
func TestPairsAreRejected(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		all := pinpad.Keys()
		for i, a := range all {
			for _, b := range all[i+1:] {
				r.m.SetClosed(a.Bit() | b.Bit())
				time.Sleep(300 * time.Millisecond)
				r.m.Release(b)
				time.Sleep(300 * time.Millisecond) // a alone is what is left of the pair
				r.m.Release(a)
				time.Sleep(150 * time.Millisecond)
				if got := r.bare(); len(got) != 0 {
					t.Errorf("%s with %s: %v", a, b, got)
				}
				r.tap(b)
				if diff := cmp.Diff(press(1, b), r.bare()); diff != "" {
					t.Errorf("%s after %s with %s (-want +got):\n%s", b, a, b, diff)
				}
			}
		}
	})
}

// A second finger does not take back the first key and is not a key.
func TestSecondKeyIsIgnored(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		all := pinpad.Keys()
		for i, a := range all {
			b := all[(i+5)%16]
			r.m.Press(a)
			time.Sleep(50 * time.Millisecond)
			r.m.Press(b)
			time.Sleep(50 * time.Millisecond)
			r.m.Release(a)
			time.Sleep(500 * time.Millisecond)
			r.m.Release(b)
			time.Sleep(150 * time.Millisecond)
			if diff := cmp.Diff(press(1, a), r.bare()); diff != "" {
				t.Errorf("%s then %s (-want +got):\n%s", a, b, diff)
			}
		}
	})
}

// Three corners of a rectangle close the fourth, in whatever order they come.
func TestRectanglesAreRejected(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		n := 0
		for top := range 4 {
			for low := top + 1; low < 4; low++ {
				for left := range 4 {
					for right := left + 1; right < 4; right++ {
						corners := []uint16{1 << (top*4 + left), 1 << (top*4 + right), 1 << (low*4 + left), 1 << (low*4 + right)}
						for missing := range corners {
							var mask uint16
							for i, c := range corners {
								if i != missing {
									mask |= c
								}
							}
							r.m.SetClosed(mask)
							time.Sleep(200 * time.Millisecond)
							r.m.SetClosed(0)
							time.Sleep(150 * time.Millisecond)
							if got := r.bare(); len(got) != 0 {
								t.Errorf("contacts %016b: %v", mask, got)
							}
							n++
						}
					}
				}
			}
		}
		if n != 144 {
			t.Errorf("tried %d, want 36 rectangles × 4 corners", n)
		}
		r.tap(pinpad.Key5)
		if diff := cmp.Diff(press(1, pinpad.Key5), r.bare()); diff != "" {
			t.Errorf("after all (-want +got):\n%s", diff)
		}
	})
}

// Contacts that bounce for 0 to 20 ms at both ends are one press each.
func TestBounce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		rng := rand.New(rand.NewPCG(seed, 1))
		trace := func(closed bool, span time.Duration) []pinpadtest.Contact {
			steps := []pinpadtest.Contact{{Closed: closed}}
			for left := span; left > 0; {
				gap := min(left, time.Duration(1+rng.IntN(4000))*time.Microsecond)
				left -= gap
				closed = !closed
				steps = append(steps, pinpadtest.Contact{After: gap, Closed: closed})
			}
			if end := &steps[len(steps)-1]; end.Closed != steps[0].Closed {
				steps = append(steps, pinpadtest.Contact{Closed: steps[0].Closed})
			}
			return steps
		}
		for ms := range 21 {
			span := time.Duration(ms) * time.Millisecond
			for _, k := range pinpad.Keys() {
				down, up := trace(true, span), trace(false, span)
				r.m.Trace(k, down...)
				time.Sleep(span + 40*time.Millisecond)
				r.m.Trace(k, up...)
				time.Sleep(span + 200*time.Millisecond)
				if diff := cmp.Diff(press(1, k), r.bare()); diff != "" {
					t.Fatalf("%s bouncing %s\ndown %v\nup %v (-want +got):\n%s", k, span, down, up, diff)
				}
			}
		}
	})
}

func TestRepeatGuard(t *testing.T) {
	for _, tt := range []struct {
		gap  time.Duration // contact open
		want int
	}{
		{40 * time.Millisecond, 1},
		{90 * time.Millisecond, 1},
		{125 * time.Millisecond, 2},
		{300 * time.Millisecond, 2},
	} {
		t.Run(tt.gap.String(), func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Menu(1)
				for range 2 {
					r.m.Press(pinpad.Key7)
					time.Sleep(30 * time.Millisecond)
					r.m.Release(pinpad.Key7)
					time.Sleep(tt.gap)
				}
				time.Sleep(200 * time.Millisecond)
				if got := r.bare(); len(got) != tt.want {
					t.Errorf("7 twice, %s apart: %d presses, want %d", tt.gap, len(got), tt.want)
				}
			})
		})
	}
	bubble(t, nil, func(r *rig) { // another key need not wait
		r.p.Menu(1)
		for _, k := range []pinpad.Key{pinpad.Key1, pinpad.Key2, pinpad.Key1} {
			r.m.Press(k)
			time.Sleep(30 * time.Millisecond)
			r.m.Release(k)
			time.Sleep(30 * time.Millisecond)
		}
		time.Sleep(200 * time.Millisecond)
		if got := len(r.bare()); got != 3 {
			t.Errorf("1 2 1 typed fast: %d presses, want 3", got)
		}
	})
	bubble(t, nil, func(r *rig) { // seven repeats a second
		r.p.Menu(1)
		for range 14 {
			r.m.Press(pinpad.Key7)
			time.Sleep(20 * time.Millisecond)
			r.m.Release(pinpad.Key7)
			time.Sleep(122857 * time.Microsecond)
		}
		if got := len(r.bare()); got != 14 {
			t.Errorf("14 presses in 2 s: %d", got)
		}
	})
}

// Slow lines within the settling time change nothing.
func TestSlowEdges(t *testing.T) {
	for _, d := range []time.Duration{time.Microsecond, 20 * time.Microsecond, 45 * time.Microsecond} {
		t.Run(d.String(), func(t *testing.T) {
			bubble(t, func(m *pinpadtest.Matrix) { m.Slow(d, d) }, func(r *rig) {
				r.p.Menu(1)
				for _, k := range pinpad.Keys() {
					r.tap(k)
					if diff := cmp.Diff(press(1, k), r.bare()); diff != "" {
						t.Errorf("%s (-want +got):\n%s", k, diff)
					}
				}
			})
		})
	}
}

func TestLongPresses(t *testing.T) {
	for _, tt := range []struct {
		key  pinpad.Key
		hold time.Duration
		want []pinpad.Event
	}{
		{pinpad.KeyClear, 1900 * time.Millisecond, press(1, pinpad.KeyClear)},
		{pinpad.KeyClear, 5 * time.Second, held(1, pinpad.KeyClear)},
		{pinpad.KeyMenu, 900 * time.Millisecond, press(1, pinpad.KeyMenu)},
		{pinpad.KeyMenu, 5 * time.Second, held(1, pinpad.KeyMenu)},
		{pinpad.Key5, 5 * time.Second, press(1, pinpad.Key5)},
		{pinpad.KeyService, 1900 * time.Millisecond, nil},
		{pinpad.KeyService, 5 * time.Second, []pinpad.Event{{Gen: 1, Kind: pinpad.EventHold, Key: pinpad.KeyService}}},
	} {
		t.Run(fmt.Sprint(tt.key, " ", tt.hold), func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Menu(1)
				r.m.Press(tt.key)
				time.Sleep(tt.hold)
				r.m.Release(tt.key)
				time.Sleep(150 * time.Millisecond)
				if diff := cmp.Diff(tt.want, r.bare()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestOutOfOrder(t *testing.T) {
	gone := errors.New("no such device")
	for _, tt := range []struct {
		name   string
		before func(*pinpadtest.Matrix) // at the start
		then   func(*pinpadtest.Matrix) // in the middle of use
		wait   time.Duration
		repair func(*pinpadtest.Matrix)
		err    error
	}{
		{name: "key down at the start", before: func(m *pinpadtest.Matrix) { m.Press(pinpad.Key3) }, wait: time.Second,
			repair: func(m *pinpadtest.Matrix) { m.Release(pinpad.Key3) }, err: pinpad.ErrStuck},
		{name: "key held for good", then: func(m *pinpadtest.Matrix) { m.Press(pinpad.Key3) }, wait: 11 * time.Second,
			repair: func(m *pinpadtest.Matrix) { m.Release(pinpad.Key3) }, err: pinpad.ErrStuck},
		{name: "a bag on the keys", then: func(m *pinpadtest.Matrix) { m.SetClosed(0x0FF0) }, wait: 11 * time.Second,
			repair: func(m *pinpadtest.Matrix) { m.SetClosed(0) }, err: pinpad.ErrStuck},
		{name: "row shorted at the start", before: func(m *pinpadtest.Matrix) { m.StickRow(2, gpio.Low) }, wait: time.Second,
			repair: (*pinpadtest.Matrix).Unstick, err: pinpad.ErrStuck},
		{name: "row shorted", then: func(m *pinpadtest.Matrix) { m.StickRow(2, gpio.Low) }, wait: 11 * time.Second,
			repair: (*pinpadtest.Matrix).Unstick, err: pinpad.ErrStuck},
		{name: "all rows low", then: func(m *pinpadtest.Matrix) {
			for i := range 4 {
				m.StickRow(i, gpio.Low)
			}
		}, wait: 100 * time.Millisecond, repair: (*pinpadtest.Matrix).Unstick, err: pinpad.ErrLow},
		{name: "lines fail", then: func(m *pinpadtest.Matrix) { m.Break(gone) }, wait: 31 * time.Second,
			repair: func(m *pinpadtest.Matrix) { m.Break(nil) }, err: gone},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, tt.before, func(r *rig) {
				r.p.Menu(1)
				gen := uint32(1)
				if tt.then != nil {
					r.tap(pinpad.Key1)
					r.events()
					tt.then(r.m)
				}
				time.Sleep(tt.wait)
				var kinds []string
				for _, e := range r.events() {
					if e.Kind == pinpad.EventPress { // the key itself, before it was known to stick
						continue
					}
					if e.Gen != gen || e.Key != pinpad.KeyNone {
						t.Errorf("%+v: want generation %d and no key", e, gen)
					}
					kinds = append(kinds, e.Kind.String())
				}
				if diff := cmp.Diff([]string{"stuck"}, kinds); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				if err := r.p.Err(); !errors.Is(err, tt.err) {
					t.Errorf("Err() = %v, want %v", err, tt.err)
				}
				r.tap(pinpad.Key9)
				if got := r.bare(); len(got) != 0 {
					t.Errorf("a key was taken while out of order: %v", got)
				}
				tt.repair(r.m)
				time.Sleep(time.Second)
				r.tap(pinpad.Key8)
				want := append([]pinpad.Event{{Gen: 1, Kind: pinpad.EventIdle}}, press(1, pinpad.Key8)...)
				if diff := cmp.Diff(want, r.bare()); diff != "" {
					t.Errorf("after the repair (-want +got):\n%s", diff)
				}
				if err := r.p.Err(); err != nil {
					t.Errorf("Err() = %v after the repair", err)
				}
			})
		})
	}
}

// A contact shorted to a column makes every key of it four keys: none is taken.
func TestShortedColumn(t *testing.T) {
	bubble(t, func(m *pinpadtest.Matrix) { m.StickCol(1, gpio.Low) }, func(r *rig) {
		r.p.Menu(1)
		r.tap(pinpad.Key5)
		if got := r.bare(); len(got) != 0 {
			t.Errorf("5 in a shorted column: %v", got)
		}
		r.tap(pinpad.Key4)
		if diff := cmp.Diff(press(1, pinpad.Key4), r.bare()); diff != "" {
			t.Errorf("4 beside it (-want +got):\n%s", diff)
		}
	})
}

// A finger on a key at power-on is neither a fault nor a key.
func TestFingerAtStart(t *testing.T) {
	bubble(t, func(m *pinpadtest.Matrix) { m.Press(pinpad.Key3) }, func(r *rig) {
		r.p.Menu(1)
		r.m.Release(pinpad.Key3)
		time.Sleep(200 * time.Millisecond)
		r.tap(pinpad.Key4)
		if diff := cmp.Diff(press(1, pinpad.Key4), r.bare()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

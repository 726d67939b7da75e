// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"bytes"
	"image"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/display"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
)

// toReview types a password and comes to where it may be looked at.
func (r *rig) toReview(password string) {
	r.t.Helper()
	r.toPIN(pinpad.Key1, pinpad.Key2, adult(), "signing")
	r.until("resident.letters")
	r.press(pinpad.KeyEnter)
	r.until("resident.pin.signing")
	r.letters(password)
	r.until("resident.review")
	time.Sleep(4 * time.Second) // also the painter's later partial refresh
}

// glimpses holds メニュー for a second and a half beyond its long press, and returns the glass in between.
func (r *rig) glimpses() *mono.Image {
	r.keys.Press(pinpad.KeyMenu)
	time.Sleep(2500 * time.Millisecond)
	m := r.panel.Glass()
	r.keys.Release(pinpad.KeyMenu)
	time.Sleep(3 * time.Second)
	return m
}

// TestReveal: each character stands in its place while the key is held, and nothing of it afterwards, neither on the glass nor in the panel's
// memory; then a full refresh, and the case goes on as without.
func TestReveal(t *testing.T) {
	for _, m := range []struct {
		model          epd.Model
		panel          func(*epdtest.Opts) *epdtest.Emulator
		picture, shown byte
	}{
		{epd.Model4in2, epdtest.NewSSD1683, 0x24, 0x26},
		{epd.Model7in5, epdtest.NewUC8179, 0x13, 0x10},
	} {
		t.Run(string(m.model), func(t *testing.T) {
			bubble(t, func(r *rig) { r.config.Reveal, r.model, r.panel = true, m.model, m.panel(nil) }, func(r *rig) {
				r.toReview("ABA123")
				var places []image.Rectangle
				var seen []*mono.Image
				for i := range 4 {
					plain := r.panel.Glass()
					bare := r.glimpses()
					places, seen = append(places, plain.Diff(bare)), append(seen, bare)
					if d := plain.Diff(r.panel.Glass()); !d.Empty() {
						t.Errorf("after character %d the glass differs in %v", i+1, d)
					}
					for _, bank := range []byte{m.picture, m.shown} {
						if d := plain.Diff(r.panel.Bank(bank)); !d.Empty() {
							t.Errorf("after character %d bank %02X differs in %v", i+1, bank, d)
						}
					}
					r.press(pinpad.KeyDown)
					r.until("resident.review")
					time.Sleep(2 * time.Second)
				}
				for i, p := range places {
					if p.Empty() || p.Dx() > 64 || p.Dy() > 64 {
						t.Errorf("character %d stands in %v", i+1, p)
					}
				}
				if same := window(seen[0], places[0]); !bytes.Equal(same, window(seen[2], places[0])) || bytes.Equal(same, window(seen[1], places[0])) {
					t.Error("the first and the third character are A, the second is B: the glass says otherwise")
				}
				before := r.panel.Counts().Full
				r.press(pinpad.KeyEnter)
				r.until("resident.wrong") // it is ABC123
				if n := r.panel.Counts().Full; n <= before {
					t.Errorf("no full refresh after a character was shown: %d, before %d", n, before)
				}
				r.press(pinpad.KeyCancel)
				r.until("resident.cancel")
				r.press(pinpad.KeyCancel)
				r.until("resident.stopped")
				r.leaves()
			})
		})
	}
}

// window is a part of a picture.
func window(m *mono.Image, r image.Rectangle) []byte { return m.AppendWindow(nil, r) }

// TestRevealCorrects: 訂正 on the review goes on with what stands: the last character is taken back and typed again. A key held too long, and a panel that
// fails while a character stands, leave nothing behind.
func TestRevealCorrects(t *testing.T) {
	bubble(t, func(r *rig) { r.config.Reveal = true }, func(r *rig) {
		r.toReview("ABC12A")
		r.keys.Press(pinpad.KeyMenu)
		time.Sleep(7 * time.Second)
		plain := r.panel.Glass()
		r.keys.Release(pinpad.KeyMenu)
		time.Sleep(2 * time.Second)
		if d := plain.Diff(r.panel.Glass()); !d.Empty() {
			t.Errorf("a character still stands in %v after three seconds", d)
		}
		r.press(pinpad.KeyClear)
		r.until("resident.pin.signing")
		r.press(pinpad.KeyClear)
		r.letters("3")
		r.until("resident.review")
		r.keys.Press(pinpad.KeyMenu)
		time.Sleep(2500 * time.Millisecond)
		r.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = true })
		r.keys.Release(pinpad.KeyMenu)
		time.Sleep(time.Minute)
		r.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = false })
		r.comes("clerk.closed")
		r.panel.ForgetFaults()
		if d := r.panel.Glass().Diff(plain); d.Empty() {
			t.Error("the review still stands")
		}
	})
}

// TestRevealTellsOneCharacter: with the same rhythm the panel gets the same bytes for two passwords that differ elsewhere than in the character that is
// looked at, and others for two that differ there.
func TestRevealTellsOneCharacter(t *testing.T) {
	bus := func(password string, later time.Duration) []byte {
		var all []byte
		bubble(t, func(r *rig) {
			r.config.Reveal = true
			r.panel = epdtest.NewSSD1683(&epdtest.Opts{Trace: func(s epdtest.Step) { all = append(all, s.Bytes...) }})
		}, func(r *rig) {
			time.Sleep(later)
			r.toReview(password)
			r.press(pinpad.KeyDown)
			r.until("resident.review")
			r.glimpses()
			r.press(pinpad.KeyCancel)
			r.until("resident.cancel")
			r.press(pinpad.KeyCancel)
			r.until("resident.stopped")
			r.leaves()
		})
		return all
	}
	// A key that is taken at the very moment of a step of the grid may come before or behind it, so the same password has a few courses. What tells of a
	// character would tell of it in every one: two passwords that look alike have a course in common, and soon; one that does not has none.
	const later = 7 * time.Millisecond
	one, other := map[string]bool{}, map[string]bool{}
	alike := func() bool {
		for course := range one {
			if other[course] {
				return true
			}
		}
		return false
	}
	for range 12 {
		one[string(bus("GADJMT", later))] = true
		other[string(bus("IAELOV", later))] = true // two presses each, in the same rhythm; no key twice in a row, which its guard would swallow
		if alike() {
			break
		}
	}
	if !alike() {
		t.Error("the panel's bytes tell of a character that nobody looked at")
	}
	for range 3 {
		if one[string(bus("G2DJMT", later))] {
			t.Fatal("the panel's bytes do not tell the character that was looked at: this test sees nothing")
		}
	}
}

// TestNoReveal: by default there is no review, and the key that would show opens the menu.
func TestNoReveal(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.toPIN(pinpad.Key1, pinpad.Key2, adult(), "signing")
		r.until("resident.letters")
		r.press(pinpad.KeyEnter)
		r.until("resident.pin.signing")
		r.letters("ABC123")
		r.until("resident.done")
		if slices.ContainsFunc(r.screens, func(s string) bool { return strings.HasPrefix(s, string(display.ResidentReview)) }) {
			t.Error("a review was shown")
		}
		r.leaves()
	})
}

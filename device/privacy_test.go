// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/buzzer"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// A deed is one key of a resident: when it is pressed, and which. A digit's key is chosen per PIN.
type deed struct {
	key        pinpad.Key // KeyNone: the next press of the PIN
	hold, rest time.Duration
}

// A rhythm is how one person types one PIN.
type rhythm []deed

// draw makes a rhythm for so many presses, with corrections and other keys in between. back is how many presses of the PIN 訂正 takes back.
func draw(rng *rand.Rand, presses, back int) rhythm {
	var out rhythm
	add := func(k pinpad.Key) {
		out = append(out, deed{k, time.Duration(30+rng.IntN(250)) * time.Millisecond, time.Duration(140+rng.IntN(900)) * time.Millisecond})
	}
	for n := range presses {
		add(pinpad.KeyNone)
		if (n+1)%back != 0 {
			continue
		}
		switch rng.IntN(8) {
		case 0: // an arrow, which does nothing
			add([]pinpad.Key{pinpad.KeyUp, pinpad.KeyDown}[rng.IntN(2)])
		case 1: // 確認 too early, which says so
			if (n+1)/back < 4 {
				add(pinpad.KeyEnter)
			}
		case 2: // taken back and typed again
			add(pinpad.KeyClear)
			for range back {
				add(pinpad.KeyNone)
			}
		}
	}
	add(pinpad.KeyEnter)
	return out
}

// types types a PIN in a rhythm; letters: two presses for each character. No key is taken at the very moment of a step of the grid, because both
// could come first.
func (r *rig) types(w *witness, secret string, letters bool, how rhythm) {
	var keys []pinpad.Key
	for _, c := range secret {
		if !letters {
			keys = append(keys, pinpad.Key0+pinpad.Key(c-'0'))
			continue
		}
		for g, row := range pin.Legend() {
			if i := strings.IndexRune(row, c); i >= 0 {
				keys = append(keys, pinpad.Key0+pinpad.Key(g), pinpad.Key1+pinpad.Key(i))
			}
		}
	}
	per := len(keys) / len(secret)
	next := 0
	for _, d := range how {
		k := d.key
		switch k {
		case pinpad.KeyNone:
			k = keys[next]
			next++
		case pinpad.KeyClear:
			next -= per
		}
		if taken := (w.phase() + 10*time.Millisecond) % display.DefaultPainterOpts.Grid; taken > display.DefaultPainterOpts.Grid-10*time.Millisecond || taken < 5*time.Millisecond {
			time.Sleep(20 * time.Millisecond)
		}
		r.keys.Press(k)
		time.Sleep(d.hold)
		r.keys.Release(k)
		time.Sleep(d.rest)
	}
}

// A pinCase is one change of a PIN in which everything but the PINs is settled.
type pinCase struct {
	kind                     string
	letters                  bool
	old, wrong, next         int // lengths; wrong 0: the first PIN is right
	pin, miss, fresh, second rhythm
	sound                    bool
}

// secret is a random PIN of some length that keeps the rules of a new one. It does without look-alikes.
func secret(rng *rand.Rand, n int, letters bool) string {
	alphabet, out := "0123456789", ""
	if letters {
		alphabet, out = "ACDEFGHJKMNPQRTUVWXY34679", string([]byte{"ACDEFGHJ"[rng.IntN(8)], "34679"[rng.IntN(5)]})
	}
	for len(out) < n {
		out += string(alphabet[rng.IntN(len(alphabet))])
	}
	return out
}

// testimony runs the case with PINs of its own, and returns what the witness has. plant may spoil the hardware.
func (c pinCase) testimony(t *testing.T, rng *rand.Rand, plant func(*device.Hardware)) map[string][]fact {
	t.Helper()
	old, wrong, next := secret(rng, c.old, c.letters), secret(rng, max(c.wrong, c.old), c.letters), secret(rng, c.next, c.letters)
	for wrong == old {
		wrong = secret(rng, len(wrong), c.letters)
	}
	for next == old {
		next = secret(rng, c.next, c.letters)
	}
	const start = time.Minute
	w := &witness{seen: map[string][]fact{}}
	var begun time.Time
	bubble(t, func(r *rig) {
		begun = time.Now()
		r.panel = epdtest.NewSSD1683(&epdtest.Opts{Trace: w.step})
		r.config.Sound = c.sound
		r.watch = w.state
		r.hw = func(h *device.Hardware) {
			var lights [3]gpio.PinIO
			for i, n := range []string{"red", "yellow", "green"} {
				lights[i] = &watched{w: w, wire: "lamp", name: n}
			}
			var err error
			if h.Lamp, err = lamp.New(lights[0], lights[1], lights[2]); err != nil {
				r.t.Fatal(err)
			}
			if h.Buzzer, err = buzzer.New(&watched{w: w, wire: "buzzer", name: "piezo"}); err != nil {
				r.t.Fatal(err)
			}
			h.Reader = tapped{h.Reader, func([]byte) {}}
			plant(h)
		}
	}, func(r *rig) {
		key, kind := pinpad.Key1, card.KindLogin
		if c.letters {
			key, kind = pinpad.Key2, card.KindSigning
		}
		mine := simcard.New(simcard.Spec{PINs: map[card.Kind]string{kind: old}})
		r.until("idle")
		time.Sleep(start - time.Since(begun)) // which screen the box shows first is a race, and nobody's PIN
		w.mu.Lock()
		w.begun = time.Now()
		w.mu.Unlock()
		r.toPIN(pinpad.Key2, key, mine, c.kind)
		missed := c.wrong == 0
		steps := 0
		for last := ""; last != "idle"; {
			for r.state().Busy || r.state().Screen == last && last != "resident.tell" { // which has pages
				if steps++; steps > 3000 {
					r.t.Fatalf("the case does not end: %q", r.screens)
				}
				time.Sleep(50 * time.Millisecond)
			}
			last = r.state().Screen
			switch strings.TrimSuffix(last, c.kind) {
			case "resident.pin.":
				if !missed {
					missed = true
					r.types(w, wrong, c.letters, c.miss)
					break
				}
				r.types(w, old, c.letters, c.pin)
			case "resident.newpin.":
				r.types(w, next, c.letters, c.fresh)
			case "resident.again.":
				r.types(w, next, c.letters, c.second)
			case "resident.leavecheck.ask":
				r.press(pinpad.KeyCancel)
			case "resident.card.take":
				r.reader.Remove()
			case "resident.changing", "wipe", "idle":
			default:
				r.press(pinpad.KeyEnter)
			}
		}
		synctest.Wait()
		w.mu.Lock()
		defer w.mu.Unlock()
		w.left = true
	})
	return w.seen
}

// newCase draws everything of a case but its PINs.
func newCase(rng *rand.Rand, letters bool) pinCase {
	c := pinCase{kind: "login", old: 4, next: 4, letters: letters, sound: rng.IntN(2) == 0}
	per := 1
	if letters {
		c.kind, c.old, c.next, per = "signing", 6+rng.IntN(11), 6+rng.IntN(11), 2
	}
	if rng.IntN(3) == 0 {
		c.wrong = c.old
		c.miss = draw(rng, c.old*per, per)
	}
	c.pin, c.fresh, c.second = draw(rng, c.old*per, per), draw(rng, c.next*per, per), draw(rng, c.next*per, per)
	return c
}

// TestTwoPINsLookAlike: for two people who type PINs of equal length at equal times, every byte and edge on the panel's wire, the lamp, the buzzer and
// the state are the same at the same moments, through a whole case.
func TestTwoPINsLookAlike(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	pairs := 8
	if testing.Short() {
		pairs = 2
	}
	for n := range pairs {
		c := newCase(rng, n%2 == 1)
		one := c.testimony(t, rng, func(*device.Hardware) {})
		two := c.testimony(t, rng, func(*device.Hardware) {})
		if diff := firstDiff(one, two); diff != "" {
			t.Fatalf("pair %d (%s, %d → %d characters): told apart:\n%s", n, c.kind, c.old, c.next, diff)
		}
		if len(one["panel"]) < 200 || len(one["lamp"]) < 5 || len(one["state"]) < 20 || c.sound && len(one["buzzer"]) < 10 {
			t.Fatalf("pair %d: the witness saw %d steps of the panel, %d of the lamp, %d states, %d of the buzzer", n, len(one["panel"]), len(one["lamp"]), len(one["state"]), len(one["buzzer"]))
		}
		onTheGrid(t, one)
	}
}

// firstDiff is the earliest thing in which two testimonies differ, with what came just before it.
func firstDiff(one, two map[string][]fact) string {
	var out string
	earliest := time.Duration(1 << 62)
	for wire := range one {
		a, b := one[wire], two[wire]
		i := 0
		for i < len(a) && i < len(b) && a[i] == b[i] {
			i++
		}
		if i == len(a) && i == len(b) {
			continue
		}
		from := max(0, i-3)
		at := min(slices.Concat(a[i:], []fact{{1 << 62, ""}})[0].At, slices.Concat(b[i:], []fact{{1 << 62, ""}})[0].At)
		if at < earliest {
			earliest = at
			out = wire + ":\n" + cmp.Diff(a[from:min(len(a), i+3)], b[from:min(len(b), i+3)])
		}
	}
	return out
}

// onTheGrid: while a PIN is typed the panel begins to move, and the buzzer sounds, only every 500 ms.
func onTheGrid(t *testing.T, seen map[string][]fact) {
	t.Helper()
	entries, refreshes, tones := 0, 0, 0
	open := fact{}
	for _, f := range slices.Concat(seen["state"], []fact{{1 << 62, "end"}}) {
		f.What, _, _ = strings.Cut(f.What, " ")
		if f.What == open.What {
			continue
		}
		for _, entry := range []string{"resident.pin.", "resident.newpin.", "resident.again."} {
			if !strings.HasPrefix(open.What, entry) {
				continue
			}
			entries++
			first := true // begins when the screen before it has been painted; others when BUSY falls, if it was high at the step of the grid
			for i, p := range seen["panel"] {
				if p.At < open.At || p.At >= f.At || !moves(seen["panel"][:i+1]) {
					continue
				}
				refreshes++
				if !first && (p.At-open.At)%display.DefaultPainterOpts.Grid != 0 && !slices.ContainsFunc(seen["panel"][:i], func(f fact) bool { return f.What == "3 false " && p.At-f.At <= 3*time.Millisecond }) {
					t.Errorf("%s was asked for at %s; the panel began to move at %s", open.What, open.At, p.At)
				}
				first = false
			}
		}
		open = f
	}
	for _, f := range seen["buzzer"] {
		if !strings.Contains(f.What, "%") {
			continue
		}
		if tones++; f.At%buzzer.Grid != seen["buzzer"][0].At%buzzer.Grid {
			t.Errorf("a tone at %s", f.At)
		}
	}
	t.Logf("%d entries, %d refreshes, %d tones", entries, refreshes, tones)
	if entries < 3 || refreshes < 3*entries {
		t.Errorf("%d entries and %d refreshes are no case", entries, refreshes)
	}
}

// moves reports that the last of these transfers starts a sequence that moves the glass: command 20, after command 22 with its bit 2 set
// (SSD1683 datasheet, Display Update Control 2). Others only turn the voltages on or off.
func moves(panel []fact) bool {
	n := len(panel)
	if n < 3 || panel[n-1].What != "0 false 20" || panel[n-3].What != "0 false 22" {
		return false
	}
	var sequence byte
	_, err := fmt.Sscanf(panel[n-2].What, "0 true %x", &sequence)
	return err == nil && sequence&4 != 0
}

// TestPlantedTell: the comparison finds a pixel that depends on a character, and a lamp that does.
func TestPlantedTell(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	for wire, plant := range map[string]func(*device.Hardware, func() byte){
		"panel": func(h *device.Hardware, last func() byte) { h.Panel = &telling{h.Panel, last} },
		"lamp": func(h *device.Hardware, last func() byte) {
			real := h.Lamp
			h.Reader = tapped{h.Reader, func([]byte) {
				if last()%2 == 1 {
					_ = real.Set(lamp.Help)
				}
			}}
		},
	} {
		t.Run(wire, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(seed, 2))
			c := newCase(rng, false)
			different := false
			for range 24 { // the planted tell is one bit
				var all [2]map[string][]fact
				for i := range all {
					all[i] = c.testimony(t, rng, func(h *device.Hardware) {
						var mu sync.Mutex
						var last byte
						h.Reader = tapped{h.Reader, func(apdu []byte) {
							mu.Lock()
							defer mu.Unlock()
							last = apdu[len(apdu)-1]
						}}
						plant(h, func() byte {
							mu.Lock()
							defer mu.Unlock()
							return last
						})
					})
				}
				if !slices.Equal(all[0][wire], all[1][wire]) {
					different = true
					break
				}
			}
			if !different {
				t.Error("it was not found")
			}
		})
	}
}

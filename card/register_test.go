// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// halves makes a card whose register PIN has these values and tries, common
// half first.
func halves(t testing.TB, pins [2]string, left [2]int) *simcard.Card {
	t.Helper()
	sim := sample(t, "adult")
	st := sim.State()
	for i, r := range card.KindRegister.Info().Refs {
		name := fmt.Sprintf("%v:%04X", r.AP, r.EF)
		k, ok := st.Keys[name]
		if !ok {
			t.Fatalf("no key %s", name)
		}
		k.PIN, k.Left = pins[i], left[i]
		st.Keys[name] = k
	}
	if err := sim.Restore(st); err != nil {
		t.Fatal(err)
	}
	return sim
}

// held reads the two values and counters back.
func held(sim *simcard.Card) (pins [2]string, left [2]int) {
	st := sim.State()
	for i, r := range card.KindRegister.Info().Refs {
		k := st.Keys[fmt.Sprintf("%v:%04X", r.AP, r.EF)]
		pins[i], left[i] = k.PIN, k.Left
	}
	return pins, left
}

// TestRegister: what each entry and each change does to the two halves.
func TestRegister(t *testing.T) {
	const a, b = "1234", "5678"
	three := [2]int{3, 3}
	try := func(n int) error { return &card.TryError{Kind: card.KindRegister, Left: n} }
	split := func(n int) error { return &card.SplitError{Kind: card.KindRegister, Left: n} }
	locked := &card.LockedError{Kind: card.KindRegister}
	for _, r := range []struct {
		name      string
		pins      [2]string
		left      [2]int
		now, next string // next "": only checked
		want      error
		pinsAfter [2]string
		leftAfter [2]int
	}{
		{"right", [2]string{a, a}, three, a, "", nil, [2]string{a, a}, three},
		{"wrong costs both a try", [2]string{a, a}, three, b, "", try(2), [2]string{a, a}, [2]int{2, 2}},
		{"wrong on different counters", [2]string{a, a}, [2]int{3, 2}, b, "", try(1), [2]string{a, a}, [2]int{2, 1}},
		{"last try wrong", [2]string{a, a}, [2]int{3, 1}, b, "", try(0), [2]string{a, a}, [2]int{2, 0}},
		{"last try of the first half wrong", [2]string{a, a}, [2]int{1, 3}, b, "", try(0), [2]string{a, a}, [2]int{0, 2}},
		{"right fills both counters", [2]string{a, a}, [2]int{2, 1}, a, "", nil, [2]string{a, a}, three},
		{"first half locked", [2]string{a, a}, [2]int{0, 3}, a, "", locked, [2]string{a, a}, [2]int{0, 3}},
		{"second half locked", [2]string{a, a}, [2]int{3, 0}, a, "", locked, [2]string{a, a}, [2]int{3, 0}},
		{"split is found by the first's value", [2]string{b, a}, three, b, "", split(2), [2]string{b, a}, [2]int{3, 2}},
		{"split is found by the second's value", [2]string{b, a}, three, a, "", split(2), [2]string{b, a}, [2]int{2, 3}},
		{"change", [2]string{a, a}, three, a, b, nil, [2]string{b, b}, three},
		{"change with a wrong PIN changes nothing", [2]string{a, a}, three, "9999", b, try(2), [2]string{a, a}, [2]int{2, 2}},
		{"change of a locked one", [2]string{a, a}, [2]int{3, 0}, a, b, locked, [2]string{a, a}, [2]int{3, 0}},
		{"finished: old and new again", [2]string{b, a}, three, a, b, nil, [2]string{b, b}, three},
		{"undone: new and old", [2]string{b, a}, three, b, a, nil, [2]string{a, a}, three},
		{"finished the other way round", [2]string{a, b}, three, a, b, nil, [2]string{b, b}, three},
		{"undone the other way round", [2]string{a, b}, three, b, a, nil, [2]string{a, a}, three},
		{"split, and a third value", [2]string{b, a}, three, a, "0000", split(1), [2]string{b, a}, [2]int{1, 3}},
		{"split, one try would be left: the new one is not tried", [2]string{b, a}, [2]int{2, 3}, a, b, split(1), [2]string{b, a}, [2]int{1, 3}},
		{"split, last try: the old one is not spent on it", [2]string{b, a}, [2]int{1, 3}, a, b, split(1), [2]string{b, a}, [2]int{1, 3}},
		{"split, last try: the new and the old undo it", [2]string{b, a}, [2]int{1, 3}, b, a, nil, [2]string{a, a}, three},
		{"a change on different counters", [2]string{a, a}, [2]int{3, 2}, a, b, nil, [2]string{b, b}, three},
		{"a change on different counters, the other way", [2]string{a, a}, [2]int{2, 3}, a, b, nil, [2]string{b, b}, three},
		{"a change with a last try on one half asks for a check first", [2]string{a, a}, [2]int{3, 1}, a, b, split(1), [2]string{a, a}, [2]int{3, 1}},
		{"split, last try, checked", [2]string{b, a}, [2]int{1, 3}, a, "", try(0), [2]string{b, a}, [2]int{0, 3}},
	} {
		t.Run(r.name, func(t *testing.T) {
			sim := halves(t, r.pins, r.left)
			c := card.New(connect(t, sim))
			p := typed(t, r.now)
			var err error
			if r.next == "" {
				err = c.Verify(card.KindRegister, p)
			} else {
				q := typed(t, r.next)
				err = c.Change(card.KindRegister, p, q)
				wiped(t, "new PIN", q)
			}
			wiped(t, "PIN", p)
			if diff := cmp.Diff(r.want, cause(err)); diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
			pins, left := held(sim)
			if diff := cmp.Diff([]any{r.pinsAfter, r.leftAfter}, []any{pins, left}); diff != "" {
				t.Errorf("on the card (-want +got):\n%s", diff)
			}
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("flagged: %v", m)
			}
			var cut *card.InterruptedError
			var s *card.SplitError
			if errors.As(err, &s) && (!errors.As(err, &cut) || cut.Step != card.StepChange || !errors.Is(err, card.ErrHalves)) {
				t.Errorf("%v is not found as an interrupted change", err)
			}
		})
	}
}

// registerCommands is how many commands a change of the register PIN takes,
// with the overwriting one; the first change is the 12th, the second the 17th.
const registerCommands, firstChange, secondChange = 18, 12, 17

// TestRegisterRemoval pulls the card before and after every command of a
// change. The error never hides that a half may have changed; an entry finds
// halves that differ; the same two PINs typed again finish the change.
func TestRegisterRemoval(t *testing.T) {
	for at := 1; at <= registerCommands; at++ {
		for _, pull := range []simcard.Pull{simcard.PullBefore, simcard.PullAfter} {
			for _, undo := range []bool{false, true} {
				t.Run(fmt.Sprintf("command %d, pull %d, undo %v", at, pull, undo), func(t *testing.T) {
					sim := sample(t, "adult")
					l := connect(t, sim)
					sim.Inject(simcard.Fault{At: at, Pull: pull})
					p, q := typed(t, "1234"), typed(t, "5678")
					err := card.New(l).Change(card.KindRegister, p, q)
					wiped(t, "PINs", p, q)
					sim.ClearFaults()
					pins, _ := held(sim)

					var cut *card.InterruptedError
					told := errors.As(err, &cut) && cut.Step == card.StepChange
					if want := at >= firstChange && at <= secondChange; told != want {
						t.Errorf("error %v: interrupted change is %v, want %v", err, told, want)
					}
					if at < registerCommands && !errors.Is(err, card.ErrRemoved) {
						t.Errorf("error %v does not say that the card was removed", err)
					}
					if pins != [2]string{"1234", "1234"} && err != nil && !told {
						t.Errorf("the card holds %q and nobody was told: %v", pins, err)
					}

					// The next insertion: an entry never passes over a difference.
					before := sim.State()
					c := card.New(connect(t, sim))
					err = c.Verify(card.KindRegister, typed(t, "1234"))
					var split *card.SplitError
					if differ := pins[0] != pins[1]; errors.As(err, &split) != differ {
						t.Errorf("the halves hold %q, the entry said %v", pins, err)
					}
					if err := sim.Restore(before); err != nil {
						t.Fatal(err)
					}
					// What the resident typed before, or back to the old one.
					now, next := "1234", "5678"
					if undo {
						now, next = next, now
					}
					if pins == [2]string{"1234", "1234"} && undo || pins == [2]string{"5678", "5678"} && !undo {
						now = next // it is there already
					}
					if err := c.Change(card.KindRegister, typed(t, now), typed(t, next)); err != nil {
						t.Errorf("halves %q, typed again: %v", pins, err)
					}
					if got, left := held(sim); got != [2]string{next, next} || left != [2]int{3, 3} {
						t.Errorf("at the end the card holds %q with %v tries, want %q", got, left, next)
					}
				})
			}
		}
	}
}

// TestRegisterRefused: the second half refuses the new PIN; the first is put
// back, or it is told that it was not.
func TestRegisterRefused(t *testing.T) {
	for _, r := range []struct {
		name string
		bad  map[int][]byte // answers by command
		cut  bool
		pins [2]string
	}{
		{"first half refuses", map[int][]byte{12: {0x6A, 0x80}}, false, [2]string{"1234", "1234"}},
		{"second half refuses", map[int][]byte{17: {0x6A, 0x80}}, false, [2]string{"1234", "1234"}},
		{"second half is not found", map[int][]byte{13: {0x6A, 0x82}}, false, [2]string{"1234", "1234"}},
		{"and the first is not put back", map[int][]byte{17: {0x6A, 0x80}, 22: {0x6A, 0x80}}, true, [2]string{"5678", "1234"}},
		{"second half answers one byte", map[int][]byte{17: {0x90}}, true, [2]string{"5678", "1234"}},
		{"first half answers one byte", map[int][]byte{12: {0x90}}, true, [2]string{"1234", "1234"}},
	} {
		t.Run(r.name, func(t *testing.T) {
			sim := sample(t, "adult")
			sim.Reset(false)
			n := 0
			l := linkFunc(func(apdu []byte) ([]byte, error) {
				n++
				if a, ok := r.bad[n]; ok {
					return append([]byte(nil), a...), nil
				}
				return sim.Transmit(apdu)
			})
			p, q := typed(t, "1234"), typed(t, "5678")
			err := card.New(l).Change(card.KindRegister, p, q)
			wiped(t, "PINs", p, q)
			var cut *card.InterruptedError
			if err == nil || errors.As(err, &cut) != r.cut {
				t.Errorf("error %v, an interrupted change: want %v", err, r.cut)
			}
			if pins, left := held(sim); pins != r.pins || left != [2]int{3, 3} {
				t.Errorf("the card holds %q with %v tries, want %q", pins, left, r.pins)
			}
		})
	}
}

// FuzzRegister: whatever a card answers, a change of both halves ends after a
// bounded number of commands with an error of ours or none, both PINs wiped.
// Until the first lie the card is honest, so its first PIN cannot be wrong.
func FuzzRegister(f *testing.F) {
	f.Add([]byte{0x00, 0x63, 0xC1}, uint8(6))
	f.Add([]byte{0x00, 0x6A, 0x80, 0x00, 0x90, 0x00}, uint8(16))
	f.Add([]byte{0x00, 0x61, 0xFF}, uint8(11))
	f.Fuzz(func(t *testing.T, noise []byte, from uint8) {
		sim := halves(t, [2]string{"1234", "1234"}, [2]int{3, 3})
		sim.Reset(false)
		n := 0
		rec := &recorder{Link: linkFunc(func(apdu []byte) ([]byte, error) {
			if n++; n <= int(from) || len(noise) < 2 {
				return sim.Transmit(apdu)
			}
			k := min(int(noise[0]), len(noise)-1)
			out := append([]byte(nil), noise[1:1+k+min(2, len(noise)-1-k)]...)
			noise = noise[1+len(out):]
			return out, nil
		})}
		p, q := typed(t, "1234"), typed(t, "5678")
		judge(t, "change", card.New(rec).Change(card.KindRegister, p, q))
		wiped(t, "PINs", p, q)
		// Two checks, a change, the other half's check and change, and both again to put the first back.
		if rec.pin > 7 || n > 200 {
			t.Errorf("%d commands, %d with a PIN", n, rec.pin)
		}
	})
}

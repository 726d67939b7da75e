// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"math/rand/v2"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// stroke is one key in time; a character's keys are chosen per PIN.
type stroke struct {
	key        pinpad.Key // KeyNone: the next press of a character
	hold, rest time.Duration
}

// TestEventsTellNoCharacter types two random PINs of equal length with equal
// key times and wants the same events, times included, and the same line
// operations.
func TestEventsTellNoCharacter(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 2))
	legend := pin.Legend()
	forms := []pin.Form{pin.FormDigits4, pin.FormPassword, pin.FormNewPassword, pin.FormCode}
	for n := range 16 {
		form := forms[n%len(forms)]
		entry := pinpad.Entry{Slot: pinpad.SlotNew, Form: form}
		if form == pin.FormCode {
			entry.Slot = []pinpad.Slot{pinpad.SlotCode, pinpad.SlotNewCode}[n/len(forms)%2]
		}
		presses := 1
		if form.Letters() {
			presses = 2
		}
		// A plan of characters, corrections and keys that are nobody's.
		var plan []stroke
		add := func(k pinpad.Key) {
			plan = append(plan, stroke{k, time.Duration(30+rng.IntN(300)) * time.Millisecond, time.Duration(140+rng.IntN(500)) * time.Millisecond})
		}
		for range form.Min() + rng.IntN(form.Max()-form.Min()+1) {
			for range presses {
				add(pinpad.KeyNone)
			}
			switch rng.IntN(6) {
			case 0:
				add(pinpad.KeyClear)
			case 1:
				add(pinpad.KeyMenu)
			case 2:
				add([]pinpad.Key{pinpad.KeyUp, pinpad.KeyDown}[rng.IntN(2)])
			}
		}
		add(pinpad.KeyEnter)
		run := func() (events []pinpad.Event, ops uint64) {
			bubble(t, nil, func(r *rig) {
				r.p.Secret(1, entry)
				time.Sleep(103330 * time.Microsecond) // not at the moment of a scan
				group, kind := -1, 0
				for _, s := range plan {
					k := s.key
					if k == pinpad.KeyNone {
						d := rng.IntN(10)
						switch {
						case presses == 1:
						case group < 0: // first: letters and digits in turn, so that both kinds stand
							if kind++; kind%2 == 0 {
								d = rng.IntN(2)
							} else {
								d = 2 + rng.IntN(8)
							}
							group = d
						default: // second: the group's digit, or one of its letters
							d = len(legend[group])
							if group > 1 {
								d = 1 + rng.IntN(d-1)
							}
							group = -1
						}
						k = pinpad.Key0 + pinpad.Key(d)
					}
					r.m.Press(k)
					time.Sleep(s.hold)
					r.m.Release(k)
					time.Sleep(s.rest)
				}
				events, ops = r.events(), r.m.Ops()
			})
			return events, ops
		}
		one, opsOne := run()
		two, opsTwo := run()
		if diff := cmp.Diff(one, two); diff != "" {
			t.Fatalf("entry %d (%s): two PINs told apart:\n%s", n, form, diff)
		}
		if opsOne != opsTwo {
			t.Fatalf("entry %d (%s): %d line operations for one, %d for the other", n, form, opsOne, opsTwo)
		}
		if len(one) == 0 {
			t.Fatalf("entry %d (%s) told nothing", n, form)
		}
	}
}

// lawful is the rule of each form, written another way than in package pin.
var lawful = map[pin.Form][]*regexp.Regexp{
	pin.FormDigits4:     {regexp.MustCompile(`^[0-9]{4}$`)},
	pin.FormPassword:    {regexp.MustCompile(`^[A-Z0-9]{6,16}$`)},
	pin.FormNewPassword: {regexp.MustCompile(`^[A-Z0-9]{6,16}$`), regexp.MustCompile(`[A-Z]`), regexp.MustCompile(`[0-9]`)},
	pin.FormCode:        {regexp.MustCompile(`^[0-9]{4,8}$`)},
}

func isLawful(f pin.Form, s string) bool {
	for _, r := range lawful[f] {
		if !r.MatchString(s) {
			return false
		}
	}
	return true
}

// FuzzEntry promises: whatever keys are pressed, 確認 answers FaultNone exactly
// if what stands keeps its form, the slot then holds exactly this, and otherwise
// nothing.
func FuzzEntry(f *testing.F) {
	f.Add(uint8(0), []byte{1, 2, 3, 4, 12})
	f.Add(uint8(2), []byte{2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 4, 12})
	f.Add(uint8(1), []byte{2, 1, 11, 9, 5, 12, 15, 13})
	f.Add(uint8(3), []byte{0, 0, 0, 0, 0, 0, 0, 0, 0, 12})
	all := []pinpad.Key{pinpad.Key0, pinpad.Key1, pinpad.Key2, pinpad.Key3, pinpad.Key4, pinpad.Key5, pinpad.Key6, pinpad.Key7,
		pinpad.Key8, pinpad.Key9, pinpad.KeyCancel, pinpad.KeyClear, pinpad.KeyEnter, pinpad.KeyUp, pinpad.KeyDown, pinpad.KeyMenu}
	legend := pin.Legend()
	f.Fuzz(func(t *testing.T, form uint8, in []byte) {
		e := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.Form(form % 4)}
		in = in[:min(len(in), 100)]
		bubble(t, nil, func(r *rig) {
			r.p.Secret(1, e)
			time.Sleep(100 * time.Millisecond)
			r.events()
			var chars string
			group := -1
			for _, b := range in {
				k := all[b%16]
				r.tap(k)
				got := r.said()
				if len(got) != 1 {
					t.Fatalf("%s told %v, want one event", k, got)
				}
				switch d := int(b % 16); k {
				case pinpad.KeyCancel:
					r.wantPIN(e.Slot, "")
					return
				case pinpad.KeyClear:
					if group < 0 {
						chars = chars[:max(0, len(chars)-1)]
					}
					group = -1
				case pinpad.KeyEnter:
					if group >= 0 {
						break
					}
					if (got[0].Fault == pin.FaultNone) != isLawful(e.Form, chars) {
						t.Fatalf("%d characters in form %s: fault %s", len(chars), e.Form, got[0].Fault)
					}
					if got[0].Fault == pin.FaultNone {
						r.wantPIN(e.Slot, chars)
						return
					}
					r.wantPIN(e.Slot, "")
				case pinpad.KeyUp, pinpad.KeyDown, pinpad.KeyMenu:
				default:
					switch {
					case group >= 0 && d >= 1 && d <= len(legend[group]):
						chars += legend[group][d-1 : d]
						group = -1
					case group >= 0 || len(chars) == e.Form.Max():
					case e.Form.Letters():
						group = d
					default:
						chars += legend[d][len(legend[d])-1:]
					}
				}
				if got[0].Filled != len(chars) || got[0].Pending != (group >= 0) {
					t.Fatalf("after %s: %+v, want %d characters, half %t", k, got[0], len(chars), group >= 0)
				}
			}
		})
	})
}

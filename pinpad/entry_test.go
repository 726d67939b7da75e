// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// said is what one secret-mode event tells, short enough for a table.
type said struct {
	Kind    pinpad.EventKind
	Filled  int
	Pending bool
	Fault   pin.Fault
}

func (r *rig) said() []said {
	r.t.Helper()
	var all []said
	for _, e := range r.events() {
		if e.Key != pinpad.KeyNone {
			r.t.Errorf("a key was named in secret mode: %+v", e)
		}
		all = append(all, said{e.Kind, e.Filled, e.Pending, e.Fault})
	}
	return all
}

// typedPIN is a PIN of these characters, to compare with.
func typedPIN(t testing.TB, chars string) *pin.PIN {
	t.Helper()
	p, err := pin.New()
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []byte(chars) {
		if !p.Append(c) {
			t.Fatalf("character %q was not taken", c)
		}
	}
	return p
}

// wantPIN takes a slot and compares it; "" wants it empty.
func (r *rig) wantPIN(s pinpad.Slot, chars string) {
	r.t.Helper()
	got := r.p.Take(s)
	defer got.Wipe()
	if chars == "" {
		if got != nil {
			r.t.Errorf("slot %s holds a PIN, want none", s)
		}
		return
	}
	want := typedPIN(r.t, chars)
	defer want.Wipe()
	if !got.Equal(want) {
		r.t.Errorf("slot %s does not hold what was typed", s)
	}
	if r.p.Take(s) != nil {
		r.t.Errorf("slot %s was taken twice", s)
	}
}

const (
	typed   = pinpad.EventTyped
	entered = pinpad.EventEntered
)

func TestEntry(t *testing.T) {
	digits := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4}
	password := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword}
	fresh := pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormNewPassword}
	for _, tt := range []struct {
		name  string
		entry pinpad.Entry
		keys  []string
		want  []said
		pin   string // what stands in the slot afterwards
	}{
		{"four digits", digits, []string{"1", "2", "3", "4", "enter"},
			[]said{{typed, 1, false, 0}, {typed, 2, false, 0}, {typed, 3, false, 0}, {typed, 4, false, 0}, {entered, 4, false, 0}}, "1234"},
		{"a fifth digit is ignored", digits, []string{"1", "2", "3", "4", "5", "enter"},
			[]said{{typed, 1, false, 0}, {typed, 2, false, 0}, {typed, 3, false, 0}, {typed, 4, false, 0}, {typed, 4, false, 0}, {entered, 4, false, 0}}, "1234"},
		{"too short goes on", digits, []string{"9", "enter", "0", "0", "0", "enter"},
			[]said{{typed, 1, false, 0}, {entered, 1, false, pin.FaultTooShort}, {typed, 2, false, 0}, {typed, 3, false, 0}, {typed, 4, false, 0}, {entered, 4, false, 0}}, "9000"},
		{"nothing after 確認", digits, []string{"1", "2", "3", "4", "enter", "5", "clear", "cancel", "menu", "enter"},
			[]said{{typed, 1, false, 0}, {typed, 2, false, 0}, {typed, 3, false, 0}, {typed, 4, false, 0}, {entered, 4, false, 0}}, "1234"},
		{"取消 rests", digits, []string{"1", "cancel", "2", "enter"},
			[]said{{typed, 1, false, 0}, {pinpad.EventCancel, 1, false, 0}}, ""},
		{"訂正", digits, []string{"clear", "1", "2", "clear", "clear", "clear"},
			[]said{{pinpad.EventClearEmpty, 0, false, 0}, {typed, 1, false, 0}, {typed, 2, false, 0}, {typed, 1, false, 0}, {typed, 0, false, 0}, {pinpad.EventClearEmpty, 0, false, 0}}, ""},
		{"▲ ▼ are told like an ignored digit", digits, []string{"up", "down", "menu"},
			[]said{{typed, 0, false, 0}, {typed, 0, false, 0}, {pinpad.EventMenu, 0, false, 0}}, ""},
		{"letters and digits", password, []string{"2", "1", "2", "4", "7", "5", "9", "4", "0", "1", "1", "1", "enter"},
			[]said{{typed, 0, true, 0}, {typed, 1, false, 0}, {typed, 1, true, 0}, {typed, 2, false, 0}, {typed, 2, true, 0}, {typed, 3, false, 0},
				{typed, 3, true, 0}, {typed, 4, false, 0}, {typed, 4, true, 0}, {typed, 5, false, 0}, {typed, 5, true, 0}, {typed, 6, false, 0}, {entered, 6, false, 0}}, "A27Z01"},
		{"no such position", password, []string{"3", "5", "0", "6", "4", "1", "2", "7", "6", "5"},
			[]said{{typed, 0, true, 0}, {typed, 0, true, 0}, {typed, 0, true, 0}, {typed, 0, true, 0}, {typed, 1, false, 0}, {typed, 1, true, 0}, {typed, 1, true, 0}, {typed, 1, true, 0}, {typed, 1, true, 0}, {typed, 1, true, 0}}, ""},
		{"訂正 drops the first press", password, []string{"2", "clear", "3", "1", "clear", "clear"},
			[]said{{typed, 0, true, 0}, {typed, 0, false, 0}, {typed, 0, true, 0}, {typed, 1, false, 0}, {typed, 0, false, 0}, {pinpad.EventClearEmpty, 0, false, 0}}, ""},
		{"確認 waits for the second press", password, []string{"2", "enter", "1"},
			[]said{{typed, 0, true, 0}, {typed, 0, true, 0}, {typed, 1, false, 0}}, ""},
		{"an old password of one kind", password, []string{"2", "1", "2", "1", "2", "1", "2", "1", "2", "1", "2", "1", "enter"},
			[]said{{typed, 0, true, 0}, {typed, 1, false, 0}, {typed, 1, true, 0}, {typed, 2, false, 0}, {typed, 2, true, 0}, {typed, 3, false, 0},
				{typed, 3, true, 0}, {typed, 4, false, 0}, {typed, 4, true, 0}, {typed, 5, false, 0}, {typed, 5, true, 0}, {typed, 6, false, 0}, {entered, 6, false, 0}}, "AAAAAA"},
		{"a new one needs both kinds", fresh, []string{"2", "1", "2", "1", "2", "1", "2", "1", "2", "1", "2", "1", "enter", "clear", "8", "4", "enter"},
			[]said{{typed, 0, true, 0}, {typed, 1, false, 0}, {typed, 1, true, 0}, {typed, 2, false, 0}, {typed, 2, true, 0}, {typed, 3, false, 0},
				{typed, 3, true, 0}, {typed, 4, false, 0}, {typed, 4, true, 0}, {typed, 5, false, 0}, {typed, 5, true, 0}, {typed, 6, false, 0},
				{entered, 6, false, pin.FaultNeedsDigit}, {typed, 5, false, 0}, {typed, 5, true, 0}, {typed, 6, false, 0}, {entered, 6, false, 0}}, "AAAAA8"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Secret(1, tt.entry)
				r.tap(keys(t, tt.keys...)...)
				if diff := cmp.Diff(tt.want, r.said()); diff != "" {
					t.Errorf("told (-want +got):\n%s", diff)
				}
				r.wantPIN(tt.entry.Slot, tt.pin)
			})
		})
	}
}

func TestSixteenAndNoMore(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
		for range 16 {
			r.tap(pinpad.Key4, pinpad.Key1)
		}
		r.events()
		r.tap(pinpad.Key4, pinpad.Key1, pinpad.KeyEnter)
		want := []said{{typed, 16, false, 0}, {typed, 16, false, 0}, {entered, 16, false, 0}}
		if diff := cmp.Diff(want, r.said()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		r.wantPIN(pinpad.SlotCurrent, "GGGGGGGGGGGGGGGG")
	})
}

func TestClearAll(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
		r.tap(keys(t, "2", "1", "2", "1", "2", "1", "5")...)
		r.events()
		r.m.Press(pinpad.KeyClear)
		time.Sleep(3 * time.Second)
		r.m.Release(pinpad.KeyClear)
		time.Sleep(200 * time.Millisecond)
		want := []said{{typed, 3, false, 0}, {pinpad.EventClearSoon, 3, false, 0}, {typed, 0, false, 0}}
		if diff := cmp.Diff(want, r.said()); diff != "" {
			t.Errorf("訂正 held (-want +got):\n%s", diff)
		}
		r.m.Press(pinpad.KeyClear)
		time.Sleep(3 * time.Second)
		r.m.Release(pinpad.KeyClear)
		time.Sleep(200 * time.Millisecond)
		want = []said{{pinpad.EventClearEmpty, 0, false, 0}}
		if diff := cmp.Diff(want, r.said()); diff != "" {
			t.Errorf("訂正 held with nothing typed (-want +got):\n%s", diff)
		}
	})
}

// 訂正 warns half-way; let go then, it has taken back one press only.
func TestClearSoon(t *testing.T) {
	for _, tt := range []struct {
		name string
		keys []string
		hold time.Duration
		want []said
	}{
		{"let go before", []string{"2", "1", "2"}, 900 * time.Millisecond, []said{{typed, 1, false, 0}}},
		{"let go after the warning", []string{"2", "1", "2", "1"}, 1500 * time.Millisecond,
			[]said{{typed, 1, false, 0}, {pinpad.EventClearSoon, 1, false, 0}, {typed, 1, false, 0}}},
		{"held", []string{"2", "1", "2", "1"}, 2500 * time.Millisecond,
			[]said{{typed, 1, false, 0}, {pinpad.EventClearSoon, 1, false, 0}, {typed, 0, false, 0}}},
		{"nothing is left to clear", []string{"2", "1"}, 2500 * time.Millisecond, []said{{typed, 0, false, 0}}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
				r.tap(keys(t, tt.keys...)...)
				r.events()
				r.m.Press(pinpad.KeyClear)
				time.Sleep(tt.hold)
				r.m.Release(pinpad.KeyClear)
				time.Sleep(200 * time.Millisecond)
				if diff := cmp.Diff(tt.want, r.said()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

func TestTwiceTyped(t *testing.T) {
	once := pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormDigits4}
	again := once
	again.Again = true
	for _, tt := range []struct {
		name   string
		second []string
		want   said
		pin    string
		held   int // pages before the slot is taken
	}{
		{"the same", []string{"1", "2", "3", "4", "enter"}, said{entered, 4, false, 0}, "1234", 1},
		{"another", []string{"1", "2", "3", "5", "enter"}, said{entered, 4, false, pin.FaultMismatch}, "", 0},
		{"too short is not another", []string{"1", "2", "3", "enter"}, said{entered, 3, false, pin.FaultTooShort}, "1234", 2},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Secret(1, once)
				r.tap(keys(t, "1", "2", "3", "4", "enter")...)
				r.p.Secret(2, again)
				time.Sleep(100 * time.Millisecond)
				r.events()
				r.tap(keys(t, tt.second...)...)
				all := r.said()
				if diff := cmp.Diff(tt.want, all[len(all)-1]); diff != "" {
					t.Errorf("確認 (-want +got):\n%s", diff)
				}
				if n := pin.InUse(); n != tt.held {
					t.Errorf("%d pages held, want %d", n, tt.held)
				}
				r.wantPIN(pinpad.SlotNew, tt.pin)
			})
		})
	}
	t.Run("without a first", func(t *testing.T) {
		bubble(t, nil, func(r *rig) {
			r.p.Secret(2, again)
			r.tap(keys(t, "1", "2", "3", "4", "enter")...)
			all := r.said()
			if got := all[len(all)-1].Fault; got != pin.FaultMismatch {
				t.Errorf("fault %s, want mismatch", got)
			}
		})
	})
}

func TestCode(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCode})
		r.tap(keys(t, "3", "enter", "1", "4", "1", "5", "9", "2", "6", "5", "enter")...)
		want := []said{{typed, 1, false, 0}, {entered, 1, false, pin.FaultTooShort}}
		for i := 2; i <= 8; i++ {
			want = append(want, said{typed, i, false, 0})
		}
		want = append(want, said{typed, 8, false, 0}, said{entered, 8, false, 0})
		if diff := cmp.Diff(want, r.said()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		if r.p.Take(pinpad.SlotCode) != nil {
			t.Error("Take gave a clerk code as a PIN")
		}
		c := r.p.TakeCode()
		defer c.Wipe()
		if c.Len() != 8 || r.p.TakeCode() != nil {
			t.Errorf("TakeCode gave %d digits, want 8, once", c.Len())
		}
	})
}

func TestResume(t *testing.T) {
	entry := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword}
	for _, tt := range []struct {
		name  string
		next  pinpad.Entry
		first said // after the next key, 5
	}{
		{"the same entry", pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword, Resume: true}, said{typed, 1, true, 0}},
		{"from the beginning", entry, said{typed, 0, true, 0}},
		{"another entry", pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4, Resume: true}, said{typed, 1, false, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Secret(1, entry)
				r.tap(keys(t, "2", "1", "cancel")...)
				r.p.Off(2)
				time.Sleep(100 * time.Millisecond)
				r.p.Menu(3)
				r.tap(pinpad.KeyEnter)
				r.events()
				r.p.Secret(4, tt.next)
				time.Sleep(100 * time.Millisecond)
				r.tap(pinpad.Key5)
				if diff := cmp.Diff([]said{tt.first}, r.said()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Wipe, Off, Menu and a second Secret leave nothing behind that nobody can take.
func TestPagesOnEveryWay(t *testing.T) {
	entry := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4}
	again := pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormDigits4, Again: true}
	for _, tt := range []struct {
		name string
		way  func(*rig)
		held int
	}{
		{"typing", func(r *rig) { r.p.Secret(1, entry); r.tap(pinpad.Key1) }, 1},
		{"typing twice begun", func(r *rig) { r.p.Secret(1, entry); r.tap(pinpad.Key1); r.p.Secret(2, again) }, 1},
		{"entered", func(r *rig) { r.p.Secret(1, entry); r.tap(keys(r.t, "1", "2", "3", "4", "enter")...) }, 1},
		{"entered and begun again", func(r *rig) {
			r.p.Secret(1, entry)
			r.tap(keys(r.t, "1", "2", "3", "4", "enter")...)
			r.p.Secret(2, entry)
		}, 1},
		{"cancelled", func(r *rig) { r.p.Secret(1, entry); r.tap(keys(r.t, "1", "cancel")...) }, 1},
		{"an entry that cannot be", func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: 99})
			r.p.Secret(1, pinpad.Entry{Slot: 99})
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Again: true})
			r.tap(pinpad.Key1)
			if got := r.bare(); len(got) != 0 {
				r.t.Errorf("told %v", got)
			}
		}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, end := range []string{"wipe", "halt"} {
				bubble(t, nil, func(r *rig) {
					tt.way(r)
					if n := pin.InUse(); n != tt.held {
						t.Errorf("%d pages held, want %d", n, tt.held)
					}
					if end == "halt" {
						return // the bubble looks after Halt
					}
					r.p.Wipe()
					if n := pin.InUse(); n != 0 {
						t.Errorf("%d pages held after Wipe", n)
					}
					r.tap(pinpad.Key1, pinpad.KeyEnter) // rests until the next mode
					if n := pin.InUse(); n != 0 || r.p.Take(pinpad.SlotCurrent) != nil {
						t.Errorf("%d pages held after keys behind Wipe", n)
					}
				})
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"
)

// TestHome: what is taken home from a case in which a PIN was right, and from no other; one 確認, however many pages there are.
func TestHome(t *testing.T) {
	signing := time.Date(2031, 4, 2, 0, 0, 0, 0, time.UTC)
	for _, tc := range []struct {
		name string
		kind Key
		ends time.Time
		want string
	}{
		{"login: the end that the card told before", Key1, time.Time{}, "pin login, keep, ends 2029-01-15"},
		{"signing: the end that the card tells after a right password", Key2, signing, "pin signing, keep, ends 2031-04-02"},
		{"signing, not told", Key2, time.Time{}, "pin signing, keep"},
		{"a PIN without a certificate", Key3, signing, "pin card_info, keep"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.toPIN(Key1, tc.kind, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.apply(Event{Kind: Verified, No: take[Verify](w).No, Left: 3, Ends: tc.ends})
			w.at(stepDone)
			if got, want := w.screen.Screen.Facts.Ends != "", strings.Contains(tc.want, "ends"); got != want {
				t.Errorf("the result tells an end: %v, want %v", got, want)
			}
			w.press(KeyEnter)
			w.at(stepHome)
			var got []string
			for _, p := range w.screen.Screen.Facts.Paras {
				got = append(got, strings.TrimSpace(p.Code+" "+p.Word+string(p.Date)))
			}
			if strings.Join(got, ", ") != tc.want {
				t.Errorf("told %q, want %q", strings.Join(got, ", "), tc.want)
			}
			w.readOn()
			w.at(stepTake)
			w.ends()
			if !w.s.certEnds.IsZero() {
				t.Error("the end of the certificate outlives the case")
			}
		})
	}
	w := newWorld(t)
	w.toPIN(Key1, Key1, adult(3, 5))
	w.secret(Cancelled)
	w.press(KeyCancel, KeyEnter)
	w.at(stepTake)
}

// TestHomeRules: what the municipality has to say stands in the resident's language, and only what matters after the counter.
func TestHomeRules(t *testing.T) {
	w := newWorld(t)
	w.under("city_004", "")
	w.code(true)
	w.press(Key2, Key1, Key1)
	w.usual(stepDecision)
	tell := w.s.inquiry.verdict.Tell
	w.s.kind, w.s.lang = card.KindLogin, display.Korean
	m := &machine{State: w.s}
	var got []string
	for _, p := range m.takeHome() {
		got = append(got, p.Text)
	}
	for _, code := range tell {
		text := w.s.inquiry.rules.Messages[code].Ko
		if in := slices.Contains(got, text); in != slices.Contains(lasting, code) {
			t.Errorf("%s (%s) is told: %v", code, text, in)
		}
	}
	if !slices.ContainsFunc(tell, func(c string) bool { return slices.Contains(lasting, c) }) {
		t.Errorf("the decision tells %v, nothing of which lasts: choose another city for this test", tell)
	}
}

// TestPractice: the round looks like the real entry to pad, lamp and people, and reaches neither card nor storage.
func TestPractice(t *testing.T) {
	w := newWorld(t)
	w.clerk(Key2, Key1)
	w.press(KeyEnter)
	w.put(card.Present)
	w.asked = nil
	n := len(w.trail)
	w.press(KeyDown, KeyDown, Key8) // English is marked
	w.at(stepPractice)
	if w.s.lang != display.English {
		t.Errorf("language %s, want the marked one", w.s.lang)
	}
	w.press(KeyEnter)
	real := Keys{Gen: w.keys.Gen, Mode: ModeSecret, Input: Input{Slot: SlotCurrent, Kind: card.KindLogin}}
	if w.keys != real || w.s.lamp != LampTyping {
		t.Errorf("keys %+v, lamp %v: not as when a PIN is typed", w.keys, w.s.lamp)
	}
	w.typed(3)
	w.enter(FaultTooShort)
	if w.screen.Screen.Facts.Fault != "too_short" {
		t.Error("a fault is not told live")
	}
	w.typed(4)
	w.enter(FaultNone)
	w.press(KeyEnter)
	w.typed(6)
	w.enter(FaultNone)
	w.at(stepPractised)
	if w.slots != [numSlots]bool{} {
		t.Errorf("slots %v are not wiped", w.slots)
	}
	w.press(KeyEnter)
	w.at(stepLanguage)
	if len(w.asked) != 0 || w.verifies+w.changes != 0 {
		t.Errorf("card or storage was asked: %v", w.asked)
	}
	for _, l := range w.trail[n:] {
		if strings.Contains(l, "stored") || strings.Contains(l, "board_read") {
			t.Errorf("in the round: %s", l)
		}
	}
}

// TestPracticeInOneLanguage: where one language is offered the round is as near, and the case goes on from the same screen.
func TestPracticeInOneLanguage(t *testing.T) {
	w := newWorld(t, display.English)
	w.clerk(Key2, Key1)
	w.press(KeyEnter)
	w.at(stepLanguage)
	if got := w.screen.Screen; got.ID != display.ResidentStart || got.Lang != display.English || got.Facts.Choice != startNow {
		t.Errorf("the first screen is %s in %s, line %d", got.ID, got.Lang, got.Facts.Choice)
	}
	w.press(Key3, KeyUp)
	w.at(stepLanguage)
	w.press(KeyDown, KeyEnter)
	w.at(stepPractice)
	w.press(KeyEnter)
	w.typed(4)
	w.secret(Cancelled)
	w.at(stepLanguage)
	w.press(Key2)
	w.at(stepPractice)
	w.press(KeyCancel)
	w.press(Key1)
	w.at(stepInsert)
}

// TestLanguagesOffered: the language screen names what the box offers; the mark passes over the rest, and their digits mean nothing.
func TestLanguagesOffered(t *testing.T) {
	w := newWorld(t, display.Japanese, display.English, display.Korean)
	w.clerk(Key2, Key1)
	w.press(KeyEnter)
	if got, want := w.screen.Screen.Facts.Silent, [7]bool{1: true, 3: true, 5: true, 6: true}; got != want {
		t.Errorf("not offered: %v, want %v", got, want)
	}
	var marks []int
	for _, k := range []Key{KeyUp, KeyDown, Key2, Key4, KeyDown, KeyDown, KeyDown, KeyUp, KeyUp} {
		w.press(k)
		w.at(stepLanguage)
		marks = append(marks, w.s.choice)
	}
	if want := []int{1, 3, 3, 3, 5, 8, 8, 5, 3}; !slices.Equal(marks, want) {
		t.Errorf("marked lines %v, want %v", marks, want)
	}
	w.press(KeyEnter)
	w.at(stepInsert)
	w.press(KeyMenu, Key1)
	w.at(stepTongue)
	w.press(Key2, KeyDown, KeyDown, KeyEnter)
	w.at(stepInsert)
	if w.s.lang != display.Korean {
		t.Errorf("language %s, want the one that was marked", w.s.lang)
	}
}

// TestComfort: large print and slow keys are switched in the menu, hold to the end of the case, and no longer.
func TestComfort(t *testing.T) {
	w := newWorld(t)
	var slow []bool
	w.watch = func(e Effect) {
		if s, ok := e.(SlowKeys); ok {
			slow = append(slow, s.On)
		}
	}
	w.toPIN(Key1, Key1, adult(3, 5))
	w.s.lang = display.English
	w.secret(Menued)
	w.press(Key2, Key3)
	w.at(stepMenu)
	if f := w.screen.Screen.Facts; !f.Large || !f.Slow {
		t.Errorf("the menu shows %+v", f)
	}
	w.press(KeyCancel)
	w.at(stepPIN)
	if !w.screen.Screen.Facts.Large || w.keys.Input.Resume != true {
		t.Error("the entry does not go on in large print")
	}
	w.typed(4)
	w.enter(FaultNone)
	w.verified(ResultWrong, 1)
	w.at(stepWrong)
	for w.s.step == stepWrong {
		w.press(KeyEnter)
	}
	pages := w.screen.Screen.Facts.Pages
	if pages < 2 {
		t.Fatalf("%d pages: choose a longer screen for this test", pages)
	}
	for page := 1; page < pages; page++ {
		w.press(KeyEnter) // no answer yet
		w.at(stepGuard1)
		if got := w.screen.Screen.Facts.Page; got != page+1 {
			t.Fatalf("確認 leads to page %d, want %d", got, page+1)
		}
	}
	w.press(KeyUp, KeyEnter)
	w.at(stepGuard1)
	w.press(KeyEnter)
	w.at(stepGuard2)
	w.press(KeyCancel, KeyCancel)
	w.ends()
	if in := w.screen.Screen; in.Facts.Large || w.s.large || w.s.slow {
		t.Error("large print or slow keys outlive the case")
	}
	if !slices.Equal(slow, []bool{true, false}) {
		t.Errorf("slow keys were asked for %v", slow)
	}
}

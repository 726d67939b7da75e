// SPDX-License-Identifier: Apache-2.0

package session

import (
	"reflect"
	"testing"
	"time"

	"madoguchi/display"
)

// hold is メニュー held on the review, or let go.
func (w *world) holdMenu(down bool) {
	w.t.Helper()
	k := LetGo
	if down {
		k = LongPress
	}
	w.apply(Event{Kind: k, Gen: w.keys.Gen, Key: KeyMenu})
}

// TestReviewIsConfigured: off by default, and never for four digits.
func TestReviewIsConfigured(t *testing.T) {
	for _, tc := range []struct {
		name   string
		reveal bool
		kind   Key
		want   stepID
	}{
		{"off", false, Key2, stepRules},
		{"on, a password", true, Key2, stepReview},
		{"on, four digits", true, Key1, stepRules},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.s.cfg.Reveal = tc.reveal
			w.toPIN(Key2, tc.kind, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.at(tc.want)
		})
	}
}

// TestReview: which character is asked for, how long it stands, and what ends it.
func TestReview(t *testing.T) {
	w := newWorld(t)
	w.s.cfg.Reveal = true
	var got []any
	w.watch = func(e Effect) {
		switch e := e.(type) {
		case Reveal:
			got = append(got, e.At)
		case Cover:
			got = append(got, "cover")
		case Show:
			got = append(got, e.Screen.ID)
		case SetLamp:
			got = append(got, e.Lamp)
		}
	}
	want := func(name string, effects ...any) {
		t.Helper()
		if len(got) != len(effects) || len(got) > 0 && !reflect.DeepEqual(got, effects) {
			t.Errorf("%s: %v, want %v", name, got, effects)
		}
		got = nil
	}
	w.toPIN(Key2, Key2, adult(3, 5))
	w.typed(8)
	got = nil
	w.enter(FaultNone)
	w.at(stepReview)
	want("確認: the lamp stays as it is while typing", display.ResidentReview)
	if f := w.screen.Screen.Facts; f.Choice != 1 || f.Filled != 8 {
		t.Errorf("character %d of %d is marked", f.Choice, f.Filled)
	}
	w.press(KeyMenu)
	want("メニュー pressed")
	w.holdMenu(true)
	want("held", 0)
	w.holdMenu(false)
	want("let go", "cover")
	w.press(KeyUp, KeyDown, KeyDown)
	want("moved twice", display.ResidentReview, display.ResidentReview)
	w.holdMenu(true)
	w.wait(glimpseWait)
	want("held for too long", 2, "cover")
	w.holdMenu(false)
	want("let go after that")
	w.holdMenu(true)
	w.press(KeyDown)
	want("another key", 2, "cover", display.ResidentReview)
	w.hold = true
	w.holdMenu(true)
	if !w.s.Busy() {
		t.Error("the box is at rest while the panel brings a character")
	}
	w.press(KeyEnter)
	w.at(stepReview)
	w.holdMenu(false)
	want("let go before it stands", 3)
	w.hold = false
	w.apply(Event{Kind: Revealed, No: w.s.review.no})
	want("then it stands", "cover")
	w.holdMenu(true)
	w.press(KeyCancel)
	w.at(stepCancel)
	want("取消", 3, "cover", display.ResidentCancel, LampHelp)
	w.press(KeyEnter)
	w.at(stepReview)
	got = nil
	w.press(KeyClear)
	w.at(stepPIN)
	if !w.keys.Input.Resume || w.screen.Screen.Facts.Filled != 8 {
		t.Errorf("the entry begins anew: %+v, %d filled", w.keys.Input, w.screen.Screen.Facts.Filled)
	}
	w.apply(Event{Kind: Typed, Gen: w.keys.Gen, Filled: 7})
	w.enter(FaultNone)
	if f := w.screen.Screen.Facts; f.Filled != 7 {
		t.Errorf("%d characters stand in the review, want 7", f.Filled)
	}
	w.holdMenu(true)
	got = nil
	w.press(KeyEnter)
	w.at(stepRules)
	want("確認", "cover", display.RulesID("signing"), LampWaiting)
	w.press(KeyEnter)
	w.typed(8)
	w.enter(FaultNone)
	w.at(stepLookAlike)
	w.press(KeyEnter)
	w.at(stepReviewNew)
	if f := w.screen.Screen.Facts; f.Choice != 1 || f.Filled != 8 {
		t.Errorf("character %d of %d of the new password is marked", f.Choice, f.Filled)
	}
	var slot Slot
	w.watch = func(e Effect) {
		if e, ok := e.(Reveal); ok {
			slot = e.Slot
		}
	}
	w.holdMenu(true)
	if slot != SlotNew {
		t.Errorf("slot %d is looked at", slot)
	}
	w.press(KeyEnter)
	w.at(stepAgain)
}

// TestReviewTimesOut: nobody there: asked first, and then everything is wiped.
func TestReviewTimesOut(t *testing.T) {
	w := newWorld(t)
	scenes[stepReview](w)
	w.wait(firstWait - noticeWait)
	w.at(stepTimeout)
	w.press(KeyEnter)
	w.at(stepReview)
	w.holdMenu(true)
	w.wait(glimpseWait + nextWait - noticeWait + time.Second)
	w.at(stepTimeout)
	w.wait(noticeWait)
	if w.slots != [numSlots]bool{} {
		t.Errorf("slots %v are not wiped", w.slots)
	}
	if w.s.review.phase != glimpseNone {
		t.Error("a character is on the panel when nobody is there")
	}
}

// TestReviewFails: a panel that shows no character says so, and the case goes on without.
func TestReviewFails(t *testing.T) {
	w := newWorld(t)
	scenes[stepReview](w)
	w.hold = true
	w.holdMenu(true)
	w.apply(Event{Kind: Revealed, No: take[Reveal](w).No, Bad: true})
	w.hold = false
	w.at(stepReview)
	w.press(KeyEnter)
	w.at(stepRules)
}

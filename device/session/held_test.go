// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"madoguchi/card"
	"madoguchi/display"
)

// TestHeld: while an update is put in force no case opens, and who wanted one gets it afterwards. What takes minutes is said, what takes a moment is not.
func TestHeld(t *testing.T) {
	for _, lasts := range []bool{false, true} {
		w := newWorld(t)
		if !w.s.Quiet() {
			t.Fatal("a box at rest is not quiet")
		}
		w.apply(Event{Kind: Held, OK: true, Bad: lasts})
		want := display.Idle
		if lasts {
			want = display.FaultUpdate
		}
		if w.s.screen.ID != want {
			t.Errorf("lasting %v: screen %s, want %s", lasts, w.s.screen.ID, want)
		}
		w.put(card.Present)
		w.press(KeyEnter)
		w.at(stepIdle)
		w.apply(Event{Kind: Held})
		w.at(stepCode)
		if w.s.Quiet() {
			t.Error("quiet while a clerk types the code")
		}
	}
	w := newWorld(t)
	w.apply(Event{Kind: Held, OK: true, Bad: true})
	w.apply(Event{Kind: Held})
	w.at(stepIdle)
	if w.s.screen.ID != display.Idle {
		t.Errorf("screen %s after the update", w.s.screen.ID)
	}
}

// TestNewSettings: name and languages change at rest.
func TestNewSettings(t *testing.T) {
	w := newWorld(t)
	w.apply(Event{Kind: NewSettings, Settings: &Settings{Office: "戸籍課", Langs: []display.Lang{"en", "ja"}}})
	if s := w.s.screen; s.Facts.Office != "戸籍課" || s.Lang != "en" {
		t.Errorf("at rest: %q in %s", s.Facts.Office, s.Lang)
	}
	w.press(KeyMenu)
	if w.s.lang != "ja" {
		t.Errorf("the next language is %s", w.s.lang)
	}
}

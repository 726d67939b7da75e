// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"madoguchi/card"
)

// TestCardMovedWhileBusy: what a card told is void once it was moved, also while the box waits for an answer: the next card may be another person's.
func TestCardMovedWhileBusy(t *testing.T) {
	moves := []struct {
		name string
		to   []card.Presence
		want stepID
	}{
		{"taken out", []card.Presence{card.Empty}, stepInsert},
		{"another one", []card.Presence{card.Empty, card.Present}, stepReading},
		{"the reader pulled", []card.Presence{card.NoReader}, stepReaderLost},
	}
	for _, mv := range moves {
		t.Run("reading, "+mv.name, func(t *testing.T) {
			w := newWorld(t)
			scenes[stepReading](w)
			old := take[ReadBoard](w).No
			for _, p := range mv.to {
				w.put(p)
			}
			w.apply(Event{Kind: BoardRead, No: old, Board: adult(3, 5)}) // it was read to the end before
			w.at(mv.want)
			if w.s.known || len(w.s.screen.Facts.Board) != 0 {
				t.Errorf("the board of a card that is gone is known: %+v", w.s.screen)
			}
		})
		t.Run("storing the record, "+mv.name, func(t *testing.T) {
			w := newWorld(t)
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.slow = true
			w.changed(ResultOK, 3)
			w.at(stepFinishing)
			for _, p := range mv.to {
				w.put(p)
			}
			w.slow = false
			for w.answer() {
			}
			w.at(stepChanged)
			w.press(KeyEnter)
			if w.s.step != stepHome { // never the leave-check: it would try the new PIN on another card
				t.Errorf("step %v after a card that was moved", w.s.step)
			}
		})
		t.Run("journaling, "+mv.name, func(t *testing.T) {
			w := newWorld(t)
			scenes[stepLeave](w)
			w.typed(4)
			w.slow = true
			w.enter(FaultNone)
			w.at(stepLeaveChecking)
			for _, p := range mv.to {
				w.put(p)
			}
			w.slow = false
			for w.answer() {
			}
			if w.verifies != 0 {
				t.Error("the leave-check was sent to a card that was moved")
			}
			w.ends()
		})
	}
}

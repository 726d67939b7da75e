// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"madoguchi/card"
)

// TestUnsureIsTold: however a case ends in which a change was cut off, resident and clerk read that either PIN may be in force.
func TestUnsureIsTold(t *testing.T) {
	cutOff := func(w *world) {
		w.toPIN(Key2, Key1, adult(3, 5))
		w.entries()
		w.changed(ResultGoneChange, 0)
		w.put(card.Empty)
	}
	fails := func(w *world, n int) {
		w.put(card.Present)
		for range n {
			w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: ResultFailed})
			w.press(KeyEnter)
		}
	}
	for name, run := range map[string]func(w *world){
		"card cannot be read any more": func(w *world) { cutOff(w); fails(w, maxReads) },
		"lid opened": func(w *world) {
			cutOff(w)
			w.put(card.Present)
			w.board(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.at(stepLeave)
			w.apply(Event{Kind: Lid, Bad: true})
		},
		"one try left": func(w *world) {
			cutOff(w)
			w.put(card.Present)
			w.board(adult(1, 5))
			w.press(KeyEnter)
		},
		"second change of a case cut off": func(w *world) {
			scenes[stepLeaveWrong](w)
			w.press(KeyEnter)
			w.entries()
			w.changed(ResultGoneChange, 0)
			w.put(card.Empty)
			w.press(KeyCancel, KeyCancel)
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			run(w)
			for range 8 {
				if w.s.step == stepClosed {
					break
				}
				if w.s.step == stepStopped && w.s.screen.Facts.Reason != "unsure" {
					t.Errorf("the resident reads %q", w.s.screen.Facts.Reason)
				}
				if w.s.step == stepTake {
					w.put(card.Empty)
					continue
				}
				w.press(KeyEnter)
			}
			w.at(stepClosed)
			if got := w.s.screen.Facts.Reason; got != "unsure" {
				t.Errorf("the clerk reads %q", got)
			}
		})
	}
}

// TestStopSaysWhy: a card that could not be read is not called another card.
func TestStopSaysWhy(t *testing.T) {
	for step, want := range map[stepID]string{
		stepUnreadable: "failed", stepCardWrong: "wrong_card", stepInsert: "no_card", stepRemoved: "card_removed", stepReaderLost: "failed",
		stepGuard2: "last_try", stepWrong: "wrong", stepSplit: "split", stepAbout: "cancelled",
	} {
		w := newWorld(t)
		scenes[step](w)
		w.press(KeyCancel, KeyCancel)
		w.at(stepStopped)
		if got := w.s.screen.Facts.Reason; got != want {
			t.Errorf("stopped at %v: the resident reads %q, want %q", step, got, want)
		}
	}
}

// TestJournalIsClear: a case that ended leaves no journal that the next start would take for a power cut.
func TestJournalIsClear(t *testing.T) {
	w := newWorld(t)
	scenes[stepLeaveWrong](w)
	w.press(KeyEnter) // change again …
	w.at(stepPIN)
	w.secret(Cancelled) // … and thought better of it
	w.press(KeyCancel)
	w.ends()
	if w.journal != (Entry{}) {
		t.Errorf("journal at rest: %+v", w.journal)
	}
}

// TestCodeTooShort: the clerk is told why 確認 did nothing, and it costs no miss.
func TestCodeTooShort(t *testing.T) {
	w := newWorld(t)
	w.press(KeyEnter)
	w.typed(3)
	w.enter(FaultTooShort)
	w.at(stepCode)
	if f := w.s.screen.Facts; f.Fault != "too_short" || f.Filled != 3 || w.s.misses != 0 {
		t.Errorf("facts %+v, %d misses", f, w.s.misses)
	}
}

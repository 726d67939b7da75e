// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// end is what a case leaves behind.
type end struct {
	Outcome  record.Outcome
	Verifies int
	Changes  int
}

// TestFlows carries whole cases from rest to rest. Every step is held against the promises in invariants_test.go.
func TestFlows(t *testing.T) {
	flows := []struct {
		name string
		run  func(w *world)
		want end
	}{
		{"PIN check, right", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
			w.at(stepDone)
		}, end{record.Done, 1, 0}},
		{"PIN check, wrong twice, guard, right", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			for left := 2; left > 0; left-- {
				w.typed(4)
				w.enter(FaultNone)
				w.verified(ResultWrong, left)
				w.at(stepWrong)
				w.press(KeyEnter)
			}
			w.at(stepGuard1)
			w.press(KeyEnter, KeyEnter) // the second is no answer to the second question
			w.at(stepGuard2)
			w.press(KeyDown, KeyEnter)
			w.at(stepPIN)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
			w.at(stepDone)
		}, end{record.Done, 3, 0}},
		{"PIN check, locked by the last try", func(w *world) {
			w.toPIN(Key1, Key1, adult(1, 5))
			w.press(KeyEnter, KeyDown, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultLocked, 0)
			w.at(stepLocked)
		}, end{record.DeviceOrDocumentProblem, 1, 0}},
		{"locked from the start", func(w *world) {
			w.toBoard(Key1, Key1, adult(0, 5))
			w.at(stepLocked)
		}, end{record.DeviceOrDocumentProblem, 0, 0}},
		{"last try refused by the resident", func(w *world) {
			w.toPIN(Key1, Key1, adult(1, 5))
			w.at(stepGuard1)
			w.press(KeyCancel, KeyCancel)
			w.at(stepStopped)
		}, end{record.Abandoned, 0, 0}},
		{"malformed entry costs no try", func(w *world) {
			w.toPIN(Key1, Key2, adult(3, 5))
			w.typed(3)
			w.enter(FaultTooShort)
			w.at(stepPIN)
			if w.s.screen.Facts.Fault != "too_short" {
				w.fatalf("fault shown: %q", w.s.screen.Facts.Fault)
			}
			w.typed(8)
			w.enter(FaultNone)
			w.verified(ResultOK, 5)
		}, end{record.Done, 1, 0}},
		{"PIN change with leave-check", func(w *world) {
			w.change(adult(3, 5))
			w.at(stepChanged)
			w.press(KeyEnter, KeyEnter)
			w.at(stepLeave)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
			w.at(stepLeaveOK)
		}, end{record.Done, 1, 1}},
		{"PIN change, leave-check wrong, change again", func(w *world) {
			w.change(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultWrong, 2)
			w.at(stepLeaveWrong)
			w.press(KeyEnter)
			w.at(stepPIN)
			w.entries()
			w.changed(ResultOK, 3)
			w.at(stepChanged)
		}, end{record.Done, 1, 2}},
		{"a change that was cut between the halves, found by a check", func(w *world) {
			w.toPIN(Key1, Key4, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultSplit, 2)
			w.at(stepSplit)
			w.press(KeyEnter) // a check cannot mend it
			w.at(stepStopped)
		}, end{record.DeviceOrDocumentProblem, 1, 0}},
		{"a change that was cut between the halves, made again", func(w *world) {
			w.toPIN(Key2, Key4, adult(3, 5))
			w.entries()
			w.changed(ResultSplit, 2)
			w.at(stepSplit)
			w.press(KeyEnter)
			w.at(stepPIN)
			w.entries()
			w.changed(ResultOK, 3)
			w.at(stepChanged)
		}, end{record.Done, 0, 2}},
		{"PIN change, one try left afterwards: no leave-check", func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.changed(ResultOK, 1)
			w.at(stepChanged)
			w.press(KeyEnter)
			w.at(stepHome)
			w.readOn()
			w.at(stepTake)
		}, end{record.Done, 0, 1}},
		{"PIN change, the two entries differ", func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.press(KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.typed(4)
			w.enter(FaultMismatch)
			w.at(stepMismatch)
			w.press(KeyEnter)
			w.at(stepNew)
			w.typed(4)
			w.enter(FaultNone)
			w.typed(4)
			w.enter(FaultNone)
			w.changed(ResultOK, 3)
		}, end{record.Done, 0, 1}},
		{"PIN change, current wrong", func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.changed(ResultWrong, 2)
			w.at(stepWrong)
			w.press(KeyEnter)
			w.entries()
			w.changed(ResultOK, 3)
		}, end{record.Done, 0, 2}},
		{"PIN change cut off, card back, new PIN in force", func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.put(card.Empty)
			w.at(stepChanging)
			w.changed(ResultGoneChange, 0)
			w.at(stepRemoved)
			if got := w.s.screen.Facts.Reason; got != "change" {
				w.fatalf("reason %q", got)
			}
			w.put(card.Present)
			w.board(adult(3, 5))
			w.press(KeyEnter)
			w.at(stepUnsure)
			w.press(KeyEnter)
			w.at(stepLeave)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
			w.at(stepLeaveOK)
		}, end{record.Done, 1, 1}},
		{"PIN change cut off, one try left: not offered", func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.changed(ResultGoneChange, 0)
			w.put(card.Empty)
			w.put(card.Present)
			w.board(adult(1, 5))
			w.press(KeyEnter)
			w.at(stepStopped)
		}, end{record.DeviceOrDocumentProblem, 0, 1}},
		{"PIN change, pulled at the VERIFY: a try may be gone, nothing changed", func(w *world) {
			w.toPIN(Key2, Key1, adult(3, 5))
			w.entries()
			w.changed(ResultGoneVerify, 0)
			w.at(stepRemoved)
			w.put(card.Empty)
			w.put(card.Present)
			w.board(adult(2, 5))
			w.press(KeyEnter)
			w.at(stepAbout)
			w.press(KeyEnter)
			w.entries()
			w.changed(ResultOK, 3)
		}, end{record.Done, 0, 2}},
		{"tries differ from what was shown: shown again, nothing sent", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultTries, 1)
			w.at(stepReading)
			w.board(adult(1, 5))
			w.press(KeyEnter, KeyEnter)
			w.at(stepGuard1)
			w.press(KeyEnter, KeyDown, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		}, end{record.Done, 2, 0}},
		{"tries board", func(w *world) {
			w.toBoard(Key3, Key1, adult(3, 0))
			w.at(stepBoard)
			w.press(KeyEnter)
			w.at(stepTake)
		}, end{record.Done, 0, 0}},
		{"face-authentication card", func(w *world) {
			w.toBoard(Key1, Key1, card.Board{Species: card.SpeciesFaceAuth, HasAuth: true})
			w.at(stepNoPIN)
		}, end{record.DeviceOrDocumentProblem, 0, 0}},
		{"no signing certificate", func(w *world) {
			b := adult(3, 0)
			b.HasSigning = false
			w.toBoard(Key2, Key2, b)
			w.at(stepAbsent)
		}, end{record.DeviceOrDocumentProblem, 0, 0}},
		{"driving licence, then the right card", func(w *world) {
			w.toBoard(Key1, Key1, card.Board{Species: card.SpeciesDrivingLicence})
			w.at(stepCardWrong)
			w.put(card.Empty)
			w.at(stepInsert)
			w.put(card.Present)
			w.board(adult(3, 5))
			w.at(stepBoard)
			w.press(KeyCancel, KeyCancel)
		}, end{record.Abandoned, 0, 0}},
		{"reader unplugged and back", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(2)
			w.put(card.NoReader)
			w.at(stepReaderLost)
			w.put(card.Empty)
			w.at(stepInsert)
			w.put(card.Present)
			w.board(adult(3, 5))
			w.press(KeyEnter, KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		}, end{record.Done, 1, 0}},
		{"nobody there", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(2)
			w.wait(39 * time.Second)
			w.at(stepPIN)
			w.wait(time.Second)
			w.at(stepTimeout)
			w.wait(20 * time.Second)
			w.at(stepClosed)
		}, end{record.Abandoned, 0, 0}},
		{"cancelled in the middle, thought better of it, cancelled", func(w *world) {
			w.toPIN(Key2, Key2, adult(3, 5))
			w.typed(5)
			w.secret(Cancelled)
			w.at(stepCancel)
			w.press(KeyEnter)
			w.at(stepPIN)
			if !w.keys.Input.Resume || w.s.screen.Facts.Filled != 5 {
				w.fatalf("the entry does not go on: %+v, %d filled", w.keys, w.s.screen.Facts.Filled)
			}
			w.secret(Cancelled)
			w.press(KeyCancel)
			w.at(stepStopped)
		}, end{record.Abandoned, 0, 0}},
		{"language switched in the middle", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(2)
			w.secret(Menued)
			w.press(Key1)
			w.at(stepTongue)
			w.press(Key1 + Key(index(display.Langs, display.English)))
			w.at(stepPIN)
			if got := w.s.screen; got.Lang != display.English || got.Facts.Filled != 2 {
				w.fatalf("screen %+v", got)
			}
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		}, end{record.Done, 1, 0}},
		{"card fails three times", func(w *world) {
			w.clerk(Key1, Key1)
			w.press(KeyEnter, Key1)
			w.put(card.Present)
			for range maxReads {
				w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Result: ResultFailed})
				if w.s.step == stepFailed {
					w.press(KeyEnter)
				}
			}
			w.at(stepStopped)
		}, end{record.DeviceOrDocumentProblem, 0, 0}},
		{"lid opened while typing", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(2)
			w.apply(Event{Kind: Lid, Bad: true})
			w.at(stepStopped)
			w.apply(Event{Kind: Lid})
		}, end{record.DeviceOrDocumentProblem, 0, 0}},
	}
	for _, f := range flows {
		t.Run(f.name, func(t *testing.T) {
			w := newWorld(t)
			f.run(w)
			w.ends()
			if len(w.finishes) != 1 {
				w.fatalf("%d records, want 1", len(w.finishes))
			}
			got := end{w.finishes[0].Outcome, w.verifies, w.changes}
			if d := cmp.Diff(f.want, got); d != "" {
				w.fatalf("-want +got:\n%s", d)
			}
		})
	}
}

// entries types current, new, new again.
func (w *world) entries() {
	w.t.Helper()
	w.at(stepPIN)
	w.typed(4)
	w.enter(FaultNone)
	w.at(stepRules)
	w.press(KeyEnter)
	w.typed(4)
	w.enter(FaultNone)
	w.at(stepAgain)
	w.typed(4)
	w.enter(FaultNone)
	w.at(stepChanging)
}

func (w *world) change(b card.Board) {
	w.t.Helper()
	w.toPIN(Key2, Key1, b)
	w.entries()
	w.changed(ResultOK, 3)
}

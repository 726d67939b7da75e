// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// told is what a case told, with its record and after it.
func (w *world) told() (with, after record.Case) {
	w.t.Helper()
	if len(w.finishes) != 1 || len(w.afters) > 1 {
		w.fatalf("%d records and %d rests of one case", len(w.finishes), len(w.afters))
	}
	for _, a := range w.afters {
		after = a.Case()
	}
	return w.finishes[0].Case(), after
}

func login(m record.Mode, r record.Result) record.PINEntry {
	return record.PINEntry{PIN: record.LoginPIN, Entry: record.NewEntry(m, r)}
}

// TestFacts drives cases as people do and holds what they tell against what happened.
func TestFacts(t *testing.T) {
	tests := []struct {
		name  string
		drive func(*world)
		with  []record.PINEntry
		after []record.PINEntry
		case_ record.Case // the single facts
	}{
		{"checked at once", func(w *world) { scenes[stepDone](w) },
			[]record.PINEntry{login(record.Verify, record.EntryOK)}, nil,
			record.Case{Outcome: record.Done, Means: record.Memory}},
		{"wrong, then right", func(w *world) {
			scenes[stepWrong](w)
			w.press(KeyEnter)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultOK, 3)
		}, []record.PINEntry{login(record.Verify, record.EntryWrong), login(record.Verify, record.EntryOK)}, nil,
			record.Case{Outcome: record.Done, Friction: record.PINRetry, Means: record.Memory}},
		{"too short, then the last try", func(w *world) {
			w.toPIN(Key1, Key1, adult(1, 5))
			w.press(KeyEnter, KeyDown, KeyEnter)
			w.typed(2)
			w.enter(FaultTooShort)
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultWrong, 0)
		}, []record.PINEntry{login(record.Verify, record.StoppedByRules), login(record.Verify, record.EntryLocked)}, nil,
			record.Case{Outcome: record.DeviceOrDocumentProblem, Means: record.Memory}},
		{"cancelled in the second entry of a new PIN", func(w *world) {
			scenes[stepMismatch](w)
			w.press(KeyEnter)
			w.secret(Cancelled)
			w.press(KeyCancel)
		}, []record.PINEntry{login(record.Change, record.EntryCancelled)}, nil,
			record.Case{Outcome: record.Abandoned, Means: record.Memory}},
		{"changed, leave-check wrong", func(w *world) { scenes[stepLeaveWrong](w); w.press(KeyCancel) },
			[]record.PINEntry{login(record.Change, record.EntryOK)}, []record.PINEntry{login(record.LeaveCheck, record.EntryWrong)},
			record.Case{Outcome: record.Done, Means: record.Memory}},
		{"pulled out while the card judged", func(w *world) {
			w.toPIN(Key1, Key1, adult(3, 5))
			w.typed(4)
			w.enter(FaultNone)
			w.verified(ResultGoneVerify, 0)
			w.press(KeyCancel, KeyCancel)
		}, nil, nil, record.Case{Outcome: record.Abandoned, Friction: record.ReaderRetry}},
		{"pulled out while typing", func(w *world) { scenes[stepPIN](w); w.put(card.Empty); w.press(KeyCancel, KeyCancel) },
			[]record.PINEntry{login(record.Change, record.EntryCancelled)}, nil,
			record.Case{Outcome: record.Abandoned, Friction: record.ReaderRetry, Means: record.Memory}},
		{"called the clerk, changed the language, timed out", func(w *world) {
			scenes[stepCall](w)
			w.press(KeyEnter)
			w.secret(Menued)
			w.press(Key1, Key3)
			w.wait(5 * time.Minute)
		}, []record.PINEntry{login(record.Change, record.EntryCancelled)}, nil,
			record.Case{Outcome: record.Abandoned, Friction: record.HelpCalled | record.LangSwitch, Language: record.English, Means: record.Memory}},
		{"no PIN on this card", func(w *world) { scenes[stepNoPIN](w) }, nil, nil,
			record.Case{Outcome: record.DeviceOrDocumentProblem}},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			tc.drive(w)
			w.ends()
			with, after := w.told()
			if d := cmp.Diff(tc.with, with.Entries); d != "" {
				t.Errorf("entries with the record, -want +got:\n%s", d)
			}
			if d := cmp.Diff(tc.after, after.Entries); d != "" {
				t.Errorf("entries after it, -want +got:\n%s", d)
			}
			if len(with.Steps) > 0 || len(after.Steps) == 0 {
				t.Errorf("steps %v with the record, %v after it: one is drawn, of the whole case", with.Steps, after.Steps)
			}
			if tc.case_.Language == 0 {
				tc.case_.Language = record.Japanese
			}
			if tc.case_.Duration == 0 {
				tc.case_.Duration = record.Under2Min
			}
			tc.case_.Procedure, tc.case_.Week, tc.case_.Applicant = with.Procedure, with.Week, record.Self
			with.Entries = nil
			if d := cmp.Diff(tc.case_, with); d != "" {
				t.Errorf("-want +got:\n%s", d)
			}
			if w.s.tally != (tally{}) {
				t.Errorf("at rest the state holds %+v", w.s.tally)
			}
		})
	}
}

// The parts of a case are measured by the times of the events, each on its own.
func TestSteps(t *testing.T) {
	w := newWorld(t)
	w.clerk(Key2, Key1)
	w.now = w.now.Add(20 * time.Second)
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.board(adult(3, 5))
	w.now = w.now.Add(6 * time.Second)
	w.press(KeyEnter, KeyEnter)
	w.typed(4)
	w.now = w.now.Add(40 * time.Second)
	w.enter(FaultNone)
	w.press(KeyEnter)
	w.typed(4)
	w.enter(FaultNone)
	w.now = w.now.Add(50 * time.Second)
	w.typed(4)
	w.now = w.now.Add(35 * time.Second)
	w.enter(FaultNone)
	w.changed(ResultOK, 3)
	w.ends()
	_, after := w.told()
	want := []record.StepSpan{{Step: record.StepTurn, Span: record.Under30s}, {Step: record.StepBoard, Span: record.Under15s},
		{Step: record.StepEntry, Span: record.Under60s}, {Step: record.StepNewPIN, Span: record.Under2Mins}, {Step: record.StepResult, Span: record.Under5s}}
	if d := cmp.Diff(want, after.Steps); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

// A case that ends in the clerk's hands tells everything with its record, and nothing of a resident's screens.
func TestFactsOfTheClerk(t *testing.T) {
	w := newWorld(t)
	scenes[stepGiven](w)
	w.ends()
	with, _ := w.told()
	if len(w.afters) > 0 || with.Language != 0 || with.Means != 0 || len(with.Entries) > 0 || with.Applicant != record.Self {
		t.Errorf("told %+v, and %v after it", with, w.afters)
	}
	var parts []record.Step
	for _, s := range with.Steps {
		parts = append(parts, s.Step)
	}
	if want := []record.Step{record.StepQuestions, record.StepDocuments, record.StepDecision}; !slices.Equal(parts, want) {
		t.Errorf("steps %v, want %v", parts, want)
	}
}

// Two entries of other PINs, at the same times, tell the same.
func TestFactsSayNothingOfThePIN(t *testing.T) {
	var all []record.Case
	for _, typed := range []int{4, 4, 16, 6} { // the signing password has 6 to 16 characters
		w := newWorld(t)
		k := Key2
		if typed == 4 {
			k = Key1
		}
		w.toPIN(Key1, k, adult(3, 5))
		w.typed(typed)
		w.enter(FaultNone)
		w.verified(ResultOK, 3)
		w.ends()
		with, after := w.told()
		with.Steps = after.Steps
		all = append(all, with)
	}
	for i := 0; i < len(all); i += 2 {
		if d := cmp.Diff(all[i], all[i+1]); d != "" {
			t.Errorf("two cases alike but for the PIN differ:\n%s", d)
		}
	}
}

// A look at the board at rest is counted when it is shown, once for each card laid down.
func TestLooksAreCounted(t *testing.T) {
	w := newWorld(t)
	for n := range 3 {
		if w.looks != n {
			t.Fatalf("%d looks after %d cards", w.looks, n)
		}
		w.put(card.Present)
		w.board(adult(3, 5))
		w.press(KeyMenu) // another language is the same look
		w.put(card.Empty)
		w.at(stepIdle)
	}
	w.put(card.Present)
	w.board(card.Board{Species: card.SpeciesDrivingLicence})
	if w.looks != 3 {
		t.Errorf("%d looks after 3 cards and a driving licence", w.looks)
	}
}

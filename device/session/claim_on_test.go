// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"madoguchi/card"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// TestGoesOn: a number leads to the step where the case stands, what the first visit decided is not asked again, and what becomes of the number is stored with the record.
func TestGoesOn(t *testing.T) {
	day := claim.DayOf(noon)
	at := func(step claim.Step, p record.Procedure, a record.Applicant) claim.State {
		return mailedBut(func(s *claim.State) { s.Step, s.Procedure, s.Applicant, s.Rev = step, p, a, 3 })
	}
	tell := func(w *world) {
		for w.s.step == stepDecision || w.s.step == stepTell {
			w.press(KeyEnter)
		}
	}
	check := func(w *world) { // the PIN, which is right
		w.press(Key1)
		w.at(stepTurn)
		w.press(KeyEnter, Key1)
		w.put(card.Present)
		w.board(adult(3, 5))
		w.press(KeyEnter, KeyEnter)
		w.typed(4)
		w.enter(FaultNone)
		w.verified(ResultOK, 3)
	}
	for _, tc := range []struct {
		name   string
		behind claim.State
		here   bool
		do     func(w *world)
		want   claim.Step
		ends   claim.Day
		of     record.Procedure
		out    record.Outcome
	}{
		{"second visit of a proxy: used up", at(claim.LetterMailed, record.PinReset, record.Proxy), false,
			func(w *world) { w.decides(map[string]string{"letter": "city"}); tell(w); w.at(stepIdle) }, claim.Closed, day + 60, record.PinReset, record.HandedOver},
		{"second visit without the papers: stays", at(claim.LetterMailed, record.PinReset, record.Proxy), false,
			func(w *world) {
				w.decides(map[string]string{"letter": "none", "papers": "none"})
				tell(w)
				w.at(stepGiven)
			}, claim.LetterMailed, day + 60, record.PinReset, record.DeviceOrDocumentProblem},
		{"the papers are there: to the terminal", at(claim.PapersWanted, record.PinReset, record.Self), false,
			func(w *world) { w.decides(nil); tell(w); w.at(stepGiven) }, claim.AtTerminal, day + 1, record.PinReset, record.HandedOver},
		{"after the terminal, the PIN is right: used up", at(claim.AtTerminal, record.PinReset, record.Self), false,
			func(w *world) { w.press(Key1); check(w); w.at(stepDone) }, claim.Closed, day + 60, record.PinCheck, record.Done},
		{"after the terminal, no check: used up", at(claim.AtTerminal, record.PinReset, record.Self), false,
			func(w *world) { w.press(Key2); w.at(stepIdle) }, claim.Closed, day + 60, record.PinReset, record.Done},
		{"the leave-check is left: used up", at(claim.LeaveCheck, record.PinChange, record.Self), false, check, claim.Closed, day + 60, record.PinCheck, record.Done},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.asks(aNumber)
			e := take[FindClaim](w)
			w.apply(Event{Kind: ClaimFound, No: e.No, Number: e.Number, State: tc.behind, Here: tc.here})
			w.at(stepClaimFound)
			w.press(KeyEnter)
			for _, q := range []string{"visit", "visit1_place"} {
				if w.s.asking() == q {
					t.Errorf("%s is asked again", q)
				}
			}
			tc.do(w)
			want := Claim{aNumber, tc.behind}
			if tc.want != tc.behind.Step {
				want.State.Step, want.State.Expires, want.State.Rev = tc.want, tc.ends, tc.behind.Rev+1
			}
			if d := cmp.Diff(want, w.claimed(), cmp.AllowUnexported(claim.Number{})); d != "" {
				t.Errorf("claim (-want +got):\n%s", d)
			}
			if f := w.finishes[0]; len(w.finishes) != 1 || f.Procedure != tc.of || f.Outcome != tc.out {
				t.Errorf("records %+v", w.finishes)
			}
			w.ends()
		})
	}
}

// TestSameWindowByNumber: where the second visit belongs to the window of the first, a number that this box gave answers that; another office's is asked, and refused.
func TestSameWindowByNumber(t *testing.T) {
	behind := mailedBut(func(s *claim.State) { s.Procedure = record.PinReset })
	for _, here := range []bool{true, false} {
		w := newWorld(t)
		w.under("matsue", "city_hall")
		w.code(true)
		w.choose(goOn)
		w.types(aNumber.Plain())
		w.press(KeyEnter)
		e := take[FindClaim](w)
		w.apply(Event{Kind: ClaimFound, No: e.No, Number: e.Number, State: behind, Here: here})
		w.press(KeyEnter)
		asked := false
		for range 10 {
			if asked = w.s.asking() == "visit1_place"; asked || w.s.step != stepQuestion {
				break
			}
			w.press(Key1)
		}
		if asked == here {
			t.Errorf("given here %v: the window is asked %v", here, asked)
		}
		if !here {
			w.reply("visit1_place", "other")
			w.usual(stepDecision)
			if got := w.outcome(); got != "refuse" {
				t.Errorf("outcome %s", got)
			}
			w.press(KeyEnter, KeyEnter)
			w.at(stepIdle)
			if c := w.claimed(); c != (Claim{}) {
				t.Errorf("a refusal changes the number: %+v", c)
			}
		}
	}
}

// TestUnsureGetsANumber: a change that was cut off goes home with a number for the check that is left.
func TestUnsureGetsANumber(t *testing.T) {
	w := newWorld(t)
	w.under("nabari", "")
	w.code(true)
	w.press(Key2, Key1, Key1)
	w.decides(nil)
	for w.s.step != stepTurn {
		w.press(KeyEnter)
	}
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.board(adult(3, 5))
	w.press(KeyEnter, KeyEnter)
	w.entries()
	w.changed(ResultGoneChange, 0)
	w.put(card.Empty)
	w.press(KeyCancel, KeyCancel)
	w.at(stepStopped)
	day := claim.DayOf(noon)
	want := claim.State{Procedure: record.PinChange, Applicant: record.Self, Step: claim.LeaveCheck, Way: claim.OnDevice, Issued: day, Expires: day + 1, Rev: 1}
	if d := cmp.Diff(Claim{State: want}, w.claimed(), cmp.AllowUnexported(claim.Number{})); d != "" {
		t.Errorf("claim (-want +got):\n%s", d)
	}
	w.press(KeyEnter)
	w.at(stepWrite)
	w.readOn()
	w.press(KeyEnter)
	w.at(stepClosed)
	if f := w.s.screen.Facts; f.Claim != aNumber.String() || f.Reason != "unsure" {
		t.Errorf("closing: %+v", f)
	}
}

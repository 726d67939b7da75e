// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// renewing takes a renewal with both PINs known, by a city's rules, to the entry of the login PIN on a card with so many tries left.
func (w *world) renewing(city string, login int) {
	w.t.Helper()
	w.linked(city)
	w.code(true)
	w.choose(record.CertRenewal)
	w.press(Key1)
	for w.s.step == stepQuestion || w.s.step == stepDocuments || w.s.step == stepDecision || w.s.step == stepTell {
		switch {
		case w.s.step == stepQuestion && w.s.asking() == "pins":
			w.reply("pins", "known")
		case w.s.step == stepQuestion, w.s.step == stepDocuments:
			w.press(Key1)
		default:
			w.press(KeyEnter)
		}
	}
	w.at(stepTurn)
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.obeying(adult(login, 5))
	w.at(stepBoard)
	w.press(KeyEnter)
}

// locks types the login PIN wrong until it locks, from two tries.
func (w *world) locks() {
	w.t.Helper()
	w.at(stepAbout)
	w.press(KeyEnter)
	w.typed(4)
	w.enter(FaultNone)
	w.verified(ResultWrong, 1)
	w.at(stepWrong)
	w.press(KeyEnter, KeyEnter, KeyDown, KeyEnter)
	w.at(stepPIN)
	w.typed(4)
	w.enter(FaultNone)
	w.verified(ResultWrong, 0)
}

// TestLocksInRenewal: a PIN that locks while a renewal asks for it is set anew in the same case where the rules ask for no more papers, and the renewal goes on: one record.
// What was done before is not done again.
func TestLocksInRenewal(t *testing.T) {
	for _, tc := range []struct {
		name  string
		tries int // of the login PIN, when the card is laid down
	}{{"typed wrong", 2}, {"locked before", 0}} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.renewing("sakuragawa", tc.tries)
			if tc.tries > 0 {
				w.locks()
			}
			w.at(stepRelocked)
			if f := w.s.screen.Facts; w.s.screen.ID != display.ResidentRelocked || f.Kind != "login" || len(w.finishes) != 0 {
				t.Fatalf("screen %+v, %d records", w.s.screen, len(w.finishes))
			}
			want := []task{{IssueReset, card.KindLogin}, {0, card.KindSigning}, {IssueRenewal, card.KindLogin}, {IssueRenewal, card.KindSigning}}
			if d := cmp.Diff(want, w.s.issuing.tasks[w.s.issuing.at:], cmp.AllowUnexported(task{})); d != "" {
				t.Errorf("due (-want +got):\n%s", d)
			}
			w.press(KeyEnter)
			w.issues(true)
			w.at(stepAbout)
			w.press(KeyEnter, KeyEnter)
			w.typed(6)
			w.enter(FaultNone)
			w.verified(ResultOK, 5)
			w.issues(false)
			w.issues(false)
			w.at(stepIssued)
			w.press(KeyEnter)
			w.at(stepLeaveAsk) // of the PIN that is new
			w.ends()
			if len(w.finishes) != 1 || w.finishes[0].Procedure != record.CertRenewal || w.finishes[0].Outcome != record.Done {
				t.Errorf("recorded %+v", w.finishes)
			}
		})
	}
}

// TestSecondLocksInRenewal: what has been proved or set before the second PIN locks stays so.
func TestSecondLocksInRenewal(t *testing.T) {
	w := newWorld(t)
	w.renewing("sakuragawa", 3)
	w.at(stepAbout)
	w.press(KeyEnter)
	w.typed(4)
	w.enter(FaultNone)
	w.verified(ResultOK, 3)
	w.at(stepAbout) // of the signing password
	w.press(KeyEnter, KeyEnter)
	w.typed(6)
	w.enter(FaultNone)
	w.verified(ResultLocked, 0)
	w.at(stepRelocked)
	want := []task{{0, card.KindLogin}, {IssueReset, card.KindSigning}, {IssueRenewal, card.KindLogin}, {IssueRenewal, card.KindSigning}}
	if d := cmp.Diff(want, w.s.issuing.tasks, cmp.AllowUnexported(task{})); d != "" || w.s.issuing.at != 1 {
		t.Errorf("at %d (-want +got):\n%s", w.s.issuing.at, d)
	}
	w.press(KeyCancel, KeyCancel)
	w.at(stepStopped)
	if w.s.reason != "locked" || w.s.outcome != record.DeviceOrDocumentProblem {
		t.Errorf("given up: %s, %v", w.s.reason, w.s.outcome)
	}
	w.ends()
}

// TestLocksWithoutReset: where a reset cannot be part of the case it ends with one record, and the clerk reads what comes next: the papers that a reset needs.
func TestLocksWithoutReset(t *testing.T) {
	for _, tc := range []struct {
		name, city string
		spoil      func(w *world)
		needs      []string
	}{
		{"another paper is needed", "nabari", func(*world) {}, []string{"マイナンバーカード以外のご本人の本人確認書類 1点"}},
		{"the line is down", "sakuragawa", func(w *world) { w.apply(Event{Kind: LinkState, Link: LinkDown}) }, nil},
		{"resets are not linked here", "sakuragawa", func(w *world) { w.s.cfg.Issuer = []record.Procedure{record.CertRenewal} }, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.renewing(tc.city, 2)
			tc.spoil(w)
			w.locks()
			w.at(stepLocked)
			if len(w.finishes) != 1 || w.finishes[0].Outcome != record.DeviceOrDocumentProblem {
				t.Errorf("recorded %+v", w.finishes)
			}
			w.press(KeyEnter)
			w.put(card.Empty)
			w.press(KeyEnter)
			w.at(stepClosed)
			var needs []string
			for _, p := range w.s.screen.Facts.Paras {
				needs = append(needs, p.Text)
			}
			if d := cmp.Diff(tc.needs, needs); d != "" || w.s.screen.Facts.Reason != "locked" {
				t.Errorf("the clerk reads %+v (-want +got):\n%s", w.s.screen.Facts, d)
			}
			w.ends()
		})
	}
}

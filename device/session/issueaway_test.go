// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/sync/record"
)

// renews takes a renewal with both PINs known to the first operation.
func (w *world) renews() {
	w.t.Helper()
	w.linked("nabari")
	w.toTurn(record.CertRenewal, Key1, Key1)
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.obeying(adult(3, 5))
	w.press(KeyEnter)
	for w.s.step == stepAbout || w.s.step == stepLetters {
		kind := w.s.kind
		w.press(KeyEnter)
		if w.s.step == stepLetters {
			w.press(KeyEnter)
		}
		w.typed(kind.Form().Min())
		w.enter(FaultNone)
		w.verified(ResultOK, w.s.board.Of(kind).Max)
	}
	w.at(stepIssueAbout)
}

// TestCardAwayBeforeIssue: a card that was away may be another one. Its PINs are asked for anew before anything is issued on it.
func TestCardAwayBeforeIssue(t *testing.T) {
	w := newWorld(t)
	w.renews()
	w.put(card.Empty)
	w.at(stepRemoved)
	w.put(card.Present)
	w.obeying(adult(3, 5))
	w.at(stepBoard)
	w.press(KeyEnter)
	w.at(stepAbout)
	if got := w.s.task(); got.op != 0 || got.kind != card.KindLogin {
		t.Errorf("after the card was away: %+v, want the login PIN", got)
	}
}

// TestCardAwayBetweenIssues: nothing more is issued in a case on a card that was away after its first operation.
func TestCardAwayBetweenIssues(t *testing.T) {
	w := newWorld(t)
	w.renews()
	w.issues(false)
	w.at(stepIssueAbout)
	w.put(card.Empty)
	w.at(stepRemoved)
	w.put(card.Present)
	w.obeying(adult(3, 5))
	if w.s.step != stepStopped || w.s.reason != "partly" {
		t.Errorf("after the card was away: step %v, %q", w.s.step, w.s.reason)
	}
	w.ends()
	if len(w.finishes) != 1 {
		t.Errorf("recorded %+v", w.finishes)
	}
}

// TestReviewWithinIssue: the look at a new password belongs to the operation that waits for it.
func TestReviewWithinIssue(t *testing.T) {
	w := newWorld(t)
	w.linked("nabari")
	w.s.cfg.Reveal = true
	w.toTurn(record.PinReset, Key1, Key2) // the signing password
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.obeying(adult(3, 0))
	w.press(KeyEnter)
	w.at(stepIssueAbout)
	w.press(KeyEnter)
	w.issueNews(IssueNews{Phase: IssueWaiting, Check: 417})
	w.issueNews(IssueNews{Phase: IssueTyping})
	w.at(stepRules)
	w.press(KeyEnter)
	w.typed(8)
	w.enter(FaultNone)
	w.at(stepLookAlike)
	w.press(KeyEnter)
	w.at(stepReviewNew)
	if !w.s.issuing.open {
		t.Fatal("the look at the password gave the operation up")
	}
	w.press(KeyEnter)
	w.at(stepAgain)
	w.typed(8)
	w.enter(FaultNone)
	w.at(stepIssuing)
}

// TestCallWithinIssue: whoever calls the staff while an operation waits, and goes away, does not end it after its last command; nor does a panel that fails then.
func TestCallWithinIssue(t *testing.T) {
	for _, dead := range []bool{false, true} {
		w := newWorld(t)
		w.renews()
		w.press(KeyEnter)
		w.at(stepIssuing)
		w.issueNews(IssueNews{Phase: IssueWaiting, Check: 417})
		w.press(KeyMenu, Key5)
		w.at(stepCall)
		w.issueNews(IssueNews{Phase: IssueWriting, Final: true})
		if dead {
			w.apply(Event{Kind: Keypad, Bad: true})
			w.apply(Event{Kind: Keypad})
		}
		for range 4 {
			w.wait(w.s.Deadline().Sub(w.now) - 1)
			if w.s.step == stepIssuing {
				break
			}
			w.wait(time.Second)
		}
		w.at(stepIssuing)
		w.issueNews(IssueNews{Phase: IssueEnded, Outcome: IssueDone, Ends: noon.AddDate(5, 0, 0)})
		w.at(stepIssueAbout) // of the other certificate
	}
}

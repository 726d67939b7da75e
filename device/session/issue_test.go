// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"madoguchi/card"
	"madoguchi/sync/record"
)

var phaseNames = [numIssuePhases]string{"asking", "waiting", "cert", "writing", "proving", "typing", "again", "ended"}

var allLinked = []record.Procedure{record.PinReset, record.CertNewIssue, record.CertRenewal, record.SuspensionRelease}

// linked puts the box into a municipality, with an issuer link that is up.
func (w *world) linked(city string) {
	w.t.Helper()
	w.under(city, "")
	w.s.cfg.Issuer = allLinked
	w.apply(Event{Kind: LinkState, Link: LinkUp})
}

// begun, handed and cancelled hold the effects of the issuer link against the promises.
func (w *world) begun(e Issue) {
	w.t.Helper()
	switch {
	case w.op.No != 0:
		w.fatalf("an operation begins while another one runs")
	case w.journal.Op != OpIssue:
		w.fatalf("an operation begins, the journal holds %+v", w.journal)
	case w.stopped:
		w.fatalf("an operation begins after the case was cancelled")
	case e.Opener == "":
		w.fatalf("nobody opened the case of an operation")
	}
	w.op, w.final, w.typedPIN = e, false, false
}

func (w *world) handed(e IssueTyped) {
	w.t.Helper()
	if w.op.No != e.No || !w.entered || w.typedPIN || w.stopped {
		w.fatalf("a new PIN is handed to operation %d of %d (entered %t, twice %t)", e.No, w.op.No, w.entered, w.typedPIN)
	}
	w.typedPIN, w.entered = true, false
	w.slots[SlotNew] = false
}

func (w *world) cancelled(e IssueCancel) {
	w.t.Helper()
	if w.op.No != e.No {
		w.fatalf("operation %d is given up, %d runs", e.No, w.op.No)
	}
	if w.final {
		w.fatalf("an operation is given up after its last command")
	}
	w.op = Issue{}
}

// issueNews is the box's end of the issuer link.
func (w *world) issueNews(n IssueNews) {
	w.t.Helper()
	no := w.op.No
	w.final = w.final || n.Final
	if n.Phase == IssueEnded {
		if n.Outcome == IssueDone && w.typedPIN {
			w.fresh[w.op.Kind] = w.s.board.Of(w.op.Kind).Max
		}
		w.op = Issue{}
	}
	w.apply(Event{Kind: Issuing, No: no, Issue: n})
}

// toTurn takes a ruled case to the turn of the box with the usual answers.
func (w *world) toTurn(p record.Procedure, applicant, kinds Key) {
	w.t.Helper()
	w.code(true)
	w.choose(p)
	w.press(applicant)
	if w.s.step == stepKinds {
		w.press(kinds)
	}
	w.usual(stepTurn)
}

// toIssue takes a reset of the login PIN to the explanation of what comes.
func (w *world) toIssue(b card.Board) {
	w.t.Helper()
	w.linked("nabari")
	w.toTurn(record.PinReset, Key1, Key1)
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.obeying(b)
	w.press(KeyEnter)
	w.at(stepIssueAbout)
}

// obeying answers the reading of a card that obeys.
func (w *world) obeying(b card.Board) {
	w.t.Helper()
	w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Board: b, Obeys: true})
}

// issues runs an operation to its end, with a PIN if it wants one.
func (w *world) issues(pin bool) {
	w.t.Helper()
	w.at(stepIssueAbout)
	w.press(KeyEnter)
	w.at(stepIssuing)
	w.issueNews(IssueNews{Phase: IssueWaiting, Check: 417})
	w.issueNews(IssueNews{Phase: IssueWriting})
	if pin {
		w.issueNews(IssueNews{Phase: IssueTyping})
		w.at(stepRules)
		w.press(KeyEnter)
		w.typed(4)
		w.enter(FaultNone)
		if w.s.step == stepLookAlike {
			w.press(KeyEnter)
		}
		w.typed(4)
		w.enter(FaultNone)
		w.at(stepIssuing)
	}
	w.issueNews(IssueNews{Phase: IssueWriting, Final: true})
	w.issueNews(IssueNews{Phase: IssueEnded, Outcome: IssueDone, Ends: noon.AddDate(5, 0, 0)})
}

// resets resets the login PIN.
func (w *world) resets(b card.Board) {
	w.t.Helper()
	w.toIssue(b)
	w.issues(true)
}

// TestReset: a locked PIN is set anew, tried, and told of; one record.
func TestReset(t *testing.T) {
	w := newWorld(t)
	w.resets(adult(0, 5))
	w.at(stepIssued)
	w.press(KeyEnter)
	w.at(stepLeaveAsk)
	w.press(KeyEnter)
	w.at(stepLeave)
	w.typed(4)
	w.enter(FaultNone)
	w.verified(ResultOK, 3)
	w.at(stepLeaveOK)
	w.press(KeyEnter)
	w.at(stepHome)
	w.ends()
	if got := w.finishes[0]; got.Procedure != record.PinReset || got.Outcome != record.Done || len(w.finishes) != 1 {
		t.Errorf("recorded %+v", w.finishes)
	}
}

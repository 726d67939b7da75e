// SPDX-License-Identifier: Apache-2.0

package session

import (
	"math/rand/v2"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// linkNews is a word of the box's end of the issuer link on the operation that runs: any that may follow the last one, so early and late, good and bad. Where none comes at
// all the operation is lost, and the session's own wait ends.
func linkNews(w *world, r *rand.Rand) {
	w.t.Helper()
	sets := (task{w.op.Op, w.op.Kind}).sets()
	one := func(all ...IssueNews) IssueNews { return all[r.IntN(len(all))] }
	ended := func(all ...IssueOutcome) IssueNews {
		return IssueNews{Phase: IssueEnded, Outcome: all[r.IntN(len(all))]}
	}
	var n IssueNews
	switch {
	case w.final:
		n = one(IssueNews{Phase: IssueProving, Final: true}, IssueNews{Phase: IssueAgain, Final: true, Other: r.IntN(2) == 0},
			ended(IssueDone, IssueDone, IssueDone, IssueDone, IssueUndone, IssueDoubt), ended(IssueDone))
	case r.IntN(8) == 0:
		n = ended(IssueUndone, IssueOffline, IssueRefused, IssueNotReleased, IssueNotObeyed)
	case sets && w.news.Phase == IssueTyping && !w.typedPIN:
		return // the resident is typing
	case sets && !w.typedPIN:
		n = one(IssueNews{Phase: IssueWaiting, Check: r.IntN(10000)}, IssueNews{Phase: IssueTyping}, IssueNews{Phase: IssueTyping})
	default:
		n = one(IssueNews{Phase: IssueWaiting, Check: r.IntN(10000)}, IssueNews{Phase: IssueCert}, IssueNews{Phase: IssueWriting}, IssueNews{Phase: IssueWriting, Final: true})
	}
	if n != w.news {
		w.issueNews(n)
	}
}

// staleNews are of an operation that is over, or of none.
func staleNews(w *world, r *rand.Rand) {
	w.t.Helper()
	no := w.s.issuing.no
	if no == w.op.No {
		no += 1000
	}
	w.apply(Event{Kind: Issuing, No: no, Issue: IssueNews{Phase: IssuePhase(r.IntN(int(numIssuePhases))), Outcome: IssueOutcome(r.IntN(int(numIssueOutcomes))), Final: r.IntN(2) == 0}})
}

// watchIssue notes an operation that the session does not wait for any more although it neither ended nor was given up: its outcome is in doubt.
func (w *world) watchIssue() {
	if i := w.s.issuing; w.op.No != 0 && (!i.open || i.no != w.op.No) {
		w.op, w.final, w.doubt = Issue{}, false, true
	}
}

// words hold what the resident reads at the end against what the card has carried out.
func (w *world) words(s display.Screen) {
	w.t.Helper()
	switch {
	case s.ID == display.ResidentIssued, s.Facts.Reason == "issued": // the latter if its record could not be stored
		if w.written != w.due || w.due == 0 || w.doubt {
			w.fatalf("%q is shown, %d of %d operations are done (in doubt %t)", s.ID, w.written, w.due, w.doubt)
		}
	case w.doubt:
		if s.Facts.Reason != "doubt" {
			w.fatalf("it reads %q, an operation is in doubt", s.Facts.Reason)
		}
	case (s.Facts.Reason == "partly") != (w.written > 0):
		w.fatalf("it reads %q, %d of %d operations are done", s.Facts.Reason, w.written, w.due)
	}
}

// hurry leads a case without a detour as far as it comes, one over the issuer link up to its operation, a change to the look at the new password: by chance alone few walks
// find there.
func hurry(w *world, r *rand.Rand, procedures ...record.Procedure) {
	w.t.Helper()
	w.hold, w.slow = false, false
	if w.s.storageBad || w.s.lidOpen || w.s.panelBad || w.s.keypadBad || w.s.held || len(w.s.cfg.Issuer) > 0 && w.s.link != LinkUp {
		return
	}
	for range 60 {
		switch w.s.step {
		case stepCode, stepPIN, stepNew:
			w.typed(4)
			w.enter(FaultNone)
		case stepCodeChecking:
			w.apply(Event{Kind: CodeChecked, No: take[CheckCode](w).No, OK: true, Label: "佐藤"})
		case stepProcedure:
			w.choose(procedures[r.IntN(len(procedures))])
		case stepKind:
			w.press(Key2)
		case stepApplicant, stepKinds, stepQuestion, stepDocuments, stepLanguage:
			w.press(Key1)
		case stepInsert:
			w.put(card.Empty)
			w.put(card.Present)
		case stepReading:
			w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Board: adult(r.IntN(4), r.IntN(6)), Obeys: true})
		case stepChecking:
			w.apply(Event{Kind: Verified, No: take[Verify](w).No, Result: []Result{ResultOK, ResultOK, ResultLocked}[r.IntN(3)], Left: 3})
		case stepIdle, stepNotice, stepDecision, stepTell, stepTurn, stepBoard, stepAbout, stepLetters, stepRelocked, stepIssueAbout, stepConfirmDate,
			stepReview, stepRules, stepLookAlike:
			w.press(KeyEnter)
		default:
			return
		}
	}
}

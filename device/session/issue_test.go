// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

var phaseNames = [numIssuePhases]string{"asking", "waiting", "cert", "writing", "proving", "typing", "again", "ended"}

var allLinked = []record.Procedure{record.PinReset, record.CertNewIssue, record.CertRenewal, record.SuspensionRelease}

// linked puts the box into a municipality, with an issuer link that is up.
func (w *world) linked(city string) {
	w.t.Helper()
	w.under(city, "")
	w.link()
}

// link gives the box an issuer link that is up.
func (w *world) link() {
	w.t.Helper()
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
	w.op, w.final, w.typedPIN, w.news = e, false, false, IssueNews{}
	w.due++
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
	w.op, w.final = Issue{}, false
}

// issueNews is the box's end of the issuer link.
func (w *world) issueNews(n IssueNews) {
	w.t.Helper()
	no := w.op.No
	w.final = w.final || n.Final
	if w.news = n; n.Phase == IssueEnded {
		if n.Outcome == IssueDone {
			w.written++
		}
		w.doubt = w.doubt || n.Outcome == IssueDoubt
		if n.Outcome == IssueDone && w.typedPIN {
			w.lefts[w.op.Kind] = w.s.board.Of(w.op.Kind).Max
		}
		w.op, w.final = Issue{}, false
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

// TestRenewalAfterReset: a forgotten password is set anew and both certificates are renewed, as one case with one record; the other PIN is typed.
func TestRenewalAfterReset(t *testing.T) {
	w := newWorld(t)
	w.linked("nabari")
	w.code(true)
	w.choose(record.CertRenewal)
	w.press(Key1)
	for w.s.step != stepTurn {
		switch {
		case w.s.step == stepQuestion && w.s.asking() == "pins":
			w.reply("pins", "signing")
		case w.s.step == stepQuestion, w.s.step == stepDocuments:
			w.press(Key1)
		default:
			w.press(KeyEnter)
		}
	}
	if got := w.s.View().Case.Way; got != "issuer_link" {
		t.Errorf("way %q", got)
	}
	w.press(KeyEnter, Key1)
	w.put(card.Present)
	w.obeying(adult(3, 5))
	want := []task{{IssueReset, card.KindSigning}, {0, card.KindLogin}, {IssueRenewal, card.KindLogin}, {IssueRenewal, card.KindSigning}}
	if d := cmp.Diff(want, w.s.issuing.tasks, cmp.AllowUnexported(task{})); d != "" {
		t.Errorf("tasks (-want +got):\n%s", d)
	}
	w.press(KeyEnter)
	w.issues(true)
	w.at(stepAbout)
	w.press(KeyEnter)
	w.typed(4)
	w.enter(FaultNone)
	w.verified(ResultOK, 3)
	w.issues(false)
	w.issues(false)
	w.at(stepIssued)
	w.press(KeyEnter)
	w.at(stepLeaveAsk)
	if w.s.kind != card.KindSigning {
		t.Errorf("the leave-check is of %v", w.s.kind)
	}
	w.ends()
	if len(w.finishes) != 1 || w.finishes[0].Procedure != record.CertRenewal || w.finishes[0].Outcome != record.Done {
		t.Errorf("recorded %+v", w.finishes)
	}
}

// TestNoLineNoTyping: without a line, or with a card that obeys nobody, nothing is typed and nothing begins; the words say which.
func TestNoLineNoTyping(t *testing.T) {
	for name, tc := range map[string]struct {
		spoil func(w *world)
		obeys bool
		want  string
	}{
		"line":         {func(w *world) { w.apply(Event{Kind: LinkState, Link: LinkDown}) }, true, "offline"},
		"real card":    {func(*world) {}, false, "handover"},
		"line at rest": {nil, true, ""},
	} {
		w := newWorld(t)
		w.linked("nabari")
		if tc.spoil == nil { // the decision says that the integrated terminal does it
			w.apply(Event{Kind: LinkState, Link: LinkDown})
			w.code(true)
			w.choose(record.PinReset)
			w.press(Key1, Key1)
			w.usual(stepDecision)
			if got := w.s.View().Case.Way; got != "handover" {
				t.Errorf("%s: way %q", name, got)
			}
			continue
		}
		w.toTurn(record.PinReset, Key1, Key1)
		w.press(KeyEnter, Key1)
		tc.spoil(w)
		w.put(card.Present)
		w.apply(Event{Kind: BoardRead, No: take[ReadBoard](w).No, Board: adult(0, 5), Obeys: tc.obeys})
		w.at(stepStopped)
		if w.s.reason != tc.want || w.s.outcome != record.HandedOver || w.op.No != 0 {
			t.Errorf("%s: ended as %s, %v", name, w.s.reason, w.s.outcome)
		}
		w.ends()
	}
}

// TestLetter: a proxy's letter is typed by staff, with the clerk's face, once.
func TestLetter(t *testing.T) {
	for _, right := range []bool{true, false} {
		w := newWorld(t)
		w.linked("nabari")
		w.code(true)
		w.choose(record.CertRenewal)
		w.press(Key3)
		for w.s.step != stepTurn {
			switch {
			case w.s.step == stepQuestion && w.s.asking() == "letter":
				w.reply("letter", "jlis")
			case w.s.step == stepQuestion, w.s.step == stepDocuments:
				w.press(Key1)
			case w.s.step == stepIdle:
				w.fatalf("not carried out")
			default:
				w.press(KeyEnter)
			}
		}
		if w.s.screen.ID != display.ClerkLetter {
			t.Errorf("screen %s", w.s.screen.ID)
		}
		w.press(KeyEnter)
		w.at(stepInsert)
		w.put(card.Present)
		w.obeying(adult(3, 5))
		w.press(KeyEnter, KeyEnter)
		w.at(stepPIN)
		if v := w.s.View(); v.Face != display.FaceClerk || v.Case.Step != "pin.from_letter" || v.Screen != display.LetterID("login") {
			t.Errorf("%+v, case %+v", v, v.Case)
		}
		w.typed(4)
		w.enter(FaultNone)
		if !right {
			w.verified(ResultWrong, 2)
			w.at(stepStopped)
			if w.s.reason != "letter" || w.verifies != 1 {
				t.Errorf("%s after %d entries", w.s.reason, w.verifies)
			}
		} else {
			w.verified(ResultOK, 3)
			w.press(KeyEnter, KeyEnter)
			w.typed(8)
			w.enter(FaultNone)
			w.verified(ResultOK, 5)
			w.issues(false)
			w.issues(false)
		}
		w.ends()
		if f := w.finishes[0]; f.Facts.Means != record.Letter || f.Facts.Applicant != record.Proxy || f.Facts.Language != 0 {
			t.Errorf("recorded %+v", f)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"time"

	"madoguchi/card"
	"madoguchi/sync/record"
)

// An IssueOp is one operation of the issuer link.
type IssueOp uint8

// The operations.
const (
	_            IssueOp = iota
	IssueReset           // a new PIN and full tries
	IssueNew             // a certificate and its PIN where there is no good one
	IssueRenewal         // a certificate under the PIN that there is
	IssueRelease         // the card works again; with a kind also a new signing certificate and password
	numIssueOps
)

var issueOps = [numIssueOps]string{"", "reset", "issue", "renewal", "release"}

// String names the operation, e.g. "renewal".
func (o IssueOp) String() string { return issueOps[min(o, numIssueOps-1)] }

// An IssuePhase is how far an operation has come, as far as people see it.
type IssuePhase uint8

// The phases.
const (
	IssueAsking  IssuePhase = iota // is anybody there, may it be done
	IssueWaiting                   // a second person must release it; Check is the number that both see
	IssueCert                      // the authority makes the certificate
	IssueWriting                   // the card is at work
	IssueProving                   // how did it end: the authority or the card is asked
	IssueTyping                    // the new PIN is wanted
	IssueAgain                     // the same card is wanted again; Other: another one was laid down
	IssueEnded                     // Outcome
	numIssuePhases
)

// An IssueOutcome is how an operation ended.
type IssueOutcome uint8

// The outcomes.
const (
	IssueUndone IssueOutcome = iota // the card is as it was
	IssueDone
	IssueOffline     // nobody is there; nothing was begun
	IssueRefused     // the authority's register says no
	IssueNotReleased // the second person said no, or nobody came
	IssueNotObeyed   // the card obeys no issuer of ours, or the authority does not know the operation
	IssueDoubt       // nobody knows before the card is read again
	IssueOtherCard   // another card lies there than the case began with
	numIssueOutcomes
)

// reason is the code of display.Outcomes for an operation that did not end well.
func (o IssueOutcome) reason() string {
	return [numIssueOutcomes]string{"undone", "issued", "offline", "refused", "not_released", "handover", "doubt", "other_card"}[min(o, numIssueOutcomes-1)]
}

// IssueNews is what the box's end of the issuer link tells the session. It holds nothing of PIN, card or certificate but the certificate's end.
type IssueNews struct {
	Phase   IssuePhase
	Check   int  // with IssueWaiting: 0 to 9999
	Final   bool // the card's last command is out: nobody can stop it any more
	Other   bool // with IssueAgain
	Outcome IssueOutcome
	Ends    time.Time // with IssueEnded: last day of the certificate that was made; zero: none
}

// Issue begins an operation of the issuer link. Its news come as [Issuing] events with the same number, the last one with [IssueEnded].
type Issue struct {
	No        uint32
	Op        IssueOp
	Kind      card.Kind // 0: a release without certificate
	Procedure record.Procedure
	Opener    string // label of the clerk who opened the case
	First     bool   // of its case
}

// IssueTyped says that the new PIN lies in its slot: typed twice, within its rules.
type IssueTyped struct{ No uint32 }

// IssueCancel gives an operation up that is not [IssueNews.Final]. Nobody waits for its news any more.
type IssueCancel struct{ No uint32 }

func (Issue) effect()       {}
func (IssueTyped) effect()  {}
func (IssueCancel) effect() {}

// A task is one thing of a case that goes over the issuer link: a PIN that the resident types for the card, or an operation.
type task struct {
	op   IssueOp // 0: VERIFY
	kind card.Kind
}

// sets tells whether a new PIN is typed.
func (t task) sets() bool {
	return t.op == IssueReset || t.op == IssueNew || t.op == IssueRelease && t.kind.Valid()
}

// issuing is what the issuer link does in a case. The zero value is nothing.
type issuing struct {
	tasks []task // never changed in place
	at    int    // the task that runs
	open  bool   // an operation runs
	no    uint32 // its number
	news  IssueNews
	begun bool        // the case had an operation
	done  int         // tasks that wrote the card
	set   []card.Kind // PINs that were set anew and are still to be tried
}

// overIssuer tells whether the case that the resident is led through goes over the issuer link.
func (s State) overIssuer() bool { return len(s.issuing.tasks) > 0 }

// issues tells whether a procedure may go over the issuer link on this box, now.
func (s State) issues(p record.Procedure) bool {
	return slices.Contains(s.cfg.Issuer, p) && s.link == LinkUp && !(s.known && s.board.MyNumber() && !s.obeys)
}

// task is the one that runs.
func (s State) task() task {
	if s.issuing.at >= len(s.issuing.tasks) {
		return task{}
	}
	return s.issuing.tasks[s.issuing.at]
}

// forPeople tells whether the operation waits for somebody: the second person, or whoever has the card.
func (s State) forPeople() bool {
	return s.step == stepIssueAgain || s.step == stepIssuing && s.issuing.open && s.issuing.news.Phase == IssueWaiting
}

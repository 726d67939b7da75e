// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/card"
	"madoguchi/sync/record"
)

// startPlan begins what the decision gave, once the resident's card has been read. Whatever cannot be done is said before anything is typed.
func (m *machine) startPlan(ev Event) {
	i := &m.issuing
	switch {
	case i.begun && i.at < len(i.tasks):
		// The card was away between two operations. Nothing says that it is the same one, and its holder's PIN was typed for the other.
		m.issueStopped(record.DeviceOrDocumentProblem, "failed")
		return
	case !i.begun: // also after the card was away: its PINs are asked for anew
		wanted := m.task()
		i.at = 0
		if i.tasks = m.plan().tasks; len(i.tasks) == 0 { // the card that was laid down has none of the PINs
			m.kind = wanted.kind
			m.finish(record.DeviceOrDocumentProblem, "no_pin", stepAbsent)
			return
		}
	}
	t := m.task()
	tries := ev.Board.Of(t.kind)
	switch {
	case ev.Board.Species == card.SpeciesFaceAuth:
		m.finish(record.DeviceOrDocumentProblem, "no_pin", stepNoPIN)
	case !m.obeys:
		m.issueStopped(record.HandedOver, "handover")
	case m.link != LinkUp:
		m.issueStopped(record.HandedOver, "offline")
	case t.op == 0 && !tries.Known:
		m.failed("status")
	default:
		m.kind, m.left, m.attempts = t.kind, tries.Left, 0
		m.to(stepBoard)
	}
}

// nextTask goes on to the task that is due: a PIN for the card, or an operation, which is explained first.
func (m *machine) nextTask() {
	t := m.task()
	m.kind, m.guarded = t.kind, false
	if t.op != 0 {
		m.to(stepIssueAbout)
		return
	}
	tries := m.board.Of(t.kind)
	m.left = tries.Left
	switch {
	case !tries.Known:
		m.failed("status")
	case tries.Left == 0:
		m.locked()
	default:
		m.to(stepAbout)
	}
}

// issuePress is a key where an operation is explained, runs or has ended.
func (m *machine) issuePress(k Key) {
	switch {
	case m.step == stepIssueAbout && k == KeyEnter:
		if m.link != LinkUp {
			m.issueStopped(record.HandedOver, "offline")
			return
		}
		m.op = OpIssue
		m.issuing.news = IssueNews{}
		m.to(stepIssuing)
		m.do(Journal{m.ask(Stored), m.entry(OpIssue)})
	case m.step == stepRelocked && k == KeyEnter:
		m.nextTask()
	case m.step == stepIssued && (k == KeyEnter || k == KeyCancel):
		m.toHome()
	}
}

// issueJournaled begins the operation that is journaled.
func (m *machine) issueJournaled(ok bool) {
	switch {
	case !ok:
		m.storageBad = true
		m.end(record.DeviceOrDocumentProblem, "storage")
	case !m.cardIn(), m.touched:
		m.pulled("none")
	default:
		i, t := &m.issuing, m.task()
		i.no, i.open = m.next(), true
		m.do(Issue{No: i.no, Op: t.op, Kind: t.kind, Procedure: m.procedure, Opener: m.clerk, First: !i.begun})
		i.begun = true
	}
}

// issueNews takes the word of the box's end of the issuer link.
func (m *machine) issueNews(ev Event) {
	i := &m.issuing
	if ev.No == 0 {
		m.recovering(ev.Issue)
		return
	}
	if !i.open || ev.No != i.no {
		return
	}
	i.news = ev.Issue
	base := m.base()
	switch ev.Issue.Phase {
	case IssueTyping:
		m.to(stepRules)
	case IssueAgain:
		m.to(stepIssueAgain)
	case IssueEnded:
		i.open = false
		m.issueEnded(ev.Issue)
	default:
		if base != stepIssuing {
			m.to(stepIssuing)
		}
	}
}

// issueTyped hands the new PIN over. Whether it was right the card says only with all the rest.
func (m *machine) issueTyped() {
	m.tally.typing = 0
	m.issuing.news = IssueNews{Phase: IssueWriting}
	m.do(IssueTyped{m.issuing.no})
	m.to(stepIssuing)
}

// issueEnded goes on from an operation that has ended.
func (m *machine) issueEnded(n IssueNews) {
	m.do(WipePINs{})
	if n.Outcome == IssueDone {
		m.issueDone(n)
		return
	}
	m.do(EndCard{})
	switch {
	case n.Outcome == IssueUndone && (!m.cardIn() || m.touched): // it was pulled before anything took effect: once more
		m.pulled("none")
	case n.Outcome == IssueOffline, n.Outcome == IssueNotObeyed:
		m.issueStopped(record.HandedOver, n.Outcome.reason())
	default:
		m.issueStopped(record.DeviceOrDocumentProblem, n.Outcome.reason())
	}
}

// issueDone notes what the card has now, and goes on to the next task.
func (m *machine) issueDone(n IssueNews) {
	i, t := &m.issuing, m.task()
	i.done++
	if !n.Ends.IsZero() {
		m.certEnds = n.Ends
	}
	if t.sets() {
		m.tellEntry(record.Change, record.EntryOK)
		i.set = append(i.set[:len(i.set):len(i.set)], t.kind)
		tries := &m.board.Tries[t.kind]
		tries.Known, tries.Left, tries.Differ = true, tries.Max, false
	}
	m.taskDone()
}

// taskDone goes on to the next task, or to the end of all.
func (m *machine) taskDone() {
	m.op = OpNone
	if m.issuing.at++; m.issuing.at < len(m.issuing.tasks) {
		m.nextTask()
		return
	}
	m.do(EndCard{}) // the leave-check asks a card that was powered off
	m.finish(record.Done, "issued", stepIssued)
}

// issueStopped ends a case that cannot go on. What was written before stays, and is told.
func (m *machine) issueStopped(o record.Outcome, reason string) {
	m.end(o, reason)
}

// partly is the reason of a case of which a part is done: doubt comes before it.
func (m *machine) partly(reason string) string {
	if i := m.issuing; i.done > 0 && i.at < len(i.tasks) && reason != "doubt" {
		return "partly"
	}
	return reason
}

// leftIssue gives an operation up whose part of the flow was left: by 取消, a time-out, a fault, the card. Nothing of it has taken effect: while that is in doubt
// nothing leaves stepIssuing but the operation's end.
func (m *machine) leftIssue() {
	if !m.issuing.open {
		return
	}
	switch m.base() {
	case stepIssuing, stepIssueAgain, stepRules, stepNew, stepLookAlike, stepReviewNew, stepAgain, stepMismatch:
		return
	}
	m.issuing.open = false
	m.do(IssueCancel{m.issuing.no})
}

// atIssue tells whether an operation is at work, also below an overlay.
func (m *machine) atIssue() bool {
	base := m.base()
	return m.issuing.open && (base == stepIssuing || base == stepIssueAgain)
}

// issueFaults stops a wait in front of a panel or key-pad that failed, while it can still be stopped; its end comes as news.
func (m *machine) issueFaults() {
	if m.issuing.open && !m.issuing.news.Final && (m.panelBad || m.keypadBad) {
		m.issuing.open = false
		m.do(IssueCancel{m.issuing.no}, WipePINs{}, EndCard{})
		m.finish(record.DeviceOrDocumentProblem, "failed", stepWiping)
	}
}

// setAgain sets a PIN anew that its holder could not type in the leave-check.
func (m *machine) setAgain() {
	i := &m.issuing
	i.tasks = append(i.tasks[:len(i.tasks):len(i.tasks)], task{IssueReset, m.kind})
	i.at = len(i.tasks) - 1
	m.nextTask()
}

// dueCheck offers the leave-check of the next PIN that was set anew; false: there is none.
func (m *machine) dueCheck() bool {
	i := &m.issuing
	if len(i.set) == 0 || m.outcome != record.Done {
		return false
	}
	m.kind, i.set = i.set[0], i.set[1:]
	m.left = m.board.Of(m.kind).Left
	m.toLeaveAsk()
	return true
}

// pinsHome are the PINs that a case was about, each once.
func (s State) pinsHome() (out []card.Kind) {
	for _, t := range s.issuing.tasks {
		if t.kind.Valid() && !slices.Contains(out, t.kind) {
			out = append(out, t.kind)
		}
	}
	if len(out) == 0 && s.kind.Valid() {
		out = []card.Kind{s.kind}
	}
	return out
}

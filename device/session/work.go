// SPDX-License-Identifier: Apache-2.0

package session

import "madoguchi/sync/record"

// work runs a card command: it is journaled first, and sent only when the journal holds it.
func (m *machine) work(op Op) {
	m.op = op
	switch op {
	case OpChange:
		m.to(stepChanging)
	case OpLeave:
		m.to(stepLeaveChecking)
	default:
		m.to(stepChecking)
	}
	m.do(Journal{m.ask(Stored), m.entry(op)})
}

// worked leads on with an answer in one of the working steps.
func (m *machine) worked(ev Event) {
	switch ev.Kind {
	case Stored:
		m.send(ev.OK)
	case Verified:
		if m.step == stepLeaveChecking {
			m.judged(ev, m.leaveResult)
			return
		}
		m.judged(ev, m.verifyResult)
	case Changed:
		m.judged(ev, m.changeResult)
	}
}

// judged notes the tries and closes the guard behind the attempt.
func (m *machine) judged(ev Event, next func(Event)) {
	m.guarded = false
	if ev.Result == ResultOK {
		m.noteEnds(ev.Ends)
	}
	m.judgedEntry(ev)
	if ev.Result == ResultOK || ev.Result == ResultWrong || ev.Result == ResultSplit || ev.Result == ResultTries {
		m.left = ev.Left
	}
	next(ev)
}

// send sends the command that is journaled. The last word on the guard is here.
func (m *machine) send(journaled bool) {
	switch {
	case !journaled && m.recorded: // a leave-check: what it was to try is done, and told
		m.storageBad, m.issuing.set = true, nil
		m.toHome()
	case m.lidOpen && m.recorded:
		m.toTake()
	case !journaled:
		m.storageBad = true
		m.do(WipePINs{}, EndCard{})
		m.end(record.DeviceOrDocumentProblem, "storage")
	case !m.cardIn(), m.touched: // it was pulled meanwhile; nothing was sent
		m.pulled("none")
	case m.lidOpen:
		m.end(record.DeviceOrDocumentProblem, "lid")
	case m.left < 2 && m.op == OpLeave:
		m.leaveEnd()
	case m.left < 2 && !m.guarded:
		m.toEntry()
	case m.op == OpChange:
		m.do(Change{m.ask(Changed), m.kind, m.left})
	default:
		m.do(Verify{m.ask(Verified), m.kind, m.left})
	}
}

// verifyResult ends a PIN check.
func (m *machine) verifyResult(ev Event) {
	switch ev.Result {
	case ResultOK:
		m.do(EndCard{}) // a card that knows its holder must not stay so
		if m.overIssuer() {
			m.taskDone()
			return
		}
		m.finish(record.Done, "done", stepDone)
	default:
		m.refused(ev)
	}
}

// changeResult ends a change.
func (m *machine) changeResult(ev Event) {
	switch ev.Result {
	case ResultOK:
		m.changed, m.unsure = true, false
		m.do(EndCard{}) // the leave-check asks a card that was powered off
		m.finish(record.Done, "changed", stepChanged)
	case ResultGoneChange:
		m.unsure = true
		m.pulled("change")
	case ResultLate:
		m.unsure = true
		m.failed("deadline")
	default:
		m.refused(ev)
	}
}

// refused are the answers that VERIFY and CHANGE share.
func (m *machine) refused(ev Event) {
	switch ev.Result {
	case ResultWrong, ResultSplit:
		m.do(WipePINs{})
		switch {
		case ev.Left == 0:
			m.locked()
		case m.letter:
			m.letterWrong()
		case ev.Result == ResultSplit:
			m.to(stepSplit)
		default:
			m.to(stepWrong)
		}
	case ResultLocked:
		m.locked()
	case ResultTries: // the card's counter is not what was shown: show it anew, send nothing
		m.do(WipePINs{})
		m.toCard()
	case ResultGone:
		m.pulled("none")
	case ResultGoneVerify, ResultGoneChange:
		m.pulled("verify")
	case ResultUnreadable:
		m.pulled("none")
	case ResultNoReader:
		m.pulled("none")
	case ResultDeadline, ResultLate:
		m.failed("deadline")
	default:
		m.failed("status")
	}
}

// locked goes on with a reset, where that can be part of the case, or ends it: no entry helps any more.
func (m *machine) locked() {
	m.do(WipePINs{})
	if m.relock() {
		m.to(stepRelocked)
		return
	}
	m.finish(record.DeviceOrDocumentProblem, "locked", stepLocked)
}

// workTick: a command outlived even the card goroutine's deadline. What it did is not known.
func (m *machine) workTick() {
	m.wait = 0
	switch {
	case m.step == stepLeaveChecking && m.recorded:
		m.toTake()
		return
	case m.step == stepChanging:
		m.unsure = true
	case m.step == stepIssuing, m.step == stepIssueAgain: // the box's end of the link is silent
		m.issuing.open = false
		m.issueStopped(record.DeviceOrDocumentProblem, "doubt")
		return
	}
	m.failed("deadline")
}

// SPDX-License-Identifier: Apache-2.0

package session

import "madoguchi/sync/record"

// leavePress is a key around the leave-check: the new PIN once more, by the card, before the resident leaves.
func (m *machine) leavePress(k Key) {
	switch m.step {
	case stepChanged:
		if k == KeyEnter || k == KeyCancel {
			m.toLeaveAsk()
		}
	case stepLeaveAsk:
		switch k {
		case KeyEnter:
			m.toLeave()
		case KeyCancel:
			m.toHome()
		}
	case stepLeaveOK:
		if k == KeyEnter || k == KeyCancel {
			m.toHome()
		}
	case stepLeaveWrong:
		switch k {
		case KeyEnter: // change again
			if m.overIssuer() {
				m.setAgain()
				return
			}
			m.toEntry()
		case KeyCancel:
			m.leaveEnd()
		}
	case stepUnsure:
		if k == KeyEnter {
			m.toLeave()
		}
	}
}

// toLeaveAsk offers the leave-check, but not with one try left: a slip of the finger must not lock what was just set. Nor after the card was moved: the
// check powers the card anew, and would try this PIN on another one.
func (m *machine) toLeaveAsk() {
	if m.letter || !m.cardIn() || m.touched || m.left < 2 || m.lidOpen {
		m.toHome()
		return
	}
	m.to(stepLeaveAsk)
}

// toLeave opens the leave-check's entry.
func (m *machine) toLeave() {
	m.do(WipePINs{})
	if m.lidOpen {
		m.leaveEnd()
		return
	}
	m.to(stepLeave)
}

// leaveResult ends the leave-check. One wrong entry ends it.
func (m *machine) leaveResult(ev Event) {
	m.do(WipePINs{})
	switch {
	case ev.Result == ResultOK && m.unsure: // so the cut-off change had worked
		m.unsure, m.changed = false, true
		m.finish(record.Done, "changed", stepLeaveOK)
	case ev.Result == ResultOK:
		m.to(stepLeaveOK)
	case ev.Result == ResultSplit && ev.Left > 0 && !m.recorded: // the cut-off change had reached one half
		m.to(stepSplit)
	case (ev.Result == ResultWrong || ev.Result == ResultSplit) && ev.Left > 0:
		m.to(stepLeaveWrong)
	case ev.Result == ResultWrong, ev.Result == ResultSplit, ev.Result == ResultLocked:
		m.lockedLate()
	case ev.Result == ResultTries && ev.Left >= 2 && !m.recorded:
		m.to(stepUnsure)
	case ev.Result == ResultTries && ev.Left >= 2:
		m.to(stepLeaveAsk)
	case m.recorded && (ev.Result == ResultGone || ev.Result == ResultGoneVerify):
		m.pulled("verify")
	case m.recorded:
		m.do(EndCard{})
		m.toTake()
	default:
		m.refused(ev)
	}
}

// lockedLate: the PIN became locked after the case's record was stored, or with a change cut off before.
func (m *machine) lockedLate() {
	if m.recorded {
		m.to(stepLocked)
		return
	}
	m.locked()
}

// leaveEnd stops after a leave-check that was not right.
func (m *machine) leaveEnd() {
	m.do(WipePINs{})
	if m.recorded {
		m.toTake()
		return
	}
	m.end(record.DeviceOrDocumentProblem, "unsure")
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/display"
	"madoguchi/sync/record"
)

// toMenu lays the resident's menu over the step.
func (m *machine) toMenu() {
	m.mark = 1
	m.over(stepMenu)
}

// overlayPress is a key on one of the resident's overlays.
func (m *machine) overlayPress(k Key) {
	switch m.step {
	case stepCancel:
		switch k {
		case KeyCancel:
			m.cancelled()
		case KeyEnter:
			m.back()
		}
	case stepTimeout:
		m.extra += nextWait
		m.back()
	case stepHelp, stepCall:
		if k == KeyEnter || k == KeyCancel {
			m.back()
		}
	case stepTongue:
		if k == KeyCancel || k == KeyMenu {
			m.back()
			return
		}
		if l, ok := m.pickLang(&m.mark, k, len(display.Langs)); ok {
			m.lang = l
			m.back()
			return
		}
		m.await(firstWait)
	case stepMenu:
		m.menuPress(k)
	}
}

// menuPress is a key on the resident's menu.
func (m *machine) menuPress(k Key) {
	if k == KeyCancel || k == KeyMenu {
		m.back()
		return
	}
	switch m.pickMark(k, 5) {
	case 1:
		m.mark = 1 + index(display.Langs, m.lang)
		m.over(stepTongue)
	case 2:
		m.large = !m.large
		m.await(firstWait)
	case 3:
		m.slow = !m.slow
		m.await(firstWait)
	case 4:
		m.over(stepHelp)
	case 5:
		m.over(stepCall)
	default:
		m.await(firstWait)
	}
}

// cancelled: the second 取消. Nothing more reaches the card but its end.
func (m *machine) cancelled() {
	switch {
	case m.issuing.open && m.issuing.news.Final: // too late: its end is waited for
		m.back()
		return
	case m.recorded:
		m.toTake()
		return
	}
	reason := m.why("cancelled")
	switch m.base() {
	case stepGuard1, stepGuard2, stepGuard3:
		reason = "last_try"
	case stepWrong:
		reason = "wrong"
	}
	m.end(outcomeOf(reason), reason)
}

// why is the reason of a case that stops here, if the step knows a better one than the given.
func (m *machine) why(reason string) string {
	switch m.base() {
	case stepInsert:
		return "no_card"
	case stepRemoved:
		return "card_removed"
	case stepCardWrong:
		return "wrong_card"
	case stepUnreadable, stepReaderLost, stepFailed:
		return "failed"
	case stepSplit:
		return "split"
	case stepRelocked:
		return "locked"
	}
	return reason
}

// outcomeOf is the record's outcome for a reason to stop.
func outcomeOf(reason string) record.Outcome {
	switch reason {
	case "cancelled", "timeout", "last_try", "wrong", "no_card", "card_removed":
		return record.Abandoned
	default:
		return record.DeviceOrDocumentProblem
	}
}

// tick ends a wait.
func (m *machine) tick() {
	switch t := steps[m.step]; {
	case m.step.part() == atRest:
		m.restTick()
	case m.step == stepClerkTimeout:
		m.toRest()
	case m.part() == clerks:
		m.clerkTick()
	case m.part() == servicing:
		m.serviceTick()
	case m.step == stepFinishing:
		m.finishTick()
	case m.step == stepWiping:
		m.wipeTick()
	case t.busy:
		m.workTick()
	case m.step == stepCancel:
		m.back()
	case m.step == stepTimeout:
		m.expired()
	case m.review.phase == glimpseShown:
		m.cover()
		m.await(nextWait)
	case t.ask && m.extra < maxExtra:
		m.over(stepTimeout)
	case t.ask:
		m.expired()
	case m.step == stepChanged, m.step == stepDone, m.step == stepLeaveOK, m.step == stepIssued: // nobody answers: nothing more is offered
		m.toTake()
	default:
		m.endNext()
	}
}

// expired: nobody answered the notice. The panel is wiped without another screen.
func (m *machine) expired() {
	if m.atIssue() { // it ends by itself, and its end is owed to the resident
		m.back()
		return
	}
	m.do(WipePINs{}, EndCard{})
	if m.recorded {
		m.toWipe()
		return
	}
	reason := m.why("timeout")
	m.finish(outcomeOf(reason), reason, stepWiping)
}

// press leads a key in menu mode to the step.
func (m *machine) press(k Key) {
	if k >= numKeys {
		return
	}
	switch base := m.part(); {
	case m.turnLeaf(k):
	case base == atRest:
		m.restPress(k)
	case base == clerks:
		m.clerkPress(k)
	case base == ending:
		m.endPress(k)
	case base == servicing:
		m.servicePress(k)
	case steps[m.step].over:
		m.overlayPress(k)
	case (m.step == stepHome || m.step == stepWrite) && k == KeyMenu:
		m.toMenu()
	case m.ends():
		m.endPress(k)
	default:
		m.residentPress(k)
	}
}

// ends tells whether the step is a result that only leads on.
func (m *machine) ends() bool {
	switch m.step {
	case stepDone, stepLocked, stepNoPIN, stepAbsent, stepStopped, stepHome, stepWrite, stepTake, stepTurnBack:
		return true
	}
	return false
}

// residentPress is a key in the resident's part: menu and cancel mean the same everywhere, the rest belongs to the step.
func (m *machine) residentPress(k Key) {
	switch {
	case k == KeyCancel && m.practising():
		m.toLanguage()
	case m.step == stepIssued:
		m.issuePress(k)
	case m.step == stepIssuing, m.step == stepIssueAgain:
		m.waitPress(k)
	case m.step == stepChanged, m.step == stepLeaveAsk && k != KeyMenu, m.step == stepLeaveOK, m.step == stepLeaveWrong && k != KeyMenu,
		m.step == stepUnsure && k == KeyEnter:
		m.leavePress(k)
	case m.reviewing() && k != KeyCancel:
		m.reviewPress(k)
	case k == KeyMenu:
		m.toMenu()
	case k == KeyCancel:
		m.over(stepCancel)
	case m.step >= stepGuard1 && m.step <= stepGuard3:
		m.guardPress(k)
	case m.step == stepIssueAbout, m.step == stepRelocked:
		m.issuePress(k)
	case m.practising():
		m.practicePress(k)
	case m.step == stepLookAlike:
		m.lookPress(k)
	case m.step == stepLetters, m.step == stepRules, m.step == stepMismatch, m.step == stepWrong, m.step == stepSplit:
		m.entryPress(k)
	default:
		m.cardPress(k)
	}
}

// SPDX-License-Identifier: Apache-2.0

package session

import "madoguchi/sync/record"

// toEntry opens the entry of the PIN: letters are explained once, and with one try left it opens only through the guard.
func (m *machine) toEntry() {
	m.do(WipePINs{})
	switch {
	case m.lidOpen:
		m.end(record.DeviceOrDocumentProblem, "lid")
	case m.kind.Form().Letters() && !m.told:
		m.to(stepLetters)
	case m.letter && m.left < 2: // the holder is not here to agree
		m.end(record.DeviceOrDocumentProblem, "last_try")
	case m.left < 2 && !m.guarded:
		m.to(stepGuard1)
	default:
		m.to(stepPIN)
	}
}

// guardPress is the last-try guard: 確認, ▼, 確認, each on a screen that was seen.
func (m *machine) guardPress(k Key) {
	switch {
	case m.step == stepGuard1 && k == KeyEnter:
		m.to(stepGuard2)
	case m.step == stepGuard2 && k == KeyDown:
		m.to(stepGuard3)
	case m.step == stepGuard3 && k == KeyEnter:
		m.guarded = true
		m.toEntry()
	}
}

// secret is an event of an entry.
func (m *machine) secret(ev Event) {
	if ev.Kind == Typed {
		m.filled, m.half = ev.Filled, ev.Half
		m.await(nextWait)
		return
	}
	if m.step == stepCode {
		m.codeKey(ev)
		return
	}
	if m.part() == servicing {
		m.newCodeKey(ev)
		return
	}
	switch ev.Kind {
	case Entered:
		m.entered(ev.Fault)
	case Cancelled:
		if m.practising() {
			m.toLanguage()
			return
		}
		m.over(stepCancel)
	case Menued:
		m.toMenu()
	default: // 訂正 with nothing typed: somebody is there
		m.await(nextWait)
	}
}

// entered is 確認 in an entry. What breaks the rules stays in the entry with a word why, and costs no try.
func (m *machine) entered(f Fault) {
	if f == FaultMismatch && m.step == stepAgain { // the pad has wiped both entries of the new PIN; the current one stays in its slot
		m.to(stepMismatch)
		return
	}
	if f != FaultNone {
		m.tellEntry(m.mode(m.step), record.StoppedByRules)
		m.fault = f
		m.await(nextWait)
		return
	}
	switch m.step {
	case stepPIN:
		if m.reviewable(m.filled) {
			m.toReview(stepReview, m.filled)
			return
		}
		m.typed()
	case stepTry, stepTryLetters:
		m.practised()
	case stepNew:
		if m.kind.NewForm().Letters() {
			m.review.length = m.filled
			m.to(stepLookAlike)
			return
		}
		m.to(stepAgain)
	case stepAgain:
		switch {
		case m.issuing.open:
			m.issueTyped()
		case m.overIssuer(): // its operation is gone: what was typed goes nowhere
			m.do(WipePINs{})
			m.issueStopped(record.DeviceOrDocumentProblem, "failed")
		default:
			m.work(OpChange)
		}
	case stepLeave:
		m.work(OpLeave)
	}
}

// typed goes on from the PIN that the card has.
func (m *machine) typed() {
	if m.procedure == record.PinChange {
		m.to(stepRules)
		return
	}
	m.work(OpVerify)
}

// lookPress is a key on the hint at letters that are easily mistaken. It is shown for every new password, whatever stands in it: a hint that came for
// some alone would tell something of them, and nine in ten have such a letter.
func (m *machine) lookPress(k Key) {
	switch k {
	case KeyEnter:
		if n := m.review.length; m.reviewable(n) {
			m.toReview(stepReviewNew, n)
			return
		}
		m.to(stepAgain)
	case KeyClear: // the pad wipes what its slot held
		m.to(stepNew)
	}
}

// entryPress is a key on the screens between two entries.
func (m *machine) entryPress(k Key) {
	if k != KeyEnter {
		return
	}
	switch m.step {
	case stepRules, stepMismatch:
		m.to(stepNew)
	case stepLetters:
		m.told = true
		m.toEntry()
	case stepWrong:
		m.toEntry()
	case stepSplit:
		if m.procedure != record.PinChange { // a check cannot mend it
			m.end(record.DeviceOrDocumentProblem, "split")
			return
		}
		m.toEntry()
	}
}

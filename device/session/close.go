// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// maxStores is how often a record is offered to storage before the screen says that it cannot be kept.
const maxStores = 3

// finish stores the case's one record and shows the result only then.
func (m *machine) finish(o record.Outcome, reason string, then stepID) {
	if then == stepStopped || then == stepWiping { // whatever stopped it: what is on the card comes first
		if reason = m.partly(reason); m.unsure {
			o, reason = record.DeviceOrDocumentProblem, "unsure"
		}
	}
	m.reason = reason
	if m.recorded {
		m.to(then)
		return
	}
	m.outcome = o
	m.unsaved = Finish{Procedure: m.procedure, Outcome: o, Week: m.week, Facts: m.facts(), Claim: m.afterCase(o)}
	m.to(stepFinishing)
	m.then, m.attempts = then, 0
	m.store()
}

// end stops the case with a word to the resident; PINs and card go first.
func (m *machine) end(o record.Outcome, reason string) {
	m.do(WipePINs{}, EndCard{})
	m.finish(o, reason, stepStopped)
}

// store offers the record that waits to storage.
func (m *machine) store() {
	m.unsaved.No = m.next()
	m.do(m.unsaved)
}

// recordStored answers store, whenever it comes.
func (m *machine) recordStored(ev Event) {
	ok := ev.OK
	if ok && (m.step == stepSaving || m.step == stepFinishing) {
		m.claimStored(m.unsaved.Claim, ev.Number)
	}
	if ok {
		m.unsaved, m.storageBad = Finish{}, false
	} else {
		m.unsaved.No = 0
	}
	switch m.step {
	case stepStarting:
		m.storageBad = !ok
		m.rest()
	case stepIdle:
		m.storageBad = !ok
		m.idleDeadline()
	case stepSaving:
		if m.storageBad = !ok; ok && m.claim.given {
			m.toGiven()
			return
		}
		m.toRest()
	case stepFinishing:
		m.attempts++
		switch {
		case ok:
			m.recorded = true
			m.to(m.then)
		case m.attempts < maxStores:
			m.await(retryWait)
		default:
			m.notStored()
		}
	}
}

// finishTick: no answer in time, or time for the next attempt.
func (m *machine) finishTick() {
	if m.unsaved.No == 0 {
		m.store()
		m.await(storeWait)
		return
	}
	m.notStored()
}

// notStored: the result is told, but not as done. The record waits in memory and the journal on disk: one of them becomes the case's one record.
func (m *machine) notStored() {
	m.storageBad, m.recorded = true, true
	m.do(WipePINs{}, EndCard{})
	m.to(stepStopped) // the reason stays: whether the PIN was changed is owed to the resident; the fault is the clerk's, at rest
}

// endPress is a key on a result: any of 確認 and 取消 goes on.
func (m *machine) endPress(k Key) {
	if k == KeyEnter || k == KeyCancel {
		m.endNext()
	}
}

// endNext goes on from a result: take the card, turn the box, white the panel, tell the clerk.
func (m *machine) endNext() {
	switch m.step {
	case stepDone:
		m.toHome()
	case stepStopped:
		if m.claim.given && m.claim.number != (claim.Number{}) {
			m.to(stepWrite)
			return
		}
		m.toTake()
	case stepLocked, stepNoPIN, stepAbsent, stepHome, stepWrite:
		m.toTake()
	case stepTake:
		if m.cardIn() && m.deadlineLeft() {
			return // the card is still there; the step ends when it goes, or in time
		}
		m.toTurnBack()
	case stepTurnBack:
		m.toWipe()
	case stepClosed:
		m.rest()
	}
}

func (m *machine) deadlineLeft() bool { return m.at.Before(m.deadline) }

// toTake ends the card's session and asks to take it.
func (m *machine) toTake() {
	m.do(WipePINs{}, EndCard{})
	if m.cardIn() {
		m.to(stepTake)
		return
	}
	m.toTurnBack()
}

// toWipe whites the panel. The clerk's face comes only when the panel reports that it is white.
func (m *machine) toWipe() {
	m.do(WipePINs{}, EndCard{})
	m.to(stepWiping)
}

// wiped: nothing of the resident's is on the panel any more.
func (m *machine) wiped() {
	m.lang, m.large, m.slow, m.certEnds, m.review = m.cfg.Langs[0], false, false, time.Time{}, review{}
	if m.claim.clerks { // the clerk has had the last word already
		m.rest()
		return
	}
	m.to(stepClosed)
}

// wipeTick: the panel did not report; ask again. The face stays the resident's.
func (m *machine) wipeTick() {
	m.await(wipeWait)
	m.gen++
	m.painted = false
	m.do(Show{m.gen, m.screen})
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/card"
	"madoguchi/sync/record"
)

// maxReads is how often a card that fails is read before the case ends.
const maxReads = 3

// toCard goes to the card: reads the one that lies there, or asks for one.
func (m *machine) toCard() {
	m.touched = false
	switch {
	case m.readerKnown && m.presence == card.NoReader:
		m.to(stepReaderLost)
	case m.presence == card.Present:
		m.to(stepReading)
		m.do(ReadBoard{m.ask(BoardRead)})
	case m.presence == card.Mute:
		m.to(stepUnreadable)
	default:
		m.to(stepInsert)
	}
}

// caseReader is a change at the reader in the resident's part.
func (m *machine) caseReader(was card.Presence) {
	base := m.base()
	switch {
	case m.presence == was, steps[base].busy:
		// What runs will say itself that its card is gone.
	case base == stepTake:
		if m.presence == card.Empty || m.presence == card.NoReader {
			m.toTurnBack()
		}
	case base == stepInsert, base == stepCardWrong, base == stepUnreadable, base == stepRemoved, base == stepReaderLost, base == stepFailed:
		m.moved(base)
	case steps[base].card:
		m.pulled("none")
	}
}

// moved: a step that waits for a card sees the slot change.
func (m *machine) moved(base stepID) {
	switch {
	case m.presence == card.NoReader:
		m.to(stepReaderLost)
	case m.presence == card.Present:
		m.toCard()
	case m.presence == card.Mute:
		m.to(stepUnreadable)
	case base == stepCardWrong, base == stepUnreadable, base == stepReaderLost:
		m.to(stepInsert)
	}
}

// pulled: the card was taken out. running is "verify" or "change" if a PIN may have reached it.
func (m *machine) pulled(running string) {
	if m.recorded && !m.unsure { // all is done; the resident leaves with the card
		m.forgetCard()
		m.toTake()
		return
	}
	m.do(WipePINs{}, EndCard{})
	m.forgetCard()
	if m.unsure {
		running = "change"
	}
	if m.presence == card.NoReader && running == "none" {
		m.to(stepReaderLost)
		return
	}
	m.cause = running
	m.to(stepRemoved)
}

// cardRead leads on with what a card told.
func (m *machine) cardRead(ev Event) {
	switch ev.Result {
	case ResultOK:
		if m.touched { // it was read to its end and moved since: another one may lie there
			m.do(EndCard{})
			m.toCard()
			return
		}
	case ResultGone:
		m.reread(stepInsert)
		return
	case ResultNoReader:
		m.do(EndCard{})
		m.to(stepReaderLost)
		return
	case ResultUnreadable:
		m.reread(stepUnreadable)
		return
	case ResultDeadline:
		m.failed("deadline")
		return
	default:
		m.failed("status")
		return
	}
	m.board, m.known, m.obeys = ev.Board, true, ev.Obeys
	t := ev.Board.Of(m.kind)
	switch {
	case !ev.Board.MyNumber():
		m.do(EndCard{})
		m.to(stepCardWrong)
	case m.procedure == record.TriesBoard:
		m.attempts = 0
		m.to(stepBoard)
	case m.overIssuer():
		m.startPlan(ev)
	case ev.Board.Species == card.SpeciesFaceAuth:
		m.finish(record.DeviceOrDocumentProblem, "no_pin", stepNoPIN)
	case m.kind == card.KindSigning && !ev.Board.HasSigning, m.kind == card.KindLogin && !ev.Board.HasAuth:
		m.finish(record.DeviceOrDocumentProblem, "no_pin", stepAbsent)
	case !t.Known: // nobody can say what an entry would cost
		m.failed("status")
	case t.Left == 0:
		m.locked()
	default:
		m.left, m.attempts = t.Left, 0
		m.to(stepBoard)
	}
}

// reread waits for the card again after an attempt that found none.
func (m *machine) reread(s stepID) {
	m.do(EndCard{})
	m.forgetCard()
	if m.cardIn() { // the reader still sees it: a bad contact
		s = stepUnreadable
	}
	m.to(s)
}

// failed: card or reader answered something unexpected. It may be tried again, not for ever.
func (m *machine) failed(cause string) {
	m.do(WipePINs{}, EndCard{})
	m.forgetCard()
	m.cause = cause
	if m.attempts++; m.attempts >= maxReads {
		m.end(record.DeviceOrDocumentProblem, "failed")
		return
	}
	m.to(stepFailed)
}

// cardPress is a key while a card is awaited or its board is shown.
func (m *machine) cardPress(k Key) {
	switch m.step {
	case stepLanguage:
		m.languagePress(k)
	case stepUnreadable, stepRemoved, stepFailed, stepCardWrong:
		if k == KeyEnter && m.cardIn() { // seated again without the reader noticing
			m.toCard()
		}
	case stepBoard:
		if k == KeyEnter {
			m.afterBoard()
		}
	case stepAbout:
		if k == KeyEnter {
			m.toEntry()
		}
	}
}

// afterBoard goes from the tries board to what the case is about.
func (m *machine) afterBoard() {
	switch {
	case m.procedure == record.TriesBoard:
		m.finish(record.Done, "board", stepTake)
	case m.overIssuer():
		m.nextTask()
	case m.unsure && m.left < 2: // either PIN may cost the last try: not offered
		m.leaveEnd()
	case m.unsure:
		m.to(stepUnsure)
	default:
		m.to(stepAbout)
	}
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/device/policy"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// A proxy brings the principal's PINs in a sealed letter. The rules say where that is allowed; staff open the letter and type, the box stays turned to them, and one
// wrong entry ends the case. It is the one PIN entry with a clerk's face, and records tell it by itself (record.Letter). Nothing is tried with one try left, and the
// leave-check, which is its holder's, is left out.

// lettered tells whether the decision has the PINs come from a letter, and all of it may be done now.
func (s State) lettered() bool {
	v := s.inquiry.verdict
	if v == nil || v.Outcome() != "complete" {
		return false
	}
	from, _ := v.Get(policy.KPinsFrom)
	return from == "letter"
}

// typesPIN tells whether a PIN is being typed.
func (s State) typesPIN() bool { return s.step == stepPIN || s.step == stepNew || s.step == stepAgain }

// drawLetter is the entry of a PIN of the letter.
func (m *machine) drawLetter(f display.Facts) (display.ID, display.Facts) {
	f.Filled, f.Half, f.Fault, f.Step = m.filled, m.half, m.fault.code(), ""
	switch m.step {
	case stepNew:
		f.Reason = "new"
	case stepAgain:
		f.Reason = "again"
	default:
		f.Reason, f.Left, f.Max = "current", m.left, m.board.Of(m.kind).Max
	}
	return display.LetterID(kindName(m.kind)), f
}

// letterWrong ends a case whose letter does not fit the card.
func (m *machine) letterWrong() { m.end(record.DeviceOrDocumentProblem, "letter") }

// toTurnBack asks for the box, which a case with a letter never gave away.
func (m *machine) toTurnBack() {
	if m.letter {
		m.toWipe()
		return
	}
	m.to(stepTurnBack)
}

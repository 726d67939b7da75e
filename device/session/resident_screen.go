// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// drawResident: the resident's words.
func (m *machine) drawResident() (display.ID, display.Facts) {
	kind := kindName(m.kind)
	f := display.Facts{Procedure: name(m.procedure), Kind: kind, Step: m.place()}
	tries := func(id display.ID) (display.ID, display.Facts) {
		f.Left, f.Max = m.left, m.board.Of(m.kind).Max
		return id, f
	}
	entry := func(id display.ID) (display.ID, display.Facts) {
		f.Filled, f.Half, f.Fault = m.filled, m.half, m.fault.code()
		return id, f
	}
	if m.letter && m.typesPIN() {
		return m.drawLetter(f)
	}
	switch m.step {
	case stepLanguage:
		if f.Choice = m.choice; m.oneTongue() {
			return display.ResidentStart, f
		}
		f.Practice, f.Silent = true, m.silent()
		return display.ResidentLanguage, f
	case stepTongue:
		f.Choice, f.Silent = m.mark, m.silent()
		return display.ResidentLanguage, f
	case stepBoard:
		m.putBoard(&f)
		return display.ResidentBoard, f
	case stepCardWrong:
		f.Species = string(m.board.Species)
		return display.ResidentCardWrong, f
	case stepRemoved:
		f.Reason = m.cause
		return display.ResidentCardRemoved, f
	case stepReaderLost:
		f.Reason = "reader"
		return display.ResidentFailed, f
	case stepFailed:
		f.Reason = m.cause
		return display.ResidentFailed, f
	case stepAbout:
		return tries(display.AboutID(kind))
	case stepPIN:
		tries("")
		return entry(display.PINID(kind))
	case stepLeave:
		tries("")
		return entry(display.LeaveID(kind))
	case stepReview, stepReviewNew:
		f.Choice, f.Filled = m.review.at, m.review.length
		return display.ResidentReview, f
	case stepTry:
		return entry(display.PracticeID("login"))
	case stepTryLetters:
		return entry(display.PracticeID("signing"))
	case stepTryHow:
		f.Kind = card.KindSigning.String()
		return display.ResidentLetters, f
	case stepDone, stepChanged:
		f.EndState = m.endState(m.certEnds)
		if f.EndState != "" && !m.certEnds.IsZero() {
			f.Ends = display.DateOf(m.certEnds)
		}
		return residentIDs[m.step], f
	case stepIssueAbout, stepIssuing, stepIssueAgain, stepIssued:
		return m.drawIssue(f)
	case stepWrite:
		f.Claim, f.Paras = m.claim.number.String(), m.toCopy()
		return display.ResidentTell, f
	case stepHome:
		f.Paras = m.takeHome()
		return display.ResidentTell, f
	case stepNew:
		return entry(display.NewPINID(kind))
	case stepAgain:
		return entry(display.AgainID(kind))
	case stepRules:
		return display.RulesID(kind), f
	case stepChecking, stepLeaveChecking:
		return display.ResidentChecking, f
	case stepWrong, stepUnsure, stepLeaveAsk, stepLeaveWrong:
		return tries(residentIDs[m.step])
	case stepSplit:
		f.Reason = m.mends()
		return tries(display.ResidentSplit)
	case stepStopped:
		f.Reason = m.reason
		return display.ResidentStopped, f
	case stepMenu:
		f.Choice, f.Slow = m.mark, m.slow
		return display.ResidentMenu, f
	case stepCancel:
		f.Seconds = int(cancelWait / time.Second)
		return display.ResidentCancel, f
	case stepTimeout:
		f.Seconds = int(noticeWait / time.Second)
		return display.ResidentTimeout, f
	}
	return residentIDs[m.step], f
}

// residentIDs are the screens of the steps whose only facts are procedure and kind. A step without one keeps what is shown.
var residentIDs = [numSteps]display.ID{
	stepPractice:   display.ResidentPractice,
	stepPractised:  display.ResidentPractised,
	stepLookAlike:  display.ResidentLookAlike,
	stepInsert:     display.ResidentCardInsert,
	stepReading:    display.ResidentCardReading,
	stepUnreadable: display.ResidentCardUnreadable,
	stepLetters:    display.ResidentLetters,
	stepGuard1:     display.ResidentGuard1,
	stepGuard2:     display.ResidentGuard2,
	stepGuard3:     display.ResidentGuard3,
	stepWrong:      display.ResidentWrong,
	stepMismatch:   display.ResidentMismatch,
	stepChanging:   display.ResidentChanging,
	stepUnsure:     display.ResidentUnsure,
	stepChanged:    display.ResidentChanged,
	stepLeaveAsk:   display.ResidentLeaveAsk,
	stepLeaveOK:    display.ResidentLeaveOK,
	stepLeaveWrong: display.ResidentLeaveWrong,
	stepDone:       display.ResidentDone,
	stepLocked:     display.ResidentLocked,
	stepRelocked:   display.ResidentRelocked,
	stepNoPIN:      display.ResidentCardNoPIN,
	stepAbsent:     display.ResidentAbsent,
	stepTake:       display.ResidentCardTake,
	stepTurnBack:   display.ResidentTurnBack,
	stepHelp:       display.ResidentHelp,
	stepCall:       display.ResidentCall,
}

// place is where a change stands in its three entries.
func (m *machine) place() string {
	if m.procedure != record.PinChange {
		return ""
	}
	switch m.step {
	case stepPIN:
		return "1/3"
	case stepNew:
		return "2/3"
	case stepAgain:
		return "3/3"
	}
	return ""
}

// mends says what puts the two halves of a PIN right: a change, of which the resident now knows that it is needed; the same two PINs again; or, if
// the card does not spend a half's last try on them, the other way round.
func (m *machine) mends() string {
	switch {
	case m.procedure != record.PinChange:
		return "check"
	case m.left < 2:
		return "swap"
	}
	return "change"
}

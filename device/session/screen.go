// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// renewable is how long before its end a certificate can be renewed: three months before the holder's birthday, as the end dates fall on it.
const renewable = 3

// draw is the screen the state wants. Steps that only wait keep what is shown.
func (m *machine) draw() display.Screen {
	var id display.ID
	var f display.Facts
	switch m.part() {
	case atRest:
		id, f = m.drawRest()
	case clerks:
		id, f = m.drawClerk()
	case residents:
		id, f = m.drawResident()
	case servicing:
		id, f = m.drawService()
	default:
		id, f = m.drawEnding()
	}
	if id == "" {
		return m.screen
	}
	if m.part() == residents {
		m.leaves(id, &f)
	}
	return display.Screen{ID: id, Lang: m.lang, Facts: f}
}

// drawRest: the worst fault first.
func (m *machine) drawRest() (display.ID, display.Facts) {
	f := display.Facts{Office: m.cfg.Office}
	switch m.step {
	case stepIdleReading:
		return display.IdleReading, f
	case stepIdleBoard:
		m.putBoard(&f)
		return display.IdleBoard, f
	case stepIdleWrong:
		if !m.known {
			return display.IdleUnreadable, f
		}
		f.Species = string(m.board.Species)
		return display.IdleWrongCard, f
	case stepIdle:
	default:
		return "", f
	}
	switch {
	case m.keypadBad:
		f.Reason = "stuck"
		if m.keypadLines {
			f.Reason = "unplugged"
		}
		return display.FaultKeypad, f
	case m.notices&noticeInterrupted != 0:
		f.Procedure = name(m.broken.Procedure)
		if f.Reason = [...]string{"none", "verify", "change", "verify", ""}[min(m.broken.Op, OpIssue)]; f.Reason == "" {
			f.Reason = linkReason(m.broken.Procedure)
		}
		f.Kind = kindName(m.broken.Kind)
		return display.ClerkInterrupted, f
	case m.notices&noticeQuarantined != 0:
		f.Reason = "quarantined"
		return display.FaultStorage, f
	case m.notices&noticeIssue != 0:
		return m.drawRecovery()
	case m.storageBad:
		if m.storageFull {
			f.Reason = "full"
		}
		return display.FaultStorage, f
	case m.lidOpen:
		return display.FaultLid, f
	case m.serviceBad:
		return display.FaultService, f
	case m.readerKnown && m.presence == card.NoReader:
		return display.FaultReader, f
	case m.heldLong:
		return display.FaultUpdate, f
	case m.notices&noticePanel != 0:
		return display.FaultPanel, f
	}
	if !m.dateOpen() { // else nobody knows what day it is
		f.Date = display.Date(m.today().String())
	}
	f.Queue, f.Release, f.Text = m.queue, m.cfg.Release, m.marked()
	switch m.link {
	case LinkUp:
		f.Link = "up"
	case LinkDown:
		f.Link, f.LinkSince = "down", m.at.Sub(m.linkSince).Truncate(time.Hour)
	}
	return display.Idle, f
}

// drawClerk: questions to the clerk. Nothing here says anything of a PIN.
func (m *machine) drawClerk() (display.ID, display.Facts) {
	f := display.Facts{Office: m.cfg.Office, Procedure: name(m.procedure), Applicant: m.applicant.String(), Kind: kindName(m.kind)}
	switch m.step {
	case stepCode:
		return codeIDs[m.tools.purpose], display.Facts{Office: m.cfg.Office, Filled: m.filled, Fault: m.fault.code()}
	case stepCodeWrong:
		f.Left = freeMisses - m.misses
		return display.ClerkCodeWrong, f
	case stepCodeWait:
		f.Seconds = int((m.blocked.Sub(m.deadline.Add(-shortWait)) + time.Second - 1) / time.Second)
		return display.ClerkCodeWait, f
	case stepConfirmDate:
		return display.ClerkConfirmDate, display.Facts{Date: display.Date(m.today().String())}
	case stepDate:
		return display.ClerkDate, display.Facts{Text: m.digits, Fault: m.dayFault}
	case stepProcedure, stepApplicant, stepQuestion, stepDocuments, stepOffice, stepTerminal:
		id, f := m.drawList()
		return m.paged(id, f, 0)
	case stepNotice, stepDecision, stepTell, stepGuide, stepClaimFound:
		id, f := m.drawText()
		return m.paged(id, f, m.page)
	case stepKinds:
		id, f := m.drawList()
		return m.paged(id, f, 0)
	case stepClaim, stepClaimAsking, stepClaimNone, stepGiven:
		return m.drawClaim()
	case stepClerkWhy:
		id, f := m.drawText()
		return m.paged(id, f, m.mark)
	case stepRefused:
		f.Reason = m.cause
		return display.ClerkRefused, f
	case stepKind:
		f.Kind, f.Choice = "", m.choice
		m.putAbsent(&f)
		return display.ClerkKind, f
	case stepTurn:
		if m.lettered() {
			return display.ClerkLetter, f
		}
		return display.ClerkTurn, f
	case stepClerkCancel:
		f.Seconds = int(cancelWait / time.Second)
		return display.ClerkCancel, f
	case stepClerkTimeout:
		f.Seconds = int(noticeWait / time.Second)
		return display.ClerkTimeout, f
	case stepClerkMenu:
		f.Choice = m.mark
		return display.ClerkMenu, f
	case stepClerkAbout:
		f.Build, f.Fingerprint, f.Queue, f.Title = m.cfg.Build, m.cfg.Fingerprint, m.queue, m.rulesLine()
		f.Link = [...]string{"", "up", "down"}[min(m.link, LinkDown)]
		return display.ClerkAbout, f
	}
	return "", f
}

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

// drawEnding: white, then the clerk's last word.
func (m *machine) drawEnding() (display.ID, display.Facts) {
	if m.step == stepWiping {
		return display.Wipe, display.Facts{}
	}
	f := display.Facts{Office: m.cfg.Office, Procedure: name(m.procedure), Kind: kindName(m.kind), Reason: m.reason, Queue: m.queue, Claim: m.claim.number.String()}
	if m.unsure { // also after a second change, when the reason is the first one's
		f.Reason = "unsure"
	}
	if f.Reason == "locked" {
		f.Paras = m.resetNeeds()
	}
	return display.ClerkClosed, f
}

// putBoard puts the tries board into f.
func (m *machine) putBoard(f *display.Facts) {
	f.Species = string(m.board.Species)
	for _, k := range card.Kinds() {
		t := m.board.Of(k)
		f.Board = append(f.Board, display.BoardRow{Kind: k.String(), Left: t.Left, Max: t.Max, Present: m.has(k), Known: t.Known, Differs: t.Differ})
	}
	f.EndState = "none"
	if m.board.HasAuth {
		f.EndState = m.endState(m.board.AuthEnds)
	}
	if f.EndState != "none" && !m.board.AuthEnds.IsZero() {
		f.Ends = display.DateOf(m.board.AuthEnds)
	}
}

// putAbsent tells the clerk which PINs the card lacks, and no counter.
func (m *machine) putAbsent(f *display.Facts) {
	if !m.known {
		return
	}
	for _, k := range card.Kinds() {
		f.Board = append(f.Board, display.BoardRow{Kind: k.String(), Present: m.has(k)})
	}
}

// has tells whether the card has a PIN of kind k that opens something.
func (s State) has(k card.Kind) bool {
	switch {
	case s.board.Species == card.SpeciesFaceAuth:
		return false
	case k == card.KindSigning:
		return s.board.HasSigning
	case k == card.KindLogin:
		return s.board.HasAuth
	default: // every My Number Card has them; what cannot be read is shown as unknown, not as absent
		return true
	}
}

// endState says how a certificate's end stands to today. Both are dates, not instants.
func (m *machine) endState(ends time.Time) string {
	if ends.IsZero() || m.dateOpen() { // nobody knows what day it is: what has expired cannot be judged
		return ""
	}
	d := m.today()
	today := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	switch {
	case today.After(ends):
		return "expired"
	case !today.Before(ends.AddDate(0, -renewable, 0)):
		return "soon"
	default:
		return "valid"
	}
}

func name(p record.Procedure) string {
	if !p.Valid() {
		return ""
	}
	return p.String()
}

func kindName(k card.Kind) string {
	if !k.Valid() {
		return ""
	}
	return k.String()
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

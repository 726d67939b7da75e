// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/sync/record"
)

// freeMisses is how many wrong clerk codes in a row cost nothing but typing.
const freeMisses = 5

// pause is the wait after the n-th wrong code in a row: 1, then 5, then 15 minutes.
func pause(n int) time.Duration {
	switch {
	case n < freeMisses:
		return 0
	case n == freeMisses:
		return time.Minute
	case n == freeMisses+1:
		return 5 * time.Minute
	default:
		return 15 * time.Minute
	}
}

// toCode asks for the clerk code, or says how long none is taken.
func (m *machine) toCode() {
	if m.at.Before(m.blocked) {
		m.to(stepCodeWait)
		return
	}
	m.do(WipePINs{})
	m.to(stepCode)
}

// toRest leaves the clerk's part. Nothing was opened.
func (m *machine) toRest() {
	m.do(WipePINs{})
	m.rest()
}

// codeKey is a key of the clerk-code entry.
func (m *machine) codeKey(ev Event) {
	switch ev.Kind {
	case Entered:
		if ev.Fault != FaultNone { // too short: costs no miss
			m.fault = ev.Fault
			m.await(nextWait)
			return
		}
		// The miss is stored before the code is judged and taken back after: pulling the plug in between gains nothing.
		m.to(stepCodeChecking)
		until := m.at.Add(pause(m.misses + 1))
		if until.Equal(m.at) {
			until = time.Time{}
		}
		m.do(Misses{m.ask(Stored), m.misses + 1, until})
	case Cancelled:
		m.leaveCode()
	}
}

// leaveCode goes back to where the code was asked for.
func (m *machine) leaveCode() {
	if m.tools.purpose == toChange {
		m.toService()
		return
	}
	m.toRest()
}

// codeResult: first the miss is stored, then the code is judged, then the miss is taken back.
func (m *machine) codeResult(ev Event) {
	switch {
	case ev.Kind == Stored && !ev.OK:
		m.storageBad = true
		m.toRest()
	case ev.Kind == Stored:
		m.do(CheckCode{No: m.ask(CodeChecked), Keep: m.tools.purpose == toChange})
	case ev.Kind == CodeChecked && ev.OK:
		m.misses, m.blocked = 0, time.Time{}
		m.do(Misses{No: m.next()})
		switch m.tongue, m.clerk = m.cfg.Langs[0], ev.Label; m.tools.purpose {
		case toServe:
			m.toService()
		case toChange:
			m.to(stepServiceNew)
		default:
			m.admitClerk()
		}
	case ev.Kind == CodeChecked:
		m.misses++
		if p := pause(m.misses); p > 0 {
			m.blocked = m.at.Add(p)
			m.to(stepCodeWait)
			return
		}
		m.to(stepCodeWrong)
	}
}

// clerkTick ends a wait in the clerk's part.
func (m *machine) clerkTick() {
	switch m.step {
	case stepCodeChecking:
		m.misses++ // as it is stored
		m.blocked = m.at.Add(pause(m.misses))
		m.toRest()
	case stepClaimAsking:
		m.claim.find = FindSilent
		m.to(stepClaimNone)
	case stepOpening, stepSaving:
		m.storageBad = true
		m.toRest()
	case stepClerkCancel, stepClerkAbout, stepClerkMenu, stepClerkWhy:
		m.back()
	default:
		if steps[m.step].ask {
			m.over(stepClerkTimeout)
			return
		}
		m.toRest()
	}
}

// applicants and kinds are the lines of the clerk's menus.
var (
	applicants = []Applicant{Self, LegalRep, Proxy}
	kinds      = card.Kinds()
)

// clerkPress is a key in the clerk's part: a digit chooses at once, ▲▼ mark, 確認 takes the mark, 取消 and 訂正 go one question back.
func (m *machine) clerkPress(k Key) {
	switch m.step {
	case stepCodeWrong, stepCodeWait:
		if k == KeyEnter || k == KeyCancel {
			m.toCodeAgain(k)
		}
		return
	case stepClerkTimeout:
		m.back()
		return
	case stepClerkCancel:
		if k == KeyCancel {
			m.toRest()
		} else if k == KeyEnter {
			m.back()
		}
		return
	case stepClerkMenu:
		m.clerkMenu(k)
		return
	case stepClerkAbout:
		if k == KeyEnter || k == KeyCancel {
			m.back()
		}
		return
	case stepClerkWhy:
		m.whyPress(k)
		return
	case stepConfirmDate, stepDate:
		m.datePress(k)
		return
	case stepClaim, stepClaimAsking, stepClaimNone, stepClaimFound, stepTerminal, stepGiven:
		m.claimPress(k)
		return
	}
	switch k {
	case KeyCancel:
		switch m.step {
		case stepNotice: // that is what the resident was told
			m.closeCase(record.Done)
		case stepApplicant, stepKind, stepKinds, stepRefused, stepQuestion, stepDocuments, stepDecision, stepTell, stepOffice, stepGuide:
			m.clerkBack()
		case stepTurn:
			m.over(stepClerkCancel)
		default:
			m.toRest()
		}
	case KeyMenu:
		m.mark = 1
		if m.step == stepDecision || m.step == stepGuide {
			m.inquiry.rest = false
			m.over(stepClerkWhy)
			return
		}
		m.over(stepClerkMenu)
	case KeyClear:
		m.clerkBack()
	default:
		m.clerkChoose(k)
	}
}

func (m *machine) toCodeAgain(k Key) {
	if m.step == stepCodeWait {
		m.toRest()
		return
	}
	if k == KeyCancel {
		m.leaveCode()
		return
	}
	m.toCode()
}

// clerkChoose answers a question.
func (m *machine) clerkChoose(k Key) {
	switch m.step {
	case stepProcedure:
		if i := m.line(k); i > 0 {
			if p := m.procedures()[i-1]; p != goOn {
				m.chosen(p)
				break
			}
			m.toClaim()
		}
	case stepNotice:
		if m.turnPage(k) == KeyEnter {
			m.inquiry.admitted = true
			m.admit()
		}
	case stepApplicant:
		if i := m.line(k); i > 0 {
			m.applied(applicants[i-1])
		}
	case stepRefused:
		if k == KeyEnter {
			m.clerkBack()
		}
	case stepKind:
		if i := m.pick(k, len(kinds)); i > 0 {
			if m.kind = kinds[i-1]; m.ruled() {
				m.converse()
				break
			}
			m.to(stepTurn)
		}
	case stepKinds:
		if i := m.line(k); i > 0 {
			m.inquiry.kinds = m.kindSets()[i-1]
			m.converse()
		}
	case stepQuestion:
		if i := m.line(k); i > 0 {
			m.answered(i)
		}
	case stepDocuments:
		m.papersPress(k)
	case stepDecision:
		if m.turnPage(k) == KeyEnter {
			m.decided()
		}
	case stepTell, stepGuide:
		if m.turnPage(k) == KeyEnter {
			m.afterTelling()
		}
	case stepOffice:
		switch m.line(k) {
		case 1:
			m.to(stepTurn)
		case 2:
			m.closeCase(record.HandedOver)
		}
	case stepTurn:
		if k == KeyEnter {
			m.openCase()
		}
	default:
	}
	if !m.fresh {
		m.await(steps[m.step].wait)
	}
}

// applied goes on from who stands at the counter.
func (m *machine) applied(a Applicant) {
	m.applicant, m.choice = a, 1
	switch {
	case m.ruled() && m.procedure == record.PinChange:
		m.to(stepKind)
	case m.ruled() && len(m.kindSets()) > 0:
		m.toKinds()
	case m.ruled():
		m.converse()
	case m.procedure == record.TriesBoard:
		m.to(stepTurn)
	case m.applicant == Proxy: // a proxy's letter needs a policy; without one only the holder types the holder's PIN
		m.cause = "proxy"
		m.to(stepRefused)
	default:
		m.to(stepKind)
	}
}

// clerkBack goes one question back, with the earlier answer marked.
func (m *machine) clerkBack() {
	switch m.step {
	case stepNotice, stepApplicant:
		m.toProcedures()
	case stepQuestion, stepDocuments, stepDecision, stepTell, stepOffice, stepGuide:
		m.inquiryBack()
	case stepRefused, stepKind, stepKinds:
		if m.step == stepRefused && m.kind.Valid() {
			m.choice = 1 + index(kinds, m.kind)
			m.to(stepKind)
			return
		}
		m.choice = 1 + index(applicants, m.applicant)
		m.kind = 0
		if m.claim.on {
			m.toFound()
			return
		}
		m.to(stepApplicant)
	case stepTurn:
		if m.ruled() {
			m.page = 1
			m.to(stepDecision)
			return
		}
		if m.procedure == record.TriesBoard {
			m.choice = 1 + index(applicants, m.applicant)
			m.to(stepApplicant)
			return
		}
		m.choice = 1 + index(kinds, m.kind)
		m.to(stepKind)
	}
}

// clerkMenu: the resident's language, this device, closing the case.
func (m *machine) clerkMenu(k Key) {
	if k == KeyCancel || k == KeyMenu || k == KeyClear {
		m.back()
		return
	}
	switch m.pickMark(k, 3) {
	case 1:
		m.tongue = m.nextLang(m.tongue)
		m.back()
	case 2:
		m.over(stepClerkAbout)
	case 3:
		m.over(stepClerkCancel)
	}
}

// openCase begins what is recorded: from here a case ends with exactly one record.
func (m *machine) openCase() {
	if !m.dateCase() {
		return
	}
	m.letter = m.ruled() && m.lettered()
	m.reading = 0 // the resident's part reads the card anew
	if m.way() == "issuer_link" {
		p := m.plan()
		m.issuing = issuing{tasks: p.tasks}
		m.procedure = p.procedure
	}
	m.to(stepOpening)
	m.do(Journal{m.ask(Stored), m.entry(OpNone)})
}

// dateCase gives the case its week; false: it cannot be dated.
func (m *machine) dateCase() bool {
	d := m.today()
	year, n := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).ISOWeek()
	w, err := record.NewWeek(year, n)
	if err != nil {
		m.storageBad = true // a clock outside all years cannot date a record
		m.toRest()
		return false
	}
	m.week = w
	return true
}

// opened turns to the resident.
func (m *machine) opened(ev Event) {
	if !ev.OK {
		m.storageBad, m.storageFull = true, ev.Bad
		m.toRest()
		return
	}
	m.board, m.known = card.Board{}, false
	m.reason = ""
	m.lang = m.tongue
	if m.letter {
		m.lang = m.cfg.Langs[0]
		m.toCard()
		return
	}
	m.toLanguage()
}

// entry is the journal's view of the case with a card command ahead.
func (m *machine) entry(op Op) Entry {
	e := Entry{Procedure: m.procedure, Applicant: m.applicant, Week: m.week, Op: op, Recorded: m.recorded}
	if op != OpNone {
		e.Kind = m.kind
	}
	return e
}

// pick takes a key on a menu of n lines: the chosen line from 1, or 0 while nothing is chosen.
func (m *machine) pick(k Key, n int) int { return choose(&m.choice, k, n) }

// pickMark is pick on an overlay, whose mark is its own.
func (m *machine) pickMark(k Key, n int) int { return choose(&m.mark, k, n) }

func choose(mark *int, k Key, n int) int {
	switch {
	case k >= Key1 && int(k-Key0) <= n:
		*mark = int(k - Key0)
		return *mark
	case k == KeyEnter:
		return *mark
	case k == KeyUp && *mark > 1:
		*mark--
	case k == KeyDown && *mark < n:
		*mark++
	}
	return 0
}

func index[T comparable](all []T, v T) int {
	for i, x := range all {
		if x == v {
			return i
		}
	}
	return 0
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/card"
	"madoguchi/sync/record"
)

// toRest leaves the clerk's part. Nothing was opened.
func (m *machine) toRest() {
	m.do(WipePINs{})
	m.rest()
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

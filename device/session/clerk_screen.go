// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/display"
)

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

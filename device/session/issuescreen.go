// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"slices"

	"madoguchi/device/policy"
	"madoguchi/device/procedure"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// drawIssue is a screen of the issuer link: what it does, and why that takes time.
func (m *machine) drawIssue(f display.Facts) (display.ID, display.Facts) {
	t, n := m.task(), m.issuing.news
	if m.step == stepIssued {
		f.Kind, f.Reason = "", "cert"
		switch m.procedure {
		case record.PinReset:
			f.Reason = "reset"
		case record.CertRenewal:
			f.Reason = "renewal"
		case record.SuspensionRelease:
			f.Reason = "release"
			if slices.ContainsFunc(m.issuing.tasks, func(t task) bool { return t.op == IssueRelease && t.kind.Valid() }) { // the end is that of its certificate
				f.Reason = "release_new"
			}
		}
		if f.EndState = m.endState(m.certEnds); f.EndState != "" && !m.certEnds.IsZero() {
			f.Ends = display.DateOf(m.certEnds)
		}
		return display.ResidentIssued, f
	}
	if total := len(m.issuing.tasks); total > 1 {
		f.Step = fmt.Sprintf("%d/%d", m.issuing.at+1, total)
	}
	switch {
	case m.step == stepIssueAbout:
		if f.Reason = t.op.String(); t.op == IssueRelease && t.kind.Valid() {
			f.Reason = "release_new"
		}
		return display.ResidentIssueAbout, f
	case m.step == stepIssueAgain:
		f.Reason = "same"
		if n.Other {
			f.Reason = "other"
		}
		return display.ResidentIssueAgain, f
	}
	switch n.Phase {
	case IssueWaiting:
		f.Reason, f.Text = "release", fmt.Sprintf("%04d", n.Check)
		return display.ResidentIssueWait, f
	case IssueAsking:
		f.Reason = "asking"
		return display.ResidentIssueWait, f
	case IssueCert:
		f.Reason = "cert"
		return display.ResidentIssueWait, f
	case IssueProving:
		f.Reason = "report"
		return display.ResidentIssueCard, f
	}
	f.Reason = "card"
	return display.ResidentIssueCard, f
}

// waitPress is a key while an operation runs: 取消 asks, as long as it can be stopped; メニュー is the resident's own.
func (m *machine) waitPress(k Key) {
	switch {
	case k == KeyMenu:
		m.toMenu()
	case k == KeyCancel && m.step == stepIssuing && m.issuing.open && !m.issuing.news.Final:
		m.over(stepCancel)
	}
}

// recovering takes news of an operation that a power cut interrupted.
func (m *machine) recovering(n IssueNews) {
	if m.notices&noticeIssue == 0 {
		return
	}
	m.recovery = n
}

// drawRecovery says how that operation stands.
func (m *machine) drawRecovery() (display.ID, display.Facts) {
	f := display.Facts{Office: m.cfg.Office, Procedure: name(m.broken.Procedure), Reason: "asking"}
	switch n := m.recovery; {
	case n.Phase == IssueAgain && n.Other:
		f.Reason = "other"
	case n.Phase == IssueAgain:
		f.Reason = "card"
	case n.Phase == IssueEnded && n.Outcome == IssueDone:
		f.Reason = "done"
	case n.Phase == IssueEnded && n.Outcome == IssueDoubt:
		f.Reason = "doubt"
	case n.Phase == IssueEnded:
		f.Reason = "undone"
	}
	return display.ClerkRecover, f
}

// linked tells whether the issuer link carries the case out, as far as that is known: before the decision what may come of it, after it what the decision gives.
func (s State) linked() bool {
	if s.overIssuer() {
		return true
	}
	if s.inquiry.verdict == nil {
		return s.issues(s.procedure)
	}
	p := s.plan()
	return len(p.tasks) > 0 && s.issues(p.procedure)
}

// kindSets are the PINs or certificates that the issuer link may be for, as the clerk chooses; nil: nothing is to be chosen.
func (s State) kindSets() []procedure.Kinds {
	const login, signing = procedure.UserAuth, procedure.Signing
	switch {
	case !slices.Contains(s.cfg.Issuer, s.procedure):
		return nil
	case s.procedure == record.PinReset:
		return []procedure.Kinds{login, signing, login | signing, procedure.CardInfo, procedure.ResidentRegister}
	case s.procedure == record.CertNewIssue:
		return []procedure.Kinds{login | signing, signing, login}
	}
	return nil
}

// toKinds asks for them; what the card that lies there tells is marked.
func (m *machine) toKinds() {
	sets := m.kindSets()
	m.choice = 1 + index(sets, m.inquiry.kinds)
	if m.inquiry.kinds == 0 {
		m.choice = 1
		if want := m.wanted(); slices.Contains(sets, want) {
			m.choice = 1 + index(sets, want)
		}
	}
	m.to(stepKinds)
}

// wanted are the kinds that the card itself points at: PINs that are locked, certificates that it lacks.
func (s State) wanted() (out procedure.Kinds) {
	if !s.known || !s.board.MyNumber() {
		return 0
	}
	for k, i := range certKinds {
		t := s.board.Of(k)
		locked := s.procedure == record.PinReset && s.has(k) && t.Known && t.Left == 0
		if lacks := s.procedure == record.CertNewIssue && !s.has(k); locked || lacks {
			out |= 1 << i
		}
	}
	return out
}

// kindWords are the names of the sets: what the city's papers call the PINs.
var kindWords = map[procedure.Kinds][2]string{
	procedure.UserAuth:                     {"利用者証明用", "User authentication"},
	procedure.Signing:                      {"署名用", "Signing"},
	procedure.UserAuth | procedure.Signing: {"署名用と利用者証明用", "Both certificates"},
	procedure.CardInfo:                     {"券面事項入力補助用", "Card information"},
	procedure.ResidentRegister:             {"住民基本台帳用", "Resident register"},
}

func (m *machine) drawKinds() (title string, lines []display.Line) {
	title = m.say("どの暗証番号ですか。", "Which PIN?")
	if m.procedure == record.CertNewIssue {
		title = m.say("どの電子証明書ですか。", "Which certificate?")
	}
	for _, k := range m.kindSets() {
		lines = append(lines, display.Line{Text: m.say(kindWords[k][0], kindWords[k][1])})
	}
	return title, lines
}

// papersOf lists the papers of a case; where a redirect is done in one go, those of what follows it, too.
func (m *machine) papersOf(c procedure.Case) []procedure.Paper {
	papers, _ := procedure.Papers(m.inquiry.rules, &c) // a case of the policy's own city with a day: it has a decision
	if len(m.cfg.Issuer) == 0 {
		return papers
	}
	d, err := procedure.Decide(m.inquiry.rules, &c)
	if err != nil || len(names(&verdict{Decision: d}, policy.KSequence)) == 0 {
		return papers
	}
	seq := names(&verdict{Decision: d}, policy.KSequence)
	last, err := record.ParseProcedure(seq[len(seq)-1])
	if err != nil || last == record.PinReset || !slices.Contains(m.cfg.Issuer, last) {
		return papers
	}
	c = m.afterReset(c, last)
	more, _ := procedure.Papers(m.inquiry.rules, &c)
	for _, x := range more {
		if !slices.ContainsFunc(papers, func(o procedure.Paper) bool { return o.Code == x.Code }) {
			papers = append(papers, x)
		}
	}
	return papers
}

// linkReason names the operation for which a procedure of the issuer link is there.
func linkReason(p record.Procedure) string {
	switch p {
	case record.PinReset:
		return IssueReset.String()
	case record.CertRenewal:
		return IssueRenewal.String()
	case record.SuspensionRelease:
		return IssueRelease.String()
	}
	return IssueNew.String()
}

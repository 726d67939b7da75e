// SPDX-License-Identifier: Apache-2.0

package session

import (
	"maps"

	"madoguchi/device/procedure"
	"madoguchi/display"
	"madoguchi/sync/claim"
)

// drawClaim is a screen of a claim number that is no list and no text.
func (m *machine) drawClaim() (display.ID, display.Facts) {
	c := &m.claim
	switch m.step {
	case stepClaim:
		f := display.Facts{Text: c.typed, Fault: c.fault}
		for k, chars := range claimKeys {
			if chars != "" {
				f.Lines = append(f.Lines, display.Line{Code: string(rune('0' + k)), Text: chars})
			}
		}
		if c.first != 0 {
			f.Step = string(rune('0' + c.first))
		}
		return display.ClerkClaim, f
	case stepClaimAsking:
		return display.ClerkClaimAsking, display.Facts{}
	case stepClaimNone:
		return display.ClerkClaimNone, display.Facts{Reason: c.find.String(), Left: c.left, Seconds: c.seconds}
	}
	f := display.Facts{Procedure: name(m.procedure), Claim: c.number.String(), Reason: m.reason}
	if f.Claim != "" {
		f.Ends = display.Date(c.state.Expires.String())
	}
	return display.ClerkClosed, f
}

// behind is what lies behind the number, for the clerk.
func (m *machine) behind() []display.Para {
	s := m.claim.state
	return []display.Para{
		{Code: "next", Word: s.Procedure.String()},
		{Code: "who", Word: applicantLines[s.Applicant-1].Code},
		{Code: "stand", Word: stand(s)},
		{Code: "since", Date: display.Date(s.Issued.String())},
		{Code: "until", Date: display.Date(s.Expires.String())},
	}
}

// toCopy is what the resident copies: the number and its last day, the window, what happens next, and the papers to bring, by the names that the city prints on them.
func (m *machine) toCopy() []display.Para {
	s := m.claim.state
	out := []display.Para{{Code: "claim"}, {Code: "number"}, {Code: "until", Date: display.Date(s.Expires.String())}}
	switch {
	case s.Step == claim.AtTerminal: // the resident stays
	case s.Step == claim.LetterMailed && m.inquiry.rules.SameWindow:
		out = append(out, display.Para{Code: "where", Word: "same"}, display.Para{Code: "tell", Text: m.cfg.Office})
	default:
		out = append(out, display.Para{Code: "where", Word: "any"})
	}
	out = append(out, display.Para{Code: "again", Word: stand(s)})
	for _, name := range m.papersNext() {
		texts := maps.Clone(name)
		for lang, s := range texts {
			texts[lang] = "・" + s
		}
		out = append(out, display.Told(texts, m.lang)...)
	}
	return out
}

// papersNext are the names of the papers for the next visit, by languages: those of a second visit with the city's letter, or those that lacked.
func (m *machine) papersNext() (names []map[string]string) {
	v, p := m.inquiry.verdict, m.inquiry.rules
	if v == nil {
		return nil
	}
	switch m.claim.state.Step {
	case claim.PapersWanted:
		for _, code := range v.Missing {
			if need := p.Needs[code]; need != nil {
				names = append(names, need.Name.Texts())
			}
		}
	case claim.LetterMailed:
		c := v.of
		f := &c.Facts
		c.Procedure = cell(m.claim.state.Procedure)
		f.Visit, f.Visit1Place, f.CardPresented = 2, f.Place, procedure.Unsaid
		f.Letter, f.LetterLost, f.Request = &procedure.Letter{City: true}, false, &procedure.Letter{}
		papers, err := procedure.Papers(p, &c)
		if err != nil {
			return nil
		}
		for _, x := range papers {
			names = append(names, x.Name.Texts())
		}
	}
	return names
}

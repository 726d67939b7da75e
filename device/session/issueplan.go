// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/device/procedure"
	"madoguchi/sync/record"
)

// ruleKinds are the names of the rules for the card's kinds, in the order in which a counter takes them.
var ruleKinds = []struct {
	kind card.Kind
	name string
}{{card.KindLogin, "user_auth"}, {card.KindSigning, "signing"}, {card.KindCardInfo, "card_info"}, {card.KindRegister, "resident_register"}}

// A way through the issuer link, as the decision gives it.
type issuePlan struct {
	procedure record.Procedure // that is carried out, the last one of a redirect
	tasks     []task
	letter    bool // the PINs stand in a proxy's letter
}

// plan is what the issuer link would do in the case by its decision; no tasks: nothing. A redirect is one case if what comes first and what was asked for can
// both be done now: the PIN that was forgotten is set anew, then the certificates are renewed.
func (s State) plan() (p issuePlan) {
	v := s.inquiry.verdict
	if v == nil || s.inquiry.rules == nil {
		return p
	}
	p.procedure = s.procedure
	enter := names(v, policy.KPinsToEnter)
	var reset []card.Kind
	switch v.Outcome() {
	case "complete":
	case "", "ask_office":
		if s.applicant == Proxy {
			return issuePlan{}
		}
		if enter = append(enter, "user_auth"); s.signs() { // the page names none: those that there are
			enter = append(enter, "signing")
		}
	case "redirect":
		last, dec := s.chained()
		if dec == nil {
			return issuePlan{}
		}
		if p.procedure = last; len(names(v, policy.KSequence)) > 1 || last == record.PinReset {
			reset = s.kindsOf(enter)
		}
		enter = names(&verdict{Decision: dec}, policy.KPinsToEnter)
	default:
		return issuePlan{}
	}
	if !slices.Contains(s.cfg.Issuer, p.procedure) {
		return issuePlan{}
	}
	from, _ := v.Get(policy.KPinsFrom)
	p.letter = from == "letter"
	if s.applicant == Proxy && !p.letter {
		return issuePlan{}
	}
	p.tasks = s.tasks(p.procedure, s.kindsOf(enter), reset)
	return p
}

// signs tells whether the holder can have a signing certificate, as far as it was said.
func (s State) signs() bool {
	f := s.inquiry.verdict.of.Facts
	under15, _ := policy.Age.CellOf("under_15")
	return f.AgeGroup != under15+1 && f.Ward != procedure.Yes
}

// names is a key's list of names.
func names(v *verdict, k policy.Key) []string {
	x, _ := v.Get(k)
	out, _ := x.([]string)
	return out
}

// chained is the last procedure of a redirect and its own decision once the PINs are known, if all of it can be done now.
func (s State) chained() (record.Procedure, *procedure.Decision) {
	v := s.inquiry.verdict
	seq := names(v, policy.KSequence)
	if same, ok := v.Get(policy.KSameDay); len(v.Missing) > 0 || len(seq) == 0 || ok && same == false {
		return 0, nil
	}
	for i, code := range seq {
		p, err := record.ParseProcedure(code)
		if err != nil || !slices.Contains(s.cfg.Issuer, p) || i < len(seq)-1 && p != record.PinReset {
			return 0, nil
		}
	}
	p, _ := record.ParseProcedure(seq[len(seq)-1])
	if p == record.PinReset {
		return p, v.Decision
	}
	c := s.afterReset(v.of, p)
	procedure.Lay(&c.Facts, s.inquiry.papers, func(code string) bool { return slices.Contains(s.inquiry.ticked, code) })
	d, err := procedure.Decide(s.inquiry.rules, &c)
	if err != nil || d.Outcome() != "complete" {
		return 0, nil
	}
	return p, d
}

// afterReset is a case once its PINs are known again.
func (s State) afterReset(c procedure.Case, p record.Procedure) procedure.Case {
	c.Procedure, _ = policy.Procedure.CellOf(p.String())
	c.Facts.Pins, c.Facts.WantsNewPin = [4]uint8{}, procedure.No
	return c
}

// kindsOf are the kinds of the card for names of the rules, in the order of ruleKinds.
func (s State) kindsOf(names []string) (out []card.Kind) {
	for _, k := range ruleKinds {
		if slices.Contains(names, k.name) {
			out = append(out, k.kind)
		}
	}
	return out
}

// certificates are the kinds that have one.
func certificates(kinds []card.Kind) []card.Kind {
	return slices.DeleteFunc(slices.Clone(kinds), func(k card.Kind) bool { return k != card.KindLogin && k != card.KindSigning })
}

// tasks puts a procedure together. enter are the PINs that the rules ask for, reset those that are set anew first. What the card that lies there lacks is left
// out; without a card it is taken for a full one.
func (s State) tasks(p record.Procedure, enter, reset []card.Kind) (out []task) {
	facts := s.inquiry.verdict.of.Facts
	add := func(op IssueOp, kinds ...card.Kind) {
		for _, k := range kinds {
			out = append(out, task{op, k})
		}
	}
	there := func(k card.Kind) bool { return !s.known || s.has(k) }
	for _, k := range reset {
		if there(k) && p != record.CertNewIssue { // a new issue sets its PIN itself
			add(IssueReset, k)
		}
	}
	known := slices.DeleteFunc(certificates(enter), func(k card.Kind) bool { return slices.Contains(reset, k) || !there(k) })
	switch p {
	case record.PinReset:
		if len(reset) > 0 {
			break
		}
		if facts.Reset != 0 {
			enter = s.factKinds(facts.Reset, enter)
		}
		add(IssueReset, slices.DeleteFunc(enter, func(k card.Kind) bool { return !there(k) })...)
	case record.CertRenewal:
		add(0, known...)
		add(IssueRenewal, slices.DeleteFunc(certificates(enter), func(k card.Kind) bool { return !there(k) })...)
	case record.CertNewIssue:
		kinds := certificates(enter)
		if facts.Certs != 0 {
			kinds = s.factKinds(facts.Certs, enter)
		}
		add(IssueNew, kinds...)
	case record.SuspensionRelease:
		add(0, slices.DeleteFunc(known, func(k card.Kind) bool { return k != card.KindLogin })...)
		kind := card.Kind(0)
		if slices.Contains(names(s.inquiry.verdict, policy.KActions), "signing_cert_issue") {
			kind = card.KindSigning
		}
		add(IssueRelease, kind)
	}
	return out
}

// factKinds are the kinds that were chosen, as far as the rules let them be entered; where the rules name none, all that were chosen.
func (s State) factKinds(chosen procedure.Kinds, enter []card.Kind) (out []card.Kind) {
	for _, k := range ruleKinds {
		if chosen>>certKinds[k.kind]&1 == 1 && (len(enter) == 0 || slices.Contains(enter, k.kind)) {
			out = append(out, k.kind)
		}
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"slices"
	"strings"

	"madoguchi/device/policy"
)

// Question is something that the clerk is asked with one key.
type Question struct {
	ID      string // name of the fact
	Ja, En  string
	Answers []Answer
	dims    []policy.Dim // circumstances that the answers change
	procs   []string     // asked only there; empty: wherever rules turn on it
	others  bool         // asked only if somebody else comes
	after   string       // asked only if this is known already, because that question covers it
	early   bool         // asked before the others: whether anything is to be asked here and now
}

// Answer is one of the answers, in the order of the keys 1 to 9. The first is the usual one.
type Answer struct {
	Value  string
	Ja, En string
	set    func(*Facts)
}

// Apply writes the answer into the facts.
func (a Answer) Apply(f *Facts) { a.set(f) }

// Questions are what the policy still needs to decide a case, the one that is asked next first. known holds the IDs of what is known
// already: read from the card, or not to be asked. A question is left out when no answer to it would change the decision,
// whatever the others are. Papers are not asked: they are ticked on the list that the decision names.
func Questions(p *policy.Policy, c *Case, known map[string]bool) []Question {
	t := Begin(p, c, known)
	order := t.rank()
	out := make([]Question, len(order))
	for i, q := range order {
		out[i] = *t.questions[q]
	}
	return out
}

// candidates are the questions that may be asked in a case.
func candidates(p *policy.Policy, c *Case, known map[string]bool) []*Question {
	used := turnsOn(p, c)
	var out []*Question
	add := func(q *Question) {
		if known[q.ID] || len(q.Answers) < 2 || len(q.procs) > 0 && !slices.Contains(q.procs, policy.Procedure.Value(c.Procedure)) ||
			q.others && c.Applicant == 0 || q.after != "" && !known[q.after] {
			return
		}
		if slices.ContainsFunc(q.dims, func(d policy.Dim) bool { return used>>d&1 == 1 }) {
			out = append(out, q)
		}
	}
	for _, q := range now(p, c, used) {
		add(q)
	}
	for i := range catalogue {
		q := &catalogue[i]
		switch {
		case q.ID == "pins" && onePin(c):
			q = pinOf(c.Facts.Change)
		case q.ID == "same_household" && used>>policy.Household&1 == 0, q.ID == "honseki" && used>>policy.Household&1 == 1:
			continue
		case q.ID == "age_group" && known["adult"]: // the card has a signing certificate
			grown := *q
			grown.Answers = q.Answers[:2]
			q = &grown
		}
		add(q)
	}
	return out
}

// turnsOn are the circumstances that rules of the procedure ask for.
func turnsOn(p *policy.Policy, c *Case) (used dims) {
	conds := func(cs []policy.Cond) {
		for _, x := range cs {
			used |= 1 << x.Dim
		}
	}
	list := func(l *policy.NeedList) {
		if l == nil {
			return
		}
		for _, n := range l.Needs {
			conds(n.Conds)
			conds(n.Met.Conds)
		}
	}
	may := func(r *policy.Rule) bool {
		for _, x := range r.Conds {
			if x.Dim == policy.Procedure && x.Mask>>c.Procedure&1 == 0 {
				return false
			}
			// A representative may come to act as a proxy; nobody else changes.
			if x.Dim == policy.Applicant && x.Mask>>c.Applicant&1 == 0 && (c.Applicant != 1 || x.Mask>>2&1 == 0) {
				return false
			}
		}
		return true
	}
	visit := func(rs []*policy.Rule) {
		for _, r := range rs {
			if !may(r) || r.Table == "answer" && !weighs(r) {
				continue
			}
			conds(r.Conds)
			list(r.List)
			if r.Fallback != nil {
				list(r.Fallback.List)
			}
			for _, next := range r.Sequence {
				for _, sub := range p.Paths(next) {
					if !afresh(sub) {
						continue
					}
					for _, x := range sub.Conds {
						if x.Dim != policy.Visit && x.Dim != policy.Letter && x.Dim != policy.LetterFrom {
							used |= 1 << x.Dim
						}
					}
					list(sub.List)
				}
			}
		}
	}
	visit(p.Gates(c.Procedure))
	visit(p.Paths(c.Procedure))
	visit(p.Answers(c.Procedure))
	if c.Applicant == 1 {
		for i := range p.Representatives() {
			conds(p.Representatives()[i].Conds)
		}
	}
	return used
}

// afresh says whether a path can be the first step of a redirect: that is always a first visit without a letter.
func afresh(r *policy.Rule) bool {
	for _, x := range r.Conds {
		if (x.Dim == policy.Visit || x.Dim == policy.Letter || x.Dim == policy.LetterFrom) && x.Mask&1 == 0 {
			return false
		}
	}
	return true
}

// sign is what a decision comes to, with nothing and with everything on the desk, and the circumstances on which that turned.
func sign(p *policy.Policy, c *Case, t *track) string {
	var b strings.Builder
	for _, d := range [2][]Document{nil, freshDesk} {
		c.Facts.Documents, c.Facts.HasDocuments = d, true
		dec, err := decide(p, c, t, nil)
		if err != nil {
			return err.Error()
		}
		for _, k := range weighed {
			if v, ok := dec.Get(k); ok && (v != nil || k == policy.KOutcome) {
				b.WriteByte(byte('A' + k))
				writeSign(&b, v)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

func writeSign(b *strings.Builder, v any) {
	switch x := v.(type) {
	case nil:
		b.WriteString("null")
	case string:
		b.WriteString(x)
	case bool:
		b.WriteByte("ny"[btoi(x)])
	case int:
		b.WriteByte(byte('0' + x%7))
		b.WriteByte(byte('0' + x/100))
	case []string:
		for _, s := range x {
			b.WriteString(s)
			b.WriteByte(',')
		}
	case policy.States:
		for _, s := range x {
			writeSign(b, s)
			b.WriteByte('/')
		}
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// freshDesk has everything that any list asks for.
var freshDesk = append(append(desk("principal", "my_number_card", "passport", "koseki_certificate", "guardianship_certificate", "medical_diagnosis",
	"disaster_certificate", "damaged_card"), desk("representative", "drivers_license", "health_insurance_card")...), desk("proxy", "drivers_license", "health_insurance_card")...)

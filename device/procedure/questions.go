// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"cmp"
	"math"
	"slices"
	"strings"

	"madoguchi/device/policy"
)

// Question is something that the clerk is asked with one key.
type Question struct {
	ID      string // name of the fact
	Ja, En  string
	Answers []Answer
	dims    []policy.Dim
	procs   []string // asked only there; empty: wherever rules turn on it
	others  bool     // asked only if somebody else comes
	after   string   // asked only if this is known already, because that question covers it
}

// Answer is one of the answers, in the order of the keys 1 to 9. The first is the usual one.
type Answer struct {
	Value  string
	Ja, En string
	set    func(*Facts)
}

// Apply writes the answer into the facts.
func (a Answer) Apply(f *Facts) { a.set(f) }

// most is how many combinations of answers are tried at most. Beyond it the rest is asked last, without being weighed.
const most = 6000

// Questions are what the policy still needs to decide a case, the one that decides most first. known holds the IDs of what is known
// already: read from the card, answered before, or not to be asked. A question is left out when no answer to it would change the decision,
// whatever the others are. Papers are not asked: they are ticked on the list that the decision names.
func Questions(p *policy.Policy, c *Case, known map[string]bool) []Question {
	iv := interview(p, c, known)
	order, _ := iv.rank(iv.all())
	out := make([]Question, 0, len(order)+len(iv.unweighed))
	for _, q := range order {
		out = append(out, *iv.questions[q])
	}
	for _, q := range iv.unweighed {
		out = append(out, *q)
	}
	return out
}

// asking is every combination of answers with the decision that it leads to.
type asking struct {
	questions []*Question
	rows      [][]uint8 // answers, by question
	leads     []int     // decision's number
	unweighed []*Question
}

func interview(p *policy.Policy, c *Case, known map[string]bool) *asking {
	used := turnsOn(p, c)
	iv := &asking{}
	product := 1
	for i := range catalogue {
		q := &catalogue[i]
		if known[q.ID] || len(q.procs) > 0 && !slices.Contains(q.procs, policy.Procedure.Value(c.Procedure)) {
			continue
		}
		if q.others && c.Applicant == 0 || q.after != "" && !known[q.after] {
			continue
		}
		if !slices.ContainsFunc(q.dims, func(d policy.Dim) bool { return used[d] }) {
			continue
		}
		if product*len(q.Answers) > most {
			iv.unweighed = append(iv.unweighed, q)
			continue
		}
		product *= len(q.Answers)
		iv.questions = append(iv.questions, q)
	}
	signs := map[string]int{}
	row := make([]uint8, len(iv.questions))
	for range product {
		k := *c
		for i, q := range iv.questions {
			q.Answers[row[i]].set(&k.Facts)
		}
		s := sign(p, &k)
		if _, ok := signs[s]; !ok {
			signs[s] = len(signs)
		}
		iv.rows = append(iv.rows, slices.Clone(row))
		iv.leads = append(iv.leads, signs[s])
		for i := range row {
			if row[i]++; int(row[i]) < len(iv.questions[i].Answers) {
				break
			}
			row[i] = 0
		}
	}
	return iv
}

// turnsOn are the circumstances that rules of the procedure ask for.
func turnsOn(p *policy.Policy, c *Case) (used [policy.NumDims]bool) {
	conds := func(cs []policy.Cond) {
		for _, x := range cs {
			used[x.Dim] = true
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
			if !may(r) || r.Table == "answer" && !slices.ContainsFunc(r.Set, func(a policy.Assign) bool { return slices.Contains(weighed, a.Key) }) {
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
						used[x.Dim] = used[x.Dim] || x.Dim != policy.Visit && x.Dim != policy.Letter && x.Dim != policy.LetterFrom
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

// weighed are the keys that make two decisions different for the clerk.
var weighed = []policy.Key{policy.KOutcome, policy.KReason, policy.KMissing, policy.KSequence, policy.KRequired, policy.KFee, policy.KVisits,
	policy.KActions, policy.KAllowed, policy.KOnline, policy.KKiosk, policy.KServiceUsable, policy.KCertAfter, policy.KPinsToEnter}

// sign is what a decision comes to, with nothing and with everything on the desk.
func sign(p *policy.Policy, c *Case) string {
	var b strings.Builder
	for _, d := range [2][]Document{nil, freshDesk} {
		c.Facts.Documents, c.Facts.HasDocuments = d, true
		dec, err := Decide(p, c)
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

func (a *asking) all() []int {
	out := make([]int, len(a.rows))
	for i := range out {
		out[i] = i
	}
	return out
}

// rank orders the questions that still matter for some rows by how much their answer tells (mutual information with the decision), ties in
// the order of the catalogue. decided is true when one decision is left.
func (a *asking) rank(rows []int) (order []int, decided bool) {
	total := a.entropy(rows)
	if total == 0 {
		return nil, true
	}
	gain := make([]float64, len(a.questions))
	for q := range a.questions {
		if !a.matters(q, rows) {
			gain[q] = -1
			continue
		}
		left := 0.0
		for _, part := range a.split(q, rows) {
			left += float64(len(part)) / float64(len(rows)) * a.entropy(part)
		}
		gain[q] = total - left
		order = append(order, q)
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(math.Round(gain[y]*1e6), math.Round(gain[x]*1e6)) })
	return order, false
}

func (a *asking) split(q int, rows []int) [][]int {
	out := make([][]int, len(a.questions[q].Answers))
	for _, r := range rows {
		out[a.rows[r][q]] = append(out[a.rows[r][q]], r)
	}
	return out
}

// matters says whether two rows that differ in this answer alone lead to different decisions.
func (a *asking) matters(q int, rows []int) bool {
	seen := make(map[string]int, len(rows))
	key := make([]byte, len(a.questions))
	for _, r := range rows {
		copy(key, a.rows[r])
		key[q] = 255
		if was, ok := seen[string(key)]; ok && was != a.leads[r] {
			return true
		} else if !ok {
			seen[string(key)] = a.leads[r]
		}
	}
	return false
}

func (a *asking) entropy(rows []int) float64 {
	n := map[int]int{}
	for _, r := range rows {
		n[a.leads[r]]++
	}
	h := 0.0
	counts := make([]int, 0, len(n))
	for _, k := range n {
		counts = append(counts, k)
	}
	slices.Sort(counts) // the same sum every time
	for _, k := range counts {
		p := float64(k) / float64(len(rows))
		h -= p * math.Log2(p)
	}
	if len(n) == 1 {
		return 0
	}
	return h
}

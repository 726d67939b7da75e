// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"cmp"
	"math"
	"slices"

	"madoguchi/device/policy"
)

// Talk is a conversation about one case: what was answered, and what is still open. It is never changed: Answer and Back give another one.
type Talk struct {
	p         *policy.Policy
	start     Case // what was known before the first question
	questions []*Question
	leads     []uint16 // the decision of every combination of answers; the answer to question q counts step[q]
	step      []int
	decisions int
	given     []int8 // answer to each question, -1 none
	asked     int    // the question asked now; -1: decided
	rest      int    // questions still to come at most
	back      *Talk
}

// representative is the applicant who comes once, unless the holder's age makes a proxy of him: which visit it is is not what to ask first.
const representative policy.Cell = 1

// most is how many combinations of answers are tried; beyond it the questions that come last are not asked. No policy comes near it.
const most = 20000

// Begin opens the conversation about a case. known holds the IDs of the questions whose facts the case has already; "adult" leaves only the
// answers that a holder with a signing certificate can give.
func Begin(p *policy.Policy, c *Case, known map[string]bool) *Talk {
	t := &Talk{p: p, start: *c}
	x := explorer{p: p, signs: map[string]uint16{}}
	n := 1
	for _, q := range candidates(p, c, known) {
		if n*len(q.Answers) > most {
			break
		}
		t.questions, t.step, t.given = append(t.questions, q), append(t.step, n), append(t.given, -1)
		n *= len(q.Answers)
		for _, d := range q.dims {
			x.about |= 1 << d
		}
	}
	t.leads = make([]uint16, n)
	given := make([]int8, len(t.questions))
	for i := range t.leads {
		for q := range given {
			given[q] = int8(t.answer(i, q))
		}
		k := t.with(given)
		t.leads[i] = x.leads(&k)
	}
	t.decisions = len(x.signs)
	t.next()
	return t
}

// answer is the answer to q in a combination.
func (t *Talk) answer(combination, q int) int {
	return combination / t.step[q] % len(t.questions[q].Answers)
}

// Next is what is asked now, and how many questions can still follow it; nil if the case is decided.
func (t *Talk) Next() (q *Question, rest int) {
	if t.asked < 0 {
		return nil, 0
	}
	return t.questions[t.asked], t.rest - 1
}

// Answer gives the answer i, from 0, to the question that is asked now.
func (t *Talk) Answer(i int) *Talk {
	n := *t
	n.given = slices.Clone(t.given)
	n.given[t.asked] = int8(i)
	n.back = t
	n.next()
	return &n
}

// Back is the conversation before its last answer, and that answer; nil before the first.
func (t *Talk) Back() (before *Talk, answer int) {
	if t.back == nil {
		return nil, 0
	}
	return t.back, int(t.given[t.back.asked])
}

// Again begins anew from other facts and gives the answers that were given, as long as they are still asked for.
func (t *Talk) Again(c *Case, known map[string]bool) *Talk {
	n := Begin(t.p, c, known)
	for n.asked >= 0 {
		i := slices.IndexFunc(t.questions, func(q *Question) bool { return q.ID == n.questions[n.asked].ID })
		if i < 0 || t.given[i] < 0 {
			break
		}
		value := t.questions[i].Answers[t.given[i]].Value
		a := slices.IndexFunc(n.questions[n.asked].Answers, func(a Answer) bool { return a.Value == value })
		if a < 0 {
			break
		}
		n = n.Answer(a)
	}
	return n
}

// Case is the case with the answers so far. Once nothing is asked any more, what was not asked stays unsaid, but where a rule takes that for
// an answer of its own: there it is the usual one.
func (t *Talk) Case() Case {
	c := t.with(t.given)
	if t.asked >= 0 {
		return c
	}
	full := slices.Clone(t.given)
	for q := range full {
		full[q] = max(full[q], 0)
	}
	if f := t.with(full); sign(t.p, &c, nil) != sign(t.p, &f, nil) {
		return f
	}
	return c
}

// Given is an answer that was given.
type Given struct {
	*Question
	Answer
}

// Answers are the answers so far, the first one first.
func (t *Talk) Answers() []Given {
	if t.back == nil {
		return nil
	}
	q := t.questions[t.back.asked]
	return append(t.back.Answers(), Given{q, q.Answers[t.given[t.back.asked]]})
}

// Given are the answers so far, by the IDs of their questions.
func (t *Talk) Given() map[string]string {
	out := map[string]string{}
	for i, a := range t.given {
		if a >= 0 {
			out[t.questions[i].ID] = t.questions[i].Answers[a].Value
		}
	}
	return out
}

func (t *Talk) with(given []int8) Case {
	c := t.start
	for i, a := range given {
		if a >= 0 {
			t.questions[i].Answers[a].Apply(&c.Facts)
		}
	}
	if c.Applicant == representative && c.Facts.Visit == 2 && ownRight(t.p, &c) {
		c.Facts.Visit = 1 // the way of a representative has one visit, however often he came
	}
	return c
}

// ownRight says whether a legal representative acts as one, and not as a proxy.
func ownRight(p *policy.Policy, c *Case) bool {
	w := work{p: p, c: c, f: &c.Facts, day: c.Facts.Today.Number()}
	w.derive()
	for i := range p.Representatives() {
		if r := &p.Representatives()[i]; w.holds(r) {
			return r.Allowed == 1
		}
	}
	return false
}

// next settles what is asked now.
func (t *Talk) next() {
	t.asked, t.rest = -1, 0
	if order := t.rank(); len(order) > 0 {
		t.asked, t.rest = order[0], len(order)
	}
}

// left calls do for every combination that the answers leave.
func (t *Talk) left(do func(combination int)) {
	for i := range t.leads {
		ok := true
		for q, a := range t.given {
			if a >= 0 && t.answer(i, q) != int(a) {
				ok = false
				break
			}
		}
		if ok {
			do(i)
		}
	}
}

// rank orders the questions that still matter, those of the moment first, then by how much their answer tells (mutual information with the
// decision, every combination of answers counting the same), ties in the order of the catalogue. A question matters if two combinations that
// differ in its answer alone lead to different decisions.
func (t *Talk) rank() []int {
	n := make([][]float64, len(t.questions)) // combinations by answer and decision
	matters := make([]bool, len(t.questions))
	for q := range n {
		n[q] = make([]float64, len(t.questions[q].Answers)*t.decisions)
	}
	t.left(func(i int) {
		for q := range n {
			a := t.answer(i, q)
			n[q][a*t.decisions+int(t.leads[i])]++
			matters[q] = matters[q] || t.given[q] < 0 && t.leads[i] != t.leads[i-a*t.step[q]]
		}
	})
	gain := make([]float64, len(n))
	var order []int
	for q, quest := range t.questions {
		if !matters[q] {
			continue
		}
		order = append(order, q)
		for a := range quest.Answers { // less what stays open with each of the answers, which are equally many
			gain[q] -= entropy(n[q][a*t.decisions:][:t.decisions]) / float64(len(quest.Answers))
		}
		if quest.early && !(quest.others && t.start.Applicant == representative) {
			gain[q] = 1
		}
	}
	slices.SortStableFunc(order, func(x, y int) int { return cmp.Compare(math.Round(gain[y]*1e6), math.Round(gain[x]*1e6)) })
	return order
}

// entropy is how open a decision is, in bits, from how often each of them comes.
func entropy(n []float64) float64 {
	all := 0.0
	for _, k := range n {
		all += k
	}
	h := 0.0
	for _, k := range n {
		if k > 0 {
			h -= k / all * math.Log2(k/all)
		}
	}
	return h
}

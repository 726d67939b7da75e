// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"errors"
	"fmt"

	"madoguchi/device/policy"
)

// ErrOtherCity is a case that belongs to another municipality than the policy.
var ErrOtherCity = errors.New("case of another municipality")

// Outcomes that the engine itself handles.
var (
	oComplete   = must(policy.Result, "complete")
	oFirstVisit = must(policy.Result, "first_visit")
	oMissing    = must(policy.Result, "missing_documents")
	oRedirect   = must(policy.Result, "redirect")
	oGuidance   = must(policy.Result, "guidance")
	pinsToSet   = must(policy.Question, "pins_to_set")
	oSilent     = must(policy.Result, "silent")
	noFacts     = []string{}
)

// Decide decides a case by a policy. It is pure: the same case and policy give the same decision, and no clock is read. Every case that
// ParseFacts accepts has a decision; where the page says nothing the outcome is "not stated".
func Decide(p *policy.Policy, c *Case) (*Decision, error) { return decide(p, c, nil, nil) }

// decide is Decide that also notes what the decision turned on and which papers were asked for, where somebody asks.
func decide(p *policy.Policy, c *Case, t *track, papers *[]Paper) (*Decision, error) {
	if c.Municipality != p.City {
		return nil, fmt.Errorf("deciding by the policy of %s: %w: %s", p.City, ErrOtherCity, c.Municipality)
	}
	if c.Facts.Today.IsZero() {
		return nil, &FactError{"facts.today", "missing"}
	}
	w := work{p: p, c: c, f: &c.Facts, day: c.Facts.Today.Number(), track: t, desked: papers, d: &Decision{Because: make([]*policy.Ref, 0, 12), Tell: make([]string, 0, 12)}}
	w.derive()
	w.represent()
	w.path()
	w.d.decisive(0)
	w.days()
	w.pinAnswers()
	w.places()
	w.hardship()
	w.answers()
	return w.d, nil
}

// represent settles whether a legal representative may act as one.
func (w *work) represent() {
	if w.c.Applicant != 1 {
		return
	}
	rules := w.p.Representatives()
	for i := range rules {
		r := &rules[i]
		if !w.holds(r) {
			continue
		}
		w.d.because(r.Ref)
		w.d.because(r.Defaults...)
		switch r.Allowed {
		case 1:
			w.d.put(policy.KRepAllowed, true)
		case 0:
			w.d.put(policy.KRepAllowed, false)
			w.s[policy.Applicant], w.asProxy = 2, true
		default:
			w.d.put(policy.KRepAllowed, nil)
		}
		return
	}
}

func (w *work) first(rules []*policy.Rule) *policy.Rule {
	for _, r := range rules {
		if w.holds(r) {
			return r
		}
	}
	return nil
}

// path finds the row that decides and writes what follows from it.
func (w *work) path() {
	proc := w.c.Procedure
	r := w.first(w.p.Gates(proc))
	if r == nil {
		r = w.first(w.p.Paths(proc))
	}
	if r == nil {
		w.outcome(oSilent)
		w.d.put(policy.KCompletedToday, false)
		return
	}
	if r.Decides && r.Outcome == oRedirect {
		w.redirect(r)
		return
	}
	w.walk(r)
}

func (w *work) outcome(c policy.Cell) {
	w.s[policy.Result] = c
	if c == oSilent {
		w.d.put(policy.KOutcome, nil)
		return
	}
	w.d.put(policy.KOutcome, policy.Result.Value(c))
}

// take writes what a row itself says.
func (w *work) take(r *policy.Rule) {
	w.d.because(r.Ref)
	w.d.because(r.Defaults...)
	for _, a := range r.Set {
		w.d.put(a.Key, a.Value)
	}
	w.d.tell(r.Tell)
	if r.Reason != "" {
		w.d.put(policy.KReason, r.Reason)
	}
}

func (w *work) missing(l []string) {
	if l == nil {
		l = noFacts
	}
	w.d.Missing = l
	w.d.put(policy.KMissing, l)
}

// walk follows a row that is no redirect: its list, and its fall-back where the list is not met. At a second visit there is no fall-back
// for papers: what is lacking is listed.
func (w *work) walk(r *policy.Rule) {
	w.take(r)
	out, visits, pins := r.Outcome, r.Visits, r.Pins
	if visits == 1 || r.Fallback != nil {
		w.read(policy.Visit)
	}
	if w.f.Visit == 2 && visits == 1 {
		visits = 2
	}
	if r.List != nil {
		lack := w.lacking(r.List)
		if w.onBoundary(r.List) {
			w.d.because(q33)
		}
		if fb := r.Fallback; len(lack) > 0 && fb != nil && (w.f.Visit == 1 || out != oComplete) {
			w.take(fb)
			out, visits, pins = fb.Outcome, fb.Visits, fb.Pins
			lack = w.lacking(fb.List)
		}
		if len(lack) > 0 {
			out = oMissing
		}
		w.missing(lack)
	}
	w.outcome(out)
	if visits > 0 {
		w.d.put(policy.KCompletedToday, out == oComplete)
		w.d.put(policy.KSameDay, visits == 1)
		w.d.put(policy.KVisits, visits)
	} else if out == oGuidance && w.f.Question == pinsToSet {
		w.enter(w.kinds, "guidance")
	} else if out != oGuidance && out != oComplete {
		w.d.put(policy.KCompletedToday, false)
	}
	if visits > 0 && out != oFirstVisit {
		w.enter(w.kinds, pins)
	}
}

// enter says which PINs are entered, by whom or from what.
func (w *work) enter(k Kinds, pins string) {
	if pins == "" {
		return
	}
	w.read(policy.Kinds, policy.Signing)
	w.d.put(policy.KPinsToEnter, kindNames[k&15])
	switch pins {
	case "principal":
		w.d.put(policy.KPinsBy, "principal")
	case "letter":
		w.d.put(policy.KPinsFrom, "letter")
	}
}

// redirect follows another procedure first: its papers, and the visits of the longer of the two.
func (w *work) redirect(r *policy.Rule) {
	w.take(r)
	w.outcome(oRedirect)
	names := make([]string, len(r.Sequence))
	for i, p := range r.Sequence {
		names[i] = policy.Procedure.Value(p)
	}
	w.d.put(policy.KSequence, names)
	w.d.put(policy.KCompletedToday, false)
	if len(r.Sequence) == 0 {
		return
	}
	saved, kinds := w.s, w.kinds
	w.s[policy.Procedure] = r.Sequence[0]
	if r.Sequence[0] == pinReset {
		w.forgotten()
	}
	// The letter that was brought is for the procedure that was asked for.
	w.s[policy.Letter], w.s[policy.LetterFrom], w.s[policy.Visit] = 0, 0, 0
	w.fixed |= 1<<policy.Letter | 1<<policy.LetterFrom | 1<<policy.Visit
	sub := w.first(w.p.Paths(r.Sequence[0]))
	if sub != nil && sub.Outcome != oRedirect && (sub.List != nil || sub.Visits > 0) {
		w.d.because(sub.Ref)
		w.d.because(sub.Defaults...)
		lack, visits, pins := w.lacking(sub.List), sub.Visits, sub.Pins
		if fb := sub.Fallback; len(lack) > 0 && fb != nil {
			w.d.because(fb.Ref)
			lack, visits, pins = w.lacking(fb.List), fb.Visits, fb.Pins
			w.d.tell(fb.Tell)
		}
		w.d.tell(sub.Tell)
		w.missing(lack)
		if visits < 2 {
			w.fixed &^= 1 << policy.Visit
			w.read(policy.Visit)
		}
		if visits = max(visits, w.f.Visit, 1); visits > 0 {
			w.d.put(policy.KSameDay, visits == 1)
			w.d.put(policy.KVisits, visits)
		}
		if sub.Outcome != oFirstVisit {
			w.enter(w.kinds, pins)
		}
	}
	w.s, w.fixed = saved, 0
	w.s[policy.Result] = oRedirect
	w.kinds = kinds
}

// forgotten narrows the kinds to those whose PIN must be set anew.
func (w *work) forgotten() {
	var out Kinds
	for k := range 4 {
		if w.kinds&(1<<k) != 0 && w.state(k) != PinKnown {
			out |= 1 << k
		}
	}
	if out != 0 && out != w.kinds {
		w.d.because(q23)
		w.kinds = out
	}
	if w.read(policy.Pin, policy.UserAuthPin, policy.Kinds, policy.Signing); w.track != nil {
		w.track.pins = true
	}
	w.s[policy.Kinds] = kindsCell(w.kinds)
	w.fixed |= 1 << policy.Kinds
}

// answers lets every row answer that holds, the first for each key; the messages of all are told.
func (w *work) answers() {
	for _, r := range w.p.Answers(w.c.Procedure) {
		if w.track != nil && !weighs(r) || !w.holds(r) {
			continue
		}
		used := len(r.Set) == 0
		for _, a := range r.Set {
			used = w.d.put(a.Key, a.Value) || used
		}
		if used {
			n := len(w.d.Because)
			w.d.because(r.Ref)
			w.d.because(r.Defaults...)
			if says(r, deciding) || w.s[policy.Result] == oGuidance && weighs(r) { // guidance is all in its answers
				w.d.decisive(n)
			}
		}
		w.d.tell(r.Tell)
	}
}

func byDefault(q string) *policy.Ref { return &policy.Ref{Rule: q, Source: "default"} }

var (
	q1, q2, q3, q4, q7, q8 = byDefault("Q1"), byDefault("Q2"), byDefault("Q3"), byDefault("Q4"), byDefault("Q7"), byDefault("Q8")
	q23, q25, q33          = byDefault("Q23"), byDefault("Q25"), byDefault("Q33")
	kindNames              = func() (out [16][]string) {
		for k := range out {
			out[k] = []string{}
			for i, name := range policy.Kinds4 {
				if k>>i&1 == 1 {
					out[k] = append(out[k], name)
				}
			}
		}
		return out
	}()
)

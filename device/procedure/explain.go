// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"madoguchi/device/policy"
)

// Explain writes in words how a case is decided: the circumstances, every rule that was asked and why it did not hold, the papers, and what
// is answered and told, each with its rule and source.
func Explain(out io.Writer, p *policy.Policy, c *Case) error {
	d, err := Decide(p, c)
	if err != nil {
		return err
	}
	w := work{p: p, c: c, f: &c.Facts, day: c.Facts.Today.Number(), d: &Decision{}}
	w.derive()
	before := w.s[policy.Applicant]
	w.represent()
	e := &teller{out: out, w: &w}
	e.printf("%s (%s, version %d): %s, %s, %v\n", p.Name.En, p.City, p.Version, policy.Procedure.Value(c.Procedure), policy.Applicant.Value(c.Applicant), c.Facts.Today)
	if w.s[policy.Applicant] != before {
		e.printf("The representative's path is closed: acts as a proxy, and the representative's papers count as the proxy's.\n")
	}
	e.printf("\nCircumstances\n")
	for _, x := range Circumstances(p, c) {
		e.printf("  %s: %s\n", x[0], x[1])
	}
	rule := e.asked("Gates", p.Gates(c.Procedure))
	if rule == nil {
		rule = e.asked("Paths", p.Paths(c.Procedure))
	}
	if rule == nil {
		e.printf("  none: the page does not say\n")
	}
	for _, r := range []*policy.Rule{rule, fallback(rule)} {
		if r != nil && r.List != nil {
			e.papers(r)
		}
	}
	e.printf("\nDecision\n")
	for k := range policy.NumKeys {
		v, ok := d.Get(k)
		switch {
		case !ok:
		case v == nil:
			e.printf("  %s: not stated by this municipality\n", k.Name())
		default:
			e.printf("  %s: %s\n", k.Name(), Words(v))
		}
	}
	e.printf("\nTell the resident\n")
	for _, code := range d.Tell {
		m := p.Messages[code]
		e.printf("  %s (%s)\n    %s\n    %s\n", code, m.Source, Fill(m.Ja, d), Fill(m.En, d))
	}
	e.printf("\nBecause\n")
	for _, r := range d.Because {
		e.printf("  %s %s\n", r.Rule, r.Source)
	}
	return e.err
}

// Fill puts the answers of a decision in the places that a message leaves for them: {renewal_opens_on}, {phone}.
func Fill(s string, d *Decision) string {
	for _, k := range []policy.Key{policy.KRenewalOpensOn, policy.KPhone} {
		mark := "{" + k.Name() + "}"
		if !strings.Contains(s, mark) {
			continue
		}
		v, _ := d.Get(k)
		if v == nil {
			v = "-"
		}
		s = strings.ReplaceAll(s, mark, fmt.Sprint(v))
	}
	return s
}

type teller struct {
	out io.Writer
	w   *work
	err error
}

func (e *teller) printf(format string, args ...any) {
	if e.err == nil {
		_, e.err = fmt.Fprintf(e.out, format, args...)
	}
}

func fallback(r *policy.Rule) *policy.Rule {
	if r == nil {
		return nil
	}
	return r.Fallback
}

// asked tells which rules were asked, up to the one that holds. Those for another applicant are left out.
func (e *teller) asked(title string, rules []*policy.Rule) *policy.Rule {
	e.printf("\n%s\n", title)
	for _, r := range rules {
		i := slices.IndexFunc(r.Conds, func(c policy.Cond) bool { return c.Mask>>e.w.s[c.Dim]&1 == 0 })
		switch {
		case i < 0 && r.Holds(&e.w.s, e.w.day):
			e.printf("  %s (%s): holds -> %s\n", r.Ref.Rule, r.Ref.Source, policy.Result.Value(r.Outcome))
			return r
		case i < 0:
			e.printf("  %s (%s): not in force on this day\n", r.Ref.Rule, r.Ref.Source)
		case r.Conds[i].Dim != policy.Applicant:
			c := r.Conds[i]
			var allowed []string
			for j, v := range c.Dim.Values() {
				if c.Mask>>j&1 == 1 {
					allowed = append(allowed, v)
				}
			}
			e.printf("  %s (%s): no, %s is %s and not %s\n", r.Ref.Rule, r.Ref.Source, c.Dim.Name(), c.Dim.Value(e.w.s[c.Dim]), strings.Join(allowed, " or "))
		}
	}
	return nil
}

func (e *teller) papers(r *policy.Rule) {
	lack := e.w.lacking(r.List)
	e.printf("\nPapers of %s (list %s)\n", r.Ref.Rule, r.List.Name)
	for i := range r.List.Needs {
		n := &r.List.Needs[i]
		state := "there"
		switch {
		case !holds(n.Conds, &e.w.s):
			state = "not asked here"
		case n.Optional:
			state = "only if in hand"
		case slices.Contains(lack, n.Met.Code):
			state = "MISSING"
		}
		if n.Months > 0 {
			state += fmt.Sprintf(" (issued within %d months)", n.Months)
		}
		e.printf("  %s: %s\n", n.Met.Code, state)
	}
}

// Words writes a key's value for a person.
func Words(v any) string {
	switch x := v.(type) {
	case []string:
		if len(x) == 0 {
			return "nothing"
		}
		return strings.Join(x, ", ")
	case policy.States:
		var out []string
		for i, s := range x {
			if s != nil {
				out = append(out, fmt.Sprintf("%s %v", policy.Kinds4[i], s))
			}
		}
		return strings.Join(out, ", ")
	case [2]int:
		return fmt.Sprintf("%d to %d", x[0], x[1])
	}
	return fmt.Sprint(v)
}

// Circumstances are what is not as usual in a case, as name and value.
func Circumstances(p *policy.Policy, c *Case) [][2]string {
	w := work{p: p, c: c, f: &c.Facts, day: c.Facts.Today.Number(), d: &Decision{}}
	w.derive()
	var out [][2]string
	for i := range policy.NumDims {
		d := policy.Dim(i)
		v := d.Value(w.s[i])
		usual := w.s[i] == 0 || v == "unknown" || v == "unstated" || v == "18_or_over"
		switch d {
		case policy.Procedure, policy.Applicant, policy.AppliedAs, policy.Result:
			continue
		case policy.Ward, policy.NewPin, policy.WantsSign, policy.Mishandled, policy.Receipt, policy.CardFirst:
			usual = v == "no"
		}
		if !usual {
			out = append(out, [2]string{d.Name(), v})
		}
	}
	if !slices.ContainsFunc(c.Facts.Documents, func(d Document) bool { return d.Doc == "my_number_card" }) {
		out = append(out, [2]string{"desk", "without the card"})
	} else if len(c.Facts.Documents) < 3 {
		out = append(out, [2]string{"desk", "the card alone"})
	}
	return out
}

// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"

	"golang.org/x/text/encoding/japanese"
)

// Finding is something that a policy says and cannot mean, or does not say and must.
type Finding struct {
	City string
	Rule string // id of a rule, code of a message or requirement
	What string
}

func (f Finding) String() string { return fmt.Sprintf("%s: %s: %s", f.City, f.Rule, f.What) }

// Lint checks a policy that has been read: rules that can never be reached, rules that contradict each other, messages that are missing or
// that the panel cannot show, codes that nobody knows. What Load refuses (an unknown field, value or list, a missing source) never comes here.
func Lint(p *Policy) []Finding {
	l := &linter{p: p}
	for _, table := range []string{"representative", "gate", "path"} {
		l.order(table)
	}
	l.fallbacks()
	l.answers()
	l.words()
	return l.out
}

type linter struct {
	p   *Policy
	out []Finding
}

func (l *linter) say(rule, format string, args ...any) {
	l.out = append(l.out, Finding{l.p.City, rule, fmt.Sprintf(format, args...)})
}

// always says whether a rule holds on every day, so that it can shut out later ones.
func always(r *Rule) bool { return r.From == 0 && r.Until == 0 }

// order finds the rules of a table that no situation reaches first. A national rule that a municipality's rules shut out is what an overlay
// is for, and no fault.
func (l *linter) order(table string) {
	var before []*Rule
	taken := impossible()
	for _, r := range l.p.all {
		if r.Table != table {
			continue
		}
		b := boxOf(r.Conds)
		if len(b.left(taken)) == 0 && !r.National {
			l.say(r.Ref.Rule, "[[%s]] can never be reached: %s", table, l.why(&b, r, before))
		}
		if always(r) {
			taken = append(taken, b)
		}
		before = append(before, r)
	}
}

// why names the rules that take everything from a rule, and whether they contradict it.
func (l *linter) why(b *box, r *Rule, before []*Rule) string {
	var names []string
	for _, o := range before {
		ob := boxOf(o.Conds)
		if !ob.meets(b) {
			continue
		}
		names = append(names, o.Ref.Rule)
		if b.within(&ob) {
			if ob.within(b) && !same(o, r) {
				return fmt.Sprintf("it contradicts %s, which has the same condition", o.Ref.Rule)
			}
			return "all of it is taken by " + o.Ref.Rule
		}
	}
	if len(names) == 0 {
		return "its circumstances never come together"
	}
	return "all of it is taken by " + strings.Join(names, ", ")
}

func same(a, b *Rule) bool {
	return a.Outcome == b.Outcome && a.Reason == b.Reason && a.List == b.List && a.Allowed == b.Allowed && a.Fallback == b.Fallback &&
		reflect.DeepEqual(a.Set, b.Set) && slices.Equal(a.Sequence, b.Sequence)
}

func (l *linter) fallbacks() {
	used := map[*Rule]bool{}
	for _, r := range l.p.all {
		used[r.Fallback] = true
		if r.Fallback != nil && len(r.Fallback.Conds) > 0 {
			l.say(r.Fallback.Ref.Rule, "[[fallback]] has a condition, which nobody asks")
		}
		for _, q := range r.Sequence {
			if len(l.p.paths[q]) == 0 {
				l.say(r.Ref.Rule, "no path for %s, to which it sends", Procedure.Value(q))
			}
		}
	}
	for _, r := range l.p.all {
		if r.Table == "fallback" && !used[r] {
			l.say(r.Ref.Rule, "[[fallback]] is never used")
		}
	}
}

// answers finds, for every key, the rows that can never give it, and rows of one file that give different values where both hold although
// neither is the special case of the other: which of them is meant, only the order says.
func (l *linter) answers() {
	for k := range NumKeys {
		taken, before := impossible(), []*Rule{}
		for _, r := range l.p.all {
			if r.Table != "answer" {
				continue
			}
			i := slices.IndexFunc(r.Set, func(a Assign) bool { return a.Key == k })
			if i < 0 {
				continue
			}
			b := boxOf(r.Conds)
			rest := b.left(taken)
			if len(rest) == 0 && !r.National {
				l.say(r.Ref.Rule, "[[answer]] can never decide %s: %s", k.Name(), l.why(&b, r, before))
			}
			for _, o := range before {
				if o.National != r.National || !always(o) || !always(r) {
					continue
				}
				ob := boxOf(o.Conds)
				j := slices.IndexFunc(o.Set, func(a Assign) bool { return a.Key == k })
				if slices.Contains(r.Yields, "*") || slices.Contains(r.Yields, o.Ref.Rule) || !ob.meets(&b) || ob.within(&b) || reflect.DeepEqual(o.Set[j].Value, r.Set[i].Value) {
					continue
				}
				both := ob
				for d := range both {
					both[d] &= b[d]
				}
				if len(both.left(impossible())) > 0 {
					l.say(r.Ref.Rule, "contradicts %s about %s where %s", o.Ref.Rule, k.Name(), both.example())
				}
			}
			if always(r) {
				taken = append(taken, b)
			}
			before = append(before, r)
		}
	}
}

// words checks the texts: every message that a rule tells is there in three languages, and every letter can be shown.
func (l *linter) words() {
	told := map[string]bool{}
	for _, r := range l.p.all {
		for _, code := range r.Tell {
			if _, ok := l.p.Messages[code]; !ok && !told[code] {
				l.say(r.Ref.Rule, "tells %q, which no [message] has", code)
			}
			told[code] = true
		}
	}
	for _, code := range slices.Sorted(maps.Keys(l.p.Messages)) {
		m := l.p.Messages[code]
		if m.Ja == "" || m.Easy == "" || m.En == "" {
			l.say(code, "message without ja, ja_easy or en")
		}
		if m.Source == "" {
			l.say(code, "message without a source")
		}
		l.shown(code, m)
	}
	for _, code := range slices.Sorted(maps.Keys(l.p.Needs)) {
		l.shown(code, l.p.Needs[code].Name)
		for doc := range l.p.Needs[code].Docs {
			if !slices.Contains(DocCodes, doc) {
				l.say(code, "unknown document %q", doc)
			}
		}
	}
	for _, pl := range l.p.Places {
		l.shown(pl.Code, pl.Name)
	}
}

// shown names a letter that the panel's fonts do not hold: they hold ASCII and JIS X 0208.
func (l *linter) shown(code string, t Text) {
	for _, s := range []string{t.Ja, t.Easy, t.En} {
		for _, r := range s {
			if r >= ' ' && r <= '~' {
				continue
			}
			b, err := japanese.EUCJP.NewEncoder().String(string(r))
			if err != nil || len(b) != 2 || b[0] == 0x8e {
				l.say(code, "the panel has no letter for %q", r)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"madoguchi/device/policy/civil"
)

// compiler turns files into one Policy. It gathers every fault it finds.
type compiler struct {
	p       *Policy
	sources map[string]string
	docs    map[string][]string
	fall    map[string]*Rule
	faults  []error
	file    string
	text    []byte
	base    bool
}

func (c *compiler) fault(id, word, format string, args ...any) {
	line, col := locate(c.text, id, word)
	c.faults = append(c.faults, &Error{File: c.file, Line: line, Column: col, Rule: id, What: fmt.Sprintf(format, args...)})
}

// source writes out "000:82-88, 001:5" with the names of the files.
func (c *compiler) source(id, s string) string {
	if s == "" {
		c.fault(id, "", "no source")
		return ""
	}
	if s == "default" {
		return s
	}
	parts := strings.Split(s, ", ")
	for i, part := range parts {
		short, lines, ok := strings.Cut(part, ":")
		file := c.sources[short]
		if !ok || file == "" || strings.Trim(lines, "0123456789-,") != "" {
			c.fault(id, part, "source %q: not a short name from [sources], a colon and lines", part)
			continue
		}
		parts[i] = file + ":" + lines
	}
	return strings.Join(parts, ", ")
}

func (c *compiler) ref(id, s string) *Ref { return &Ref{Rule: id, Source: c.source(id, s)} }

func (c *compiler) conds(id string, m map[string][]string) []Cond {
	var out []Cond
	for _, name := range slices.Sorted(maps.Keys(m)) {
		d, ok := DimOf(name)
		if !ok {
			c.fault(id, name, "unknown circumstance %q", name)
			continue
		}
		if mask := c.mask(id, d, m[name]); mask != 0 {
			out = append(out, Cond{d, mask})
		}
	}
	return out
}

func (c *compiler) mask(id string, d Dim, words []string) uint32 {
	var mask uint32
	for _, w := range words {
		cell, ok := d.CellOf(w)
		if !ok {
			c.fault(id, strconv.Quote(w), "%s: unknown value %q (one of %s)", d.Name(), w, strings.Join(d.Values(), ", "))
			continue
		}
		if mask&(1<<cell) != 0 {
			c.fault(id, strconv.Quote(w), "%s: %q twice", d.Name(), w)
		}
		mask |= 1 << cell
	}
	if len(words) == 0 {
		c.fault(id, d.Name(), "%s: no value, so the rule can never hold", d.Name())
	}
	return mask
}

func (c *compiler) day(id string, d *toml.LocalDate) int {
	if d == nil {
		return 0
	}
	day, ok := civil.Of(d.Year, d.Month, d.Day)
	if !ok {
		c.fault(id, "", "no such day %v", d)
	}
	return day.Number()
}

// uses says which fields each table may fill in.
var uses = map[string]string{
	"representative": "allowed",
	"gate":           "outcome reason sequence set tell",
	"path":           "outcome reason sequence list fallback visits pins set tell",
	"fallback":       "outcome reason list visits pins set tell",
	"answer":         "set tell",
}

func (c *compiler) row(table string, r *Row) *Rule {
	if r.ID == "" {
		c.fault("", "[["+table+"]]", "a rule of [[%s]] has no id", table)
	}
	out := &Rule{Table: table, National: c.base, Ref: c.ref(r.ID, r.Source), Reason: r.Reason, Visits: r.Visits, Pins: r.Pins, Tell: r.Tell, Note: r.Note, Yields: r.Yields,
		From: c.day(r.ID, r.From), Until: c.day(r.ID, r.Until)}
	if out.Until != 0 && out.From > out.Until {
		c.fault(r.ID, "until", "ends before it begins")
	}
	for _, q := range strings.Split(r.Default, ", ") {
		if q != "" {
			out.Defaults = append(out.Defaults, &Ref{Rule: q, Source: "default"})
		}
	}
	c.allowed(table, r)
	out.Conds = c.conds(r.ID, r.When)
	if len(r.Applicant) > 0 {
		out.Conds = append([]Cond{{Applicant, c.mask(r.ID, Applicant, r.Applicant)}}, out.Conds...)
	}
	if len(r.Procedure) > 0 {
		out.Conds = append([]Cond{{Procedure, c.mask(r.ID, Procedure, r.Procedure)}}, out.Conds...)
	}
	if table != "answer" {
		if _, ok := r.When[Result.Name()]; ok {
			c.fault(r.ID, Result.Name(), "only [[answer]] may ask for the outcome")
		}
	}
	switch v := r.Allowed.(type) {
	case nil:
	case bool:
		if v {
			out.Allowed = 1
		}
	default:
		out.Allowed = 2
		if v != "silent" {
			c.fault(r.ID, "allowed", "allowed: true, false or \"silent\"")
		}
	}
	if r.Outcome != "" {
		out.Decides = true
		var ok bool
		if out.Outcome, ok = Result.CellOf(r.Outcome); !ok {
			c.fault(r.ID, r.Outcome, "unknown outcome %q", r.Outcome)
		}
	} else if table == "path" || table == "gate" || table == "fallback" {
		c.fault(r.ID, "", "no outcome")
	}
	if r.Reason != "" && !slices.Contains(Reasons, r.Reason) {
		c.fault(r.ID, r.Reason, "unknown reason %q", r.Reason)
	}
	if !slices.Contains([]string{"", "principal", "representative", "letter"}, r.Pins) {
		c.fault(r.ID, r.Pins, "pins: principal, representative or letter")
	}
	for _, w := range r.Sequence {
		cell, ok := Procedure.CellOf(w)
		if !ok {
			c.fault(r.ID, w, "unknown procedure %q", w)
		}
		out.Sequence = append(out.Sequence, cell)
	}
	if r.List != "" {
		if out.List = c.p.Lists[r.List]; out.List == nil {
			c.fault(r.ID, r.List, "no list named %q", r.List)
		}
	}
	if r.Fallback != "" {
		if out.Fallback = c.fall[r.Fallback]; out.Fallback == nil {
			c.fault(r.ID, r.Fallback, "no [[fallback]] with the id %q", r.Fallback)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(r.Set)) {
		if a, ok := c.assign(r.ID, name, r.Set[name]); ok {
			out.Set = append(out.Set, a)
		}
	}
	return out
}

func (c *compiler) allowed(table string, r *Row) {
	ok := func(field string, given bool) {
		if given && !strings.Contains(" "+uses[table]+" ", " "+field+" ") {
			c.fault(r.ID, field, "[[%s]] cannot say %s", table, field)
		}
	}
	ok("allowed", r.Allowed != nil)
	ok("outcome", r.Outcome != "")
	ok("reason", r.Reason != "")
	ok("sequence", len(r.Sequence) > 0)
	ok("list", r.List != "")
	ok("fallback", r.Fallback != "")
	ok("visits", r.Visits != 0)
	ok("pins", r.Pins != "")
	ok("set", len(r.Set) > 0)
	ok("tell", len(r.Tell) > 0)
}

// assign checks a key's value against its shape.
func (c *compiler) assign(id, name string, v any) (Assign, bool) {
	k, ok := KeyOf(name)
	if !ok || k.Shape() == Special {
		c.fault(id, name, "%q is not a key that a rule may set", name)
		return Assign{}, false
	}
	if v == "silent" {
		return Assign{k, nil}, true
	}
	list := func() (out []string, ok bool) {
		l, ok := v.([]any)
		for _, e := range l {
			s, isWord := e.(string)
			ok = ok && isWord
			out = append(out, s)
		}
		return out, ok
	}
	switch k.Shape() {
	case Bool:
		if b, ok := v.(bool); ok {
			return Assign{k, b}, true
		}
	case Int:
		if n, ok := v.(int64); ok && n >= 0 {
			return Assign{k, int(n)}, true
		}
	case Word:
		if s, ok := v.(string); ok {
			return Assign{k, s}, true
		}
	case Words:
		if l, ok := list(); ok {
			return Assign{k, l}, true
		}
	case Span:
		if l, ok := v.([]any); ok && len(l) == 2 {
			a, ok1 := l[0].(int64)
			b, ok2 := l[1].(int64)
			if ok1 && ok2 && a <= b {
				return Assign{k, [2]int{int(a), int(b)}}, true
			}
		}
	case State:
		if m, ok := v.(map[string]any); ok {
			out := States{}
			for kind, v := range m {
				i := slices.Index(Kinds4, kind)
				if i < 0 {
					c.fault(id, kind, "unknown kind %q", kind)
					continue
				}
				out[i] = v
			}
			return Assign{k, out}, true
		}
	}
	c.fault(id, name, "%s: the value does not fit", name)
	return Assign{}, false
}

// States holds a word or a yes/no for each of the four kinds; nil is not said.
type States [4]any

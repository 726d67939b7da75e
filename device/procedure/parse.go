// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"slices"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// FactError is a fault in a case: what is wrong, and where.
type FactError struct{ Where, What string }

func (e *FactError) Error() string { return e.Where + ": " + e.What }

// Line is a line of cases as it is read: the case, and what the line expects of the decision, if it says so.
type Line struct {
	Case   Case
	Expect json.RawMessage
}

type member struct {
	key string
	raw json.RawMessage
}

// object reads a JSON object and refuses a key that stands twice.
func object(where string, raw []byte) ([]member, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	t, err := d.Token()
	if err != nil || t != json.Delim('{') {
		return nil, &FactError{where, "not a JSON object"}
	}
	var out []member
	for d.More() {
		k, err := d.Token()
		if err != nil {
			return nil, &FactError{where, "not JSON: " + err.Error()}
		}
		key := k.(string)
		if slices.ContainsFunc(out, func(m member) bool { return m.key == key }) {
			return nil, &FactError{join(where, key), "stands twice"}
		}
		var v json.RawMessage
		if err := d.Decode(&v); err != nil {
			return nil, &FactError{join(where, key), "not JSON: " + err.Error()}
		}
		out = append(out, member{key, v})
	}
	if _, err := d.Token(); err != nil {
		return nil, &FactError{where, "not JSON: " + err.Error()}
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, &FactError{where, "something follows the object"}
	}
	return out, nil
}

func join(where, key string) string {
	if where == "" || where == "line" {
		return key
	}
	return where + "." + key
}

// ParseLine reads one line of cases. set gives the known municipalities and places. The line's id is returned with an error too, as far as
// it could be read.
func ParseLine(raw []byte, set *policy.Set) (Line, error) {
	var l Line
	top, err := object("line", raw)
	if err != nil {
		return l, err
	}
	for _, m := range top {
		if m.key == "id" {
			if json.Unmarshal(m.raw, &l.Case.ID) != nil || l.Case.ID == "" {
				return l, &FactError{"id", "not a text"}
			}
		}
	}
	var facts json.RawMessage
	got := map[string]bool{}
	for _, m := range top {
		got[m.key] = true
		switch m.key {
		case "id", "seed", "quote", "note", "legal_age", "needs_outside_rule":
		case "expect":
			l.Expect = m.raw
		case "municipality":
			if err = text(m.key, m.raw, &l.Case.Municipality); err == nil {
				if _, ok := set.City(l.Case.Municipality); !ok {
					err = &FactError{m.key, fmt.Sprintf("unknown municipality %q", l.Case.Municipality)}
				}
			}
		case "procedure":
			err = cell(m.key, m.raw, policy.Procedure, &l.Case.Procedure)
		case "applicant":
			err = cell(m.key, m.raw, policy.Applicant, &l.Case.Applicant)
		case "facts":
			facts = m.raw
		default:
			err = &FactError{m.key, "unknown key"}
		}
		if err != nil {
			return l, err
		}
	}
	for _, k := range []string{"id", "municipality", "procedure", "applicant", "facts"} {
		if !got[k] {
			return l, &FactError{k, "missing"}
		}
	}
	l.Case.Facts, err = ParseFacts(facts, set)
	return l, err
}

// ParseFacts reads the facts of a case, strictly: an unknown key or value, a day that does not exist and facts that contradict each other
// are errors naming them.
func ParseFacts(raw []byte, set *policy.Set) (Facts, error) {
	f := Facts{Visit: 1}
	members, err := object("facts", raw)
	if err != nil {
		return f, err
	}
	for _, m := range members {
		read := readers[m.key]
		if read == nil {
			return f, &FactError{"facts." + m.key, "unknown fact"}
		}
		if err := read(&f, "facts."+m.key, m.raw); err != nil {
			return f, err
		}
	}
	for _, p := range []struct{ where, code string }{{"facts.place", f.Place}, {"facts.visit1_place", f.Visit1Place}} {
		if p.code != "" && !knownPlace(set, p.code) {
			return f, &FactError{p.where, fmt.Sprintf("unknown value %q", p.code)}
		}
	}
	if _, ok := set.City(f.Honseki); f.Honseki != "" && f.Honseki != "other_city" && !ok {
		return f, &FactError{"facts.honseki", fmt.Sprintf("unknown value %q", f.Honseki)}
	}
	return f, f.contradiction()
}

func knownPlace(set *policy.Set, code string) bool {
	if code == "counter" || code == "home" || code == "not_city_hall" {
		return true
	}
	for _, c := range set.Cities() {
		if p, _ := set.City(c); p.PlaceOf(code) != nil {
			return true
		}
	}
	return false
}

// contradiction finds facts that cannot hold together.
func (f *Facts) contradiction() error {
	late := func(a, b civil.Date) bool { return !a.IsZero() && !b.IsZero() && a.After(b) }
	for _, c := range []struct {
		bad         bool
		where, what string
	}{
		{f.Today.IsZero(), "facts.today", "missing"},
		{late(f.Birth, f.Today), "facts.birth", "after today"},
		{late(f.Birth, f.CardIssued), "facts.card_issued", "before birth"},
		{late(f.Birth, f.CertIssued), "facts.cert_issued", "before birth"},
		{late(f.CardIssued, f.CardExpires), "facts.card_expires", "before card_issued"},
		{late(f.CertIssued, f.CertExpires), "facts.cert_expires", "before cert_issued"},
		{f.Weekday != 0 && !f.Today.IsZero() && int(f.Weekday) != f.Today.Weekday()+1, "facts.weekday", "not the weekday of today"},
		{f.Foreign == No && (!f.ResidenceUntil.IsZero()), "facts.residence_until", "contradicts foreign: false"},
		{f.LetterLost && f.Letter != nil, "facts.letter_lost", "contradicts letter"},
		{len(f.Entries) > 0 && f.Pin == 0, "facts.pin", "missing beside entries"},
	} {
		if c.bad {
			return &FactError{c.where, c.what}
		}
	}
	for i, d := range f.Documents {
		if late(d.IssuedOn, d.ValidUntil) {
			return &FactError{fmt.Sprintf("facts.documents[%d].valid_until", i), "before issued_on"}
		}
		if late(d.IssuedOn, f.Today) {
			return &FactError{fmt.Sprintf("facts.documents[%d].issued_on", i), "after today"}
		}
	}
	return nil
}

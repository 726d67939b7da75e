// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
)

// RulesSchema is the schema name of the rules of recording.
const RulesSchema = "madoguchi.recording/1"

// Detail is how much of a case a group of offices may tell.
type Detail uint8

// The details.
const (
	_         Detail = iota
	Full             // procedures, and every facet that the rules name
	ByClass          // classes for procedures; no facet of durations, steps or letters
	CountOnly        // no facet of a case at all: weekly counts of five or more
)

var details = names("detail", "", "full", "class", "count_only")

// String is the code of d as it stands in the rules, such as "count_only".
func (d Detail) String() string { return details.name(uint8(d)) }

// Valid says whether d is one of the details above.
func (d Detail) Valid() bool { return details.valid(uint8(d)) }

// ParseDetail finds the detail of a code. Only exact codes are known.
func ParseDetail(code string) (Detail, error) {
	v, err := details.parse(code)
	return Detail(v), err
}

// Facets are the optional facets that d lets through.
func (d Detail) Facets() KindSet {
	if !d.Valid() {
		return 0
	}
	return allowed[d]
}

// DetailFor is the detail that a group's volume allows, in cases a working day. With facets of week and procedure fewer than 1 in 100 records are then alone
// in their cell, and about 1 in 25 lies in a cell of fewer than five (synthetic offices, 240 days).
func DetailFor(casesPerDay int) Detail {
	switch {
	case casesPerDay >= 40:
		return Full
	case casesPerDay >= 15:
		return ByClass
	}
	return CountOnly
}

// Period is how coarse the date in a facet is.
type Period uint8

// The periods.
const (
	_         Period = iota
	OneWeek          // the ISO week of the case
	FourWeeks        // the first of the four weeks that it lies in; the last of a year has five in a long one
)

var periods = names("period", "", "week", "four_weeks")

// String is the code of p as it stands in the rules, such as "week".
func (p Period) String() string { return periods.name(uint8(p)) }

// ParsePeriod finds the period of a code. Only exact codes are known.
func ParsePeriod(code string) (Period, error) {
	v, err := periods.parse(code)
	return Period(v), err
}

// Of is the week that stands for w.
func (p Period) Of(w Week) Week {
	if p != FourWeeks || !w.Valid() {
		return w
	}
	n := min((w.Number()-1)/4*4+1, 49)
	return w&^0x3f | Week(n)
}

// KindSet is a set of facet kinds.
type KindSet uint16

// NewKindSet is the set of the given kinds.
func NewKindSet(all ...Kind) KindSet {
	var s KindSet
	for _, k := range all {
		if k.Valid() {
			s |= 1 << k
		}
	}
	return s
}

// Has says whether k is in s.
func (s KindSet) Has(k Kind) bool { return s&(1<<k) != 0 }

// optional are the kinds that rules may name: the others come by the detail.
var optional = []Kind{PD, FR, LA, PE, ST, PT, TB}

// allowed are the optional kinds that a detail lets through. The rest would point at people in a group of its size.
var allowed = [...]KindSet{
	Full:      NewKindSet(optional...),
	ByClass:   NewKindSet(FR, LA, PE, TB),
	CountOnly: NewKindSet(TB),
}

// Rules say what of a case may leave the box. They come from the city's signed policy; the zero value is not valid.
type Rules struct {
	Group  Group
	Detail Detail
	Period Period
	Kinds  KindSet // optional facets, beside PO or WC
}

// DefaultRules tell everything: for a group of 40 cases a day or more.
func DefaultRules(g Group) Rules {
	return Rules{Group: g, Detail: Full, Period: OneWeek, Kinds: allowed[Full]}
}

// Check says what in r is not allowed: an unknown value, or a facet that the detail keeps back.
func (r Rules) Check() error {
	switch {
	case !r.Group.Valid():
		return fmt.Errorf("checking rules of recording: unknown %v", r.Group)
	case !r.Detail.Valid():
		return fmt.Errorf("checking rules of recording: unknown %v", r.Detail)
	case !periods.valid(uint8(r.Period)):
		return fmt.Errorf("checking rules of recording: unknown %v", r.Period)
	case r.Kinds&^allowed[Full] != 0:
		return fmt.Errorf("checking rules of recording: facets that are not optional")
	case r.Kinds&^allowed[r.Detail] != 0:
		for _, k := range optional {
			if r.Kinds.Has(k) && !allowed[r.Detail].Has(k) {
				return fmt.Errorf("checking rules of recording: detail %v does not allow facet %v", r.Detail, k)
			}
		}
	}
	return nil
}

// Encode is the canonical JSON of r.
func (r Rules) Encode() ([]byte, error) {
	if err := r.Check(); err != nil {
		return nil, err
	}
	w := rulesWire{Detail: r.Detail.String(), Facets: []string{}, Group: r.Group.String(), Period: r.Period.String(), Schema: RulesSchema}
	for _, k := range optional {
		if r.Kinds.Has(k) {
			w.Facets = append(w.Facets, k.String())
		}
	}
	slices.Sort(w.Facets)
	return json.Marshal(w)
}

type rulesWire struct {
	Detail string   `json:"detail"`
	Facets []string `json:"facets"`
	Group  string   `json:"group"`
	Period string   `json:"period"`
	Schema string   `json:"s"`
}

// DecodeRules reads what Encode writes, and nothing else. The caller has verified the signature over text.
func DecodeRules(text []byte) (Rules, error) {
	var w rulesWire
	if err := json.Unmarshal(text, &w); err != nil {
		return Rules{}, fmt.Errorf("decoding rules of recording: %w", err)
	}
	if w.Schema != RulesSchema {
		return Rules{}, fmt.Errorf("decoding rules of recording: schema %q is not %s", clip(w.Schema), RulesSchema)
	}
	var r Rules
	var err error
	if r.Group, err = ParseGroup(w.Group); err != nil {
		return Rules{}, fmt.Errorf("decoding rules of recording: %w", err)
	}
	d, derr := details.parse(w.Detail)
	p, perr := periods.parse(w.Period)
	if derr != nil || perr != nil {
		return Rules{}, fmt.Errorf("decoding rules of recording: detail %q or period %q is unknown", clip(w.Detail), clip(w.Period))
	}
	r.Detail, r.Period = Detail(d), Period(p)
	for _, code := range w.Facets {
		k, err := ParseKind(code)
		if err != nil {
			return Rules{}, fmt.Errorf("decoding rules of recording: %w", err)
		}
		r.Kinds |= NewKindSet(k)
	}
	again, err := r.Encode()
	if err != nil {
		return Rules{}, fmt.Errorf("decoding rules of recording: %w", err)
	}
	if !bytes.Equal(again, text) {
		return Rules{}, fmt.Errorf("decoding rules of recording: %w", ErrNotCanonical)
	}
	return r, nil
}

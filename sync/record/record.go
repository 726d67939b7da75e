// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// Schema is the schema name in every record.
const Schema = "madoguchi.rec/1"

// MaxSize is the longest canonical record in bytes; the real ones have about 130.
const MaxSize = 192

// ErrNotCanonical means that a text says something that this package would have written otherwise: an unknown or doubled field, another case, white space,
// trailing data.
var ErrNotCanonical = errors.New("not in canonical form")

// ID is a record's own random number. Two records of one case share nothing.
type ID [16]byte

// String is the ID in 32 small hex digits.
func (id ID) String() string { return hex.EncodeToString(id[:]) }

// Record is one facet of one case. It is a comparable value; the zero value is no record.
type Record struct {
	kind  Kind
	id    ID
	week  Week
	group Group
	a, b  attr // as attributes says; b is 0 if the kind has one attribute only
}

// attr is the value of an attribute, an index into its set.
type attr uint8

// newRecord draws the record's random number itself, so that no caller can put meaning into it.
func newRecord(k Kind, a, b attr, w Week, g Group) (Record, error) {
	r := Record{kind: k, week: w, group: g, a: a, b: b}
	if err := r.check(); err != nil {
		return Record{}, fmt.Errorf("making record: %w", err)
	}
	rand.Read(r.id[:]) // crypto/rand never fails: it ends the program instead
	return r, nil
}

// NewPO is the facet "procedure × outcome" of a finished case.
func NewPO(p Procedure, o Outcome, w Week, g Group) (Record, error) {
	if !p.Valid() {
		return Record{}, fmt.Errorf("making record: unknown %v", p)
	}
	return newRecord(PO, attr(p), attr(o), w, g)
}

// NewClassPO is the same for a group that is told of classes only. An interrupted case is told as abandoned there: it is rare.
func NewClassPO(c Class, o Outcome, w Week, g Group) (Record, error) {
	if !c.Valid() {
		return Record{}, fmt.Errorf("making record: unknown %v", c)
	}
	if o == Interrupted {
		o = Abandoned
	}
	return newRecord(PO, attr(c)+attr(len(procedures.codes)-1), attr(o), w, g)
}

// NewPD is the facet "class × duration".
func NewPD(c Class, d Duration, w Week, g Group) (Record, error) {
	return newRecord(PD, attr(c), attr(d), w, g)
}

// NewFR is the facet "friction".
func NewFR(f Friction, w Week, g Group) (Record, error) {
	if f >= frictionEnd {
		return Record{}, fmt.Errorf("making record: unknown %v", f)
	}
	return newRecord(FR, attr(f)+1, 0, w, g)
}

// NewLA is the facet "language".
func NewLA(l Language, w Week, g Group) (Record, error) { return newRecord(LA, attr(l), 0, w, g) }

// NewPE is the facet of one PIN entry.
func NewPE(p PIN, e Entry, w Week, g Group) (Record, error) {
	return newRecord(PE, attr(p), attr(e), w, g)
}

// NewST is the facet "step × its duration".
func NewST(s Step, d Span, w Week, g Group) (Record, error) {
	return newRecord(ST, attr(s), attr(d), w, g)
}

// NewPT is the facet "applicant × how the PIN was known".
func NewPT(a Applicant, m Means, w Week, g Group) (Record, error) {
	return newRecord(PT, attr(a), attr(m), w, g)
}

// NewTB is a week's count of looks at the tries board.
func NewTB(n Tally, w Week, g Group) (Record, error) { return newRecord(TB, attr(n), 0, w, g) }

// NewWC is a week's count of cases of a class.
func NewWC(c Class, n Tally, w Week, g Group) (Record, error) {
	return newRecord(WC, attr(c), attr(n), w, g)
}

// values are the attributes' values.
func (r Record) values() [2]attr { return [2]attr{r.a, r.b} }

// check says which field holds a value outside its set.
func (r Record) check() error {
	switch {
	case !r.kind.Valid():
		return fmt.Errorf("unknown %v", r.kind)
	case !r.week.Valid():
		return fmt.Errorf("week %d is no ISO week", uint16(r.week))
	case !r.group.Valid():
		return fmt.Errorf("unknown %v", r.group)
	}
	as := r.kind.attrs()
	for i, v := range r.values() {
		switch {
		case i >= len(as) && v != 0:
			return fmt.Errorf("a %v has no attribute %d", r.kind, i+1)
		case i < len(as) && !as[i].set.valid(uint8(v)):
			return fmt.Errorf("unknown %s", as[i].set.name(uint8(v)))
		}
	}
	return nil
}

// Kind is the facet kind.
func (r Record) Kind() Kind { return r.kind }

// ID is the record's random number.
func (r Record) ID() ID { return r.id }

// Week is the ISO week of the case.
func (r Record) Week() Week { return r.week }

// Group is the office group of the case.
func (r Record) Group() Group { return r.group }

// Attributes are the codes of the facet's attributes, in the order of Kind.Codes; the second is empty if the kind has one only.
func (r Record) Attributes() (a, b string) {
	codes := [2]string{}
	for i, at := range r.kind.attrs() {
		codes[i] = at.set.name(uint8(r.values()[i]))
	}
	return codes[0], codes[1]
}

// Procedure is what the case of a PO was about; 0 for another kind, and for a PO that tells the class only.
func (r Record) Procedure() Procedure {
	if p := Procedure(r.a); r.kind == PO && p.Valid() {
		return p
	}
	return 0
}

// Outcome is how the case of a PO ended; 0 for another kind.
func (r Record) Outcome() Outcome {
	if r.kind != PO {
		return 0
	}
	return Outcome(r.b)
}

// Encode is the canonical JSON of r. The record must be one that a constructor or Decode made.
func (r Record) Encode() []byte { return r.append(make([]byte, 0, MaxSize)) }

// append writes the fields one by one: a key that stands in the tables of this package was put there on purpose, and there is no other.
func (r Record) append(b []byte) []byte {
	if !r.kind.Valid() {
		return append(b, "{}"...)
	}
	for i, key := range keys[r.kind] {
		if b = append(b, ',', '"', key, '"', ':', '"'); i == 0 {
			b[len(b)-6] = '{'
		}
		b = append(b, r.field(key)...)
		b = append(b, '"')
	}
	return append(b, '}')
}

func (r Record) field(key byte) string {
	switch key {
	case 'g':
		return r.group.String()
	case 'k':
		return r.kind.String()
	case 'r':
		return r.id.String()
	case 's':
		return Schema
	case 'w':
		return r.week.String()
	}
	for i, at := range r.kind.attrs() {
		if at.key == key {
			return at.set.name(uint8(r.values()[i]))
		}
	}
	return ""
}

// Decode reads canonical JSON as Encode writes it. Anything else is refused: unknown, doubled, missing or differently spelled fields, values outside their sets,
// white space, trailing data.
func Decode(b []byte) (Record, error) {
	if len(b) > MaxSize {
		return Record{}, fmt.Errorf("decoding record: %d bytes are more than %d", len(b), MaxSize)
	}
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return Record{}, fmt.Errorf("decoding record: %w", err)
	}
	r, err := w.record()
	if err != nil {
		return Record{}, fmt.Errorf("decoding record: %w", err)
	}
	if !bytes.Equal(r.Encode(), b) {
		return Record{}, fmt.Errorf("decoding record: %w", ErrNotCanonical)
	}
	return r, nil
}

// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
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
	kind      Kind
	id        ID
	week      Week
	group     Group
	procedure Procedure
	outcome   Outcome
}

// NewPO is the facet "procedure × outcome" of a finished case. It draws the record's random number itself, so that no caller can put meaning into it.
func NewPO(p Procedure, o Outcome, w Week, g Group) (Record, error) {
	r := Record{kind: PO, week: w, group: g, procedure: p, outcome: o}
	if err := r.check(); err != nil {
		return Record{}, fmt.Errorf("making record: %w", err)
	}
	rand.Read(r.id[:]) // crypto/rand never fails: it ends the program instead
	return r, nil
}

// check says which field holds a value outside its set.
func (r Record) check() error {
	switch {
	case !r.kind.Valid():
		return fmt.Errorf("unknown %v", r.kind)
	case !r.week.Valid():
		return fmt.Errorf("week %d is no ISO week", uint16(r.week))
	case !r.group.Valid():
		return fmt.Errorf("unknown %v", r.group)
	case !r.procedure.Valid():
		return fmt.Errorf("unknown %v", r.procedure)
	case !r.outcome.Valid():
		return fmt.Errorf("unknown %v", r.outcome)
	}
	return nil
}

// Bits is how much a facet of kind k can say, in bits, beside week and group: the logarithm of the number of its attribute combinations. A test holds it at 8 or less.
func (k Kind) Bits() float64 {
	switch k {
	case PO:
		return math.Log2(float64(len(Procedures()) * len(Outcomes())))
	default:
		return 0
	}
}

// Kind is the facet kind.
func (r Record) Kind() Kind { return r.kind }

// ID is the record's random number.
func (r Record) ID() ID { return r.id }

// Week is the ISO week of the case.
func (r Record) Week() Week { return r.week }

// Group is the office group of the case.
func (r Record) Group() Group { return r.group }

// Procedure is what the case was about.
func (r Record) Procedure() Procedure { return r.procedure }

// Outcome is how the case ended.
func (r Record) Outcome() Outcome { return r.outcome }

// Encode is the canonical JSON of r. The record must be one that NewPO or Decode made.
func (r Record) Encode() []byte { return r.append(make([]byte, 0, MaxSize)) }

// append writes the fields by hand: a field that stands here was put here on purpose.
func (r Record) append(b []byte) []byte {
	b = append(b, `{"g":"`...)
	b = append(b, r.group.String()...)
	b = append(b, `","k":"`...)
	b = append(b, r.kind.String()...)
	b = append(b, `","o":"`...)
	b = append(b, r.outcome.String()...)
	b = append(b, `","p":"`...)
	b = append(b, r.procedure.String()...)
	b = append(b, `","r":"`...)
	b = append(b, r.id.String()...)
	b = append(b, `","s":"`+Schema+`","w":"`...)
	b = append(b, r.week.String()...)
	return append(b, `"}`...)
}

// wire is the JSON shape of a record.
type wire struct {
	Group     string `json:"g"`
	Kind      string `json:"k"`
	Outcome   string `json:"o"`
	Procedure string `json:"p"`
	Random    string `json:"r"`
	Schema    string `json:"s"`
	Week      string `json:"w"`
}

func (w wire) record() (Record, error) {
	if w.Schema != Schema {
		return Record{}, fmt.Errorf("schema %q is not %s", clip(w.Schema), Schema)
	}
	var r Record
	k, err := kinds.parse(w.Kind)
	if err != nil {
		return Record{}, err
	}
	r.kind = Kind(k)
	if r.procedure, err = ParseProcedure(w.Procedure); err != nil {
		return Record{}, err
	}
	if r.outcome, err = ParseOutcome(w.Outcome); err != nil {
		return Record{}, err
	}
	if r.group, err = ParseGroup(w.Group); err != nil {
		return Record{}, err
	}
	if r.week, err = ParseWeek(w.Week); err != nil {
		return Record{}, err
	}
	id, err := hex.DecodeString(w.Random)
	if err != nil || len(id) != len(r.id) {
		return Record{}, errors.New("random number is not 32 hex digits")
	}
	copy(r.id[:], id)
	return r, nil
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

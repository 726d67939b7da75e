// SPDX-License-Identifier: Apache-2.0

package record

import (
	"math"
	"slices"
)

// Kind is the kind of a facet: which attributes it holds.
type Kind uint8

// The facet kinds. A finished case emits exactly one PO, or, where policy lets only counts leave, is counted once for WC; every other facet at most once for
// what it tells of.
const (
	_  Kind = iota
	PO      // procedure (or its class) × outcome: volumes and success
	PD      // class × duration of the case: waiting and staffing
	FR      // friction: usability
	LA      // language of the screens: translation demand
	PE      // PIN × result of one entry: lock-outs per 1,000 entries
	ST      // step × its duration, one step of a case drawn at random: seconds per step
	PT      // applicant × how the PIN was known: sealed letters
	TB      // weekly count of looks at the tries board
	WC      // weekly count of cases of a class, where a group is too small for facets
)

var kinds = names("kind", "", "po", "pd", "fr", "la", "pe", "st", "pt", "tb", "wc")

// String is the code of k as it stands in JSON, such as "po".
func (k Kind) String() string { return kinds.name(uint8(k)) }

// Valid says whether k is one of the kinds above.
func (k Kind) Valid() bool { return kinds.valid(uint8(k)) }

// ParseKind finds the kind of a code. Only exact codes are known.
func ParseKind(code string) (Kind, error) {
	v, err := kinds.parse(code)
	return Kind(v), err
}

// Kinds lists every facet kind.
func Kinds() []Kind { return list[Kind](kinds) }

// attribute is one attribute of a kind: its key in JSON and the closed set of its values.
type attribute struct {
	key byte
	set enum
}

// attributes says what a facet of each kind holds, at most two, in the order in which city hall keeps them. This table is the whole of what can be said about a case.
var attributes = [...][]attribute{
	PO: {{'p', subjects}, {'o', outcomes}},
	PD: {{'c', classes}, {'d', durations}},
	FR: {{'f', frictions}},
	LA: {{'l', languages}},
	PE: {{'i', pins}, {'e', entries}},
	ST: {{'t', steps}, {'d', spans}},
	PT: {{'a', applicants}, {'m', means}},
	TB: {{'n', tallies}},
	WC: {{'c', classes}, {'n', tallies}},
}

// attrs is nil for an unknown kind.
func (k Kind) attrs() []attribute {
	if !k.Valid() {
		return nil
	}
	return attributes[k]
}

// Codes lists, for each attribute of k, the codes that it can have. It is the schema that a notice to residents and an auditor read.
func (k Kind) Codes() [][]string {
	var all [][]string
	for _, a := range k.attrs() {
		all = append(all, slices.Clone(a.set.codes[1:]))
	}
	return all
}

// Bits is how much a facet of kind k can say, in bits, beside week and group: the logarithm of the number of its attribute combinations.
func (k Kind) Bits() float64 {
	bits := 0.0
	for _, a := range k.attrs() {
		bits += math.Log2(float64(len(a.set.codes) - 1))
	}
	return bits
}

// keys are the keys of a kind's JSON in their canonical order: the attributes' own among those that every facet has.
var keys = func() (all [len(attributes)][]byte) {
	for k, as := range attributes {
		all[k] = []byte("gkrsw")
		for _, a := range as {
			all[k] = append(all[k], a.key)
		}
		slices.Sort(all[k])
	}
	return all
}()

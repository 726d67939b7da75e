// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"madoguchi/device/policy"
)

// explorer finds the decisions of all combinations of answers without making each of them: a decision says which circumstances it turned
// on, and holds for every combination with the same ones.
type explorer struct {
	p     *policy.Policy
	about dims // circumstances that some question is about
	known []settled
	signs map[string]uint16
}

// settled is a decision and the circumstances on which it turned.
type settled struct {
	on    []policy.Dim
	cells []policy.Cell
	kinds Kinds
	pins  *[4]uint8 // nil: it did not turn on them
	leads uint16
}

// leads is the number of the decision of a case.
func (x *explorer) leads(c *Case) uint16 {
	w := work{p: x.p, c: c, f: &c.Facts, day: c.Facts.Today.Number()}
	w.derive()
	for i := range x.known {
		if x.known[i].holds(&w) {
			return x.known[i].leads
		}
	}
	on := track{about: x.about}
	s := sign(x.p, c, &on)
	n, ok := x.signs[s]
	if !ok {
		n = uint16(len(x.signs))
		x.signs[s] = n
	}
	k := settled{kinds: w.kinds, leads: n}
	for d := range policy.NumDims {
		if on.seen>>d&1 == 1 {
			k.on, k.cells = append(k.on, policy.Dim(d)), append(k.cells, w.s[d])
		}
	}
	if on.pins {
		pins := c.Facts.Pins
		k.pins = &pins
	}
	x.known = append(x.known, k)
	return n
}

func (k *settled) holds(w *work) bool {
	for i, d := range k.on {
		if w.s[d] != k.cells[i] {
			return false
		}
	}
	return w.kinds == k.kinds && (k.pins == nil || *k.pins == w.f.Pins)
}

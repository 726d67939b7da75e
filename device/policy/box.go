// SPDX-License-Identifier: Apache-2.0

package policy

import "math/bits"

// box is a set of situations: for every circumstance the words that are allowed.
type box [numDims]uint32

func full() (b box) {
	for d := range b {
		b[d] = 1<<len(dims[d].values) - 1
	}
	return b
}

// boxOf is the set of situations in which conditions hold.
func boxOf(conds []Cond) box {
	b := full()
	for _, c := range conds {
		b[c.Dim] &= c.Mask
	}
	return b
}

func (b *box) meets(o *box) bool {
	for d := range b {
		if b[d]&o[d] == 0 {
			return false
		}
	}
	return true
}

func (b *box) within(o *box) bool {
	for d := range b {
		if b[d]&^o[d] != 0 {
			return false
		}
	}
	return true
}

// minus is what is left of b without o, as boxes that do not overlap.
func (b box) minus(o *box, out []box) []box {
	if !b.meets(o) {
		return append(out, b)
	}
	for d := range b {
		if rest := b[d] &^ o[d]; rest != 0 {
			part := b
			part[d] = rest
			out = append(out, part)
			b[d] &= o[d]
		}
	}
	return out
}

// left is what of b no earlier box takes: the exact answer to "can this rule ever be the first that holds?". Circumstances that exclude
// each other are left out beforehand.
func (b box) left(earlier []box) []box {
	rest := []box{b}
	for i := range earlier {
		var next []box
		for _, r := range rest {
			next = r.minus(&earlier[i], next)
		}
		if rest = next; len(rest) == 0 {
			return nil
		}
	}
	return rest
}

// impossible are circumstances that never come together, so that a rule that needs them is found unreachable: the words of each pair of
// circumstances exclude each other.
func impossible() []box {
	pair := func(a Dim, aw []string, b Dim, bw []string) box {
		x := full()
		for _, p := range []struct {
			d Dim
			w []string
		}{{a, aw}, {b, bw}} {
			x[p.d] = 0
			for _, w := range p.w {
				c, ok := p.d.CellOf(w)
				if !ok {
					panic("policy: impossible: " + w)
				}
				x[p.d] |= 1 << c
			}
		}
		return x
	}
	return []box{
		pair(Letter, []string{"none", "lost"}, LetterFrom, []string{"jlis", "city"}),
		pair(Letter, []string{"ok", "incomplete", "unsealed", "expired"}, LetterFrom, []string{"none"}),
		pair(Applicant, []string{"self"}, AppliedAs, []string{"legal_representative", "voluntary_proxy"}),
		pair(Applicant, []string{"legal_representative"}, AppliedAs, []string{"self", "voluntary_proxy"}),
		pair(Applicant, []string{"voluntary_proxy"}, AppliedAs, []string{"self"}),
	}
}

// example is one situation of a box, as named circumstances; those that a box leaves free are not named.
func (b *box) example() string {
	all, s := full(), ""
	for d := range b {
		if b[d] == all[d] {
			continue
		}
		if s != "" {
			s += ", "
		}
		s += Dim(d).Name() + " = " + Dim(d).Value(Cell(bits.TrailingZeros32(b[d])))
	}
	return s
}

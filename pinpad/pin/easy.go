// SPDX-License-Identifier: Apache-2.0

package pin

import "crypto/subtle"

// judge runs a step that leaves its answer in m.ok. A wiped page, or a wiped second one that is wanted, is judged true: what cannot be looked
// at is not taken.
func (p *PIN) judge(q *PIN, f func(m, o *cells)) bool {
	mu.Lock()
	defer mu.Unlock()
	m := p.cells()
	if m == nil {
		return true
	}
	o := q.cells() // nil for nil
	if q != nil && o == nil {
		return true
	}
	do(func() { f(m, o) })
	return m.ok
}

// Like the steps of cells.go: no allocation, character by character, and no branch on a digit.

// period tells whether the code is its first n digits again and again; a last round may be cut off.
func (m *cells) period(n int) int {
	same := 1
	for i := n; i < int(m.n); i++ {
		same &= subtle.ConstantTimeByteEq(m.ch[i], m.ch[i-n])
	}
	return same
}

// steps tells whether each digit is d more than the one before, 0 after 9.
func (m *cells) steps(d byte) int {
	same := 1
	for i := 1; i < int(m.n); i++ {
		next := (m.ch[i-1]-'0'+d)%10 + '0'
		same &= subtle.ConstantTimeByteEq(m.ch[i], next)
	}
	return same
}

// mirror tells whether the code reads the same from behind.
func (m *cells) mirror() int {
	same := 1
	for i := range int(m.n) / 2 {
		same &= subtle.ConstantTimeByteEq(m.ch[i], m.ch[int(m.n)-1-i])
	}
	return same
}

// begins tells whether the code begins with two digits.
func (m *cells) begins(a, b byte) int {
	return subtle.ConstantTimeByteEq(m.ch[0], a) & subtle.ConstantTimeByteEq(m.ch[1], b)
}

// easy leaves in m.ok whether the code is among the first to be tried. The second page is not looked at.
func (m *cells) easy(*cells) {
	n := int(m.n)
	bad := m.mirror()
	for p := 1; p <= n/2; p++ {
		bad |= m.period(p)
	}
	for d := range byte(10) {
		bad |= m.steps(d)
	}
	if n == 4 {
		bad |= m.begins('1', '9') | m.begins('2', '0')
		column := m.begins('2', '5') & subtle.ConstantTimeByteEq(m.ch[2], '8') & subtle.ConstantTimeByteEq(m.ch[3], '0')
		back := m.begins('0', '8') & subtle.ConstantTimeByteEq(m.ch[2], '5') & subtle.ConstantTimeByteEq(m.ch[3], '2')
		bad |= column | back
	}
	m.ok = bad == 1
}

// near tells whether at most one digit differs in two codes of one length.
func (m *cells) near(o *cells) int {
	differ := 0
	for i := range int(m.n) {
		differ += 1 - subtle.ConstantTimeByteEq(m.ch[i], o.ch[i])
	}
	return subtle.ConstantTimeLessOrEq(differ, 1)
}

// reordered tells whether two codes of one length have the same digits.
func (m *cells) reordered(o *cells) int {
	same := 1
	for d := byte('0'); d <= '9'; d++ {
		more := 0
		for i := range int(m.n) {
			more += subtle.ConstantTimeByteEq(m.ch[i], d) - subtle.ConstantTimeByteEq(o.ch[i], d)
		}
		same &= subtle.ConstantTimeEq(int32(more), 0)
	}
	return same
}

// holds tells whether the digits of a shorter code stand in this one from a place on.
func (m *cells) holds(o *cells, at int) int {
	same := 1
	for i := range int(o.n) {
		same &= subtle.ConstantTimeByteEq(m.ch[at+i], o.ch[i])
	}
	return same
}

// like leaves in m.ok whether the code is a small change of o.
func (m *cells) like(o *cells) {
	n, k := int(m.n), int(o.n)
	bad := 0
	if n == k {
		bad = m.near(o) | m.reordered(o) // turned round is another order
	}
	for at := 0; n > k && at <= n-k; at++ { // digits added
		bad |= m.holds(o, at)
	}
	for at := 0; n < k && at <= k-n; at++ { // digits left out
		bad |= o.holds(m, at)
	}
	m.ok = bad == 1 || n == 0 || k == 0
}

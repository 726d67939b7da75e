// SPDX-License-Identifier: Apache-2.0

package pin

import "crypto/subtle"

// The steps below run inside secret.Do where the experiment is built in: pure
// Go, no allocation, no call that could leave Go. They go character by
// character: copy, range over an array and struct assignment move 16 bytes at
// once through a vector register or the stack, and a signal at that moment would
// save them outside the page.

func (m *cells) append() {
	m.ok = false
	if m.n >= maxLen || m.half != 0 || !allowed(m.arg) {
		return
	}
	m.ch[m.n] = m.arg
	m.n++
	m.ok = true
}

func (m *cells) first() {
	m.ok = false
	if m.n >= maxLen || m.half != 0 || m.arg < '0' || m.arg > '9' {
		return
	}
	m.half = m.arg
	m.ok = true
}

func (m *cells) second() {
	m.ok = false
	if m.half == 0 {
		return
	}
	row := legend[m.half-'0']
	at := int(m.arg) - '1'
	if at < 0 || at >= len(row) {
		return
	}
	m.ch[m.n] = row[at]
	m.n++
	m.half = 0
	m.ok = true
}

func (m *cells) deleteLast() {
	m.ok = m.half != 0 || m.n > 0
	switch {
	case m.half != 0:
		m.half = 0
	case m.n > 0:
		m.n--
		m.ch[m.n] = 0
	}
}

func (m *cells) clear() {
	for i := range m.ch {
		m.ch[i] = 0
	}
	m.n, m.half, m.ok = 0, 0, true
}

// allowed reports A–Z and 0–9.
func allowed(c byte) bool { return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' }

// fault looks at every cell, used or not, without a branch on its content.
func (m *cells) fault(f Form) Fault {
	var letters, digits int
	for i := range m.ch {
		v := int(m.ch[i])
		digits |= subtle.ConstantTimeLessOrEq('0', v) & subtle.ConstantTimeLessOrEq(v, '9')
		letters |= subtle.ConstantTimeLessOrEq('A', v) & subtle.ConstantTimeLessOrEq(v, 'Z')
	}
	switch n := int(m.n); {
	case n < f.Min() || m.half != 0:
		return FaultTooShort
	case n > f.Max():
		return FaultTooLong
	case letters == 1 && !f.Letters():
		return FaultOnlyDigits
	case letters == 0 && forms[f].both:
		return FaultNeedsLetter
	case digits == 0 && forms[f].both:
		return FaultNeedsDigit
	}
	return FaultNone
}

// equal compares all cells and both lengths; the answer lies in m.ok.
func (m *cells) equal(o *cells) {
	var differ byte
	for i := range m.ch {
		differ |= m.ch[i] ^ o.ch[i]
	}
	same := subtle.ConstantTimeByteEq(differ, 0)
	same &= subtle.ConstantTimeByteEq(m.n, o.n)
	same &= subtle.ConstantTimeByteEq(m.half, o.half)
	m.ok = same == 1 && m.n > 0 && m.half == 0
}

// build writes CLA INS P1 P2 Lc and the characters into the page and returns
// the command's length.
func (m *cells) build(cla, ins, p1, p2 byte) int {
	m.apdu[0], m.apdu[1], m.apdu[2], m.apdu[3], m.apdu[4] = cla, ins, p1, p2, m.n
	for i := range m.ch { // all 16: unused ones are zero
		m.apdu[5+i] = m.ch[i]
	}
	return 5 + int(m.n)
}

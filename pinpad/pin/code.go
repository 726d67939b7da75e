// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"crypto/rand"
	"crypto/subtle"
	"fmt"
	"runtime/debug"
	"unsafe"

	"golang.org/x/crypto/argon2"
)

// Code is a clerk's code: 4 to 8 digits in a locked page, printing as
// Code(redacted). As with a PIN, whoever holds it wipes it.
type Code struct{ p PIN }

// NewCode takes a page as [New] does.
func NewCode() (*Code, error) {
	p, err := New()
	if err != nil {
		return nil, err
	}
	return &Code{*p}, nil
}

// page returns the code's PIN, nil for a nil Code.
func (c *Code) page() *PIN {
	if c == nil {
		return nil
	}
	return &c.p
}

// Append adds one digit; false: eight stand already, or d is none of 0–9.
func (c *Code) Append(d byte) bool {
	return d >= '0' && d <= '9' && c.Len() < FormCode.Max() && c.page().Append(d)
}

// DeleteLast takes back the last digit; false: there is none.
func (c *Code) DeleteLast() bool { return c.page().DeleteLast() }

// Clear takes back all digits.
func (c *Code) Clear() { c.page().Clear() }

// Len returns the number of digits typed.
func (c *Code) Len() int { return c.page().Len() }

// Fault judges the code by FormCode: FaultNone or FaultTooShort.
func (c *Code) Fault() Fault { return c.page().Fault(FormCode) }

// Equal compares two codes in constant time. Empty and wiped ones are equal to
// none.
func (c *Code) Equal(o *Code) bool { return c.page().Equal(o.page()) }

// Easy reports whether the code is among the first that anybody would try: one
// digit or a few repeated (1111, 1212, 123123), digits in steps of the same width
// (1234, 9753, 8901 counting on from 9 to 0), a mirror (1221), a year (1900 to
// 2099), or a column of the pad (2580). The time it takes depends on nothing but
// the length.
func (c *Code) Easy() bool { return c.page().judge(nil, (*cells).easy) }

// Like reports whether the code is easily guessed by somebody who knew o: the same
// digits, all but one of them the same, in another order, or with some added or left
// out before or behind.
func (c *Code) Like(o *Code) bool {
	if o == nil {
		return true
	}
	return c.page().judge(o.page(), (*cells).like)
}

// Wipe zeroes the code and ends it; see [PIN.Wipe].
func (c *Code) Wipe() { c.page().Wipe() }

// Matches derives the key of h from the code and compares in constant time. It
// takes about a tenth of a second on a PC, about a second on the appliance, and
// needs h's memory (7 MiB), which it gives back to the system before it returns.
// Call it from a goroutine of its own. A hash that ParseHash refuses, a code
// that breaks FormCode and a wiped code match nothing.
func (c *Code) Matches(h Hash) bool {
	if c.Fault() != FaultNone {
		return false
	}
	p, err := parse(string(h))
	if err != nil {
		return false
	}
	key, err := c.derive(p)
	if err != nil {
		return false
	}
	return subtle.ConstantTimeCompare(key, p.key) == 1
}

// Hash derives a new hash of the code with a fresh salt of 128 bytes. It fails
// if the code breaks FormCode.
func (c *Code) Hash() (Hash, error) {
	if f := c.Fault(); f != FaultNone {
		return "", fmt.Errorf("hashing a clerk code: %s", f)
	}
	p := phc{memory: memoryKiB, time: passes, threads: lanes, salt: make([]byte, saltLen), key: make([]byte, keyLen)}
	_, _ = rand.Read(p.salt) // never fails: crypto/rand crashes the process instead
	key, err := c.derive(p)
	if err != nil {
		return "", fmt.Errorf("hashing a clerk code: %w", err)
	}
	p.key = key
	return p.hash(), nil
}

// derive runs Argon2id over the digits where they lie.
func (c *Code) derive(p phc) ([]byte, error) {
	m, err := c.page().lend()
	if err != nil {
		return nil, err
	}
	debug.FreeOSMemory()       // what is free of the heap would stand beside Argon2's 7 MiB in one piece
	defer debug.FreeOSMemory() // these, and whatever the last garbage collection left
	defer c.page().giveBack(m)
	// argon2 copies the code into blocks of BLAKE2b: one in the heap (see
	// saltLen) and, on the way, on its stack. The first call makes this stack
	// large enough that it is not moved, the second overwrites what was left.
	scrubStack()
	defer scrubStack()
	return argon2.IDKey(unsafe.Slice(&m.ch[0], int(m.n)), p.salt, p.time, p.memory, p.threads, uint32(len(p.key))), nil
}

// scrubStack zeroes 32 KiB of stack below its caller.
//
//go:noinline
func scrubStack() {
	var below [32 << 10]byte
	scrubbed(&below)
}

//go:noinline
func scrubbed(b *[32 << 10]byte) { clear(b[:]) }

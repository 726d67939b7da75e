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
	defer debug.FreeOSMemory() // 7 MiB, and whatever the last garbage collection left
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

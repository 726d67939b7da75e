// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"errors"
	"runtime"
	"unsafe"
)

var (
	// ErrWiped is returned when a PIN was wiped, or never made by New.
	ErrWiped = errors.New("pin: wiped")
	// ErrEmpty is returned by Send when nothing was typed: an empty VERIFY asks
	// for the tries left and is not this package's to send.
	ErrEmpty = errors.New("pin: nothing typed")
	// ErrBusy is returned by Send while another Send of the same PIN runs.
	ErrBusy = errors.New("pin: a transmit of this PIN is running")
)

// PIN is up to 16 characters of A–Z and 0–9 in a locked page. It prints as
// PIN(redacted) under every verb, encoder and logger. All methods may be called
// from several goroutines, and on nil or wiped PINs, where they do nothing.
// A copy of the struct is the same PIN.
type PIN struct{ h *hold }

// hold is the way to a page. It has an unsafe.Pointer, not a slice: printers
// and comparers that walk through memory by reflection stop there.
type hold struct {
	page    unsafe.Pointer // nil once wiped
	busy    bool           // page lent to a transmit or to the hash
	cleanup runtime.Cleanup
}

// New takes a zeroed page from the pool, or maps and locks a new one. It fails
// with a [LockError] if the kernel refuses the lock.
func New() (*PIN, error) {
	mu.Lock()
	defer mu.Unlock()
	page, err := take()
	if err != nil {
		return nil, err
	}
	h := &hold{page: page}
	// The net under "who holds it wipes it": a forgotten PIN is wiped when the
	// garbage collector finds it.
	h.cleanup = runtime.AddCleanup(h, func(p unsafe.Pointer) {
		mu.Lock()
		defer mu.Unlock()
		put(p)
	}, page)
	return &PIN{h}, nil
}

// cells returns the page's contents, or nil. Call with mu held.
func (p *PIN) cells() *cells {
	if p == nil || p.h == nil || p.h.page == nil {
		return nil
	}
	return (*cells)(p.h.page)
}

// Append adds one character. It returns false, and changes nothing, if c is
// not one of A–Z and 0–9 (small letters are not raised: the card knows none),
// if 16 characters stand already, or after Wipe.
func (p *PIN) Append(c byte) bool { return p.step(c, (*cells).append) }

// First makes the first of a letter's two presses: group is the key '0' to
// '9'. It lies in the page like a character and waits for Second as long as it
// takes. It returns false if a first press is waiting already, if 16
// characters stand, or if group is no digit.
func (p *PIN) First(group byte) bool { return p.step(group, (*cells).first) }

// Second makes the second press: position '1' is the first character of the
// group's row in [Legend]. It returns false, and keeps the first press, if the
// row has no such position or no first press is waiting.
func (p *PIN) Second(position byte) bool { return p.step(position, (*cells).second) }

// DeleteLast takes back a waiting first press, else the last character. It
// returns false if there is neither.
func (p *PIN) DeleteLast() bool { return p.step(0, (*cells).deleteLast) }

// Clear takes back everything typed; the page stays with its holder.
func (p *PIN) Clear() { p.step(0, (*cells).clear) }

// step runs one change in the page. The character travels in the page, not in
// a closure: a closure may lie in the heap.
func (p *PIN) step(c byte, f func(*cells)) bool {
	mu.Lock()
	defer mu.Unlock()
	m := p.cells()
	if m == nil {
		return false
	}
	m.arg = c
	do(func() { f(m) })
	m.arg = 0
	return m.ok
}

// Len returns the number of whole characters typed, 0 to 16.
func (p *PIN) Len() int {
	mu.Lock()
	defer mu.Unlock()
	if m := p.cells(); m != nil {
		return int(m.n)
	}
	return 0
}

// Half reports whether the first of two presses is waiting for the second.
func (p *PIN) Half() bool {
	mu.Lock()
	defer mu.Unlock()
	m := p.cells()
	return m != nil && m.half != 0
}

// Fault judges the entry by its form. The time it takes depends on nothing
// typed. A wiped PIN, a waiting first press and an unknown form are never
// FaultNone.
func (p *PIN) Fault(f Form) Fault {
	mu.Lock()
	defer mu.Unlock()
	m := p.cells()
	if m == nil {
		return FaultTooShort
	}
	do(func() { m.arg = uint8(m.fault(f)) })
	return Fault(m.arg)
}

// Equal compares two PINs in constant time. Two wiped or empty PINs are not
// equal: nothing typed confirms nothing.
func (p *PIN) Equal(q *PIN) bool {
	mu.Lock()
	defer mu.Unlock()
	a, b := p.cells(), q.cells()
	if a == nil || b == nil {
		return false
	}
	do(func() { a.equal(b) })
	return a.ok
}

// Wipe zeroes the page at once and ends the PIN. It may be called again, on
// nil, and while a Send runs in another goroutine: then the page is zeroed now,
// stays mapped and out of the pool until that transmit returns, and is zeroed
// again. (Nothing can stop SCardTransmit; a command that is still to be copied
// out at this moment would go out as zeros, so only commands past their
// deadline are wiped under way.)
func (p *PIN) Wipe() {
	if p == nil || p.h == nil {
		return
	}
	mu.Lock()
	defer mu.Unlock()
	h := p.h
	if h.page == nil {
		return
	}
	h.cleanup.Stop()
	page := h.page
	h.page = nil
	if h.busy {
		zero(page) // giveBack puts it into the pool
		return
	}
	put(page)
}

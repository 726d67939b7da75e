// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"math/bits"
	"time"
)

// verdict is what one scan meant.
type verdict uint8

const (
	nothing verdict = iota
	pressed         // key went down
	heldOn          // key, or KeyService, is held for its long press
	soon            // key is held for half of its long press
	stuck           // the key-pad went out of order
	inOrder         // it is in order again
)

// allLow is what a scan reads if every Read fails, or every row is shorted.
const allLow = 0xFFFF

// debounce turns scans into verdicts. It accepts one key at a time: with two
// contacts closed nothing is accepted until all are open, because with three on
// the corners of a rectangle the fourth reads closed too, and because a palm is
// not a key. What it remembers of a key it forgets when the key's guard is over.
type debounce struct {
	opts    Opts
	press   int           // scans until a contact is a key
	guard   time.Duration // the same key is ignored until it was up for so long
	release int           // scans until it is up
	firm    int           // scans until a fault is one
	slow    bool          // slow keys
	every   bool          // no guard: a key test wants to see each press

	starting bool // all keys up has not been seen yet
	blocked  bool // nothing is accepted until all keys are up
	broken   bool // stuck was told

	empty int       // scans in a row without a closed contact
	busy  time.Time // since when not all keys are up; zero: they are

	candidate uint16    // the contacts that read closed in the last scans
	same      int       // how often in a row
	began     time.Time // the first of them

	held      Key // accepted, or swallowed by the guard
	swallowed bool
	since     time.Time // held down since
	open      int       // scans in a row with held's contact open
	warned    bool      // half of its long press was told
	told      bool      // its long press was told
	freed     Key       // the key whose press ended with the last scan

	last   Key       // the last key held
	closed time.Time // its contact was last seen closed

	chord     time.Time // KeyService is down since; zero: it is not
	chordTold bool
}

func newDebounce(o Opts) debounce {
	return debounce{
		opts: o, press: o.scans(o.PressDebounce), release: o.scans(o.ReleaseDebounce), firm: o.scans(o.PressDebounce),
		guard: o.RepeatGuard, starting: true, blocked: true, // a key that is down at the start is nobody's answer
	}
}

// setSlow changes between slow keys and the usual ones; a key on its way goes by
// the new times.
func (d *debounce) setSlow(on bool) {
	d.slow, d.press, d.guard = on, d.opts.scans(d.opts.PressDebounce), d.opts.RepeatGuard
	if on {
		d.press, d.guard = d.opts.scans(d.opts.SlowPress), d.opts.SlowGuard
	}
}

// block accepts nothing until all keys are up.
func (d *debounce) block() {
	d.blocked = true
	d.up()
	d.last = KeyNone
}

// up ends the press of the key that was held.
func (d *debounce) up() {
	if !d.swallowed {
		d.freed = d.held
	}
	d.held, d.swallowed, d.warned, d.told = KeyNone, false, false, false
}

// resting reports that all keys are up and nothing is remembered.
func (d *debounce) resting() bool {
	return !d.blocked && !d.broken && d.held == KeyNone && d.last == KeyNone && d.empty >= d.release
}

// step takes one scan of all 16 contacts. A press that ended is in freed.
func (d *debounce) step(mask uint16, now time.Time) (verdict, Key) {
	d.freed = KeyNone
	if mask == 0 {
		d.empty++
	} else {
		d.empty = 0
		if d.busy.IsZero() {
			d.busy = now
		}
	}
	if d.empty >= d.release {
		d.busy = time.Time{}
		d.starting = false
		if d.blocked || d.broken {
			was := d.broken
			d.block()
			d.blocked, d.broken = false, false
			if was {
				return inOrder, KeyNone
			}
		}
	}
	if mask == 0 && d.last != KeyNone && d.held == KeyNone && now.Sub(d.closed) >= d.guard {
		d.last = KeyNone
	}
	if v := d.outOfOrder(mask, now); v != nothing || d.broken {
		return v, KeyNone
	}
	if v := d.service(mask, now); v != nothing {
		return v, KeyService
	}
	if bits.OnesCount16(mask) > 1 {
		d.block()
	}
	if d.blocked {
		return nothing, KeyNone
	}
	if k := d.held; k != KeyNone {
		if v := d.holding(mask, now); v != nothing || d.held != KeyNone {
			return v, k
		}
	}
	return d.pressing(mask, now)
}

// count keeps how often a mask was read in a row. With slow keys a gap that is
// too short for a release does not count: a hand that trembles is a hand that
// presses.
func (d *debounce) count(mask uint16, now time.Time) {
	if d.slow && mask == 0 && d.empty < d.release {
		return
	}
	if mask != d.candidate {
		d.candidate, d.same, d.began = mask, 0, now
	}
	d.same++
}

// outOfOrder tells a key-pad that cannot be used: every contact closed, a key
// down since the start, or keys down for longer than anybody means.
func (d *debounce) outOfOrder(mask uint16, now time.Time) verdict {
	if d.broken {
		return nothing
	}
	d.count(mask, now)
	if d.same < d.firm || mask == 0 {
		return nothing
	}
	limit := d.opts.Stuck
	if d.starting {
		limit = d.opts.StuckAtStart
	}
	if mask != allLow && now.Sub(d.busy) < limit {
		return nothing
	}
	d.block()
	d.broken = true
	return stuck
}

// service finds the one pair that means something. Two contacts make no ghost.
func (d *debounce) service(mask uint16, now time.Time) verdict {
	if mask != KeyService.Bit() {
		d.chord, d.chordTold = time.Time{}, false
		return nothing
	}
	if d.chord.IsZero() {
		d.chord = now
	}
	if d.chordTold || now.Sub(d.chord) < d.opts.HoldService {
		return nothing
	}
	d.chordTold = true
	d.block()
	return heldOn
}

// holding follows the key that is down.
func (d *debounce) holding(mask uint16, now time.Time) verdict {
	if mask&d.held.Bit() == 0 {
		if d.open++; d.open >= d.release {
			d.up()
		}
		return nothing
	}
	d.open = 0
	d.closed = now
	var long time.Duration
	switch d.held {
	case KeyClear:
		long = d.opts.HoldClear
	case KeyMenu:
		long = d.opts.HoldMenu
	}
	held := now.Sub(d.since)
	switch {
	case long == 0 || d.told || d.swallowed || held < long/2:
		return nothing
	case held >= long:
		d.told = true
		return heldOn
	case d.warned:
		return nothing
	}
	d.warned = true
	return soon
}

// pressing waits for a contact to be the only one closed for PressDebounce.
func (d *debounce) pressing(mask uint16, now time.Time) (verdict, Key) {
	if mask == 0 || d.same < d.press {
		return nothing, KeyNone
	}
	at := bits.TrailingZeros16(mask)
	k := caps[at/4][at%4]
	// Guarded presses are swallowed whole: what is up too shortly is the tail
	// of the press before, however long it lasts.
	d.swallowed = !d.every && k == d.last && d.began.Sub(d.closed) < d.guard
	d.held, d.since, d.open, d.warned, d.told = k, now, 0, false, false
	d.last, d.closed = k, now
	if d.swallowed {
		return nothing, KeyNone
	}
	return pressed, k
}

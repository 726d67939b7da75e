// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"errors"

	"madoguchi/pinpad/pin"
)

// ErrNoReveal is returned by Reveal where it is not allowed, or nothing stands.
var ErrNoReveal = errors.New("pinpad: nothing may be shown")

// Reveal shows one character of an entered password to the one who typed it:
// show gets its picture out of atlas, in the locked page, and must let it go when
// it returns (see [pin.PIN.Reveal]). at counts from 0.
//
// It answers [ErrNoReveal] unless Opts.Reveal is set, the keys are in menu mode,
// and a password that 確認 accepted stands in the slot: never for four digits,
// never for a code, never while typing goes on. Keys are scanned while show runs,
// so that EventRelease can end it.
func (p *Pad) Reveal(s Slot, at int, atlas []byte, show func(picture []byte)) error {
	n := p.revealable(s)
	if n == nil {
		return ErrNoReveal
	}
	return n.Reveal(at, atlas, show)
}

// revealable returns the password of a slot, or nil.
func (p *Pad) revealable(s Slot) *pin.PIN {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.opts.Reveal || p.mode != modeMenu || s >= SlotCode || !p.forms[s].Letters() {
		return nil
	}
	return p.pins[s]
}

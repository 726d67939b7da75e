// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"crypto/subtle"
	"errors"
	"fmt"
	"unsafe"
)

// alphabet is what a PIN may consist of, in the order of an atlas.
const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"

// maxPic is the largest picture of a character, in bytes: 128 × 128 pixels.
const maxPic = 2048

// ErrNoCharacter is returned by Reveal for a place at which no character stands.
var ErrNoCharacter = errors.New("pin: no character stands there")

// Reveal lets its owner look at one character. at counts from 0. atlas holds the
// pictures of A–Z and 0–9, in this order and all of one size, at most 2048 bytes
// each. Every picture of it is read whatever the character is, the one that fits
// is put together in the page, and show is called with it; when show has
// returned or panicked it is zeroed. So what leaves the page is what an eye would
// see, never a character, an index or an address.
//
// show must not keep or copy picture but to the panel. While it runs the PIN is
// busy: Send fails with [ErrBusy], and a Wipe takes the picture too. Reveal fails
// as Send does, with [ErrNoCharacter], or for a malformed atlas. Only
// madoguchi/pinpad may call it; a test holds that.
func (p *PIN) Reveal(at int, atlas []byte, show func(picture []byte)) error {
	size := len(atlas) / len(alphabet)
	if size == 0 || size > maxPic || size*len(alphabet) != len(atlas) {
		return fmt.Errorf("revealing a character: an atlas of %d bytes is not %d pictures of 1 to %d bytes", len(atlas), len(alphabet), maxPic)
	}
	m, err := p.lend()
	if err != nil {
		return err
	}
	defer p.giveBack(m)
	if err := p.drawn(m, at, atlas); err != nil {
		return err
	}
	show(unsafe.Slice(&m.pic[0], size)[:size:size])
	return nil
}

// drawn draws the picture under the lock, as built builds a command.
func (p *PIN) drawn(m *cells, at int, atlas []byte) error {
	mu.Lock()
	defer mu.Unlock()
	switch {
	case p.h.page == nil:
		return ErrWiped
	case at < 0 || at >= int(m.n):
		return ErrNoCharacter
	}
	do(func() { m.draw(at, atlas) })
	return nil
}

// draw puts the picture of one character together from all pictures.
func (m *cells) draw(at int, atlas []byte) {
	size := len(atlas) / len(alphabet)
	for k := range len(alphabet) {
		mask := byte(-subtle.ConstantTimeByteEq(m.ch[at], alphabet[k]))
		for i := range size {
			m.pic[i] |= atlas[k*size+i] & mask
		}
	}
}

// LookAlike reports whether a character stands that is easily read as another
// one later: O and 0, I, 1 and L, S and 5, B and 8, Z and 2. The time it takes
// depends on nothing typed. Most passwords have one.
func (p *PIN) LookAlike() bool {
	mu.Lock()
	defer mu.Unlock()
	m := p.cells()
	if m == nil {
		return false
	}
	do(func() { m.lookAlike() })
	return m.ok
}

func (m *cells) lookAlike() {
	const alike = "O0I1LS5B8Z2"
	found := 0
	for i := range m.ch {
		for k := range len(alike) {
			found |= subtle.ConstantTimeByteEq(m.ch[i], alike[k])
		}
	}
	m.ok = found == 1
}

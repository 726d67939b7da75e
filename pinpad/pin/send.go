// SPDX-License-Identifier: Apache-2.0

package pin

import "unsafe"

// Send is the one way out of the page. It builds the command
//
//	CLA INS P1 P2 Lc PIN
//
// (ISO 7816-4 short form, Lc = number of characters, no Le) in the page, hands
// it to transmit, and zeroes it when transmit has returned or panicked. transmit
// must not keep or copy apdu; what it returns is returned unchanged. The PIN
// itself stays: its holder wipes it.
//
// Send fails with [ErrEmpty], [ErrBusy] or [ErrWiped] before transmit is
// called. It checks no form: that is the caller's, before it asks for the tries
// left. Only madoguchi/card may call it; a test holds that.
func (p *PIN) Send(cla, ins, p1, p2 byte, transmit func(apdu []byte) ([]byte, error)) ([]byte, error) {
	m, err := p.lend()
	if err != nil {
		return nil, err
	}
	defer p.giveBack(m)
	n, err := p.built(m, cla, ins, p1, p2)
	if err != nil {
		return nil, err
	}
	return transmit(unsafe.Slice(&m.apdu[0], n)[:n:n])
}

// built builds the command under the lock: a Wipe comes before it, and nothing
// is sent, or after it; never in its middle, where it would leave a command for
// an empty PIN.
func (p *PIN) built(m *cells, cla, ins, p1, p2 byte) (n int, err error) {
	mu.Lock()
	defer mu.Unlock()
	if p.h.page == nil {
		return 0, ErrWiped
	}
	do(func() { n = m.build(cla, ins, p1, p2) })
	return n, nil
}

// lend marks the page as read by somebody outside the lock.
func (p *PIN) lend() (*cells, error) {
	mu.Lock()
	defer mu.Unlock()
	m := p.cells()
	switch {
	case m == nil:
		return nil, ErrWiped
	case p.h.busy:
		return nil, ErrBusy
	case m.n == 0 || m.half != 0:
		return nil, ErrEmpty
	}
	p.h.busy = true
	return m, nil
}

// giveBack ends lend: command and picture are zeroed; a page wiped meanwhile goes to the
// pool only now.
func (p *PIN) giveBack(m *cells) {
	mu.Lock()
	defer mu.Unlock()
	m.apdu = [5 + maxLen]byte{}
	clear(m.pic[:])
	p.h.busy = false
	if p.h.page == nil {
		put(unsafe.Pointer(m))
	}
}

// SPDX-License-Identifier: Apache-2.0

package pinpad

// contacts follows what reads closed, for the key test.
type contacts struct {
	mask uint16 // of the last scans
	same int    // how often in a row
	told uint16
}

// closed tells a change of the closed contacts in test mode, once it has stood for PressDebounce. It is told at the next scan if there is no
// room now. Call with mu held.
func (p *Pad) closed(mask uint16) {
	if p.mode != modeTest {
		return
	}
	c := &p.contacts
	if mask != c.mask {
		c.mask, c.same = mask, 0
	}
	if c.same < p.deb.firm {
		c.same++
	}
	if c.same < p.deb.firm || mask == c.told || !p.room() {
		return
	}
	c.told = mask
	p.tell(Event{Kind: EventContacts, Closed: mask})
}

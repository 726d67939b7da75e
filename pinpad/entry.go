// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"fmt"

	"madoguchi/pinpad/pin"
)

// typing is the page that an entry is typed into: a *pin.PIN or a *pin.Code.
type typing interface {
	Append(c byte) bool
	DeleteLast() bool
	Clear()
	Len() int
	Wipe()
}

var (
	_ typing = (*pin.PIN)(nil)
	_ typing = (*pin.Code)(nil)
)

// Secret starts secret mode for one entry: what the slot held is wiped (not
// with Again or Resume), undelivered keys are dropped, all keys must be up, and
// then characters go into the locked page. 確認 with the form kept moves the
// entry to its slot and ends it; keys rest until the next mode. 取消 rests it.
// An entry with Again in another slot than SlotNew and SlotNewCode, or an unknown slot or form,
// is a fault of the caller and switches to Off.
func (p *Pad) Secret(gen uint32, e Entry) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.halted {
		return
	}
	if e.Slot >= SlotCode {
		e.Form = pin.FormCode
	}
	p.gen, p.open = gen, false
	p.cut()
	if e.Slot >= slots || e.Form.Max() == 0 || e.Again && e.Slot != SlotNew && e.Slot != SlotNewCode {
		p.mode = modeOff
		return
	}
	p.mode = modeSecret
	resume := e.Resume
	e.Resume = false
	if resume && p.typing == nil {
		p.reopen(e)
	}
	if !resume || p.typing == nil || p.entry != e {
		if err := p.begin(e); err != nil {
			p.err = err
			p.mode = modeOff
			p.deb.broken = true // EventIdle follows, and then it may be tried again
			p.order(EventStuck)
			return
		}
	}
	p.open = true
}

// reopen takes an entry that 確認 has accepted out of its slot again, to go on with it.
func (p *Pad) reopen(e Entry) {
	if e.Slot >= SlotCode || e.Again || p.pins[e.Slot] == nil || p.forms[e.Slot] != e.Form {
		return
	}
	p.typing, p.entry, p.pins[e.Slot] = p.pins[e.Slot], e, nil
}

// begin makes a new page for an entry.
func (p *Pad) begin(e Entry) error {
	p.drop()
	if !e.Again {
		p.empty(e.Slot)
	}
	var err error
	if e.Slot >= SlotCode {
		var c *pin.Code
		if c, err = pin.NewCode(); err == nil {
			p.typing = c
		}
	} else {
		var n *pin.PIN
		if n, err = pin.New(); err == nil {
			p.typing = n
		}
	}
	if err != nil {
		return fmt.Errorf("starting an entry: %w", err)
	}
	p.entry = e
	return nil
}

// drop wipes what is being typed.
func (p *Pad) drop() {
	if p.typing != nil {
		p.typing.Wipe()
		p.typing = nil
	}
	p.open = false
}

// empty wipes a slot.
func (p *Pad) empty(s Slot) {
	if s >= SlotCode {
		p.codes[s-SlotCode].Wipe()
		p.codes[s-SlotCode] = nil
		return
	}
	p.pins[s].Wipe()
	p.pins[s] = nil
}

// half reports whether the first of two presses waits.
func (p *Pad) half() bool {
	n, ok := p.typing.(*pin.PIN)
	return ok && n.Half()
}

// say sends an event of secret mode.
func (p *Pad) say(k EventKind, f pin.Fault) {
	e := Event{Kind: k, Fault: f}
	if p.typing != nil {
		e.Filled, e.Pending = p.typing.Len(), p.half()
	}
	if n, ok := p.typing.(*pin.PIN); ok && k == EventEntered && f == pin.FaultNone && p.entry.choosing() {
		e.LookAlike = n.LookAlike()
	}
	p.tell(e)
}

// typed takes a key in secret mode. Call with mu held and room for one event.
func (p *Pad) typed(v verdict, k Key) {
	switch {
	case !p.open: // entered or cancelled: rests until the next mode
		return
	case v != pressed && (k != KeyClear || p.typing.Len() == 0 && !p.half()):
		return // no other long press means anything here
	case v == soon:
		p.holding = k
		p.say(EventClearSoon, pin.FaultNone)
		return
	case v == heldOn:
		p.holding = KeyNone
		p.typing.Clear()
		p.say(EventTyped, pin.FaultNone)
		return
	}
	switch k {
	case KeyCancel:
		p.open = false
		p.say(EventCancel, pin.FaultNone)
	case KeyMenu:
		p.say(EventMenu, pin.FaultNone)
	case KeyClear:
		if p.typing.DeleteLast() {
			p.say(EventTyped, pin.FaultNone)
		} else {
			p.say(EventClearEmpty, pin.FaultNone)
		}
	case KeyEnter:
		p.enter()
	default: // digits, and ▲ ▼, which are told like an ignored digit
		p.character(k.digit())
		p.say(EventTyped, pin.FaultNone)
	}
}

// character puts a digit key into the page; the page refuses what it cannot
// take, and nobody is told the difference.
func (p *Pad) character(d byte) {
	n, letters := p.typing.(*pin.PIN)
	letters = letters && p.entry.Form.Letters()
	switch {
	case d == 0:
	case letters && n.Half():
		n.Second(d)
	case p.typing.Len() >= p.entry.Form.Max():
	case letters:
		n.First(d)
	default:
		p.typing.Append(d)
	}
}

// enter judges the entry. Half a character is not an entry: 確認 is ignored
// until the second press, as any other key then.
func (p *Pad) enter() {
	if p.half() {
		p.say(EventTyped, pin.FaultNone)
		return
	}
	if c, ok := p.typing.(*pin.Code); ok {
		f := c.Fault()
		if f == pin.FaultNone && p.entry.Again && !c.Equal(p.codes[SlotNewCode-SlotCode]) {
			f = pin.FaultMismatch
		}
		p.say(EventEntered, f)
		switch {
		case f == pin.FaultMismatch:
			p.drop()
			p.empty(SlotNewCode)
		case f != pin.FaultNone: // typing goes on
		case p.entry.Again:
			p.drop()
		default:
			p.codes[p.entry.Slot-SlotCode], p.typing, p.open = c, nil, false
		}
		return
	}
	n := p.typing.(*pin.PIN)
	f := n.Fault(p.entry.Form)
	if f == pin.FaultNone && p.entry.Again && !n.Equal(p.pins[SlotNew]) {
		f = pin.FaultMismatch
	}
	p.say(EventEntered, f)
	switch {
	case f == pin.FaultMismatch:
		p.drop()
		p.empty(SlotNew)
	case f != pin.FaultNone: // typing goes on
	case p.entry.Again:
		p.drop()
	default:
		p.pins[p.entry.Slot], p.forms[p.entry.Slot], p.typing, p.open = n, p.entry.Form, nil, false
	}
}

// Take moves an entered PIN out of its slot: the caller holds it now and wipes
// it. It returns nil if 確認 has not been accepted for the slot, or it was
// taken, and for codes (see TakeCode).
func (p *Pad) Take(s Slot) *pin.PIN {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s >= SlotCode {
		return nil
	}
	n := p.pins[s]
	p.pins[s] = nil
	return n
}

// TakeCode moves an entered clerk code out of SlotCode, or returns nil.
func (p *Pad) TakeCode() *pin.Code { return p.takeCode(SlotCode) }

// TakeNewCode moves an entered clerk code out of SlotNewCode, or returns nil.
func (p *Pad) TakeNewCode() *pin.Code { return p.takeCode(SlotNewCode) }

func (p *Pad) takeCode(s Slot) *pin.Code {
	p.mu.Lock()
	defer p.mu.Unlock()
	c := p.codes[s-SlotCode]
	p.codes[s-SlotCode] = nil
	return c
}

// Wipe wipes all slots and what is being typed. An entry under way ends; keys
// rest until the next mode.
func (p *Pad) Wipe() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	p.empty(SlotCurrent)
	p.empty(SlotNew)
	p.empty(SlotCode)
	p.empty(SlotNewCode)
}

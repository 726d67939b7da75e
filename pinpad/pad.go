// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"errors"
	"fmt"
	"sync"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad/pin"
)

// mode is what keys are for now.
type mode uint8

const (
	modeOff mode = iota
	modeMenu
	modeSecret
	modeTest
)

// pages is how many locked pages stand ready: current, new, its second typing
// and a code, and as many again for commands that hang in a reader.
const pages = 8

// Pad is the key-pad. All methods may be called from several goroutines.
//
// It reports EventStuck when it cannot be used: a key is down at the start or
// for longer than Opts.Stuck, all rows read low in every column (a driver that
// fails reads low), a line cannot be set, or no page could be locked for an
// entry. [Pad.Err] says which. Keys are refused until all are up; then EventIdle
// follows.
type Pad struct {
	rows, cols [4]gpio.PinIO
	opts       Opts
	events     chan Event
	kick       chan struct{} // the mode changed
	stop       chan struct{}
	stopped    chan struct{} // the scanning goroutine has ended
	once       sync.Once
	haltErr    error

	mu     sync.Mutex
	mode   mode
	gen    uint32
	deb    debounce
	owed   EventKind // EventStuck or EventIdle that found no room; 0: none
	lost   uint64
	err    error
	halted bool
	asleep bool // all columns are low, rows tell whether a key is down

	holding Key // whose EventHold or EventClearSoon was told and whose end was not

	entry  Entry
	typing typing             // nil between entries
	open   bool               // keys go into typing
	pins   [SlotCode]*pin.PIN // SlotCurrent, SlotNew
	forms  [SlotCode]pin.Form // of pins
	codes  [2]*pin.Code       // SlotCode, SlotNewCode

	contacts contacts // test mode
}

var _ conn.Resource = (*Pad)(nil)

// New takes the four row lines R1–R4 and the four column lines C1–C4, sets them
// up, locks pages for the entries, and starts scanning in mode Off. opts may be
// nil. Errors name the line, or the limit that keeps pages from being locked.
func New(rows, cols [4]gpio.PinIO, opts *Opts) (*Pad, error) {
	if opts == nil {
		opts = &Opts{}
	}
	o, err := opts.or()
	if err != nil {
		return nil, fmt.Errorf("opening the key-pad: %w", err)
	}
	if err := pin.Reserve(pages); err != nil {
		return nil, fmt.Errorf("opening the key-pad: %w", err)
	}
	p := &Pad{
		rows: rows, cols: cols, opts: o, deb: newDebounce(o),
		events: make(chan Event, o.Events), kick: make(chan struct{}, 1),
		stop: make(chan struct{}), stopped: make(chan struct{}),
	}
	for i := range 4 {
		if rows[i] == nil || cols[i] == nil {
			return nil, fmt.Errorf("opening the key-pad: no line for row or column %d", i+1)
		}
	}
	if err := p.release(); err != nil {
		return nil, fmt.Errorf("opening the key-pad: %w", err)
	}
	go p.run()
	return p, nil
}

// Events returns what the key-pad has to say. It holds Opts.Events; with less
// than two left, keys are not taken (see [Pad.Lost]). Halt closes it.
func (p *Pad) Events() <-chan Event { return p.events }

// Menu starts menu mode: events carry their key. Keys count once all have been
// seen up, 25 ms after the call at the earliest, or at once if the key-pad sleeps
// with all keys up; so with every change of mode. From menu mode only the
// generation changes, so that keys typed ahead are kept in order.
func (p *Pad) Menu(gen uint32) { p.change(modeMenu, gen) }

// Test starts the key test: EventPress and EventRelease for every key, each
// press of a bouncing key and no guard. With two keys down neither is told as
// a key; EventContacts tells every change of what reads closed, also while the
// key-pad is out of order: which key is stuck, and which keys make a ghost. It
// answers false, and changes nothing, while an entry stands anywhere: keys are
// not named beside a PIN.
func (p *Pad) Test(gen uint32) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.halted || p.mode == modeSecret || p.typing != nil || p.codes != [2]*pin.Code{} || p.pins != [SlotCode]*pin.PIN{} {
		return false
	}
	p.switchTo(modeTest, gen)
	return true
}

// SetSlow turns slow keys on or off, at any time: a key must be held for
// Opts.SlowPress, and rest for Opts.SlowGuard before it counts again. Mode and
// entry stay as they are.
func (p *Pad) SetSlow(on bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deb.setSlow(on)
}

// Off delivers no key. An entry that rests after 取消 is kept for Resume until
// Wipe or the next Secret.
func (p *Pad) Off(gen uint32) { p.change(modeOff, gen) }

func (p *Pad) change(m mode, gen uint32) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if !p.halted {
		p.switchTo(m, gen)
	}
}

// switchTo changes the mode. Call with mu held.
func (p *Pad) switchTo(m mode, gen uint32) {
	p.gen = gen
	if p.mode == m {
		return
	}
	p.mode, p.open, p.contacts = m, false, contacts{}
	p.cut()
}

// cut lets no key cross: undelivered ones are dropped and nothing is accepted
// until all keys are up. Call with mu held.
func (p *Pad) cut() {
	p.holding = KeyNone
	if !p.asleep || !p.allUp() {
		p.deb.block()
	}
	for range len(p.events) {
		select {
		case e := <-p.events:
			if e.Kind == EventStuck || e.Kind == EventIdle {
				p.events <- e // room: only this goroutine sends, mu is held
			}
		default: // the receiver was faster
		}
	}
	select {
	case p.kick <- struct{}{}:
	default:
	}
}

// room reports whether a key could be told now; the last place is kept for
// EventStuck and EventIdle. Call with mu held: nobody else sends.
func (p *Pad) room() bool { return len(p.events) < cap(p.events)-1 }

// tell sends an event of the present generation. Call with mu held and room.
func (p *Pad) tell(e Event) {
	e.At, e.Gen = p.opts.Now(), p.gen
	select {
	case p.events <- e:
	default:
		p.lost++
	}
}

// order tells EventStuck or EventIdle, later if there is no room now.
func (p *Pad) order(k EventKind) {
	p.owed = k
	p.pay()
}

func (p *Pad) pay() {
	if p.owed == 0 || len(p.events) == cap(p.events) {
		return
	}
	p.tell(Event{Kind: p.owed})
	p.owed = 0
}

// act does what a scan meant. Call with mu held.
func (p *Pad) act(v verdict, k Key) {
	if up := p.deb.freed; up != KeyNone {
		p.up(up)
	}
	switch v {
	case stuck:
		if p.err == nil {
			p.err = ErrStuck
		}
		p.order(EventStuck)
		return
	case inOrder:
		p.err = nil
		p.order(EventIdle)
		return
	case nothing:
		p.pay()
		return
	}
	if p.mode == modeOff || v == soon && p.mode != modeSecret || v == heldOn && p.mode == modeTest {
		return
	}
	if !p.room() {
		p.lost++
		return
	}
	switch {
	case p.mode == modeSecret:
		p.typed(v, k)
	case v == heldOn:
		p.holding = k
		p.tell(Event{Kind: EventHold, Key: k})
	default:
		p.tell(Event{Kind: EventPress, Key: k})
	}
}

// up tells the end of a press, where it means something. It takes the place
// that is kept for EventStuck if there is no other: what was shown while the key
// was down must go. Call with mu held.
func (p *Pad) up(k Key) {
	held := p.holding == k
	p.holding = KeyNone
	switch {
	case p.mode == modeSecret && held:
		p.say(EventTyped, pin.FaultNone)
	case p.mode == modeTest, p.mode == modeMenu && held:
		p.tell(Event{Kind: EventRelease, Key: k})
	}
}

var (
	// ErrStuck: a key is held down, or looks so.
	ErrStuck = errors.New("pinpad: a key is stuck")
	// ErrPanic: a line's driver panicked. The key-pad has ended.
	ErrPanic = errors.New("pinpad: a line's driver panicked")
	// ErrLow: all rows read low in every column: a cable, or a driver that fails.
	ErrLow = errors.New("pinpad: all rows read low")
)

// Err returns why the key-pad is out of order: ErrStuck, ErrLow, or an error
// that names the line; nil if it is in order. It never names a key.
func (p *Pad) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Lost returns how many keys were not taken because nobody received events.
func (p *Pad) Lost() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.lost
}

// Halt stops scanning, lets all lines float, wipes everything and closes Events.
func (p *Pad) Halt() error {
	p.once.Do(func() {
		p.mu.Lock()
		p.halted, p.mode = true, modeOff
		p.mu.Unlock()
		close(p.stop)
		<-p.stopped
		if err := p.Err(); errors.Is(err, ErrPanic) {
			p.haltErr = err // the lines are left as they are
			return
		}
		p.haltErr = p.release()
	})
	return p.haltErr
}

// String names the device and its lines, and nothing that was typed.
func (p *Pad) String() string {
	name := func(l [4]gpio.PinIO) string {
		return fmt.Sprintf("%s %s %s %s", l[0].Name(), l[1].Name(), l[2].Name(), l[3].Name())
	}
	return fmt.Sprintf("pinpad.Pad{rows %s, columns %s}", name(p.rows), name(p.cols))
}

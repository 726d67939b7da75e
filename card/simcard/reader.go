// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"madoguchi/card"
)

// Reader is a reader in process: what the device's loop needs of card/pcsc,
// with a slot that tests and the simulator fill.
type Reader struct {
	// Now stamps events; time.Now if nil. Set it before the first use.
	Now func() time.Time

	mu     sync.Mutex
	events chan card.Event
	cur    *Card
	seen   []*Card // every card that lay in it
	link   *readerLink
	gone   bool // reader unplugged
	closed bool
}

// NewReader returns a plugged reader without a card. Its first event says so.
func NewReader() *Reader {
	r := &Reader{events: make(chan card.Event, 64)}
	r.emit()
	return r
}

// Events tells every change; the channel is closed by Close. A reader whose
// events nobody takes forgets the oldest, never the newest.
func (r *Reader) Events() <-chan card.Event { return r.events }

// Insert puts c into the slot, in place of a card that is there.
func (r *Reader) Insert(c *Card) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(card.ErrRemoved)
	if r.cur != nil {
		r.cur.PowerOff()
		r.cur = nil
		r.emit()
	}
	r.cur = c
	if !slices.Contains(r.seen, c) {
		r.seen = append(r.seen, c)
	}
	c.seat(r)
	r.emit()
}

// Remove takes the card out of the slot.
func (r *Reader) Remove() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(r.cur)
}

// pulled is the card's own way out, at a planned removal.
func (r *Reader) pulled(c *Card) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.remove(c)
}

func (r *Reader) remove(c *Card) {
	if r.cur == nil || r.cur != c {
		return
	}
	r.drop(card.ErrRemoved)
	r.cur.seat(nil)
	r.cur.PowerOff()
	r.cur = nil
	r.emit()
}

// Unplug takes the reader away, with the card in it.
func (r *Reader) Unplug() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.gone {
		return
	}
	r.drop(card.ErrNoReader)
	if r.cur != nil {
		r.cur.PowerOff()
	}
	r.gone = true
	r.emit()
}

// Plug brings the reader back.
func (r *Reader) Plug() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.gone {
		return
	}
	r.gone = false
	r.emit()
}

// ResetByOther resets the card as another program on the same machine might;
// the open link answers card.ErrReset from then on.
func (r *Reader) ResetByOther() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.drop(card.ErrReset)
	if r.cur != nil {
		r.cur.Reset(true)
	}
}

// Log returns the headers of all commands that the card in the slot was sent.
func (r *Reader) Log() []Header {
	r.mu.Lock()
	c := r.cur
	r.mu.Unlock()
	if c == nil {
		return nil
	}
	return c.Log()
}

// Connect powers the card and returns the one link to it.
func (r *Reader) Connect(ctx context.Context) (card.Link, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case ctx.Err() != nil:
		return nil, fmt.Errorf("connecting to card: %w", ctx.Err())
	case r.gone || r.closed:
		return nil, fmt.Errorf("connecting to card: %w", card.ErrNoReader)
	case r.cur == nil:
		return nil, fmt.Errorf("connecting to card: %w", card.ErrNoCard)
	case r.cur.spec.Mute:
		return nil, fmt.Errorf("connecting to card: %w", card.ErrMute)
	case r.link != nil:
		return nil, fmt.Errorf("connecting to card: %w", card.ErrBusy)
	}
	r.cur.Reset(false)
	r.link = &readerLink{r: r, c: r.cur}
	return r.link, nil
}

// Close ends the events and the link.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	r.drop(card.ErrNoReader)
	if r.cur != nil {
		r.cur.PowerOff()
	}
	r.closed = true
	close(r.events)
	return nil
}

// drop ends the open link, whose answers are err from now on.
func (r *Reader) drop(err error) {
	if r.link != nil {
		r.link.end(err)
		r.link = nil
	}
}

// emit tells the present state; r.mu is held (or r is not yet shared).
func (r *Reader) emit() {
	if r.closed {
		return
	}
	now := time.Now
	if r.Now != nil {
		now = r.Now
	}
	ev := card.Event{At: now(), Presence: card.Empty}
	switch {
	case r.gone:
		ev.Presence, ev.Err = card.NoReader, card.ErrNoReader
	case r.cur != nil && r.cur.spec.Mute:
		ev.Presence = card.Mute
	case r.cur != nil:
		ev.Presence = card.Present
	}
	ev.Deliver(r.events)
}

// readerLink is one powered connection.
type readerLink struct {
	r *Reader
	c *Card

	mu  sync.Mutex
	err error
}

var _ card.Link = (*readerLink)(nil)

func (l *readerLink) end(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.err == nil {
		l.err = err
	}
}

func (l *readerLink) failed() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.err
}

// Transmit implements card.Link.
func (l *readerLink) Transmit(apdu []byte) ([]byte, error) {
	if err := l.failed(); err != nil {
		return nil, fmt.Errorf("transmitting: %w", err)
	}
	resp, err := l.c.Transmit(apdu)
	if e := l.failed(); e != nil {
		return nil, fmt.Errorf("transmitting: %w", e) // pulled while the card was working
	}
	return resp, err
}

// ATR returns the card's answer to reset.
func (l *readerLink) ATR() []byte { return l.c.ATR() }

// Close powers the card off.
func (l *readerLink) Close() error {
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.r.link == l {
		l.r.link = nil
		l.c.PowerOff()
	}
	l.end(errClosed)
	return nil
}

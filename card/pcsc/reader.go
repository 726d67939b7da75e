// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"context"
	"fmt"
	"sync"

	"madoguchi/card"
)

// Reader watches the card readers of this machine.
type Reader struct {
	opts      Opts
	establish func() (session, error)
	events    chan card.Event
	quit      chan struct{}
	done      chan struct{}
	once      sync.Once

	mu       sync.Mutex
	watching session // whose Wait Close must end
	told     news
	slots    []Slot
	losses   int           // how often a card that was told went away
	lost     chan struct{} // closed and renewed when one does
}

// Slot is one slot of a reader, as the last look found it.
type Slot struct {
	Name     string        // the reader's, with the numbers of reader and slot at its end
	Presence card.Presence // of a slot that is not chosen NoReader: it is not looked at
	Chosen   bool          // Opts.Reader allows it
}

// Slots lists every slot that there is, chosen or not. It is complete when the
// first event has been told.
func (r *Reader) Slots() []Slot {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append([]Slot(nil), r.slots...)
}

// news is what was told last.
type news struct {
	any      bool
	presence card.Presence
	reader   string // the reader that holds the card
	err      error
}

func (n news) same(m news) bool {
	return n.any == m.any && n.presence == m.presence && n.reader == m.reader && fmt.Sprint(n.err) == fmt.Sprint(m.err)
}

// Open starts to watch. It does not fail for want of a reader or of pcscd: the
// events say so, with what to do, and tell when that ends. It fails only with
// [ErrNotBuilt].
func Open(o *Opts) (*Reader, error) {
	if !built {
		return nil, ErrNotBuilt
	}
	return open(o, establish), nil
}

func open(o *Opts, establish func() (session, error)) *Reader {
	r := &Reader{
		opts:      o.filled(),
		establish: establish,
		events:    make(chan card.Event, 16),
		quit:      make(chan struct{}),
		done:      make(chan struct{}),
		lost:      make(chan struct{}),
	}
	go r.watch()
	return r
}

// Events tells the first state and every change; Close closes the channel. A
// receiver that is slow misses the oldest events, never the newest.
func (r *Reader) Events() <-chan card.Event { return r.events }

// String names the reader with the card, or says that there is none.
func (r *Reader) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told.reader == "" {
		return "PC/SC reader without a card"
	}
	return "PC/SC reader " + r.told.reader
}

// Connect powers the card and opens an exclusive connection: no other program
// may send while a PIN is in force. Errors are card.ErrNoReader, ErrNoCard,
// ErrMute, ErrBusy, or ctx's. A connection that comes after ctx has ended is
// closed at once.
func (r *Reader) Connect(ctx context.Context) (card.Link, error) {
	r.mu.Lock()
	told, losses := r.told, r.losses
	r.mu.Unlock()
	switch told.presence {
	case card.Present, card.Mute:
	case card.Empty:
		return nil, fmt.Errorf("connecting to card: %w", card.ErrNoCard)
	default:
		return nil, fmt.Errorf("connecting to card: %w", card.ErrNoReader)
	}
	type result struct {
		l   *link
		err error
	}
	got := make(chan result, 1)
	go func() {
		l, err := r.dial(told.reader)
		if l != nil {
			l.pulled = func() bool { return r.pulled(losses) }
		}
		got <- result{l, err}
	}()
	select {
	case g := <-got:
		if g.err != nil {
			return nil, fmt.Errorf("connecting to card: %w", g.err)
		}
		return g.l, nil
	case <-ctx.Done():
		go func() {
			if g := <-got; g.l != nil {
				_ = g.l.Close()
			}
		}()
		return nil, fmt.Errorf("connecting to card: %w", ctx.Err())
	}
}

// dial opens a context of its own for one connection.
func (r *Reader) dial(reader string) (*link, error) {
	s, err := r.establish()
	if err != nil {
		return nil, err
	}
	h, err := s.Connect(reader)
	if err != nil {
		_ = s.Release()
		return nil, err
	}
	return &link{h: h, s: s, trace: r.opts.Trace}, nil
}

// pulled tells whether the card that was there after so many losses is gone,
// and waits a moment for the news.
func (r *Reader) pulled(losses int) bool {
	r.mu.Lock()
	gone, lost := r.losses != losses, r.lost
	r.mu.Unlock()
	return gone || wait(lost, r.opts.Notice)
}

// Close ends the watch; open connections stay with their holders.
func (r *Reader) Close() error {
	r.once.Do(func() {
		close(r.quit)
		for {
			r.mu.Lock()
			if r.watching != nil {
				_ = r.watching.Cancel()
			}
			r.mu.Unlock()
			// Cancel reaches only a Wait that has begun: ask again.
			if r.ended() {
				return
			}
		}
	})
	<-r.done
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"sync"
	"time"

	"madoguchi/card"
)

// Reader is the card slot as the box sees it.
type Reader struct {
	box    *Box
	events chan card.Event

	asking  sync.Mutex // one connect or APDU at a time
	answers chan answer

	mu     sync.Mutex
	closed bool
}

// answer is one KindCard.
type answer struct {
	err      error
	session  uint32
	response []byte
}

func newReader(b *Box) *Reader {
	return &Reader{box: b, events: make(chan card.Event, 16), answers: make(chan answer, 1)}
}

// presence hands on what the slot holds now. A reader that nobody listens to
// keeps the newest 16 changes.
func (r *Reader) presence(b byte) error {
	p := card.Presence(b)
	if p > card.Mute {
		return &FrameError{KindPresence, 1, fmt.Sprintf("unknown presence %d", b)}
	}
	e := card.Event{At: r.box.clock.Now(), Presence: p}
	if p == card.NoReader {
		e.Err = card.ErrNoReader
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	e.Deliver(r.events)
	return nil
}

// answer hands KindCard to whoever asked.
func (r *Reader) answer(body []byte) error {
	cause, err := causeOf(body[0])
	if err != nil {
		return err
	}
	a := answer{cause, binary.BigEndian.Uint32(body[1:5]), slices.Clone(body[5:])}
	select {
	case r.answers <- a:
		return nil
	default:
		return &FrameError{KindCard, len(body), "nothing was asked"}
	}
}

// Events delivers what the slot holds, first as it was at power-up. It is
// closed by Close.
func (r *Reader) Events() <-chan card.Event { return r.events }

// Connect powers the card up. The link ends with the card's removal, with
// Close, or with the next Connect.
func (r *Reader) Connect(ctx context.Context) (card.Link, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("connecting card: %w", err)
	}
	a, err := r.ask(ctx.Done(), KindConnect)
	if err != nil {
		return nil, fmt.Errorf("connecting card: %w", err)
	}
	return &link{reader: r, session: a.session, atr: a.response}, nil
}

// Describe names the simulated reader, which has no PIN pad of its own.
func (r *Reader) Describe(context.Context) (name string, ownPad bool, err error) {
	return "Simulated reader", false, nil
}

// Close stops the events.
func (r *Reader) Close() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		close(r.events)
	}
	return nil
}

// ask sends a frame that the world answers with KindCard. quit gives up the
// question but not the wire: the answer that is still to come is awaited in
// the background before the next question may be asked.
func (r *Reader) ask(quit <-chan struct{}, k Kind, parts ...[]byte) (answer, error) {
	r.asking.Lock()
	if err := r.box.send(k, parts...); err != nil {
		r.asking.Unlock()
		return answer{}, err
	}
	got := make(chan answer, 1)
	go func() {
		defer r.asking.Unlock()
		t := time.NewTimer(r.box.opts.Answer)
		defer t.Stop()
		select {
		case a := <-r.answers:
			got <- a
		case <-r.box.done:
			got <- answer{err: card.ErrNoReader}
		case <-t.C:
			err := fmt.Errorf("world did not answer %v within %v", k, r.box.opts.Answer)
			r.box.end(err)
			got <- answer{err: err}
		}
	}()
	select {
	case a := <-got:
		return a, a.err
	case <-quit:
		return answer{}, context.Canceled
	}
}

// link is one card session.
type link struct {
	reader  *Reader
	session uint32
	atr     []byte
}

var _ card.Link = (*link)(nil)

// Transmit sends one APDU straight from the slice it is handed.
func (l *link) Transmit(apdu []byte) ([]byte, error) {
	var s [sessionSz]byte
	binary.BigEndian.PutUint32(s[:], l.session)
	a, err := l.reader.ask(nil, KindAPDU, s[:], apdu)
	if err != nil {
		return nil, err
	}
	return a.response, nil
}

// ATR is the card's answer to reset, empty if it gave none.
func (l *link) ATR() []byte { return slices.Clone(l.atr) }

// Close powers the card off. A session that has ended already is left alone.
func (l *link) Close() error {
	var s [sessionSz]byte
	binary.BigEndian.PutUint32(s[:], l.session)
	return l.reader.box.send(KindUnpower, s[:])
}

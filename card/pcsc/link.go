// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"errors"
	"fmt"
	"sync"

	"madoguchi/card"
)

var (
	errClosed   = errors.New("connection is closed")
	errNoAnswer = errors.New("no byte came back")
)

// link is one exclusive connection with its own context.
type link struct {
	h     handle
	s     session
	trace func(string)
	// pulled tells whether the card has gone since; it may wait for the news.
	// nil: nobody knows.
	pulled func() bool

	mu     sync.Mutex
	busy   bool // a Transmit runs
	closed bool
}

var _ card.Link = (*link)(nil)

// ATR returns the card's answer to reset; a hint only.
func (l *link) ATR() []byte { return l.h.ATR() }

// Transmit implements card.Link. It keeps no copy of apdu.
func (l *link) Transmit(apdu []byte) ([]byte, error) {
	l.mu.Lock()
	switch {
	case l.closed:
		l.mu.Unlock()
		return nil, fmt.Errorf("transmitting: %w", errClosed)
	case l.busy:
		l.mu.Unlock()
		return nil, fmt.Errorf("transmitting: %w", card.ErrBusy)
	case len(apdu) == 0: // the binding would panic
		l.mu.Unlock()
		return nil, errors.New("transmitting: empty command")
	}
	l.busy = true
	l.mu.Unlock()
	if l.trace != nil {
		l.trace(card.Mask(apdu))
	}
	resp, err := l.h.Transmit(apdu)
	if err == nil && len(resp) == 0 {
		err = errNoAnswer // libifdvpcd, for a card that is pulled in the command
	}
	l.mu.Lock()
	l.busy = false
	closed := l.closed
	l.mu.Unlock()
	if closed { // Close came meanwhile and left the end to us
		_ = l.end()
		return nil, fmt.Errorf("transmitting: %w", errClosed)
	}
	if err != nil {
		return nil, fmt.Errorf("transmitting: %w", l.cause(err))
	}
	return resp, nil
}

// cause finds out why a command has failed. To a driver a card that is pulled
// in the middle of a command is one that does not answer: it reports a
// communication error (libccid) or success without a byte (libifdvpcd). Only the
// next look at the slot tells the two apart.
func (l *link) cause(err error) error {
	switch {
	case errors.Is(err, card.ErrRemoved), errors.Is(err, card.ErrReset), errors.Is(err, card.ErrNoReader), errors.Is(err, card.ErrBusy):
		return err
	case errors.Is(err, card.ErrNoCard), l.pulled != nil && l.pulled():
		return fmt.Errorf("%w (%w)", card.ErrRemoved, err)
	case errors.Is(err, card.ErrMute):
		return err
	}
	return fmt.Errorf("%w (%w)", card.ErrMute, err)
}

// Close implements card.Link: it powers the card off. While a Transmit hangs,
// which nothing can stop, it returns at once and the Transmit's goroutine does
// the rest.
func (l *link) Close() error {
	l.mu.Lock()
	first, busy := !l.closed, l.busy
	l.closed = true
	l.mu.Unlock()
	if !first || busy {
		return nil
	}
	return l.end()
}

func (l *link) end() error {
	err := l.h.Unpower()
	if e := l.s.Release(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("powering card off: %w", err)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"fmt"
	"time"
)

// Link is a powered connection to one card. Transmit sends one command APDU
// and returns the response with its two status bytes; it must keep no copy of
// the command. Its errors should wrap [ErrRemoved], [ErrReset], [ErrMute] or
// [ErrNoReader] where one of them applies. Close powers the card off, which
// drops every PIN state on it; it may be called at any time and more than once.
//
// A Link may also have `ATR() []byte`; it is a hint for cards that are not My
// Number Cards, never a proof.
type Link interface {
	Transmit(apdu []byte) ([]byte, error)
	Close() error
}

// Presence is what stands between the box and a card.
type Presence uint8

// The states of a reader.
const (
	NoReader Presence = iota // no reader, or no card service
	Empty                    // reader, no card
	Present                  // a card that answers to reset
	Mute                     // something lies in the reader and does not answer: wrong way round, dirty, no chip
)

// String returns "no_reader", "empty", "present" or "mute".
func (p Presence) String() string {
	switch p {
	case NoReader:
		return "no_reader"
	case Empty:
		return "empty"
	case Present:
		return "present"
	case Mute:
		return "mute"
	}
	return fmt.Sprintf("Presence(%d)", uint8(p))
}

// Event is a change at the reader.
type Event struct {
	At       time.Time
	Presence Presence
	Err      error // why there is no reader, with what to do about it; else nil
}

// Deliver puts the event into a buffered channel and never waits: when nobody has received for long, the oldest events go, because
// the newest one says how things stand. Only one goroutine at a time may deliver to a channel.
func (e Event) Deliver(to chan Event) {
	for {
		select {
		case to <- e:
			return
		default:
		}
		select {
		case <-to:
		default:
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"sync"

	"madoguchi/card"
)

// contactATR is the contact card's answer to reset: T=1, no historical bytes.
var contactATR = []byte{0x3B, 0xE0, 0x00, 0xFF, 0x81, 0x31, 0xFE, 0x45, 0x14}

var (
	errOff    = errors.New("card is not powered")
	errClosed = errors.New("connection is closed")
)

// maxLog bounds the log of a card that stays in for days.
const maxLog = 10000

// Card is one simulated card. Its methods may be called from any goroutine;
// commands are answered one at a time.
type Card struct {
	spec Spec

	mu     sync.Mutex
	apps   []*app
	on     bool
	power  uint64 // counts power and reset changes: an answer from before one is lost
	cold   bool   // no command since power-up
	cur    *app   // nil: only the card manager
	ef     *file
	random *rand.ChaCha8
	// Of the simulated issuer: the challenge of the last proof, what is
	// authorised and waits, and what took effect last.
	challenged []byte
	order      *order
	last       record
	log        []Header
	misuse     []string
	faults     []pending
	reader     *Reader
}

// New makes the card that s describes, powered off.
func New(s Spec) *Card {
	c := &Card{spec: s}
	c.spec.PINs, c.spec.Left = maps.Clone(s.PINs), maps.Clone(s.Left)
	if s.Profile != Licence {
		c.apps = profileApps(c.spec)
	}
	var seed [32]byte
	binary.BigEndian.PutUint64(seed[:], s.Seed)
	c.random = rand.NewChaCha8(seed)
	return c
}

// ATR returns the answer to reset.
func (c *Card) ATR() []byte {
	if c.spec.ATR != nil {
		return append([]byte(nil), c.spec.ATR...)
	}
	return append([]byte(nil), contactATR...)
}

// Reset powers the card on. Warm, it keeps which PINs are verified and forgets
// only the current application, as a physical card does; cold, it forgets both.
func (c *Card) Reset(warm bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.challenged, c.order = nil, nil
	if !warm || !c.on {
		c.forget()
		c.cold = true
	}
	c.on = true
	c.power++
	c.cur, c.ef = nil, nil
}

// PowerOff forgets everything but PINs and counters.
func (c *Card) PowerOff() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.powerOff()
}

func (c *Card) powerOff() {
	c.on = false
	c.power++
	c.cur, c.ef = nil, nil
	c.forget()
	c.challenged, c.order = nil, nil
}

// forget drops every verified state.
func (c *Card) forget() {
	for _, a := range c.apps {
		for _, f := range a.files {
			if f.key != nil {
				f.key.verified, f.key.asked = false, false
			}
		}
	}
}

// Powered tells whether the card has power.
func (c *Card) Powered() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.on
}

// keysOf returns the key or keys of a kind.
func (c *Card) keysOf(k card.Kind) []*key {
	var out []*key
	for _, r := range k.Info().Refs {
		for _, a := range c.apps {
			if a.aid == string(r.AP) {
				out = append(out, a.file(r.EF).key)
			}
		}
	}
	return out
}

// app finds an application by its whole name.
func (c *Card) app(aid string) *app {
	for _, a := range c.apps {
		if a.aid == aid {
			return a
		}
	}
	return nil
}

// Verified tells whether every key of k is in the verified state, which no
// command can ask for.
func (c *Card) Verified(k card.Kind) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	keys := c.keysOf(k)
	for _, key := range keys {
		if !key.verified {
			return false
		}
	}
	return len(keys) > 0
}

// Left returns the tries left of k, the lower of two; -1 on a card without it.
func (c *Card) Left(k card.Kind) int {
	c.mu.Lock()
	defer c.mu.Unlock()
	left := -1
	for _, key := range c.keysOf(k) {
		if left < 0 || key.left < left {
			left = key.left
		}
	}
	return left
}

// Log returns the headers of the commands so far (the last 10,000).
func (c *Card) Log() []Header {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Header(nil), c.log...)
}

// ClearLog forgets log and misuse.
func (c *Card) ClearLog() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.log, c.misuse = nil, nil
}

// Misuse lists what a careful program would not have sent. It shows no data.
func (c *Card) Misuse() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.misuse...)
}

func (c *Card) blame(h Header, format string, args ...any) {
	if len(c.misuse) < maxLog {
		c.misuse = append(c.misuse, fmt.Sprintf("%02X %02X %02X %02X: ", h.CLA, h.INS, h.P1, h.P2)+fmt.Sprintf(format, args...))
	}
}

// seat tells the card which reader it lies in.
func (c *Card) seat(r *Reader) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.reader = r
}

// Transmit answers one command APDU. It fails only when the card has no power
// or a planned fault takes it away.
func (c *Card) Transmit(apdu []byte) ([]byte, error) {
	c.mu.Lock()
	if !c.on {
		defer c.mu.Unlock()
		if len(apdu) >= 4 {
			c.blame(Header{apdu[0], apdu[1], apdu[2], apdu[3]}, "sent without power")
		}
		return nil, fmt.Errorf("transmitting: %w", errOff)
	}
	f, faulty := c.next(apdu)
	power := c.power
	if faulty && f.Reached != nil {
		close(f.Reached)
	}
	if faulty && (f.Delay > 0 || f.Hold != nil) {
		c.mu.Unlock()
		f.wait()
		c.mu.Lock()
		if c.power != power {
			c.mu.Unlock()
			return nil, fmt.Errorf("transmitting: %w", card.ErrRemoved)
		}
	}
	var resp []byte
	switch {
	case faulty && f.Pull == PullBefore:
	case faulty && f.Answer != nil:
		c.note(apdu)
		resp = append([]byte(nil), f.Answer...)
	case faulty && f.SW != 0:
		c.note(apdu)
		resp = answer(nil, f.SW)
	default:
		c.note(apdu)
		resp = c.answer(apdu)
	}
	if !faulty || f.Pull == NoPull {
		c.mu.Unlock()
		return resp, nil
	}
	c.powerOff()
	r := c.reader
	c.mu.Unlock()
	if r != nil {
		r.pulled(c)
	}
	return nil, fmt.Errorf("transmitting: %w", card.ErrRemoved)
}

// note logs a command that reached the card.
func (c *Card) note(apdu []byte) {
	if len(apdu) < 4 {
		return
	}
	if len(c.log) == maxLog {
		c.log = append(c.log[:0], c.log[maxLog/2:]...)
	}
	c.log = append(c.log, Header{apdu[0], apdu[1], apdu[2], apdu[3]})
}

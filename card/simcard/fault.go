// SPDX-License-Identifier: Apache-2.0

package simcard

import "time"

// Pull is when a card is taken out.
type Pull uint8

// The two moments of a removal at a command.
const (
	NoPull     Pull = iota
	PullBefore      // the command does not reach the card
	PullAfter       // the card acts, its answer is lost
)

// Fault is something that goes wrong once, at one command.
type Fault struct {
	At     int    // which command from now on; 1 is the next one
	INS    byte   // if not 0, only commands with this instruction count
	Pull   Pull   // the card is taken out
	SW     uint16 // the card answers this and does nothing, if not 0
	Answer []byte // raw bytes instead of an answer, if not nil; the card does nothing
	// Delay and Hold make the answer slow: by time, until a channel is closed.
	Delay time.Duration
	Hold  <-chan struct{}
	// Reached, if not nil, is closed when the command arrives.
	Reached chan<- struct{}
}

// pending is a fault and the commands until it.
type pending struct {
	Fault
	in int
}

func (f pending) wait() {
	if f.Delay > 0 {
		t := time.NewTimer(f.Delay)
		defer t.Stop()
		<-t.C
	}
	if f.Hold != nil {
		<-f.Hold
	}
}

// Inject plans faults, counted from the next command. They survive power-off.
func (c *Card) Inject(faults ...Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, f := range faults {
		c.faults = append(c.faults, pending{f, f.At})
	}
}

// ClearFaults forgets what was planned.
func (c *Card) ClearFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// next counts a command and returns the fault that falls on it.
func (c *Card) next(apdu []byte) (due pending, ok bool) {
	rest := c.faults[:0]
	for _, f := range c.faults {
		if f.INS == 0 || len(apdu) > 1 && apdu[1] == f.INS {
			f.in--
		}
		switch {
		case f.in > 0:
			rest = append(rest, f)
		case !ok:
			due, ok = f, true
		}
	}
	c.faults = rest
	return due, ok
}

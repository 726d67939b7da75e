// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"errors"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad/pin"
)

// Opts are the times of the key-pad. Zero fields take the value of DefaultOpts.
type Opts struct {
	Scan            time.Duration // between two scans while a key is down or in secret mode; 5 ms
	Settle          time.Duration // between driving a column and reading the rows; 50 µs
	PressDebounce   time.Duration // a contact counts as closed after; 15 ms = 3 equal scans
	ReleaseDebounce time.Duration // and as open after; 25 ms = 5 equal scans
	RepeatGuard     time.Duration // the same key again is ignored for; 120 ms (slow keys: 400 ms)
	Now             func() time.Time
}

// DefaultOpts are the times of the product.
var DefaultOpts = Opts{
	Scan:            5 * time.Millisecond,
	Settle:          50 * time.Microsecond,
	PressDebounce:   15 * time.Millisecond,
	ReleaseDebounce: 25 * time.Millisecond,
	RepeatGuard:     120 * time.Millisecond,
	Now:             time.Now,
}

// Pad is the key-pad.
type Pad struct{ events chan Event }

// New starts the key-pad on four row and four column lines.
func New(rows, cols [4]gpio.PinIO, opts *Opts) (*Pad, error) {
	return nil, errors.New("pinpad: not ready")
}

// Events returns the channel of events; Halt closes it.
func (p *Pad) Events() <-chan Event { return p.events }

// Menu starts menu mode.
func (p *Pad) Menu(gen uint32) {}

// Secret starts secret mode for one entry.
func (p *Pad) Secret(gen uint32, e Entry) {}

// Off delivers no keys.
func (p *Pad) Off(gen uint32) {}

// Take moves an entered PIN out of its slot; nil if none stands.
func (p *Pad) Take(s Slot) *pin.PIN { return nil }

// TakeCode moves an entered clerk code out of its slot; nil if none stands.
func (p *Pad) TakeCode() *pin.Code { return nil }

// Wipe wipes all slots.
func (p *Pad) Wipe() {}

// Halt stops the key-pad.
func (p *Pad) Halt() error { return nil }

// String names the device.
func (p *Pad) String() string { return "pinpad" }

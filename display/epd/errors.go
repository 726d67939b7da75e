// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// A BusyError says that BUSY did not change within its limit: the controller never finished, or never started.
type BusyError struct {
	Op    string        // what was waited for, "resetting", "refreshing fully", …
	Level gpio.Level    // the level at which BUSY stayed
	Limit time.Duration // how long it was watched
	Check string        // what a technician looks at first
}

// Error names the operation, the level, the limit and what to check.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: BUSY stayed %v for %v; check %s", e.Op, e.Level, e.Limit, e.Check)
}

// What to check.
const (
	checkCable  = "that the panel's cable sits firmly at both ends and that 3.3 V reach its board"
	checkLine   = "that the panel is the configured one, and its BUSY line (GPIO 24) for a bad contact or a short to 3.3 V"
	checkSlow   = "the panel's cable and supply, and the place for cold; if it comes again, change the panel"
	checkSupply = "the panel's cable and its 3.3 V: supply or contact failed during the refresh"
	checkPort   = "that SPI is switched on and that no other program holds the panel's lines"
)

// A ShortError says that a refresh ended sooner than any known waveform does: supply or contact was lost in the middle of it, so that the
// glass may be half drawn.
type ShortError struct {
	Op    string
	Level gpio.Level    // the level of BUSY that told the end
	Took  time.Duration // how long BUSY told of work
	Limit time.Duration // the least that is believed
}

// Error names the operation, the level, both times and what to check.
func (e *ShortError) Error() string {
	return fmt.Sprintf("%s: BUSY went %v after %v, before the %v that it takes at least; check %s", e.Op, e.Level, e.Took, e.Limit, checkSupply)
}

// A TransferError says that the host could not send: an SPI transfer or a line failed.
type TransferError struct {
	Op  string
	Err error // of the port or the line
}

// Error names the operation, the cause and what to check.
func (e *TransferError) Error() string {
	return fmt.Sprintf("%s: %v; check %s", e.Op, e.Err, checkPort)
}

// Unwrap returns the port's or the line's error.
func (e *TransferError) Unwrap() error { return e.Err }

// A ModelError says that another panel than the configured one answered.
type ModelError struct {
	Want  Model
	Found string // what answered, for people
	Err   *BusyError
}

// Error names both panels and what to check.
func (e *ModelError) Error() string {
	return fmt.Sprintf("%v; what answers is %s, configured is %s: change the panel or panel = in the configuration", e.Err, e.Found, e.Want)
}

// Unwrap returns the wait that failed.
func (e *ModelError) Unwrap() error { return e.Err }

// SPDX-License-Identifier: Apache-2.0

package device

import (
	"time"

	"madoguchi/sync/record"
)

// A Clock tells the time and waits. Everything in the box that waits, waits on it.
type Clock interface {
	Now() time.Time
	// Timer returns a channel that delivers the time once d has passed, and a function that gives the wait up.
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// SystemClock is the machine's clock.
type SystemClock struct{}

var _ Clock = SystemClock{}

// Now is time.Now.
func (SystemClock) Now() time.Time { return time.Now() }

// Timer is time.NewTimer.
func (SystemClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

// floor is the time below which the clock is not believed: what the outbox has kept, and on a new box, which has kept none, the first year of any record. A board
// without a clock of its own starts in 1970.
func (d *Device) floor() (time.Time, error) {
	floor, err := d.box.Floor()
	if e := record.Earliest(); floor.Before(e) {
		floor = e
	}
	return floor, err
}

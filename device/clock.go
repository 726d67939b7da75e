// SPDX-License-Identifier: Apache-2.0

package device

import "time"

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

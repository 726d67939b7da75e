// SPDX-License-Identifier: Apache-2.0

package display

import "time"

// A Clock tells and waits for time.
type Clock interface {
	Now() time.Time
	// Timer returns a channel that delivers once, d from now; stop releases the timer.
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// systemClock is the clock of package time.
type systemClock struct{}

var _ Clock = systemClock{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

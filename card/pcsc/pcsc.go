// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"errors"
	"fmt"
	"time"

	"madoguchi/card"
)

// ErrNotBuilt is returned by Open in a program built without cgo.
var ErrNotBuilt = errors.New("built without PC/SC: build with CGO_ENABLED=1 and libpcsclite-dev")

// ErrNoService is the cause while pcscd cannot be reached.
var ErrNoService = fmt.Errorf("%w: start pcscd with `systemctl start pcscd.socket`", card.ErrNoService)

// Opts are the settings of a Reader.
type Opts struct {
	// Reader is a part of the reader's name; "" takes whichever reader holds a
	// card.
	Reader string
	// Wait is the longest single wait for a change; default 30 s. It bounds how
	// late a lost wake-up is noticed, nothing else: pcscd ends the wait with the
	// change, and its own end breaks the socket. Each new one costs six messages to
	// pcscd and back, and Go's runtime looks after a thread that is in C some thirty
	// times before it leaves it alone.
	Wait time.Duration
	// BackoffMin and BackoffMax bound the pause before pcscd is asked again
	// after an error; defaults 250 ms and 8 s, doubling.
	BackoffMin, BackoffMax time.Duration
	// Notice is how long a command that failed waits for the news that its card
	// was pulled; default 1 s. pcscd looks about every 400 ms, and until it has
	// looked the driver's error says only that no answer came.
	Notice time.Duration
	// Trace, if set, is told each command by class and instruction only.
	Trace func(line string)
	// Now stamps events; time.Now if nil.
	Now func() time.Time
}

// DefaultOpts are the settings used for zero fields.
var DefaultOpts = Opts{Wait: 30 * time.Second, BackoffMin: 250 * time.Millisecond, BackoffMax: 8 * time.Second, Notice: time.Second}

func (o *Opts) filled() Opts {
	var f Opts
	if o != nil {
		f = *o
	}
	if f.Wait <= 0 {
		f.Wait = DefaultOpts.Wait
	}
	if f.BackoffMin <= 0 {
		f.BackoffMin = DefaultOpts.BackoffMin
	}
	if f.BackoffMax < f.BackoffMin {
		f.BackoffMax = max(DefaultOpts.BackoffMax, f.BackoffMin)
	}
	if f.Notice <= 0 {
		f.Notice = DefaultOpts.Notice
	}
	if f.Now == nil {
		f.Now = time.Now
	}
	return f
}

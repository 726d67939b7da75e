// SPDX-License-Identifier: Apache-2.0

package child

import (
	"time"

	"madoguchi/pinpad/pinpadtest"
)

// closures moves the contacts of the matrix. Each set of closures stands until
// the key-pad has scanned it often enough to take it, whatever else the machine
// is doing, and is then answered; so no press is lost and none is cut short.
type closures struct {
	matrix *pinpadtest.Matrix
	masks  chan uint16
	done   func(mask uint16) error
}

// How long a set of closures stands.
const (
	// backlog is more than a hand can do before the key-pad has caught up.
	backlog = 256
	// scans is how many times the lines are read while a contact is debounced:
	// 25 ms of scans every 5 ms, and two more. One scan is at least 24 calls.
	scans = 7 * 24
	// idle is how long a key-pad that makes no calls is given to wake: it may be
	// switched off or not there yet.
	idle = 120 * time.Millisecond
	// rest is how long a key-pad makes no calls when it scans no more.
	rest = 20 * time.Millisecond
	// look is how often the calls are counted.
	look = 2 * time.Millisecond
)

func newClosures(m *pinpadtest.Matrix, done func(uint16) error) *closures {
	return &closures{matrix: m, masks: make(chan uint16, backlog), done: done}
}

// set is called by the wire and does not block; it drops what no hand can do.
func (c *closures) set(mask uint16) {
	select {
	case c.masks <- mask:
	default:
	}
}

// run moves the contacts until stop. Before a key goes down the contacts stand
// once more as they are: a key-pad that has just changed its mode takes no key
// until it has seen all of them up.
func (c *closures) run(stop <-chan struct{}) {
	for {
		select {
		case <-stop:
			return
		case mask := <-c.masks:
			if mask&^c.matrix.Closed() != 0 {
				c.stand(stop, rest)
			}
			c.matrix.SetClosed(mask)
			c.stand(stop, idle)
			if c.done(mask) != nil {
				return
			}
		}
	}
}

// stand waits until the contacts were scanned, or until the key-pad has made no
// call for so long.
func (c *closures) stand(stop <-chan struct{}, still time.Duration) {
	first, last, since := c.matrix.Ops(), c.matrix.Ops(), time.Now()
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		ops := c.matrix.Ops()
		if ops-first >= scans {
			return
		}
		if ops != last {
			last, since = ops, time.Now()
		}
		if time.Since(since) >= still {
			return
		}
	}
}

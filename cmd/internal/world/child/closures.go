// SPDX-License-Identifier: Apache-2.0

package child

import (
	"cmp"
	"time"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
)

// closures moves the contacts of the matrix. Each set of closures stands until
// the key-pad has scanned it often enough to take it, whatever else the machine
// is doing, and is then answered; so no press is lost and none is cut short.
type closures struct {
	matrix *pinpadtest.Matrix
	scans  uint64 // how many calls of the lines make a set of closures felt
	masks  chan uint16
	done   func(mask uint16) error
}

// How long a set of closures stands.
const (
	// backlog is more than a hand can do before the key-pad has caught up.
	backlog = 256
	// scan is how many calls of the lines one scan is at least.
	scan = 24
	// idle is how long a key-pad that makes no calls is given to wake: it may be
	// switched off or not there yet.
	idle = 120 * time.Millisecond
	// rest is how long a key-pad makes no calls when it scans no more.
	rest = 20 * time.Millisecond
	// look is how often the calls are counted.
	look = 2 * time.Millisecond
)

// newClosures moves the contacts of a key-pad with these times; zero ones are
// the product's.
func newClosures(m *pinpadtest.Matrix, o pinpad.Opts, done func(uint16) error) *closures {
	d := pinpad.DefaultOpts
	longest := max(cmp.Or(o.PressDebounce, d.PressDebounce), cmp.Or(o.ReleaseDebounce, d.ReleaseDebounce))
	n := longest/cmp.Or(o.Scan, d.Scan) + 2 // the scans of a debounced contact, and two more
	return &closures{matrix: m, scans: uint64(n) * scan, masks: make(chan uint16, backlog), done: done}
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
	first, last, quiet := c.matrix.Ops(), c.matrix.Ops(), time.Duration(0)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		ops := c.matrix.Ops()
		if ops-first >= c.scans {
			return
		}
		if quiet += look; ops != last {
			last, quiet = ops, 0
		}
		if quiet >= still { // by looks, not by the clock: a process that was not run has not looked
			return
		}
	}
}

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
	scans  uint64 // how many scans make a set of closures felt
	masks  chan uint16
	done   func(mask uint16) error
}

// How long a set of closures stands.
const (
	// backlog is more than a hand can do before the key-pad has caught up.
	backlog = 256
	// absent is how long a key-pad that never scanned is waited for: it may not be there yet.
	absent = 120 * time.Millisecond
	// silent is how long one that did may make no calls of the lines. It is not run for so long
	// on no machine that works.
	silent = 5 * time.Second
	// asleep is how long a key-pad that waits for an edge makes no calls before it counts as asleep.
	asleep = 10 * time.Millisecond
	// look is how often the scans are counted.
	look = 2 * time.Millisecond
)

// newClosures moves the contacts of a key-pad with these times; zero ones are
// the product's.
func newClosures(m *pinpadtest.Matrix, o pinpad.Opts, done func(uint16) error) *closures {
	d := pinpad.DefaultOpts
	longest := max(cmp.Or(o.PressDebounce, d.PressDebounce), cmp.Or(o.ReleaseDebounce, d.ReleaseDebounce))
	n := longest/cmp.Or(o.Scan, d.Scan) + 2 // the scans of a debounced contact, and two more
	return &closures{matrix: m, scans: uint64(n), masks: make(chan uint16, backlog), done: done}
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
				c.stand(stop)
			}
			c.matrix.SetClosed(mask)
			c.stand(stop)
			if c.done(mask) != nil {
				return
			}
		}
	}
}

// stand waits until the contacts were scanned often enough. A key-pad that sleeps has seen that all are open.
func (c *closures) stand(stop <-chan struct{}) {
	first, last, quiet := c.matrix.Scans(), c.matrix.Ops(), time.Duration(0)
	tick := time.NewTicker(look)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
		}
		scans, ops := c.matrix.Scans(), c.matrix.Ops()
		if quiet += look; ops != last {
			last, quiet = ops, 0
		}
		if scans-first >= c.scans || quiet >= asleep && c.matrix.Closed() == 0 && c.matrix.Asleep() {
			return
		}
		limit := silent
		if scans == 0 {
			limit = absent
		}
		if quiet >= limit { // by looks, not by the clock: a process that was not run has not looked
			return
		}
	}
}

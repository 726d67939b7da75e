// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"sync"
	"time"
)

// Japan is the zone in which the box's clock tells the time; Japan has had no
// other since 1951.
var Japan = time.FixedZone("JST", 9*60*60)

// Clock is the box's clock: the machine's clock and an offset that the world
// sets. Moving the offset forward fires every timer that has become due, so a
// time-out of 90 s can be watched in a moment. The zero value runs with the
// machine's clock.
type Clock struct {
	mu     sync.Mutex
	offset time.Duration
	timers map[*timer]struct{}
}

// timer is one pending wait. due is in the clock's own time.
type timer struct {
	due  time.Time
	wake *time.Timer
	c    chan time.Time
}

// Now returns the box's time.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now()
}

func (c *Clock) now() time.Time { return time.Now().Add(c.offset).In(Japan) }

// Timer returns a channel that delivers the time once d has passed on this
// clock, and a function that gives the wait up. The channel has room for the
// one value it delivers.
func (c *Clock) Timer(d time.Duration) (<-chan time.Time, func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &timer{due: c.now().Add(d), c: make(chan time.Time, 1)}
	if c.timers == nil {
		c.timers = map[*timer]struct{}{}
	}
	c.timers[t] = struct{}{}
	t.wake = time.AfterFunc(d, func() { c.fire(t) })
	return t.c, func() { c.drop(t) }
}

// fire delivers t if it is still awaited.
func (c *Clock) fire(t *timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.timers[t]; !ok {
		return
	}
	delete(c.timers, t)
	t.c <- c.now()
}

// drop forgets t.
func (c *Clock) drop(t *timer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	t.wake.Stop()
	delete(c.timers, t)
}

// set moves the clock. Timers keep their due time on the box's clock; those
// now in the past fire at once.
func (c *Clock) set(offset time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset = offset
	now := c.now()
	for t := range c.timers {
		t.wake.Stop()
		if left := t.due.Sub(now); left > 0 {
			t.wake = time.AfterFunc(left, func() { c.fire(t) })
			continue
		}
		delete(c.timers, t)
		t.c <- now
	}
}

// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"time"

	"periph.io/x/conn/v3/gpio"
)

const (
	edgeSlice = 250 * time.Millisecond // one WaitForEdge: level and deadline are looked at again after it
	edgePause = 5 * time.Millisecond   // between two looks where edges do not work
	heldUp    = 10 * time.Millisecond  // BUSY rises within one of the command
	lateRise  = 100 * time.Millisecond // BUSY is looked at for so long before it is said that work was short
	quiet     = time.Millisecond       // no edge for so long: the queue of edges is empty
)

// work waits until the controller, given something to do, has begun and finished it; it returns how long BUSY told of work. If it is seen to have begun long
// after the command, then we were held up, and not BUSY: the time counts from the command, or good work would look too short.
func (d *Dev) work(limit time.Duration) time.Duration {
	d.waitBusy()
	begun := d.clock.Now()
	if begun.Sub(d.sent) > heldUp {
		begun = d.sent
	}
	d.waitIdle(limit)
	return d.clock.Now().Sub(begun)
}

// refresh is work that takes at least so long, unless no times are checked.
func (d *Dev) refresh(limit, least time.Duration) time.Duration {
	t := d.work(limit)
	if d.err == nil && t < least && !d.opts.AnyTime && d.begins() {
		d.waitIdle(limit)
		t = d.clock.Now().Sub(d.sent)
	}
	if d.err == nil && t < least && !d.opts.AnyTime {
		d.err = &ShortError{Op: d.op, Level: d.ctl.idle(), Took: t, Limit: least}
	}
	return t
}

// begins tells whether BUSY tells of work after all: on a busy board an edge of the work before can come so late that it is taken for the beginning of this one.
func (d *Dev) begins() bool {
	for end := d.clock.Now().Add(lateRise); d.pins.Busy.Read() == d.ctl.idle(); d.pause(edgePause) {
		if !d.clock.Now().Before(end) {
			return false
		}
	}
	return true
}

// waitBusy waits until BUSY was seen at work. Stale edges were taken by waitIdle, so that an edge alone is proof for work shorter than our
// way to Read.
func (d *Dev) waitBusy() { d.wait(!d.ctl.idle(), d.opts.RiseLimit, true) }

// waitIdle waits until BUSY is at rest and stays so for a moment.
func (d *Dev) waitIdle(limit time.Duration) {
	d.wait(d.ctl.idle(), limit, false)
	for range 8 {
		if d.err != nil || !d.pins.Busy.WaitForEdge(quiet) {
			return
		}
		d.wait(d.ctl.idle(), limit, false)
	}
}

// wait waits for a level of BUSY, or for any edge if that will do. WaitForEdge is called with positive times only: periph's ioctl driver
// takes 0 as for ever and returns at once from -1.
func (d *Dev) wait(level gpio.Level, limit time.Duration, edge bool) {
	if d.err != nil {
		return
	}
	for end := d.clock.Now().Add(limit); d.pins.Busy.Read() != level; {
		now := d.clock.Now()
		left := end.Sub(now)
		if left <= 0 {
			d.err = &BusyError{Op: d.op, Level: !level, Limit: limit, Check: d.check(!level, edge)}
			return
		}
		slice := min(left, edgeSlice)
		if d.pins.Busy.WaitForEdge(slice) {
			if edge {
				return
			}
		} else if d.clock.Now().Sub(now) < min(slice, edgePause) {
			d.pause(min(slice, edgePause)) // this pin's edges do not work: look again, but do not spin
		}
	}
}

// check says what to look at when BUSY stays at a level. A line that nobody drives reads low.
func (d *Dev) check(level gpio.Level, begin bool) string {
	switch {
	case level == gpio.Low && (begin || !d.awake):
		return checkCable
	case begin || !d.awake:
		return checkLine
	}
	return checkSlow
}

// pause waits for a time that the controller needs; it is never long.
func (d *Dev) pause(t time.Duration) {
	if d.err != nil || t <= 0 {
		return
	}
	c, stop := d.clock.Timer(t)
	defer stop()
	<-c
}

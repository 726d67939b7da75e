// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// A BusyError says that BUSY did not change within its limit. High: the controller never finished, or the panel is the 4.2" V1, whose BUSY has
// the opposite sense. Low: the controller never started, as with a loose cable (a line that cannot be read also reads low).
type BusyError struct {
	Op    string        // what was waited for, "resetting", "refreshing fully", …
	Level gpio.Level    // the level at which BUSY stayed
	Limit time.Duration // how long it was watched
}

// Error names the operation, the level and the limit.
func (e *BusyError) Error() string {
	return fmt.Sprintf("%s: BUSY stayed %v for %v", e.Op, e.Level, e.Limit)
}

const (
	edgeSlice = 250 * time.Millisecond // one WaitForEdge: level and deadline are looked at again after it
	edgePause = 5 * time.Millisecond   // between two looks where edges do not work
	quiet     = time.Millisecond       // no edge for so long: the queue of edges is empty
)

// activate runs the sequence written to 22h and waits until it has ended; it returns how long BUSY was high.
func (d *SSD1683) activate(op string, seq byte, limit time.Duration) time.Duration {
	d.send(cmdUpdateControl2, seq)
	d.send(cmdActivate)
	start := d.clock.Now()
	d.waitRise(op)
	d.waitFall(op, limit)
	return d.clock.Now().Sub(start)
}

// waitRise waits until BUSY was seen high. Stale edges were taken by waitFall, so that an edge alone is proof for a refresh shorter than our
// way to Read.
func (d *SSD1683) waitRise(op string) {
	d.wait(op, gpio.High, d.opts.RiseLimit)
}

// waitFall waits until BUSY is low and stays so for a moment.
func (d *SSD1683) waitFall(op string, limit time.Duration) {
	d.wait(op, gpio.Low, limit)
	for range 8 {
		if d.err != nil || !d.pins.Busy.WaitForEdge(quiet) {
			return
		}
		d.wait(op, gpio.Low, limit)
	}
}

// wait waits for a level of BUSY, or for an edge if the level is High. WaitForEdge is called with positive times only: periph's ioctl driver
// takes 0 as for ever and returns at once from -1.
func (d *SSD1683) wait(op string, level gpio.Level, limit time.Duration) {
	if d.err != nil {
		return
	}
	for end := d.clock.Now().Add(limit); d.pins.Busy.Read() != level; {
		now := d.clock.Now()
		left := end.Sub(now)
		if left <= 0 {
			d.err = &BusyError{Op: op, Level: !level, Limit: limit}
			return
		}
		slice := min(left, edgeSlice)
		if d.pins.Busy.WaitForEdge(slice) {
			if level == gpio.High {
				return
			}
		} else if d.clock.Now().Sub(now) < min(slice, edgePause) {
			d.sleep(min(slice, edgePause)) // this pin's edges do not work: look again, but do not spin
		}
	}
}

// sleep waits for a time that the controller needs; it is never long.
func (d *SSD1683) sleep(t time.Duration) {
	if d.err != nil || t <= 0 {
		return
	}
	c, stop := d.clock.Timer(t)
	defer stop()
	<-c
}

// SPDX-License-Identifier: Apache-2.0

package epd

import "time"

// watch makes sure that somebody turns the drive voltages off after the last partial refresh. It starts at most one goroutine, which ends with
// the voltages; refreshes meanwhile only move the time.
func (d *SSD1683) watch() {
	if d.watched {
		return
	}
	d.watched = true
	go func() {
		for wait := d.opts.IdleOff; wait > 0; {
			c, stop := d.clock.Timer(wait)
			<-c
			stop()
			<-d.lock
			wait = d.idle()
			d.lock <- struct{}{}
		}
	}()
}

// idle turns the drive voltages off if nothing was refreshed for long enough; else it returns when to look again.
func (d *SSD1683) idle() (again time.Duration) {
	if d.boosted {
		if again = d.opts.IdleOff - d.clock.Now().Sub(d.lastUse); again > 0 {
			return again
		}
		d.err = nil
		d.powerOff()
		if d.err != nil {
			_ = d.cut() // the next picture starts the panel anew and meets the same fault if it stays
		}
	}
	d.watched = false
	return 0
}

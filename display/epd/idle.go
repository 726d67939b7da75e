// SPDX-License-Identifier: Apache-2.0

package epd

// boost says that the drive voltages are on since now, and makes sure that somebody turns them off. One goroutine watches as long as they are
// on; a refresh meanwhile only moves the time.
func (d *Dev) boost() {
	d.lastUse = d.clock.Now()
	if d.boosted {
		return
	}
	d.boosted, d.unwatch = true, make(chan struct{})
	go d.watch(d.unwatch)
}

// rest says that the drive voltages are off.
func (d *Dev) rest() {
	if d.boosted {
		close(d.unwatch)
	}
	d.boosted = false
}

// watch turns the drive voltages off when nothing was refreshed for long enough. It ends when they are off, whoever did it.
func (d *Dev) watch(over chan struct{}) {
	for wait := d.opts.IdleOff; ; {
		c, stop := d.clock.Timer(wait)
		select {
		case <-c:
		case <-over:
			stop()
			return
		}
		select {
		case <-d.lock:
		case <-over:
			return
		}
		if d.boosted && d.unwatch == over {
			if wait = d.opts.IdleOff - d.clock.Now().Sub(d.lastUse); wait <= 0 {
				d.err = nil
				if d.unboost(); d.err != nil {
					_ = d.cut() // the next picture starts the panel anew and meets the same fault if it stays
				}
			}
		}
		off := !d.boosted || d.unwatch != over
		d.lock <- struct{}{}
		if off {
			return
		}
	}
}

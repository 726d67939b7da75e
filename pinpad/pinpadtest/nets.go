// SPDX-License-Identifier: Apache-2.0

package pinpadtest

import (
	"time"

	"periph.io/x/conn/v3/gpio"
)

// update finds the level of every row after a change and queues the edges. Two
// lines are one net if closed contacts join them, over however many other
// lines: that is what makes ghosts. Call with mu held.
func (m *Matrix) update() {
	// Rows are nodes 0–3, columns 4–7; net[i] is the smallest node of i's net.
	var net [8]int
	for i := range net {
		net[i] = i
	}
	for changed := true; changed; {
		changed = false
		for bit := range 16 {
			if m.closed&(1<<bit) == 0 {
				continue
			}
			r, c := bit/4, 4+bit%4
			if low := min(net[r], net[c]); net[r] != low || net[c] != low {
				net[r], net[c] = low, low
				changed = true
			}
		}
	}
	var low, high [8]bool // a source pulls this net
	for i, l := range [8]*line{m.rows[0], m.rows[1], m.rows[2], m.rows[3], m.cols[0], m.cols[1], m.cols[2], m.cols[3]} {
		if l.stuck {
			mark(&low, &high, net[i], l.stuckAt)
		}
		if l.dir == dirOut {
			mark(&low, &high, net[i], l.out)
			if l.stuck && l.stuckAt != l.out {
				m.fault("%s drives against a short", l)
			}
		}
	}
	for i, r := range m.rows {
		if low[net[i]] && high[net[i]] {
			m.fault("%s joins a line driven low and a line driven high", r)
		}
		r.become(gpio.Level(!low[net[i]]))
	}
}

func mark(low, high *[8]bool, net int, l gpio.Level) {
	if l == gpio.Low {
		low[net] = true
	} else {
		high[net] = true
	}
}

// become sets the row's level; the change is seen after Matrix.Slow's time.
func (l *line) become(level gpio.Level) {
	if level == l.level {
		return
	}
	was := l.seen()
	l.level, l.since = level, time.Now()
	delay := l.m.rise
	if level == gpio.Low {
		delay = l.m.fall
	}
	switch {
	case delay == 0:
		l.detect(was, level)
	case level == gpio.Low:
		since := l.since
		time.AfterFunc(delay, func() {
			l.m.mu.Lock()
			defer l.m.mu.Unlock()
			if l.level == gpio.Low && l.since.Equal(since) {
				l.detect(gpio.High, gpio.Low)
			}
		})
	}
}

// seen is the level that a reader finds now.
func (l *line) seen() gpio.Level {
	delay := l.m.rise
	if l.level == gpio.Low {
		delay = l.m.fall
	}
	if delay > 0 && time.Since(l.since) < delay {
		return !l.level
	}
	return l.level
}

// detect queues an edge if the line is set to it.
func (l *line) detect(from, to gpio.Level) {
	if from == to || l.dir != dirIn {
		return
	}
	want := gpio.FallingEdge
	if to == gpio.High {
		want = gpio.RisingEdge
	}
	if l.edge != want && l.edge != gpio.BothEdges {
		return
	}
	if l.edges < kernelQueue {
		l.edges++
	}
	l.notify()
}

// SPDX-License-Identifier: Apache-2.0

package pinpadtest

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

type direction uint8

const (
	dirUnset direction = iota
	dirIn
	dirOut
)

// kernelQueue is how many edges the kernel keeps for a line nobody reads
// (uAPI v2: 16 for one line). In does not empty it.
const kernelQueue = 16

// line is one GPIO line of the matrix.
type line struct {
	m     *Matrix
	index int
	row   bool

	dir     direction
	out     gpio.Level
	pull    gpio.Pull
	edge    gpio.Edge
	stuck   bool
	stuckAt gpio.Level
	driven  time.Time // last Out

	level gpio.Level // of a row's net; update sets it
	since time.Time

	edges   int           // queued
	waiting chan struct{} // of the goroutine in WaitForEdge; nil: nobody
	halted  bool          // Halt reached that goroutine
}

var _ gpio.PinIO = (*line)(nil)

// String returns R1–R4 or C1–C4.
func (l *line) String() string {
	if l.row {
		return fmt.Sprintf("R%d", l.index+1)
	}
	return fmt.Sprintf("C%d", l.index+1)
}

// Name returns the same as String.
func (l *line) Name() string { return l.String() }

// Number returns the line's BCM number in the product's pin plan.
func (l *line) Number() int {
	if l.row {
		return [4]int{5, 6, 13, 19}[l.index]
	}
	return [4]int{16, 26, 20, 21}[l.index]
}

// Function implements pin.Pin.
func (l *line) Function() string { return "" }

// In makes the line an input. Queued edges stay queued, as in the kernel.
func (l *line) In(pull gpio.Pull, edge gpio.Edge) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.ops++
	if l.m.broken != nil {
		return fmt.Errorf("setting %s as input: %w", l, l.m.broken)
	}
	switch {
	case l.waiting != nil:
		l.m.fault("%s set as input while a goroutine waits for its edge", l)
	case l.row && pull != gpio.PullUp:
		l.m.fault("%s set as input without pull-up", l)
	case !l.row && (pull == gpio.PullUp || pull == gpio.PullDown):
		l.m.fault("%s does not float: %s", l, pull)
	case !l.row && edge != gpio.NoEdge:
		l.m.fault("%s waits for edges", l)
	}
	if l.last() && l.m.alone {
		l.m.scans, l.m.alone = l.m.scans+1, false
	}
	l.dir, l.pull, l.edge = dirIn, pull, edge
	l.m.update()
	return nil
}

// Read returns what a reader finds now. A driver that fails returns Low.
func (l *line) Read() gpio.Level {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.ops++
	if l.m.broken != nil {
		return gpio.Low
	}
	if !l.row {
		l.m.fault("%s read", l)
		return gpio.High
	}
	if l.dir != dirIn {
		l.m.fault("%s read before it was an input", l)
	}
	low := 0
	for _, c := range l.m.cols {
		if c.dir != dirOut || c.out != gpio.Low {
			continue
		}
		low++
		if l.m.settle > 0 && time.Since(c.driven) < l.m.settle {
			l.m.fault("%s read sooner than %s after %s was driven", l, l.m.settle, c)
		}
	}
	if low > 1 && l.edge == gpio.NoEdge {
		l.m.fault("%s read while several columns are low: whose key is it?", l)
	}
	return l.seen()
}

// WaitForEdge has the driver's own sense of its argument: 0 waits for ever and
// -1 returns at once. Both are faults here.
func (l *line) WaitForEdge(timeout time.Duration) bool {
	wake, ok := l.wait(timeout)
	if wake == nil {
		return ok
	}
	t := time.NewTimer(timeout)
	defer t.Stop()
	select {
	case <-wake:
	case <-t.C:
	}
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.waiting = nil
	if l.halted || l.m.broken != nil || l.edges == 0 {
		return false
	}
	l.edges--
	return true
}

// wait registers the caller; nil: the answer is known already.
func (l *line) wait(timeout time.Duration) (<-chan struct{}, bool) {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.ops++
	switch {
	case l.m.broken != nil:
		return nil, false
	case l.dir != dirIn || l.edge == gpio.NoEdge:
		l.m.fault("%s waited for without an edge set", l)
		return nil, false
	case timeout <= 0:
		l.m.fault("%s waited for with time-out %d", l, timeout)
		return nil, false
	case l.waiting != nil:
		l.m.fault("%s waited for by two goroutines", l)
		return nil, false
	case l.edges > 0:
		l.edges--
		return nil, true
	}
	l.halted = false
	l.waiting = make(chan struct{}, 1)
	return l.waiting, false
}

// notify wakes the goroutine in WaitForEdge. Call with mu held.
func (l *line) notify() {
	if l.waiting != nil {
		select {
		case l.waiting <- struct{}{}:
		default:
		}
	}
}

// interrupt wakes it without an edge. Call with mu held.
func (l *line) interrupt() {
	if l.waiting != nil {
		l.halted = true
		l.notify()
	}
}

// Halt ends a WaitForEdge that waits now; one that comes later waits.
func (l *line) Halt() error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.ops++
	l.interrupt()
	return nil
}

// Out drives the line. Only columns may be driven, and only low.
func (l *line) Out(level gpio.Level) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.ops++
	if l.m.broken != nil {
		return fmt.Errorf("driving %s: %w", l, l.m.broken)
	}
	if l.row || level == gpio.High {
		l.m.fault("%s driven %s", l, level)
	}
	if l.last() {
		l.m.alone = l.m.driven() == 0
	}
	l.dir, l.out, l.edge, l.driven = dirOut, level, gpio.NoEdge, time.Now()
	l.m.update()
	return nil
}

// last tells whether the line is the column that a scan reads last.
func (l *line) last() bool { return !l.row && l.index == 3 }

// PWM is not for a matrix.
func (l *line) PWM(gpio.Duty, physic.Frequency) error {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	l.m.fault("%s given PWM", l)
	return errors.New("no PWM on " + l.String())
}

// Pull returns the pull that In set.
func (l *line) Pull() gpio.Pull {
	l.m.mu.Lock()
	defer l.m.mu.Unlock()
	return l.pull
}

// DefaultPull is unknown, as in the Linux driver.
func (l *line) DefaultPull() gpio.Pull { return gpio.PullNoChange }

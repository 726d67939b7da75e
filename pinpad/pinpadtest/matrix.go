// SPDX-License-Identifier: Apache-2.0

package pinpadtest

import (
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad"
)

// Matrix is a 4×4 key matrix and its eight lines.
type Matrix struct {
	mu     sync.Mutex
	closed uint16     // contacts: bit row × 4 + column
	traces [16]uint64 // number of the newest trace per contact
	rows   [4]*line
	cols   [4]*line

	settle, fall, rise time.Duration
	broken             error
	faults             []string
	ops, scans         uint64
	alone              bool // the last column was driven while no other was
}

// NewMatrix returns a matrix with all keys up and lines as after power-on:
// neither input nor output.
func NewMatrix() *Matrix {
	m := &Matrix{}
	for i := range 4 {
		m.rows[i] = &line{m: m, index: i, row: true, level: gpio.High}
		m.cols[i] = &line{m: m, index: i}
	}
	return m
}

// Rows returns the row lines R1 to R4.
func (m *Matrix) Rows() [4]gpio.PinIO { return pins(m.rows) }

// Cols returns the column lines C1 to C4.
func (m *Matrix) Cols() [4]gpio.PinIO { return pins(m.cols) }

func pins(l [4]*line) [4]gpio.PinIO { return [4]gpio.PinIO{l[0], l[1], l[2], l[3]} }

// Press closes the key's contact, cleanly. KeyService closes its two.
func (m *Matrix) Press(k pinpad.Key) { m.set(k.Bit(), k.Bit()) }

// Release opens the key's contact, cleanly.
func (m *Matrix) Release(k pinpad.Key) { m.set(k.Bit(), 0) }

// SetClosed sets all 16 contacts at one moment: bit row × 4 + column.
func (m *Matrix) SetClosed(mask uint16) { m.set(0xFFFF, mask) }

// Closed returns the contacts as they are now.
func (m *Matrix) Closed() uint16 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.closed
}

// set changes the contacts in which to mask and ends their traces.
func (m *Matrix) set(which, mask uint16) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.traces {
		if which&(1<<i) != 0 {
			m.traces[i]++
		}
	}
	m.closed = m.closed&^which | mask&which
	m.update()
}

// Contact is one step of a trace: after this time since the step before, the
// contact is closed or open.
type Contact struct {
	After  time.Duration
	Closed bool
}

// Trace plays a contact's bouncing from now on. The next Press, Release, Trace
// or SetClosed of this key ends it.
func (m *Matrix) Trace(k pinpad.Key, steps ...Contact) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.traces {
		if k.Bit()&(1<<i) != 0 {
			m.traces[i]++
			m.play(i, m.traces[i], steps)
		}
	}
}

// play makes the steps of contact i that are due and waits for the next, unless
// a newer trace has begun. Call with mu held.
func (m *Matrix) play(i int, trace uint64, steps []Contact) {
	for n, s := range steps {
		step := func() {
			m.closed &^= 1 << i
			if s.Closed {
				m.closed |= 1 << i
			}
			m.update()
		}
		if s.After <= 0 {
			step()
			continue
		}
		time.AfterFunc(s.After, func() {
			m.mu.Lock()
			defer m.mu.Unlock()
			if m.traces[i] == trace {
				step()
				m.play(i, trace, steps[n+1:])
			}
		})
		return
	}
}

// StickRow shorts a row line to a level until Unstick.
func (m *Matrix) StickRow(row int, l gpio.Level) { m.stick(m.rows[row], l) }

// StickCol shorts a column line to a level until Unstick.
func (m *Matrix) StickCol(col int, l gpio.Level) { m.stick(m.cols[col], l) }

func (m *Matrix) stick(l *line, level gpio.Level) {
	m.mu.Lock()
	defer m.mu.Unlock()
	l.stuck, l.stuckAt = true, level
	m.update()
}

// Unstick takes all shorts away.
func (m *Matrix) Unstick() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range 4 {
		m.rows[i].stuck, m.cols[i].stuck = false, false
	}
	m.update()
}

// Break makes every line fail as a driver does that lost its lines: In and Out
// return err, Read returns Low, WaitForEdge returns false at once. nil repairs.
func (m *Matrix) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.broken = err
	for i := range 4 {
		m.rows[i].interrupt()
	}
}

// Slow makes rows reach low only fall after a column pulls them (a rubber
// contact), and high only rise after it lets go (a long ribbon on a weak
// pull-up).
func (m *Matrix) Slow(fall, rise time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fall, m.rise = fall, rise
}

// RequireSettle makes it a fault to read a row sooner than d after a column was
// driven.
func (m *Matrix) RequireSettle(d time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle = d
}

// Driven returns the columns that are driven now, as bits.
func (m *Matrix) Driven() uint8 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.driven()
}

// driven is Driven with mu held.
func (m *Matrix) driven() (d uint8) {
	for i, c := range m.cols {
		if c.dir == dirOut {
			d |= 1 << i
		}
	}
	return d
}

// Ops returns how many calls the lines have had. A pad that does not poll leaves
// it alone.
func (m *Matrix) Ops() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.ops
}

// Scans returns how often the last column was read by itself: how many whole scans
// a pad has made that drives one column after the other.
func (m *Matrix) Scans() uint64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.scans
}

// Asleep tells whether a pad waits for an edge on every row, with all columns
// driven.
func (m *Matrix) Asleep() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, r := range m.rows {
		if r.waiting == nil {
			return false
		}
	}
	return m.driven() == 0b1111
}

// Faults lists, each once, what the lines were asked that a real matrix or
// driver does not forgive.
func (m *Matrix) Faults() []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.faults...)
}

// fault writes a fault down, once. Call with mu held.
func (m *Matrix) fault(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	for _, f := range m.faults {
		if f == s {
			return
		}
	}
	m.faults = append(m.faults, s)
}

// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// late is a BUSY pin whose reader is held up, once, when it sees work begin.
type late struct {
	gpio.PinIO
	by atomic.Int64 // nanoseconds
}

func (l *late) WaitForEdge(limit time.Duration) bool {
	edge := l.PinIO.WaitForEdge(limit)
	if edge && l.Read() == gpio.High {
		time.Sleep(time.Duration(l.by.Swap(0)))
	}
	return edge
}

// wired is a 4.2-inch driver over an emulated panel whose BUSY pin is seen through wrap, with a blank picture shown.
func wired(t *testing.T, opts *epdtest.Opts, wrap func(gpio.PinIO) gpio.PinIO) (*epd.Dev, *mono.Image) {
	t.Helper()
	panel := emulator(epd.Model4in2, opts)
	pins := epd.Pins(panel.Pins())
	pins.Busy = wrap(pins.Busy)
	d, err := epd.New(panel.Port(), pins, &epd.Opts{Model: epd.Model4in2, NoMeasure: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		d.Halt()
		panel.SetPower(gpio.Low)
	})
	m := blank(epd.Model4in2)
	if err := d.Full(t.Context(), m); err != nil {
		t.Fatal(err)
	}
	return d, m
}

// TestHeldUp: a program that was held up after the command, on a busy board, does not take good work for work that was cut short.
func TestHeldUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &late{}
		d, m := wired(t, &epdtest.Opts{PartialTime: 360 * time.Millisecond}, func(p gpio.PinIO) gpio.PinIO { busy.PinIO = p; return busy })
		var took time.Duration
		for range 2 { // the second finds the drive voltages on, as the third will
			begun := time.Now()
			if err := d.Partial(t.Context(), m, m.Bounds()); err != nil {
				t.Fatal(err)
			}
			took = time.Since(begun)
		}
		busy.by.Store(int64(took - 30*time.Millisecond))
		if err := d.Partial(t.Context(), m, m.Bounds()); err != nil || busy.by.Load() != 0 {
			t.Errorf("%v; held up: %v", err, busy.by.Load() == 0)
		}
	})
}

// stale is a BUSY pin that tells, once, of an edge that came before.
type stale struct {
	gpio.PinIO
	armed atomic.Bool
}

func (s *stale) WaitForEdge(limit time.Duration) bool {
	if limit > time.Millisecond && s.Read() == gpio.Low && s.armed.Swap(false) {
		return true
	}
	return s.PinIO.WaitForEdge(limit)
}

// TestStaleEdge: the edge that ended the work before may come late; it is not the beginning of a refresh that BUSY does not tell of yet.
func TestStaleEdge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		busy := &stale{}
		d, m := wired(t, &epdtest.Opts{BusyLate: 3 * time.Millisecond}, func(p gpio.PinIO) gpio.PinIO { busy.PinIO = p; return busy })
		busy.armed.Store(true)
		if err := d.Partial(t.Context(), m, m.Bounds()); err != nil || busy.armed.Load() {
			t.Errorf("%v; an edge came late: %v", err, !busy.armed.Load())
		}
	})
}

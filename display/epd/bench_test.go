// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"bytes"
	"context"
	"image"
	"testing"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/epd"
)

// pacedBus takes as long for its bytes as the wire at 10 MHz; BUSY tells of work when something is started.
type pacedBus struct {
	paced  bool
	starts []byte        // commands that start something, the refresh first
	bytes  int           // since reset
	last   time.Time     // end of the byte that started the last refresh
	sent   int           // bytes up to it
	late   time.Duration // since reset: what the bus waited beyond its time, for want of a processor
	lost   time.Duration // of it up to last
	busy   *busyPin
}

const bitTime = 100 * time.Nanosecond

func (b *pacedBus) String() string                                            { return "paced" }
func (b *pacedBus) Duplex() conn.Duplex                                       { return conn.Half }
func (b *pacedBus) TxPackets([]spi.Packet) error                              { return nil }
func (b *pacedBus) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) { return b, nil }

func (b *pacedBus) Tx(w, _ []byte) error {
	if b.paced {
		begun, on := time.Now(), time.Duration(len(w))*8*bitTime
		for time.Since(begun) < on {
		}
		b.late += time.Since(begun) - on
	}
	b.bytes += len(w)
	if len(w) == 1 && b.busy.dc.L == gpio.Low && bytes.Contains(b.starts, w) {
		b.busy.L = !b.busy.idle
		if w[0] == b.starts[0] {
			b.last, b.sent, b.lost = time.Now(), b.bytes, b.late
		}
	}
	return nil
}

// levelPin is a line that only holds its level.
type levelPin struct {
	gpio.PinIO
	L gpio.Level
}

func (p *levelPin) Out(l gpio.Level) error { p.L = l; return nil }

// busyPin is at rest as soon as somebody waits for it.
type busyPin struct {
	levelPin
	idle gpio.Level
	dc   *levelPin
}

func (p *busyPin) In(gpio.Pull, gpio.Edge) error { return nil }
func (p *busyPin) Read() gpio.Level              { return p.L }

func (p *busyPin) WaitForEdge(time.Duration) bool {
	changed := p.L != p.idle
	p.L = p.idle
	return changed
}

func pacedPanel(tb testing.TB, model epd.Model, paced bool) (*epd.Dev, *pacedBus) {
	tb.Helper()
	dc := new(levelPin)
	bus := &pacedBus{paced: paced, starts: []byte{0x20}, busy: &busyPin{dc: dc}}
	if model == epd.Model7in5 {
		bus.starts, bus.busy.idle, bus.busy.L = []byte{0x12, 0x04, 0x02}, gpio.High, gpio.High
	}
	d, err := epd.New(bus, epd.Pins{DC: dc, RST: new(levelPin), Busy: bus.busy}, &epd.Opts{Model: model, NoMeasure: true, AnyTime: true})
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.Full(context.Background(), blank(model)); err != nil {
		tb.Fatal(err)
	}
	return d, bus
}

func TestHotPathAllocatesNothing(t *testing.T) {
	for _, model := range epd.Models {
		d, _ := pacedPanel(t, model, false)
		m, turn := blank(model), false
		ctx := context.Background()
		var err error
		draw := func(r image.Rectangle) func() {
			return func() {
				m.Fill(r, turn)
				turn = !turn
				err = d.Partial(ctx, m, r)
			}
		}
		for name, f := range map[string]func(){
			"partial": draw(image.Rect(30, 200, 46, 216)),
			"whole":   draw(m.Bounds()),
			"full":    func() { err = d.Full(ctx, m) },
		} {
			f() // the first one starts the watch over the drive voltages
			f()
			if n := testing.AllocsPerRun(50, f); n >= 1 && name != "full" || n > 4 || err != nil {
				t.Errorf("%s, %s: %v allocations, error %v", model, name, n, err)
			}
		}
	}
}

// BenchmarkFrameToLastByte measures from handing a picture to the driver to the last byte before the refresh starts, against the bus time of
// the same bytes at 10 MHz ("x-bus": 1 = the bus is never idle). Time that other programs take from the bus's pretended work is not counted: the real one needs no processor.
func BenchmarkFrameToLastByte(b *testing.B) {
	for _, bb := range []struct {
		name  string
		model epd.Model
		part  image.Rectangle // empty: a full refresh
	}{
		{"full", epd.Model4in2, image.Rectangle{}},
		{"partial_whole", epd.Model4in2, epd.Model4in2.Bounds()},
		{"partial_typed", epd.Model4in2, image.Rect(40, 200, 80, 240)},
		{"full_7in5", epd.Model7in5, image.Rectangle{}},
		{"partial_whole_7in5", epd.Model7in5, epd.Model7in5.Bounds()},
	} {
		b.Run(bb.name, func(b *testing.B) {
			d, bus := pacedPanel(b, bb.model, true)
			m, turn := blank(bb.model), false
			ctx := context.Background()
			var took, wire time.Duration
			for b.Loop() {
				m.Fill(bb.part, turn)
				turn = !turn
				bus.bytes, bus.late = 0, 0
				begun, err := time.Now(), error(nil)
				if bb.part.Empty() {
					err = d.Full(ctx, m)
				} else {
					err = d.Partial(ctx, m, bb.part)
				}
				if err != nil {
					b.Fatal(err)
				}
				took += bus.last.Sub(begun) - bus.lost
				wire += time.Duration(bus.sent) * 8 * bitTime
			}
			b.ReportMetric(float64(took)/float64(wire), "x-bus")
			b.ReportMetric(float64(bus.sent), "bytes/frame")
		})
	}
}

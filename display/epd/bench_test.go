// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"context"
	"image"
	"testing"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/epd"
	"madoguchi/display/mono"
)

// pacedBus takes as long for its bytes as the wire at 10 MHz, and raises BUSY when a refresh is started.
type pacedBus struct {
	paced bool
	bytes int       // since reset
	last  time.Time // end of the byte that started the last refresh
	sent  int       // bytes up to it
	busy  *busyPin
}

const bitTime = 100 * time.Nanosecond

func (b *pacedBus) String() string                                            { return "paced" }
func (b *pacedBus) Duplex() conn.Duplex                                       { return conn.Half }
func (b *pacedBus) TxPackets([]spi.Packet) error                              { return nil }
func (b *pacedBus) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) { return b, nil }

func (b *pacedBus) Tx(w, _ []byte) error {
	if b.paced {
		for end := time.Now().Add(time.Duration(len(w)) * 8 * bitTime); time.Now().Before(end); {
		}
	}
	b.bytes += len(w)
	if len(w) == 1 && w[0] == 0x20 && !b.busy.dc.L {
		b.last, b.sent, b.busy.L = time.Now(), b.bytes, gpio.High
	}
	return nil
}

// levelPin is a line that only holds its level.
type levelPin struct {
	gpio.PinIO
	L gpio.Level
}

func (p *levelPin) Out(l gpio.Level) error { p.L = l; return nil }

// busyPin falls as soon as somebody waits for it.
type busyPin struct {
	levelPin
	dc *levelPin
}

func (p *busyPin) In(gpio.Pull, gpio.Edge) error { return nil }
func (p *busyPin) Read() gpio.Level              { return p.L }

func (p *busyPin) WaitForEdge(time.Duration) bool {
	fell := p.L
	p.L = gpio.Low
	return bool(fell)
}

func pacedPanel(tb testing.TB, paced bool) (*epd.Dev, *pacedBus) {
	tb.Helper()
	dc := new(levelPin)
	bus := &pacedBus{paced: paced, busy: &busyPin{dc: dc}}
	d, err := epd.New(bus, epd.Pins{DC: dc, RST: new(levelPin), Busy: bus.busy}, &epd.Opts{NoMeasure: true, AnyTime: true})
	if err != nil {
		tb.Fatal(err)
	}
	if err := d.Full(context.Background(), mono.New(400, 300)); err != nil {
		tb.Fatal(err)
	}
	return d, bus
}

func TestHotPathAllocatesNothing(t *testing.T) {
	d, _ := pacedPanel(t, false)
	m := mono.New(400, 300)
	ctx := context.Background()
	var err error
	for name, f := range map[string]func(){
		"partial": func() { err = d.Partial(ctx, m, image.Rect(30, 200, 46, 216)) },
		"whole":   func() { err = d.Partial(ctx, m, m.Bounds()) },
	} {
		f() // the first one starts the watch over the drive voltages
		if n := testing.AllocsPerRun(50, f); n != 0 || err != nil {
			t.Errorf("%s: %v allocations, error %v", name, n, err)
		}
	}
}

// BenchmarkFrameToLastByte measures from handing a picture to the driver to the last byte before the refresh starts, against the bus time of
// the same bytes at 10 MHz ("x-bus": 1 = the bus is never idle).
func BenchmarkFrameToLastByte(b *testing.B) {
	m := mono.New(400, 300)
	ctx := context.Background()
	for _, bb := range []struct {
		name string
		f    func(*epd.Dev) error
	}{
		{"full", func(d *epd.Dev) error { return d.Full(ctx, m) }},
		{"partial_whole", func(d *epd.Dev) error { return d.Partial(ctx, m, m.Bounds()) }},
		{"partial_typed", func(d *epd.Dev) error { return d.Partial(ctx, m, image.Rect(40, 200, 80, 240)) }},
	} {
		b.Run(bb.name, func(b *testing.B) {
			d, bus := pacedPanel(b, true)
			var took, wire time.Duration
			for b.Loop() {
				bus.bytes = 0
				begun := time.Now()
				if err := bb.f(d); err != nil {
					b.Fatal(err)
				}
				took += bus.last.Sub(begun)
				wire += time.Duration(bus.sent) * 8 * bitTime
			}
			b.ReportMetric(float64(took)/float64(wire), "x-bus")
			b.ReportMetric(float64(bus.sent), "bytes/frame")
		})
	}
}

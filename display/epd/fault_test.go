// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"bytes"
	"context"
	"errors"
	"image"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

func TestBusyFaults(t *testing.T) {
	ctx := context.Background()
	m := mono.New(400, 300)
	m.Fill(image.Rect(0, 0, 100, 100), false)
	full := func(b *bench) error { return b.Full(ctx, m) }
	partial := func(b *bench) error { return b.Partial(ctx, m, image.Rect(0, 0, 16, 16)) }
	tests := []struct {
		name  string
		panel epdtest.Opts
		ready bool // a picture is shown before the fault
		fault func(*epdtest.Opts)
		do    func(*bench) error
		want  *epd.BusyError
	}{
		{"stuck high from the start", epdtest.Opts{StuckHigh: true}, false, nil, full, &epd.BusyError{Op: "resetting", Level: gpio.High, Limit: time.Second}},
		{"V1 panel", epdtest.Opts{Inverted: true}, false, nil, full, &epd.BusyError{Op: "resetting", Level: gpio.High, Limit: time.Second}},
		{"stuck low from the start", epdtest.Opts{StuckLow: true}, false, nil, full, &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 500 * time.Millisecond}},
		{"no panel", epdtest.Opts{Unplugged: true}, false, nil, full, &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 500 * time.Millisecond}},
		{"no panel, wipe", epdtest.Opts{Unplugged: true}, false, nil, func(b *bench) error { return b.Wipe(ctx) }, &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 500 * time.Millisecond}},
		{"no panel, halt", epdtest.Opts{Unplugged: true}, false, nil, func(b *bench) error { return b.Halt() }, &epd.BusyError{Op: "refreshing fully", Level: gpio.Low, Limit: 500 * time.Millisecond}},
		{"cable comes off", epdtest.Opts{}, true, func(o *epdtest.Opts) { o.Unplugged = true }, partial, &epd.BusyError{Op: "refreshing partially", Level: gpio.Low, Limit: 500 * time.Millisecond}},
		{"sticks low in a partial", epdtest.Opts{}, true, func(o *epdtest.Opts) { o.StuckLow = true }, partial, &epd.BusyError{Op: "refreshing partially", Level: gpio.Low, Limit: 500 * time.Millisecond}},
		{"sticks high in a partial", epdtest.Opts{}, true, func(o *epdtest.Opts) { o.StuckHigh = true }, partial, &epd.BusyError{Op: "refreshing partially", Level: gpio.High, Limit: 5 * time.Second}},
		{"partial far too slow", epdtest.Opts{PartialTime: 6 * time.Second}, true, nil, partial, &epd.BusyError{Op: "refreshing partially", Level: gpio.High, Limit: 5 * time.Second}},
		{"full far too slow", epdtest.Opts{FullTime: 11 * time.Second}, false, nil, full, &epd.BusyError{Op: "refreshing fully", Level: gpio.High, Limit: 10 * time.Second}},
		{"reset far too slow", epdtest.Opts{ResetTime: 2 * time.Second}, false, nil, full, &epd.BusyError{Op: "resetting", Level: gpio.High, Limit: time.Second}},
		{"BUSY 9 ms late", epdtest.Opts{BusyLate: 9 * time.Millisecond}, true, nil, partial, nil},
		{"slow glass", epdtest.Opts{PartialTime: 1100 * time.Millisecond}, true, nil, partial, nil},
		{"slow glass in the cold", epdtest.Opts{PartialTime: 4 * time.Second, FullTime: 9 * time.Second}, true, nil, partial, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, tt.panel, epd.Opts{NoMeasure: true})
				if tt.ready {
					b.ok(b.Full(ctx, m))
				}
				if tt.fault != nil {
					b.panel.Tune(tt.fault)
				}
				begun := time.Now()
				err := tt.do(b)
				took := time.Since(begun)
				if tt.want == nil {
					b.ok(err)
					b.clean()
					return
				}
				var got *epd.BusyError
				if !errors.As(err, &got) {
					t.Fatalf("error %v, want a BusyError", err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if most := tt.want.Limit + 200*time.Millisecond; took > most && tt.name != "no panel, halt" {
					t.Errorf("took %v, want at most %v", took, most)
				}
				// The fault goes: the next picture starts the panel anew.
				b.panel.Tune(func(o *epdtest.Opts) { *o = epdtest.Opts{Trace: o.Trace} })
				b.panel.ForgetFaults()
				time.Sleep(time.Second)
				b.ok(partial(b))
				b.shows(m)
				b.clean()
			})
		})
	}
}

// After a failure the supply is off: nothing stays under drive voltage while the driver waits to be asked again.
func TestFailureCutsTheSupply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{})
		m := mono.New(400, 300)
		b.ok(b.Full(t.Context(), m))
		b.panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = true })
		if err := b.Partial(t.Context(), m, m.Bounds()); err == nil {
			t.Fatal("no error")
		}
		b.panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = false })
		b.log.Reset()
		if b.panel.Tx(false, []byte{0x7F}); len(b.panel.Faults()) != 1 || !strings.Contains(b.panel.Faults()[0], "without supply") {
			t.Errorf("faults %q, want one of bytes without supply", b.panel.Faults())
		}
		time.Sleep(time.Minute)
		if n := strings.Count(b.log.String(), "\n"); n != 1 {
			t.Errorf("the driver touched the panel by itself:\n%s", b.log)
		}
	})
}

// A failure to turn the drive voltages off, which nobody waits for, ends the same way.
func TestIdleFailureCutsTheSupply(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{})
		m := mono.New(400, 300)
		b.ok(b.Full(t.Context(), m)) // measuring leaves the voltages on
		b.panel.Tune(func(o *epdtest.Opts) { o.StuckLow = true })
		b.log.Reset()
		time.Sleep(10 * time.Second)
		if got := b.log.String(); !strings.Contains(got, "PWR low") {
			t.Errorf("supply still on:\n%s", got)
		}
		b.panel.Tune(func(o *epdtest.Opts) { o.StuckLow = false })
		b.ok(b.Partial(t.Context(), m, m.Bounds()))
	})
}

func TestPowerCutInARefresh(t *testing.T) {
	for _, after := range []time.Duration{20 * time.Millisecond, 100 * time.Millisecond, 300 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			b := start(t, epdtest.Opts{}, epd.Opts{NoMeasure: true})
			m, next := mono.New(400, 300), mono.New(400, 300)
			next.Fill(image.Rect(0, 0, 200, 200), false)
			b.ok(b.Full(t.Context(), m))
			time.AfterFunc(after, func() { b.panel.SetPower(gpio.Low) })
			_ = b.Partial(t.Context(), next, next.Bounds())
			left := b.panel.Snapshot()
			time.Sleep(time.Hour)
			if !bytes.Equal(left.Pix, b.panel.Snapshot().Pix) {
				t.Error("the glass changed without supply")
			}
			b.panel.SetPower(gpio.High)
			b.ok(b.Full(t.Context(), next))
			b.shows(next)
		})
	}
}

func TestContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{NoMeasure: true})
		m := mono.New(400, 300)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		// A refresh once started is waited for.
		b.ok(b.Full(ctx, m))
		b.log.Reset()
		for _, err := range []error{b.Full(ctx, m), b.Quick(ctx, m), b.Partial(ctx, m, m.Bounds()), b.Wipe(ctx), b.Sleep(ctx)} {
			if !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("error %v, want the context's", err)
			}
		}
		// The panel was not touched, so that it still knows its picture.
		if got := b.log.String(); got != "" {
			t.Errorf("panel touched:\n%s", got)
		}
		// Waiting for another's turn ends with the context.
		go b.Full(context.Background(), m)
		synctest.Wait()
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		if err := b.Partial(ctx, m, m.Bounds()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("error %v, want the context's", err)
		}
		b.clean()
	})
}

func TestWrongPicture(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{})
		for _, m := range []*mono.Image{mono.New(800, 480), mono.New(300, 400), {W: 400, H: 300, Stride: 50}} {
			if err := b.Full(t.Context(), m); err == nil {
				t.Errorf("%v taken", m)
			}
		}
		b.ok(b.Partial(t.Context(), mono.New(400, 300), image.Rect(400, 0, 500, 10)))
		if got := b.log.String(); got != "" {
			t.Errorf("panel touched:\n%s", got)
		}
	})
}

// brokenPort fails after some transfers.
type brokenPort struct {
	spi.Port
	conn *brokenConn
}

type brokenConn struct {
	spi.Conn
	left int
}

var errBus = errors.New("bus error")

func (p *brokenPort) Connect(f physic.Frequency, m spi.Mode, bits int) (spi.Conn, error) {
	c, err := p.Port.Connect(f, m, bits)
	p.conn.Conn = c
	return p.conn, err
}

func (c *brokenConn) Tx(w, r []byte) error {
	if c.left--; c.left < 0 {
		return errBus
	}
	return c.Conn.Tx(w, r)
}

func TestBusErrorAtEachTransfer(t *testing.T) {
	for n := range 60 {
		synctest.Test(t, func(t *testing.T) {
			panel := epdtest.NewSSD1683(nil)
			defer panel.SetPower(gpio.Low)
			port := &brokenPort{Port: panel.Port(), conn: &brokenConn{left: n}}
			d, err := epd.New(port, epd.Pins(panel.Pins()), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer d.Halt()
			m := mono.New(400, 300)
			m.Fill(image.Rect(7, 7, 77, 77), false)
			failed := 0
			for _, err := range []error{d.Full(t.Context(), m), d.Partial(t.Context(), m, m.Bounds())} {
				if err != nil {
					if failed++; !errors.Is(err, errBus) {
						t.Errorf("transfer %d: error %v", n, err)
					}
				}
			}
			if failed == 0 && n < 40 {
				t.Errorf("transfer %d: no error", n)
			}
			port.conn.left = 1 << 30
			panel.ForgetFaults()
			if err := d.Partial(t.Context(), m, m.Bounds()); err != nil {
				t.Fatal(err)
			}
			if diff := panel.Glass().Diff(m); !diff.Empty() {
				t.Errorf("transfer %d: glass differs in %v", n, diff)
			}
			for _, f := range panel.Faults() {
				t.Errorf("transfer %d: %s", n, f)
			}
		})
	}
}

// deadPin is a line that another process holds, or whose edges never come.
type deadPin struct {
	gpio.PinIO
	err     error
	edgeErr bool
}

func (p deadPin) In(pull gpio.Pull, e gpio.Edge) error {
	if p.err != nil {
		return p.err
	}
	return p.PinIO.In(pull, e)
}

func (p deadPin) Out(l gpio.Level) error {
	if p.err != nil {
		return p.err
	}
	return p.PinIO.Out(l)
}

func (p deadPin) WaitForEdge(d time.Duration) bool {
	if p.edgeErr {
		return false
	}
	return p.PinIO.WaitForEdge(d)
}

func TestNewReportsLines(t *testing.T) {
	held := errors.New("line is held by another program")
	for _, name := range []string{"DC", "RST", "Busy", "PWR"} {
		panel := epdtest.NewSSD1683(nil)
		pins := epd.Pins(panel.Pins())
		p := map[string]*gpio.PinIO{"DC": &pins.DC, "RST": &pins.RST, "Busy": &pins.Busy, "PWR": &pins.PWR}[name]
		*p = deadPin{PinIO: *p, err: held}
		if _, err := epd.New(panel.Port(), pins, nil); !errors.Is(err, held) {
			t.Errorf("%s: error %v", name, err)
		}
	}
	panel := epdtest.NewSSD1683(nil)
	if _, err := epd.New(panel.Port(), epd.Pins{DC: panel.Pins().DC}, nil); err == nil {
		t.Error("missing lines taken")
	}
	if _, err := epd.New(panel.Port(), epd.Pins(panel.Pins()), &epd.Opts{Frequency: 40 * physic.MegaHertz}); err == nil {
		t.Error("refused frequency taken")
	}
}

// A line whose edges do not work is looked at every few milliseconds, up to the limit; the loop does not spin.
func TestWithoutEdges(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panel := epdtest.NewSSD1683(nil)
		pins := epd.Pins(panel.Pins())
		pins.Busy = deadPin{PinIO: pins.Busy, edgeErr: true}
		d, err := epd.New(panel.Port(), pins, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := mono.New(400, 300)
		if err := d.Full(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = true })
		var busy *epd.BusyError
		if err := d.Full(t.Context(), m); !errors.As(err, &busy) {
			t.Errorf("error %v, want a BusyError", err)
		}
		panel.Tune(func(o *epdtest.Opts) { o.StuckHigh = false })
		if err := d.Halt(); err != nil {
			t.Error(err)
		}
		for _, f := range panel.Faults() {
			t.Error(f)
		}
	})
}

// A board without a PWR line keeps its supply; reset and deep sleep do what they can.
func TestWithoutPWR(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panel := epdtest.NewSSD1683(&epdtest.Opts{AlwaysOn: true})
		pins := epd.Pins(panel.Pins())
		pins.PWR = nil
		d, err := epd.New(panel.Port(), pins, nil)
		if err != nil {
			t.Fatal(err)
		}
		m := mono.New(400, 300)
		m.Fill(image.Rect(0, 0, 9, 9), false)
		for range 2 {
			if err := d.Partial(t.Context(), m, m.Bounds()); err != nil {
				t.Fatal(err)
			}
			if err := d.Halt(); err != nil {
				t.Fatal(err)
			}
		}
		for _, f := range panel.Faults() {
			t.Error(f)
		}
	})
}

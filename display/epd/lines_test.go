// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"errors"
	"image"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
)

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
	for _, x := range models {
		m := blank(x.Model)
		m.Fill(image.Rect(7, 7, 77, 77), false)
		for n := range 60 {
			synctest.Test(t, func(t *testing.T) {
				panel := x.panel(nil)
				defer panel.SetPower(gpio.Low)
				port := &brokenPort{Port: panel.Port(), conn: &brokenConn{left: n}}
				d, err := epd.New(port, epd.Pins(panel.Pins()), &epd.Opts{Model: x.Model})
				if err != nil {
					t.Fatal(err)
				}
				defer d.Halt()
				failed := 0
				for _, err := range []error{d.Full(t.Context(), m), d.Partial(t.Context(), m, m.Bounds())} {
					if err == nil {
						continue
					}
					failed++
					var e *epd.TransferError
					if !errors.Is(err, errBus) || !errors.As(err, &e) || e.Op == "" || !strings.Contains(err.Error(), "check ") {
						t.Errorf("transfer %d: error %v", n, err)
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
	both(t, func(t *testing.T, model epd.Model) {
		panel := emulator(model, nil)
		pins := epd.Pins(panel.Pins())
		pins.Busy = deadPin{PinIO: pins.Busy, edgeErr: true}
		d, err := epd.New(panel.Port(), pins, &epd.Opts{Model: model})
		if err != nil {
			t.Fatal(err)
		}
		m := blank(model)
		if err := d.Full(t.Context(), m); err != nil {
			t.Fatal(err)
		}
		panel.Tune(func(o *epdtest.Opts) { o.Unplugged = true })
		var busy *epd.BusyError
		if err := d.Full(t.Context(), m); !errors.As(err, &busy) {
			t.Errorf("error %v, want a BusyError", err)
		}
		panel.Tune(func(o *epdtest.Opts) { o.Unplugged = false })
		panel.ForgetFaults()
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
	both(t, func(t *testing.T, model epd.Model) {
		panel := emulator(model, &epdtest.Opts{AlwaysOn: true})
		pins := epd.Pins(panel.Pins())
		pins.PWR = nil
		d, err := epd.New(panel.Port(), pins, &epd.Opts{Model: model})
		if err != nil {
			t.Fatal(err)
		}
		m := blank(model)
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

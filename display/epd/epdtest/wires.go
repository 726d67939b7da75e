// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// Pins are the panel's lines besides SPI, for a driver in the same process. The fields are those of epd.Pins, to which it converts.
type Pins struct {
	DC, RST, Busy, PWR gpio.PinIO
}

// Pins returns the panel's lines.
func (e *Emulator) Pins() Pins {
	return Pins{DC: &line{e: e, n: 25, name: "DC"}, RST: &line{e: e, n: 17, name: "RST"}, Busy: &line{e: e, n: 24, name: "BUSY"}, PWR: &line{e: e, n: 18, name: "PWR"}}
}

// Port returns the panel's SPI bus.
func (e *Emulator) Port() spi.Port { return &port{e: e} }

type port struct {
	e         *Emulator
	connected bool
}

var (
	_ spi.Port    = (*port)(nil)
	_ spi.Conn    = (*bus)(nil)
	_ conn.Limits = (*bus)(nil)
	_ gpio.PinIO  = (*line)(nil)
)

func (p *port) String() string { return "epdtest" }

func (p *port) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	switch {
	case p.connected:
		return nil, errors.New("epdtest: connected already")
	case f <= 0 || f > p.e.chip.fastest():
		return nil, fmt.Errorf("epdtest: the controller takes up to %s, not %s", p.e.chip.fastest(), f)
	case mode != spi.Mode0 || bits != 8:
		return nil, fmt.Errorf("epdtest: the controller takes Mode0 with 8 bits, not %s with %d", mode, bits)
	}
	p.connected = true
	return &bus{e: p.e}, nil
}

type bus struct{ e *Emulator }

func (b *bus) String() string      { return "epdtest" }
func (b *bus) Duplex() conn.Duplex { return conn.Half }
func (b *bus) MaxTxSize() int      { return maxTx }

func (b *bus) Tx(w, r []byte) error {
	if len(r) != 0 {
		return errors.New("epdtest: nothing can be read, MISO is not wired")
	}
	if len(w) > maxTx {
		return fmt.Errorf("epdtest: transfer of %d bytes, at most %d", len(w), maxTx)
	}
	b.e.mu.Lock()
	dc := b.e.dc
	b.e.mu.Unlock()
	b.e.Tx(dc, w)
	return nil
}

func (b *bus) TxPackets([]spi.Packet) error { return errors.New("epdtest: packets are not modelled") }

// line is one of the four lines.
type line struct {
	e    *Emulator
	n    int
	name string
	edge gpio.Edge
	in   bool
}

func (l *line) String() string         { return l.name }
func (l *line) Name() string           { return l.name }
func (l *line) Number() int            { return l.n }
func (l *line) Function() string       { return "" }
func (l *line) Halt() error            { return nil }
func (l *line) Pull() gpio.Pull        { return gpio.PullNoChange }
func (l *line) DefaultPull() gpio.Pull { return gpio.PullDown }

func (l *line) PWM(gpio.Duty, physic.Frequency) error {
	return fmt.Errorf("epdtest: PWM on %s", l.name)
}

func (l *line) In(_ gpio.Pull, edge gpio.Edge) error {
	if l.name != "BUSY" {
		return fmt.Errorf("epdtest: %s is driven by the host", l.name)
	}
	l.edge, l.in = edge, true
	return nil
}

func (l *line) Read() gpio.Level {
	if l.name == "BUSY" {
		if !l.in {
			l.misuse("Read of BUSY before In")
		}
		return gpio.Level(l.e.Busy())
	}
	l.misuse("Read of " + l.name)
	return gpio.Low
}

// WaitForEdge waits for an edge of the kind asked for by In. Times that periph's ioctl driver takes otherwise than the interface says (zero,
// negative) are faults.
func (l *line) WaitForEdge(timeout time.Duration) bool {
	if l.name != "BUSY" || !l.in || l.edge == gpio.NoEdge {
		l.misuse("WaitForEdge on " + l.name + " without an edge asked for")
		return false
	}
	if timeout <= 0 {
		l.misuse(fmt.Sprintf("WaitForEdge(%d): drivers differ in what that means", timeout))
		return false
	}
	c, stop := l.e.clock.Timer(timeout)
	defer stop()
	for {
		select {
		case level := <-l.e.pinEdges:
			if l.edge == gpio.BothEdges || level == (l.edge == gpio.RisingEdge) {
				return true
			}
		case <-c:
			return false
		}
	}
}

func (l *line) Out(level gpio.Level) error {
	switch l.name {
	case "DC":
		l.e.mu.Lock()
		l.e.dc = bool(level)
		l.e.mu.Unlock()
	case "RST":
		l.e.SetReset(level)
	case "PWR":
		if level == gpio.Low {
			l.e.checkCut()
		}
		l.e.SetPower(level)
	default:
		l.misuse("Out on BUSY, which the panel drives")
		return fmt.Errorf("epdtest: %s is driven by the panel", l.name)
	}
	return nil
}

func (l *line) misuse(what string) {
	l.e.mu.Lock()
	defer l.e.mu.Unlock()
	l.e.fault("%s", what)
}

// checkCut finds fault with a driver that takes the supply from a healthy panel too early. A cut by SetPower is fate.
func (e *Emulator) checkCut() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	healthy := e.power && !e.o.StuckHigh && !e.o.StuckLow && !e.o.Unplugged && !e.o.Inverted
	switch {
	case !healthy:
	case e.op != nil:
		e.fault("supply cut while %s", e.op.name)
	case e.boosted:
		e.fault("supply cut with drive voltages on")
	case e.asleep && e.clock.Now().Sub(e.sleptAt) < 2*time.Second:
		e.fault("supply cut %v after deep sleep, 2s are asked for", e.clock.Now().Sub(e.sleptAt))
	}
}

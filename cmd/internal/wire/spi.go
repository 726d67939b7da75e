// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"sync"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// panelPort is the SPI port with the panel on it.
type panelPort struct {
	box  *Box
	dc   *outPin
	once sync.Mutex
	used bool
}

var (
	_ spi.Port    = (*panelPort)(nil)
	_ spi.Conn    = (*panelConn)(nil)
	_ conn.Limits = (*panelConn)(nil)
)

// String names the port.
func (p *panelPort) String() string { return "wire/SPI0.0" }

// Connect opens the port, once, in the mode that the panel speaks: mode 0,
// 8 bits, at most 20 MHz (SSD1683 datasheet, write cycle).
func (p *panelPort) Connect(f physic.Frequency, mode spi.Mode, bits int) (spi.Conn, error) {
	p.once.Lock()
	defer p.once.Unlock()
	switch {
	case p.used:
		return nil, fmt.Errorf("%s is already connected", p)
	case mode&^spi.HalfDuplex != spi.Mode0 || bits != 8:
		return nil, fmt.Errorf("%s: mode %v with %d bits; the panel speaks mode 0 with 8", p, mode, bits)
	case f > 20*physic.MegaHertz:
		return nil, fmt.Errorf("%s: %v is over the panel's 20 MHz", p, f)
	}
	p.used = true
	return &panelConn{p}, nil
}

// panelConn is the open port.
type panelConn struct{ port *panelPort }

// String names the port.
func (c *panelConn) String() string { return c.port.String() }

// Duplex is half: MISO is not wired on the panel's board.
func (c *panelConn) Duplex() conn.Duplex { return conn.Half }

// MaxTxSize is the longest transfer in bytes.
func (c *panelConn) MaxTxSize() int { return MaxSPI }

// Tx sends w and returns once the controller has taken it. BUSY then stands as
// the controller left it. Reading is refused.
func (c *panelConn) Tx(w, r []byte) error {
	if len(r) > 0 {
		return fmt.Errorf("%s: reading %d bytes: MISO is not wired", c, len(r))
	}
	if len(w) == 0 || len(w) > MaxSPI {
		return fmt.Errorf("%s: transfer of %d bytes; 1 to %d are possible", c, len(w), MaxSPI)
	}
	dc := []byte{bit(c.port.dc.Read() == gpio.High)}
	if _, err := c.port.box.ask(KindSPI, dc, w); err != nil {
		return fmt.Errorf("%s: %w", c, err)
	}
	return nil
}

// TxPackets sends the packets one after the other.
func (c *panelConn) TxPackets(ps []spi.Packet) error {
	for _, p := range ps {
		if p.BitsPerWord != 0 && p.BitsPerWord != 8 {
			return fmt.Errorf("%s: %d bits per word", c, p.BitsPerWord)
		}
		if err := c.Tx(p.W, p.R); err != nil {
			return err
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"periph.io/x/conn/v3/gpio"
)

// send sends a command and its parameters, unless something failed before.
func (d *Dev) send(cmd byte, params ...byte) {
	d.set(d.pins.DC, gpio.Low)
	d.out[0] = cmd
	if d.tx(d.out[:1]); len(params) > 0 {
		d.data(d.out[:copy(d.out[:], params)])
	}
}

// data sends parameters or picture bytes, cut to what one transfer may carry: spidev refuses more than its buffer (4096 by default), and a
// controller takes a RAM write in as many transfers as it likes. The chip select is the kernel's.
func (d *Dev) data(p []byte) {
	d.set(d.pins.DC, gpio.High)
	for len(p) > 0 && d.err == nil {
		n := min(len(p), d.chunk)
		d.tx(p[:n])
		p = p[n:]
	}
}

func (d *Dev) tx(p []byte) {
	if d.err != nil {
		return
	}
	d.sent = d.clock.Now()
	if err := d.conn.Tx(p, nil); err != nil {
		d.err = &TransferError{Op: d.op, Err: err}
	}
}

func (d *Dev) set(p gpio.PinIO, l gpio.Level) {
	if d.err != nil {
		return
	}
	if err := p.Out(l); err != nil {
		d.err = &TransferError{Op: d.op, Err: err}
	}
}

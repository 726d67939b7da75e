// SPDX-License-Identifier: Apache-2.0

package epd

import "image"

// Commands of the SSD1683 (datasheet section 7, command table).
const (
	cmdDriverOutput   = 0x01
	cmdDeepSleep      = 0x10
	cmdEntryMode      = 0x11
	cmdSWReset        = 0x12
	cmdTempSensor     = 0x18
	cmdWriteTemp      = 0x1A
	cmdActivate       = 0x20
	cmdUpdateControl1 = 0x21
	cmdUpdateControl2 = 0x22
	cmdWriteNew       = 0x24 // the "BW" bank: the picture
	cmdWriteOld       = 0x26 // the "RED" bank: with black-and-white waveforms, what the glass shows
	cmdBorder         = 0x3C
	cmdWindowX        = 0x44
	cmdWindowY        = 0x45
	cmdCounterX       = 0x4E
	cmdCounterY       = 0x4F
)

// Sequences of command 22h. Bits: 7 clock on, 6 analog on, 5 load temperature, 4 load waveform, 3 black-and-white waveforms, 2 display,
// 1 analog off, 0 clock off.
const (
	seqFull     = 0xF7 // all of it with the real temperature, then analog and clock off
	seqQuick    = 0xD7 // the same without reading the sensor: the written temperature stands
	seqPartial  = 0xFC // black-and-white waveforms; the booster stays on so that the next one starts at once
	seqPowerOff = 0x83
)

const (
	oldAsZero  = 0x40 // 21h: take the old bank as 0, so that no pixel gets the "red" waveform
	oldAsIs    = 0x00
	borderLUT  = 0x05 // 3Ch: the border follows the refresh
	borderVCOM = 0x80 // 3Ch: the border stands still
	sleepMode2 = 0x03 // 10h: deep sleep, RAM not kept
	hot        = 0x6E // 1Ah: 110 °C, at which the panel's OTP holds its one-second waveform
)

const (
	width  = 400
	height = 300
	stride = width / 8
	frame  = stride * height
)

// initialize sends what follows a software reset: 300 gate lines, border, own temperature sensor, whole window.
func (d *SSD1683) initialize() {
	d.send(cmdDriverOutput, (height-1)&0xFF, (height-1)>>8, 0)
	d.send(cmdBorder, borderLUT)
	d.send(cmdTempSensor, 0x80)
	d.send(cmdEntryMode, 0x03) // X then Y, both upwards
	d.window(d.Bounds())
	d.rewind(d.Bounds())
}

// window limits RAM access to r, whose X edges are multiples of 8. A refresh still covers the whole glass.
func (d *SSD1683) window(r image.Rectangle) {
	y0, y1 := r.Min.Y, r.Max.Y-1
	d.send(cmdWindowX, byte(r.Min.X/8), byte(r.Max.X/8-1))
	d.send(cmdWindowY, byte(y0), byte(y0>>8), byte(y1), byte(y1>>8))
}

// rewind puts the address counters at the first byte of r. X counts bytes: the panel maker's example code sends pixels here, which only
// works because the register keeps six bits.
func (d *SSD1683) rewind(r image.Rectangle) {
	d.send(cmdCounterX, byte(r.Min.X/8))
	d.send(cmdCounterY, byte(r.Min.Y), byte(r.Min.Y>>8))
}

// write fills the current window of one bank.
func (d *SSD1683) write(bank byte, r image.Rectangle, pix []byte) {
	d.rewind(r)
	d.send(bank)
	d.data(pix)
}

// send sends a command and its parameters, unless something failed before.
func (d *SSD1683) send(cmd byte, params ...byte) {
	if d.err != nil {
		return
	}
	if d.err = d.pins.DC.Out(false); d.err != nil {
		return
	}
	d.out[0] = cmd
	if d.err = d.conn.Tx(d.out[:1], nil); d.err != nil || len(params) == 0 {
		return
	}
	d.data(d.out[:copy(d.out[:], params)])
}

// data sends parameters or picture bytes, cut to what one transfer may carry: spidev refuses more than its buffer (4096 by default), and the
// controller takes a RAM write in as many transfers as it likes.
func (d *SSD1683) data(p []byte) {
	if d.err != nil {
		return
	}
	if d.err = d.pins.DC.Out(true); d.err != nil {
		return
	}
	for len(p) > 0 && d.err == nil {
		n := min(len(p), d.chunk)
		d.err = d.conn.Tx(p[:n], nil)
		p = p[n:]
	}
}

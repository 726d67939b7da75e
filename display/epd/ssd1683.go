// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"image"
	"time"

	"periph.io/x/conn/v3/gpio"
)

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

// ssd1683 is the controller of the 4.2" panel.
type ssd1683 struct{ *Dev }

func (d ssd1683) name() string          { return "SSD1683" }
func (d ssd1683) idle() gpio.Level      { return gpio.Low }
func (d ssd1683) settle() time.Duration { return 10 * time.Millisecond }
func (d ssd1683) least() image.Point    { return image.Pt(8, 1) }

// start resets by software, as the datasheet's sequence has it.
func (d ssd1683) start() {
	d.op = "resetting by software"
	d.send(cmdSWReset)
	d.pause(10 * time.Millisecond) // this family does not assert BUSY at once
	d.waitIdle(d.opts.InitLimit)
}

// other: behind a reset BUSY of an idle UC8179, as of the UC8176 of the 4.2" V1, is high. Turning drive voltages on makes it fall there;
// here the same byte only announces parameters.
func (d ssd1683) other() string {
	if !d.answers(ucPowerOn, gpio.Low) {
		return ""
	}
	d.wait(gpio.High, d.opts.OffLimit, false)
	d.send(ucPowerOff)
	d.wait(gpio.Low, d.opts.RiseLimit, true)
	d.wait(gpio.High, d.opts.OffLimit, false)
	return "a UC8179 (7in5_v2) or the controller of the old 4.2 inch V1"
}

// registers sends what follows a reset: 300 gate lines, border, own temperature sensor, whole window.
func (d ssd1683) registers() {
	lines := d.bounds.Max.Y - 1
	d.send(cmdDriverOutput, byte(lines), byte(lines>>8), 0)
	d.send(cmdBorder, borderLUT)
	d.send(cmdTempSensor, 0x80)
	d.send(cmdEntryMode, 0x03) // X then Y, both upwards
	d.window(d.bounds)
}

func (d ssd1683) full(pix []byte, quick bool) {
	d.registers()
	d.write(cmdWriteNew, d.bounds, pix)
	d.write(cmdWriteOld, d.bounds, pix)
	d.send(cmdUpdateControl1, oldAsZero, 0)
	d.send(cmdBorder, borderLUT)
	seq, least := byte(seqFull), d.opts.FullLeast
	if quick {
		d.send(cmdWriteTemp, hot)
		seq, least = seqQuick, d.opts.QuickLeast
	}
	d.activate(seq)
	d.tookFull(d.refresh(d.opts.FullLimit, least), quick)
	d.rest()
}

func (d ssd1683) part(of func(image.Rectangle) []byte, rs []image.Rectangle) {
	d.send(cmdEntryMode, 0x03)
	for _, r := range rs {
		d.window(r)
		d.write(cmdWriteNew, r, of(r))
	}
	d.send(cmdUpdateControl1, oldAsIs, 0)
	d.send(cmdBorder, borderVCOM)
	d.activate(seqPartial)
	d.took(d.refresh(d.opts.PartialLimit, d.opts.PartialLeast))
	d.boost()
	// Whether the OTP lets the banks change places after a refresh (37h, ping-pong) is not known: write both.
	for _, r := range rs {
		if len(rs) > 1 {
			d.window(r)
		}
		pix := of(r)
		d.write(cmdWriteOld, r, pix)
		d.write(cmdWriteNew, r, pix)
	}
}

func (d ssd1683) powerOff() {
	d.activate(seqPowerOff)
	d.work(d.opts.OffLimit)
}

func (d ssd1683) sleep() {
	d.unboost()
	d.op = "going to deep sleep"
	d.send(cmdDeepSleep, sleepMode2)
}

// activate starts a sequence.
func (d ssd1683) activate(seq byte) {
	d.send(cmdUpdateControl2, seq)
	d.send(cmdActivate)
}

// window limits RAM access to r, whose X edges are multiples of 8. A refresh still covers the whole glass.
func (d ssd1683) window(r image.Rectangle) {
	y0, y1 := r.Min.Y, r.Max.Y-1
	d.send(cmdWindowX, byte(r.Min.X/8), byte(r.Max.X/8-1))
	d.send(cmdWindowY, byte(y0), byte(y0>>8), byte(y1), byte(y1>>8))
}

// write fills the current window of one bank, from its first byte on. The X counter counts bytes: the panel maker's example code sends pixels,
// which only works because the register keeps six bits.
func (d ssd1683) write(bank byte, r image.Rectangle, pix []byte) {
	d.send(cmdCounterX, byte(r.Min.X/8))
	d.send(cmdCounterY, byte(r.Min.Y), byte(r.Min.Y>>8))
	d.send(bank)
	d.data(pix)
}

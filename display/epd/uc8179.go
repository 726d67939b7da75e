// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"image"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// Commands of the UC8179 (datasheet rev 0.6, section "Command description").
const (
	ucPanel      = 0x00
	ucVoltage    = 0x01
	ucPowerOff   = 0x02
	ucPowerOn    = 0x04
	ucSoftStart  = 0x06
	ucDeepSleep  = 0x07
	ucWriteOld   = 0x10
	ucRefresh    = 0x12
	ucWriteNew   = 0x13
	ucDualSPI    = 0x15
	ucSensor     = 0x41
	ucInterval   = 0x50
	ucTiming     = 0x60
	ucResolution = 0x61
	ucWindow     = 0x90
	ucWindowOn   = 0x91
	ucWindowOff  = 0x92
	ucCascade    = 0xE0
	ucSaving     = 0xE3
	ucFixedTemp  = 0xE5
)

const (
	ucFromOTP = 0x1F // 00h: waveforms from OTP, black and white, upwards, to the right, booster on
	// 50h: 1 = white, new picture copied to the old one after each refresh, border by its waveform. One polarity throughout: the maker's
	// example code changes it between full and partial refresh, which inverts pictures as soon as the order changes.
	ucCopyOld    = 0x29
	ucBorderOpen = 0xF7 // 50h before sleep: border not driven
	ucFix        = 0x02 // E0h: the waveform is chosen by E5h instead of the sensor
	ucQuickTemp  = 0x5A // E5h: where the OTP holds the one-second waveform
	ucPartTemp   = 0x6E // E5h: and the one that does not flash
	ucSleepCheck = 0xA5
)

// uc8179 is the controller of the 7.5" panel.
type uc8179 struct{ *Dev }

func (d uc8179) name() string          { return "UC8179" }
func (d uc8179) idle() gpio.Level      { return gpio.High }
func (d uc8179) settle() time.Duration { return 20 * time.Millisecond }

// least: the end of a window must be greater than its start, in X counted in bytes.
func (d uc8179) least() image.Point { return image.Pt(16, 2) }

func (d uc8179) start() {}

// other: behind a reset BUSY of an idle SSD1683 is low. A software reset makes it rise there; here the same byte asks for a refresh, which
// does nothing while the drive voltages are off.
func (d uc8179) other() string {
	if !d.answers(cmdSWReset, gpio.High) {
		return ""
	}
	return "an SSD1683 (4in2_v2)"
}

func (d uc8179) registers() {
	w, h := d.bounds.Max.X, d.bounds.Max.Y
	d.send(ucPanel, ucFromOTP)
	d.send(ucVoltage, 0x07, 0x07, 0x3F, 0x3F, 0x09) // gates ±20 V, sources ±15 V
	d.send(ucSoftStart, 0x17, 0x17, 0x28, 0x17)
	d.send(ucResolution, byte(w>>8), byte(w), byte(h>>8), byte(h))
	d.send(ucDualSPI, 0x00)
	d.send(ucInterval, ucCopyOld, 0x07)
	d.send(ucTiming, 0x22)
	d.send(ucSaving, 0x22)
}

// full writes the opposite of the picture as the old one, so that every pixel moves and none keeps residue.
func (d uc8179) full(pix []byte, quick bool) {
	if !d.boosted {
		d.registers()
	}
	d.powerOn()
	d.op = "refreshing fully"
	d.buf = d.buf[:0]
	for _, b := range pix {
		d.buf = append(d.buf, ^b)
	}
	d.send(ucWriteOld)
	d.data(d.buf)
	d.send(ucWriteNew)
	d.data(pix)
	least := d.opts.FullLeast
	if quick {
		least = d.opts.QuickLeast
		d.send(ucCascade, ucFix)
		d.send(ucFixedTemp, ucQuickTemp)
	} else {
		d.send(ucCascade, 0x00)
		d.send(ucSensor, 0x00)
	}
	d.send(ucRefresh)
	d.tookFull(d.refresh(d.opts.FullLimit, least), quick)
	d.boost()
}

// part refreshes with the partial window off again: pixels outside it have equal bits in both banks and are not driven, which leaves a
// better picture than the controller's partial scan.
func (d uc8179) part(of func(image.Rectangle) []byte, rs []image.Rectangle) {
	op := d.op
	d.powerOn()
	d.op = op
	d.send(ucCascade, ucFix)
	d.send(ucFixedTemp, ucPartTemp)
	if len(rs) > 0 {
		d.send(ucWindowOn)
		for _, r := range rs {
			x0, x1, y0, y1 := r.Min.X, r.Max.X-1, r.Min.Y, r.Max.Y-1
			d.send(ucWindow, byte(x0>>8), byte(x0), byte(x1>>8), byte(x1), byte(y0>>8), byte(y0), byte(y1>>8), byte(y1), 0x01)
			d.send(ucWriteNew)
			d.data(of(r))
		}
		d.send(ucWindowOff)
	}
	d.send(ucRefresh)
	d.took(d.refresh(d.opts.PartialLimit, d.opts.PartialLeast))
	d.boost()
}

// powerOn turns the drive voltages on, if they are off. The registers must be written before.
func (d uc8179) powerOn() {
	if d.boosted || d.err != nil {
		return
	}
	d.op = "turning drive voltages on"
	d.send(ucPowerOn)
	d.work(d.opts.OffLimit)
	d.boost()
}

func (d uc8179) powerOff() {
	d.send(ucPowerOff)
	d.work(d.opts.OffLimit)
}

func (d uc8179) sleep() {
	d.op = "going to deep sleep"
	d.send(ucInterval, ucBorderOpen, 0x07)
	d.unboost()
	d.send(ucDeepSleep, ucSleepCheck)
}

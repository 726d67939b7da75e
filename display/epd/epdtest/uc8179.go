// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"bytes"
	"fmt"
	"image"
	"time"

	"periph.io/x/conn/v3/physic"
)

// ucParameters are the write commands of the UC8179 and how many bytes each takes (datasheet rev 0.6, register table). Those that only read
// are absent: MISO is not wired.
var ucParameters = map[byte]int{
	0x00: 1, 0x01: 5, 0x02: 0, 0x03: 1, 0x04: 0, 0x05: 0, 0x06: 4, 0x07: 1, 0x10: many, 0x12: 0, 0x13: many, 0x15: 1, 0x17: 1,
	0x20: 60, 0x21: 42, 0x22: 60, 0x23: 60, 0x24: 60, 0x25: 42, 0x2A: 2, 0x2B: 3, 0x30: 1, 0x41: 1, 0x42: 3, 0x50: 2, 0x52: 1,
	0x60: 1, 0x61: 4, 0x65: 4, 0x80: 1, 0x82: 1, 0x90: 9, 0x91: 0, 0x92: 0, 0xE0: 1, 0xE3: 1, 0xE4: 1, 0xE5: 1, 0xE7: 1,
}

// ucRegisters are what a reset restores.
type ucRegisters struct {
	panel   byte            // 00
	voltage [5]byte         // 01
	cdi     byte            // 50, first byte
	size    image.Point     // 61
	window  image.Rectangle // 90
	partial bool            // between 91 and 92
	fix     bool            // E0: the temperature of E5 counts
	temp    byte            // E5
}

var ucReset = ucRegisters{
	panel: 0x0F, voltage: [5]byte{0x07, 0x17, 0x3A, 0x3A, 0x03}, cdi: 0x31, size: image.Pt(800, 600), window: image.Rect(0, 0, 800, 600),
}

// ucVoltages are those of this glass: gates ±20 V, sources ±15 V.
var ucVoltages = [5]byte{0x07, 0x07, 0x3F, 0x3F, 0x09}

// uc8179 is the controller of the 7.5" panel, in black-and-white mode with waveforms from its OTP.
type uc8179 struct {
	*Emulator
	reg      ucRegisters
	window   image.Rectangle // of the RAM write that runs
	holds    [2]bool         // a whole frame was written since RAM was lost
	inverse  [2]bool         // written with the polarity 1 = black
	windowed bool            // the picture was changed through a window since the last refresh
}

// NewUC8179 returns a 7.5" panel of 800 × 480 pixels without supply. Nil stands for DefaultUC8179.
func NewUC8179(opts *Opts) *Emulator {
	return newEmulator(panel{800, 480}, opts, func(e *Emulator) chip { return &uc8179{Emulator: e} })
}

func (e *uc8179) name() string              { return "UC8179" }
func (e *uc8179) defaults() *Opts           { return &DefaultUC8179 }
func (e *uc8179) busyHigh() bool            { return false }
func (e *uc8179) fastest() physic.Frequency { return 10 * physic.MegaHertz }

func (e *uc8179) parameters(c byte) (n int, known bool) {
	n, known = ucParameters[c]
	return n, known
}

func (e *uc8179) bank(cmd byte) int {
	if cmd == 0x13 {
		return 0
	}
	return 1
}

func (e *uc8179) restore() { e.reg, e.windowed = ucReset, false }

func (e *uc8179) lost() { e.holds = [2]bool{} }

// start: commands that come within a millisecond of a reset are ignored; BUSY does not tell.
func (e *uc8179) start(now time.Time) *operation {
	return &operation{name: "starting after a reset", quiet: true, time: e.o.ResetTime, at: now}
}

// open begins a RAM write: of the partial window, else of a whole frame.
func (e *uc8179) open(c byte) bool {
	if e.reg.size != e.Bounds().Max {
		e.fault("command %02X with a resolution of %v, the glass has %v", c, e.reg.size, e.Bounds().Max)
		return false
	}
	e.window = e.Bounds()
	if e.reg.partial {
		e.window = e.reg.window
	}
	return true
}

func (e *uc8179) write(c byte, p []byte) {
	line := e.window.Dx() / 8
	size := line * e.window.Dy()
	if e.written+len(p) > size {
		if e.written <= size {
			e.fault("command %02X with more than the window's %d bytes", c, size)
		}
		p = p[:max(0, size-e.written)]
		e.written = size + 1
	}
	n := e.bank(c)
	for _, v := range p {
		at := (e.window.Min.Y+e.written/line)*e.stride() + e.window.Min.X/8 + e.written%line
		e.banks[n][at] = v
		e.written++
	}
	e.inverse[n] = e.reg.cdi&1 == 0
	if e.written == size && !e.reg.partial {
		e.holds[n] = true
	}
	if n == 0 {
		e.windowed = e.windowed || e.reg.partial
	}
}

// lacks tells of a RAM write that is not complete.
func (e *uc8179) lacks(c byte) string {
	if size := e.window.Dx() / 8 * e.window.Dy(); e.written < size {
		return fmt.Sprintf("command %02X with %d of the window's %d bytes", c, e.written, size)
	}
	return ""
}

func (e *uc8179) execute(c byte, p []byte) {
	switch c {
	case 0x00:
		if e.reg.panel = p[0]; p[0] != 0x1F {
			e.fault("panel setting %02X is not modelled, only 1F: waveforms from OTP, black and white, booster on", p[0])
		}
	case 0x01:
		e.reg.voltage = [5]byte(p)
	case 0x02:
		if e.boosted {
			e.begin(&operation{name: "turning drive voltages off", off: true, time: e.o.PowerOffTime, late: e.o.BusyLate, at: e.clock.Now()})
		}
	case 0x04:
		if !e.boosted {
			e.boosted, e.overdue = true, false
			e.begin(&operation{name: "turning drive voltages on", time: e.o.PowerOnTime, late: e.o.BusyLate, at: e.clock.Now()})
		}
	case 0x07:
		if p[0] != 0xA5 {
			e.fault("deep sleep with check code %02X, A5 is asked for", p[0])
			return
		}
		e.forget()
		e.sleep()
	case 0x12:
		e.refresh()
	case 0x41:
		if p[0] != 0 {
			e.fault("temperature from an external sensor, there is none")
		}
	case 0x50:
		e.reg.cdi = p[0]
	case 0x61:
		e.reg.size = image.Pt(int(p[0])<<8|int(p[1]), int(p[2])<<8|int(p[3]))
	case 0x90:
		e.partialWindow(p)
	case 0x91, 0x92:
		e.reg.partial = c == 0x91
	case 0xE0:
		e.reg.fix = p[0]&2 != 0
	case 0xE5:
		e.reg.temp = p[0]
	case 0x05, 0x17, 0x20, 0x21, 0x22, 0x23, 0x24, 0x25, 0x2A, 0x2B, 0x65, 0x80:
		e.fault("command %02X is not modelled", c)
	}
}

// partialWindow takes the nine bytes of 90: both ends are inclusive, and an end must be greater than its start, in X counted in banks of 8.
func (e *uc8179) partialWindow(p []byte) {
	word := func(i int) int { return int(p[i])<<8 | int(p[i+1]) }
	x0, x1, y0, y1 := word(0), word(2), word(4), word(6)
	switch {
	case x0%8 != 0 || x1%8 != 7:
		e.fault("window X %d–%d, it starts at a multiple of 8 and ends at one plus 7", x0, x1)
	case x0/8 >= x1/8 || x1 >= e.w:
		e.fault("window X %d–%d, of 0–%d and more than 8 pixels wide", x0, x1, e.w-1)
	case y0 >= y1 || y1 >= e.h:
		e.fault("window Y %d–%d, of 0–%d and more than one line high", y0, y1, e.h-1)
	default:
		e.reg.window = image.Rect(x0, y0, x1+1, y1+1)
	}
}

// refresh runs 12.
func (e *uc8179) refresh() {
	if !e.boosted {
		e.fault("refresh with drive voltages off")
		return
	}
	if e.reg.voltage != ucVoltages {
		e.fault("refresh with drive voltages % X, this glass has % X", e.reg.voltage, ucVoltages)
	}
	if e.reg.partial {
		e.fault("refresh with the partial window on is not modelled")
	}
	if e.reg.cdi&2 != 0 {
		e.fault("refresh without an old picture (50 with %02X) is not modelled", e.reg.cdi)
	}
	for n, cmd := range []byte{0x13, 0x10} {
		if !e.holds[n] {
			e.fault("refresh before a whole frame was written with %02X", cmd)
		} else if e.inverse[n] != (e.reg.cdi&1 == 0) {
			e.fault("refresh with the polarity changed since %02X was written: the picture is inverted", cmd)
		}
	}
	o := &operation{late: e.o.BusyLate, at: e.clock.Now(), time: e.o.FullTime}
	kind := fullRefresh
	switch {
	case !e.reg.fix:
		if e.windowed {
			e.fault("refresh of a window by the long waveform: E0 02 and E5 6E are missing")
		}
	case e.reg.temp == 0x6E:
		kind, o.time = partialRefresh, e.o.PartialTime
	case e.reg.temp == 0x5A:
		kind, o.time = quickRefresh, e.o.QuickTime
	default:
		e.fault("refresh with the temperature fixed at %02X, which picks no known waveform", e.reg.temp)
	}
	to, old := e.seen(0), e.seen(1)
	e.drive(o, kind, to, differ(to, old))
	if n := e.ghosts(old); kind == partialRefresh && n > 0 && e.based {
		e.fault("partial refresh with bank 10 unlike the glass in %d pixels", n)
	}
	e.windowed = false
	if e.reg.cdi&8 != 0 {
		o.after = func() {
			copy(e.banks[1], e.banks[0])
			e.holds[1], e.inverse[1] = e.holds[0], e.inverse[0]
		}
	}
	e.begin(o)
}

// seen is a bank as the controller takes it: 1 = white.
func (e *uc8179) seen(n int) []byte {
	b := bytes.Clone(e.banks[n])
	if e.reg.cdi&1 == 0 {
		for i := range b {
			b[i] = ^b[i]
		}
	}
	return b
}

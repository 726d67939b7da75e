// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"slices"
	"time"

	"periph.io/x/conn/v3/physic"
)

// Commands of the SSD1683 that this model acts on (datasheet section 7).
const (
	cmdDriverOutput = 0x01
	cmdDeepSleep    = 0x10
	cmdEntryMode    = 0x11
	cmdSWReset      = 0x12
	cmdTempSensor   = 0x18
	cmdWriteTemp    = 0x1A
	cmdActivate     = 0x20
	cmdControl1     = 0x21
	cmdControl2     = 0x22
	cmdWriteNew     = 0x24
	cmdWriteOld     = 0x26
	cmdWriteLUT     = 0x32
	cmdFillOld      = 0x46
	cmdFillNew      = 0x47
	cmdWindowX      = 0x44
	cmdWindowY      = 0x45
	cmdCounterX     = 0x4E
	cmdCounterY     = 0x4F
)

// ssdParameters are the write commands and how many bytes each takes.
var ssdParameters = map[byte]int{
	0x01: 3, 0x03: 1, 0x04: 3, 0x0C: 4, 0x10: 1, 0x11: 1, 0x12: 0, 0x18: 1, 0x1A: 1, 0x20: 0, 0x21: 2, 0x22: 1, 0x24: many, 0x26: many,
	0x2C: 1, 0x32: 227, 0x37: 10, 0x3C: 1, 0x3F: 1, 0x41: 3, 0x44: 2, 0x45: 4, 0x46: 1, 0x47: 1, 0x4E: 1, 0x4F: 2, 0x7F: 0,
}

// registers are what a reset restores; RAM and deep sleep are not among them.
type registers struct {
	x0, x1, y0, y1 int // window: X in bytes, Y in lines
	entry          byte
	control1       byte
	control2       byte
	internalTemp   bool // 18h = 80h
	temp           int8
	tempWritten    bool
	lut            waveform
}

// A waveform is what the controller has loaded for the next refresh.
type waveform uint8

const (
	noWaveform waveform = iota
	normalWaveform
	hotWaveform
)

// resetRegisters are the datasheet's POR values.
var resetRegisters = registers{x1: 0x31, y1: 0x12B, entry: 0x03, control2: 0xFF, temp: 0x7F}

// ssd1683 is the controller of the 4.2" panel.
type ssd1683 struct {
	*Emulator
	reg  registers
	x, y int // address counters
}

// NewSSD1683 returns a 4.2" panel of 400 × 300 pixels without supply. Nil stands for DefaultSSD1683.
func NewSSD1683(opts *Opts) *Emulator {
	return newEmulator(panel{400, 300}, opts, func(e *Emulator) chip { return &ssd1683{Emulator: e} })
}

func (e *ssd1683) name() string              { return "SSD1683" }
func (e *ssd1683) defaults() *Opts           { return &DefaultSSD1683 }
func (e *ssd1683) busyHigh() bool            { return true }
func (e *ssd1683) fastest() physic.Frequency { return 20 * physic.MegaHertz }
func (e *ssd1683) lacks(byte) string         { return "" }

func (e *ssd1683) parameters(c byte) (n int, known bool) {
	n, known = ssdParameters[c]
	return n, known
}

func (e *ssd1683) bank(cmd byte) int {
	if cmd == cmdWriteNew || cmd == cmdFillNew {
		return 0
	}
	return 1
}

func (e *ssd1683) restore() { e.reg = resetRegisters }
func (e *ssd1683) lost()    {}

func (e *ssd1683) start(now time.Time) *operation {
	return &operation{name: "resetting", time: e.o.ResetTime, at: now}
}

// open refuses a RAM write with counters outside the window.
func (e *ssd1683) open(c byte) bool {
	if e.x < e.reg.x0 || e.x > e.reg.x1 || e.y < e.reg.y0 || e.y > e.reg.y1 {
		e.fault("command %02X with counters X %02X, Y %d outside the window X %02X–%02X, Y %d–%d", c, e.x, e.y, e.reg.x0, e.reg.x1, e.reg.y0, e.reg.y1)
		return false
	}
	return true
}

// execute acts on a complete command.
func (e *ssd1683) execute(c byte, p []byte) {
	switch c {
	case cmdDriverOutput:
		if p[0] != 0x2B || p[1] != 0x01 || p[2] != 0 {
			e.fault("driver output % X: this panel has 300 gate lines, 2B 01 00", p)
		}
	case cmdDeepSleep:
		e.deepSleep(p[0])
	case cmdEntryMode:
		if e.reg.entry = p[0]; p[0] != 0x03 {
			e.fault("entry mode %02X is not modelled, only 03", p[0])
		}
	case cmdSWReset:
		e.restore()
		e.begin(&operation{name: "resetting by software", time: e.o.ResetTime, late: e.o.BusyLate, at: e.clock.Now()})
	case cmdTempSensor:
		e.reg.internalTemp = p[0] == 0x80
	case cmdWriteTemp:
		e.reg.temp, e.reg.tempWritten = int8(p[0]), true
	case cmdControl1:
		e.reg.control1 = p[0]
		if p[1] != 0 {
			e.fault("update control 1 with second byte %02X, which is another controller's", p[1])
		}
	case cmdControl2:
		e.reg.control2 = p[0]
	case cmdActivate:
		e.activate()
	case cmdWriteLUT:
		e.reg.lut = normalWaveform
	case cmdFillNew, cmdFillOld:
		e.autoFill(c, p[0])
	case cmdWindowX:
		e.reg.x0, e.reg.x1 = int(p[0]), int(p[1])
		if e.reg.x0 > e.reg.x1 || e.reg.x1 > 0x31 {
			e.fault("window X % X, of 00–31", p)
			e.reg.x0, e.reg.x1 = 0, 0x31
		}
	case cmdWindowY:
		e.reg.y0, e.reg.y1 = int(p[0])|int(p[1])<<8, int(p[2])|int(p[3])<<8
		if e.reg.y0 > e.reg.y1 || e.reg.y1 > 0x12B {
			e.fault("window Y %d–%d, of 0–299", e.reg.y0, e.reg.y1)
			e.reg.y0, e.reg.y1 = 0, 0x12B
		}
	case cmdCounterX:
		if e.x = int(p[0]); e.x > 0x31 {
			e.fault("counter X %02X, of 00–31; it counts bytes", e.x)
			e.x &= 0x1F
		}
	case cmdCounterY:
		if e.y = int(p[0]) | int(p[1])<<8; e.y > 0x12B {
			e.fault("counter Y %d, of 0–299", e.y)
			e.y = 0
		}
	}
}

// write puts picture bytes into a bank; the counters wrap inside the window.
func (e *ssd1683) write(c byte, p []byte) {
	size := (e.reg.x1 - e.reg.x0 + 1) * (e.reg.y1 - e.reg.y0 + 1)
	if e.written <= size && e.written+len(p) > size {
		e.fault("command %02X with more than the window's %d bytes", c, size)
	}
	e.written += len(p)
	b := e.banks[e.bank(c)]
	for _, v := range p {
		b[e.y*e.stride()+e.x] = v
		if e.x++; e.x > e.reg.x1 {
			e.x = e.reg.x0
			if e.y++; e.y > e.reg.y1 {
				e.y = e.reg.y0
			}
		}
	}
}

// autoFill fills a bank with a chequered pattern; the largest squares make it one colour (E6 all 1, 66 all 0).
func (e *ssd1683) autoFill(c, p byte) {
	h, w := 8<<(p>>4&7), 8<<(p&7)
	if p>>4&7 > 6 || p&7 > 6 {
		e.fault("auto-fill %02X: no such square", p)
		return
	}
	b, first := e.banks[e.bank(c)], p&0x80 != 0
	for y := range e.h {
		for x := range e.stride() {
			v := byte(0)
			if one := (y/min(h, e.h)+x*8/min(w, e.w))%2 == 0 == first; one {
				v = 0xFF
			}
			b[y*e.stride()+x] = v
		}
	}
	e.begin(&operation{name: "filling RAM", time: e.o.ResetTime, late: e.o.BusyLate, at: e.clock.Now()})
}

// deepSleep enters one of the two deep sleeps.
func (e *ssd1683) deepSleep(mode byte) {
	switch mode {
	case 0x00:
		return
	case 0x01:
	case 0x03:
		e.forget()
	default:
		e.fault("deep sleep mode %02X", mode)
		return
	}
	e.sleep()
}

// sequences are the values of 22h that the datasheet or the panel maker's and other public drivers use.
var sequences = []byte{0x80, 0x01, 0xC0, 0x03, 0x91, 0x99, 0xB1, 0xB9, 0xC7, 0xCF, 0xF7, 0xFF, 0xE0, 0x83, 0xD7, 0xFC, 0xDC}

// roomTemp is what the controller's own sensor reads, in °C.
const roomTemp = 22

// activate runs the sequence in 22h.
func (e *ssd1683) activate() {
	s := e.reg.control2
	bit := func(n int) bool { return s>>n&1 == 1 }
	if !slices.Contains(sequences, s) {
		e.fault("sequence %02X is unknown", s)
		return
	}
	o := &operation{name: "switching", late: e.o.BusyLate, at: e.clock.Now(), off: bit(1)}
	if bit(6) && !e.boosted {
		o.time += e.o.PowerOnTime
	}
	if bit(5) && !e.reg.internalTemp {
		e.fault("sequence %02X reads the temperature from an external sensor, there is none", s)
	}
	if bit(5) {
		e.reg.temp = roomTemp
	}
	if bit(4) {
		e.reg.lut = normalWaveform
		if !bit(5) && e.reg.temp >= 90 {
			e.reg.lut = hotWaveform
			if !e.reg.tempWritten {
				e.fault("sequence %02X without a temperature in 1A", s)
			}
		}
	}
	if bit(6) && !e.boosted {
		e.boosted, e.overdue = true, false
	}
	if bit(2) {
		e.refresh(o, s)
	} else if bit(1) {
		o.name, o.time = "turning drive voltages off", e.o.PowerOffTime
	}
	e.begin(o)
}

// refresh prepares a display sequence.
func (e *ssd1683) refresh(o *operation, s byte) {
	if e.reg.lut == noWaveform {
		e.fault("sequence %02X with no waveform loaded", s)
	}
	if !e.boosted {
		e.fault("sequence %02X with drive voltages off", s)
	}
	to, old := option(e.banks[0], e.reg.control1&0xF), option(e.banks[1], e.reg.control1>>4)
	if s>>3&1 == 0 {
		o.time = e.o.FullTime
		kind := fullRefresh
		if e.reg.lut == hotWaveform {
			kind, o.time = quickRefresh, e.o.QuickTime
		}
		if slices.ContainsFunc(old, func(b byte) bool { return b != 0 }) {
			e.fault("full refresh would drive red: bank 26 is not taken as 0")
		}
		e.drive(o, kind, to, nil)
		return
	}
	o.time += e.o.PartialTime
	if o.off {
		o.time += e.o.PowerOffTime
	}
	if e.o.PingPong {
		o.after = func() { e.banks[0], e.banks[1] = e.banks[1], e.banks[0] }
	}
	e.drive(o, partialRefresh, to, differ(to, old))
	if n := e.ghosts(old); n > 0 && e.based {
		e.fault("partial refresh with bank 26 unlike the glass in %d pixels", n)
	}
}

// option reads a bank through one half of 21h: as it is, as 0, inverted.
func option(bank []byte, how byte) []byte {
	b := slices.Clone(bank)
	switch how {
	case 4:
		clear(b)
	case 8:
		for i := range b {
			b[i] = ^b[i]
		}
	}
	return b
}

// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"fmt"
	"math/rand/v2"
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

// many is the parameter count of the RAM writes.
const many = -1

// parameters are the write commands and how many bytes each takes.
var parameters = map[byte]int{
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

func bank(cmd byte) int {
	if cmd == cmdWriteNew || cmd == cmdFillNew {
		return 0
	}
	return 1
}

// describe names a transfer in a fault.
func describe(dc bool, data []byte) string {
	if !dc && len(data) > 0 {
		return fmt.Sprintf("command %02X", data[0])
	}
	return fmt.Sprintf("%d data bytes", len(data))
}

// command takes one command byte.
func (e *Emulator) command(c byte) {
	if f, ok := e.missing(); ok {
		e.fault("%s", f)
	}
	e.cmd, e.params, e.written = int(c), e.params[:0], 0
	n, known := parameters[c]
	switch {
	case e.op != nil:
		e.fault("command %02X while busy %s", c, e.op.name)
		e.cmd = -1
	case !known:
		e.fault("command %02X is not one of the SSD1683 that can be written", c)
		e.cmd = -1
	case n == 0:
		e.execute(c, nil)
	case n == many:
		if e.x < e.reg.x0 || e.x > e.reg.x1 || e.y < e.reg.y0 || e.y > e.reg.y1 {
			e.fault("command %02X with counters X %02X, Y %d outside the window X %02X–%02X, Y %d–%d", c, e.x, e.y, e.reg.x0, e.reg.x1, e.reg.y0, e.reg.y1)
			e.cmd = -1
		}
	}
}

// missing reports a command whose parameters are not complete.
func (e *Emulator) missing() (string, bool) {
	if e.cmd < 0 {
		return "", false
	}
	if n := parameters[byte(e.cmd)]; n > len(e.params) {
		return fmt.Sprintf("command %02X with %d of %d parameters", e.cmd, len(e.params), n), true
	}
	return "", false
}

// data takes bytes sent with DC high.
func (e *Emulator) data(p []byte) {
	if len(p) == 0 {
		return
	}
	if e.cmd < 0 {
		e.fault("%d data bytes without a command", len(p))
		return
	}
	c := byte(e.cmd)
	n := parameters[c]
	if n == many {
		e.write(c, p)
		return
	}
	for i, b := range p {
		if len(e.params) >= n {
			e.fault("command %02X with %d parameters more than %d", c, len(p)-i, n)
			return
		}
		if e.params = append(e.params, b); len(e.params) == n {
			e.execute(c, e.params)
		}
	}
}

// execute acts on a complete command.
func (e *Emulator) execute(c byte, p []byte) {
	switch c {
	case cmdDriverOutput:
		if p[0] != 0x2B || p[1] != 0x01 || p[2] != 0 {
			e.fault("driver output % X: this panel has 300 gate lines, 2B 01 00", p)
		}
	case cmdDeepSleep:
		e.sleep(p[0])
	case cmdEntryMode:
		if e.reg.entry = p[0]; p[0] != 0x03 {
			e.fault("entry mode %02X is not modelled, only 03", p[0])
		}
	case cmdSWReset:
		e.reg = resetRegisters
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
func (e *Emulator) write(c byte, p []byte) {
	size := (e.reg.x1 - e.reg.x0 + 1) * (e.reg.y1 - e.reg.y0 + 1)
	if e.written <= size && e.written+len(p) > size {
		e.fault("command %02X with more than the window's %d bytes", c, size)
	}
	e.written += len(p)
	b := e.banks[bank(c)]
	for _, v := range p {
		b[e.y*stride+e.x] = v
		if e.x++; e.x > e.reg.x1 {
			e.x = e.reg.x0
			if e.y++; e.y > e.reg.y1 {
				e.y = e.reg.y0
			}
		}
	}
}

// autoFill fills a bank with a chequered pattern; the largest squares make it one colour (E6 all 1, 66 all 0).
func (e *Emulator) autoFill(c, p byte) {
	h, w := 8<<(p>>4&7), 8<<(p&7)
	if p>>4&7 > 6 || p&7 > 6 {
		e.fault("auto-fill %02X: no such square", p)
		return
	}
	b, first := e.banks[bank(c)], p&0x80 != 0
	for y := range Height {
		for x := range stride {
			v := byte(0)
			if one := (y/min(h, Height)+x*8/min(w, Width))%2 == 0 == first; one {
				v = 0xFF
			}
			b[y*stride+x] = v
		}
	}
	e.begin(&operation{name: "filling RAM", time: e.o.ResetTime, late: e.o.BusyLate, at: e.clock.Now()})
}

// sleep enters deep sleep; only a hardware reset ends it.
func (e *Emulator) sleep(mode byte) {
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
	if e.boosted {
		e.fault("deep sleep with drive voltages on")
		e.boosted = false
	}
	e.asleep, e.sleptAt, e.cmd = true, e.clock.Now(), -1
}

// forget fills both banks with what undefined RAM may hold.
func (e *Emulator) forget() {
	e.noise++
	r := rand.New(rand.NewPCG(e.o.Seed, e.noise))
	for _, b := range e.banks {
		for i := range b {
			b[i] = byte(r.Uint32())
		}
	}
	e.based = false
}

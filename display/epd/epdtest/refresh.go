// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"math/bits"
	"slices"
	"time"
)

// An operation keeps the controller busy.
type operation struct {
	name  string
	at    time.Time
	late  time.Duration // BUSY rises so much later
	time  time.Duration
	speed float64
	off   bool // drive voltages go off at its end
	kind  refresh
	from  []uint8 // levels before a refresh
	to    []byte  // the picture, one bit for each pixel, 1 = white
	drive []byte  // pixels that a partial refresh drives, one bit for each
	stop  chan struct{}
}

// A refresh is what an operation does to the glass.
type refresh uint8

const (
	noRefresh refresh = iota
	fullRefresh
	quickRefresh
	partialRefresh
)

func (o *operation) scaled(d time.Duration) time.Duration { return time.Duration(float64(d) / o.speed) }
func (o *operation) rise() time.Time                      { return o.at.Add(o.scaled(o.late)) }
func (o *operation) end() time.Time                       { return o.rise().Add(o.scaled(o.time)) }

// done tells how much of the operation is over, 0 to 1.
func (o *operation) done(now time.Time) float64 {
	t := o.end().Sub(o.rise())
	if t <= 0 {
		return 1
	}
	return min(1, max(0, float64(now.Sub(o.rise()))/float64(t)))
}

// begin starts an operation and the goroutine that looks at the panel when something is due.
func (e *Emulator) begin(o *operation) {
	o.speed, o.stop = e.o.Speed, make(chan struct{})
	e.op = o
	step := e.o.Frame
	if o.kind == noRefresh {
		step = 0
	}
	go e.attend(o, o.rise(), o.end(), step)
}

// attend looks at the panel when BUSY rises, at each frame of a refresh and when the operation ends.
func (e *Emulator) attend(o *operation, next, end time.Time, step time.Duration) {
	for {
		c, stop := e.clock.Timer(next.Sub(e.clock.Now()))
		select {
		case <-o.stop:
			stop()
			return
		case <-c:
		}
		e.mu.Lock()
		e.look()
		over := e.op != o
		if !over && o.kind != noRefresh {
			e.show()
		}
		now := e.clock.Now()
		e.mu.Unlock()
		if over {
			return
		}
		next = end
		if f := now.Add(step); step > 0 && f.Before(end) {
			next = f
		}
	}
}

// sequences are the values of 22h that the datasheet or the panel maker's and other public drivers use.
var sequences = []byte{0x80, 0x01, 0xC0, 0x03, 0x91, 0x99, 0xB1, 0xB9, 0xC7, 0xCF, 0xF7, 0xFF, 0xE0, 0x83, 0xD7, 0xFC, 0xDC}

// roomTemp is what the controller's own sensor reads, in °C.
const roomTemp = 22

// activate runs the sequence in 22h.
func (e *Emulator) activate() {
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
func (e *Emulator) refresh(o *operation, s byte) {
	if e.reg.lut == noWaveform {
		e.fault("sequence %02X with no waveform loaded", s)
	}
	if !e.boosted {
		e.fault("sequence %02X with drive voltages off", s)
	}
	o.from, o.to = slices.Clone(e.level), option(e.banks[0], e.reg.control1&0xF)
	old := option(e.banks[1], e.reg.control1>>4)
	if s>>3&1 == 0 {
		o.name, o.kind, o.time = "refreshing fully", fullRefresh, e.o.FullTime
		e.counts.Full++
		if e.reg.lut == hotWaveform {
			o.kind, o.time = quickRefresh, e.o.QuickTime
			e.counts.Full--
			e.counts.Quick++
		}
		if slices.ContainsFunc(old, func(b byte) bool { return b != 0 }) {
			e.fault("full refresh would drive red: bank 26 is not taken as 0")
		}
		return
	}
	o.name, o.kind = "refreshing partially", partialRefresh
	o.time += e.o.PartialTime
	if o.off {
		o.time += e.o.PowerOffTime
	}
	e.counts.Partial++
	if e.partials++; e.partials == e.o.MaxPartials+1 {
		e.fault("more than %d partial refreshes without a full one", e.o.MaxPartials)
	}
	if !e.based {
		e.fault("partial refresh before a full one")
	}
	o.drive = make([]byte, len(old))
	ghosts := 0
	for i, b := range old {
		o.drive[i] = b ^ o.to[i]
		ghosts += bits.OnesCount8(b ^ e.ink[i])
	}
	if ghosts > 0 && e.based {
		e.fault("partial refresh with bank 26 unlike the glass in %d pixels", ghosts)
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

// finish ends the running operation.
func (e *Emulator) finish() {
	o := e.op
	if o.kind != noRefresh {
		for n, to := range o.to {
			if o.drive == nil {
				e.settle(o, n, to, 0xFF)
			} else if o.drive[n] != 0 {
				e.settle(o, n, to, o.drive[n])
			}
		}
		if o.kind != partialRefresh {
			e.based, e.partials = true, 0
		} else if e.o.PingPong {
			e.banks[0], e.banks[1] = e.banks[1], e.banks[0]
		}
		e.show()
	}
	if o.off {
		e.boosted = false
	}
	close(o.stop)
	e.op, e.idleFrom = nil, o.end()
}

// settle leaves the driven ones of eight pixels as a refresh leaves them.
func (e *Emulator) settle(o *operation, n int, to, drive byte) {
	for i, mask := n*8, byte(0x80); mask != 0; i, mask = i+1, mask>>1 {
		if drive&mask == 0 {
			continue
		}
		white := to&mask != 0
		r := o.kind.left(e.residue[i])
		if o.kind == partialRefresh && white && o.from[i] < middle {
			r = min(r+residueStep, residueMost)
		}
		e.residue[i], e.level[i] = r, rest(white, r)
	}
	e.ink[n] = e.ink[n]&^drive | to&drive
}

// abort stops the running operation where it is: a half-drawn glass stays half drawn.
func (e *Emulator) abort() {
	if o := e.op; o != nil {
		if o.kind != noRefresh {
			seen := o.look(e.clock.Now())
			for i := range e.level {
				e.level[i] = seen(i, e.residue[i])
			}
			e.ink = pack(e.level)
			e.based = false
			e.show()
		}
		close(o.stop)
		e.op, e.idleFrom = nil, e.clock.Now()
	}
}

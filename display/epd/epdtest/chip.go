// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"periph.io/x/conn/v3/physic"
)

// A chip is what differs between controllers. Its methods are called under the emulator's lock.
type chip interface {
	name() string
	defaults() *Opts
	busyHigh() bool            // level of BUSY when busy
	fastest() physic.Frequency // of the SPI clock, writing
	bank(cmd byte) int         // index of the bank that a command writes
	parameters(c byte) (n int, known bool)
	restore()                       // registers to what they are after a reset
	lost()                          // both banks hold anything
	start(now time.Time) *operation // what goes on right after a reset
	open(c byte) bool               // a RAM write begins; false: refused
	write(c byte, p []byte)         // picture bytes
	lacks(c byte) string            // what is missing of a RAM write when another command comes; "": nothing
	execute(c byte, p []byte)
}

// many is the parameter count of the RAM writes.
const many = -1

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
	e.commands++
	e.cmd, e.params, e.written = int(c), e.params[:0], 0
	n, known := e.chip.parameters(c)
	switch {
	case e.op != nil:
		e.fault("command %02X while busy %s", c, e.op.name)
		e.cmd = -1
	case !known:
		e.fault("command %02X is not one of the %s that can be written", c, e.chip.name())
		e.cmd = -1
	case n == 0:
		e.chip.execute(c, nil)
	case n == many:
		if !e.chip.open(c) {
			e.cmd = -1
		}
	}
}

// missing reports a command whose parameters are not complete.
func (e *Emulator) missing() (string, bool) {
	if e.cmd < 0 {
		return "", false
	}
	n, _ := e.chip.parameters(byte(e.cmd))
	if n == many {
		f := e.chip.lacks(byte(e.cmd))
		return f, f != ""
	}
	if n > len(e.params) {
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
	n, _ := e.chip.parameters(c)
	if n == many {
		e.chip.write(c, p)
		return
	}
	for i, b := range p {
		if len(e.params) >= n {
			e.fault("command %02X with %d parameters more than %d", c, len(p)-i, n)
			return
		}
		if e.params = append(e.params, b); len(e.params) == n {
			e.chip.execute(c, e.params)
		}
	}
}

// sleep enters deep sleep; only a hardware reset ends it.
func (e *Emulator) sleep() {
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
	e.chip.lost()
}

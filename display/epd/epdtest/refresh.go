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
	quiet bool   // BUSY does not show it
	off   bool   // drive voltages go off at its end
	after func() // what the controller does at the end of a refresh; may be nil
	kind  refresh
	from  []uint8 // levels before a refresh
	to    []byte  // the picture, one bit for each pixel, 1 = white
	moved []byte  // pixels for which picture and old picture differ, one bit for each; nil: all. A partial refresh drives no others
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

// drive prepares a refresh to a picture. The pixels that move are nil for all.
func (e *Emulator) drive(o *operation, kind refresh, to, moved []byte) {
	o.kind, o.from, o.to, o.moved = kind, slices.Clone(e.level), to, moved
	switch kind {
	case fullRefresh:
		o.name = "refreshing fully"
		e.counts.Full++
	case quickRefresh:
		o.name = "refreshing fully"
		e.counts.Quick++
	case partialRefresh:
		o.name = "refreshing partially"
		e.counts.Partial++
		if e.partials++; e.partials == e.o.MaxPartials+1 {
			e.fault("more than %d partial refreshes without a full one", e.o.MaxPartials)
		}
		if !e.based {
			e.fault("partial refresh before a full one")
		}
	}
}

// ghosts counts the pixels in which the controller's old picture is not what the glass shows.
func (e *Emulator) ghosts(old []byte) int {
	n := 0
	for i, b := range old {
		n += bits.OnesCount8(b ^ e.ink[i])
	}
	return n
}

// differ returns the bits in which two pictures differ.
func differ(a, b []byte) []byte {
	d := make([]byte, len(a))
	for i := range a {
		d[i] = a[i] ^ b[i]
	}
	return d
}

// finish ends the running operation.
func (e *Emulator) finish() {
	o := e.op
	if o.kind != noRefresh {
		for n, to := range o.to {
			moved := byte(0xFF)
			if o.moved != nil {
				moved = o.moved[n]
			}
			if moved != 0 || o.kind != partialRefresh {
				e.settle(o, n, to, moved)
			}
		}
		if o.kind != partialRefresh {
			e.based, e.partials = true, 0
		}
		if o.after != nil {
			o.after()
		}
		e.show()
	}
	if o.off {
		e.boosted = false
	}
	close(o.stop)
	e.op, e.idleFrom = nil, o.end()
}

// settle leaves eight pixels as a refresh leaves them. One that does not move keeps its residue also through a full refresh.
func (e *Emulator) settle(o *operation, n int, to, moved byte) {
	driven := byte(0xFF)
	if o.kind == partialRefresh {
		driven = moved
	}
	for i, mask := n*8, byte(0x80); mask != 0; i, mask = i+1, mask>>1 {
		if driven&mask == 0 {
			continue
		}
		white, r := to&mask != 0, e.residue[i]
		if moved&mask != 0 {
			r = o.leaves(i, white, r)
		}
		e.residue[i], e.level[i] = r, rest(white, r)
	}
	e.ink[n] = e.ink[n]&^driven | to&driven
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

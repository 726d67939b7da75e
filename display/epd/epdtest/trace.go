// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"bytes"
	"fmt"
	"hash/crc32"
	"strings"
	"sync"
	"time"
)

// A StepKind says what a Step tells of.
type StepKind uint8

// The kinds of steps.
const (
	StepBytes StepKind = iota // one SPI transfer; Level is the DC line
	StepReset                 // RST has changed to Level
	StepPower                 // the supply was switched on or off
	StepBusy                  // BUSY has changed to Level
)

// A Step is one thing that happened on the panel's wires. Bytes are only valid during the call that delivers it.
type Step struct {
	At    time.Time
	Kind  StepKind
	Level bool
	Bytes []byte
}

func (e *Emulator) trace(s Step) {
	if e.o.Trace != nil {
		s.At = e.clock.Now()
		e.o.Trace(s)
	}
}

// A Log collects steps; its Add is an Opts.Trace. It may be read while the panel works.
type Log struct {
	mu    sync.Mutex
	steps []Step
}

// Add keeps a step.
func (l *Log) Add(s Step) {
	s.Bytes = bytes.Clone(s.Bytes)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = append(l.steps, s)
}

// Reset forgets all steps.
func (l *Log) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.steps = nil
}

// Bytes returns all bytes sent, each transfer preceded by its DC level (0 or 1), without times: what a listener on the bus could tell apart.
func (l *Log) Bytes() []byte {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b []byte
	for _, s := range l.steps {
		if s.Kind == StepBytes {
			dc := byte(0)
			if s.Level {
				dc = 1
			}
			b = append(append(b, dc), s.Bytes...)
		}
	}
	return b
}

// String writes one line for each command with its parameters, line change or BUSY, after the time since the first step. Data longer than
// 16 bytes is told by length, checksum and number of transfers.
func (l *Log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for i := 0; i < len(l.steps); i++ {
		s := l.steps[i]
		fmt.Fprintf(&b, "%10s ", s.At.Sub(l.steps[0].At))
		if s.Kind != StepBytes {
			level := map[bool]string{false: "low", true: "high"}[s.Level]
			fmt.Fprintf(&b, "%s %s\n", map[StepKind]string{StepReset: "RST", StepPower: "PWR", StepBusy: "BUSY"}[s.Kind], level)
			continue
		}
		var data []byte
		transfers := 0
		for i+1 < len(l.steps) && !s.Level && l.steps[i+1].Kind == StepBytes && l.steps[i+1].Level {
			i++
			transfers++
			data = append(data, l.steps[i].Bytes...)
		}
		switch {
		case s.Level:
			fmt.Fprintf(&b, "data % X\n", s.Bytes)
		case len(data) == 0:
			fmt.Fprintf(&b, "% X\n", s.Bytes)
		case len(data) <= 16:
			fmt.Fprintf(&b, "% X: % X\n", s.Bytes, data)
		default:
			fmt.Fprintf(&b, "% X: %d bytes, crc32 %08x, %d transfers\n", s.Bytes, len(data), crc32.ChecksumIEEE(data), transfers)
		}
	}
	return b.String()
}

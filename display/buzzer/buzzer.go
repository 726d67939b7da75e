// SPDX-License-Identifier: Apache-2.0

// Package buzzer drives the piezo on GPIO 12 (PWM0, header pin 32). It has one
// tone of one length for every key, because PCI PTS asks for it and a pitch
// would tell the key; and it sounds on a grid of 500 ms only, because even one
// tone tells the time between keys ("Your PIN Sounds Good", arXiv 1905.08742).
// It is off until somebody turns it on. It plays no melody, no alarm and no
// second tone.
package buzzer

import (
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

const (
	// Tone is below the band that ageing ears lose first.
	Tone = 2 * physic.KiloHertz
	// Length of the tone.
	Length = 40 * time.Millisecond
	// Grid: a tone begins on a multiple of it since New.
	Grid = 500 * time.Millisecond
)

// Buzzer is the buzzer. Its methods may be called from several goroutines.
type Buzzer struct {
	pin   gpio.PinOut
	start time.Time // where the grid begins

	mu    sync.Mutex
	on    bool
	asked uint64      // number of the tone that is due or sounds; odd while there is one
	timer *time.Timer // its next step
	err   error       // the first failure since Halt last told
}

var _ conn.Resource = (*Buzzer)(nil)

// New silences the line and returns a buzzer that is off.
func New(pin gpio.PinIO) (*Buzzer, error) {
	if err := pin.Out(gpio.Low); err != nil {
		return nil, fmt.Errorf("silencing the buzzer: %w", err)
	}
	return &Buzzer{pin: pin, start: time.Now()}, nil
}

// Enable turns clicks on or off; turning off ends a tone and forgets one that
// waits.
func (b *Buzzer) Enable(on bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.on = on
	if !on {
		b.end()
	}
}

// Click asks for the one tone and returns at once. The tone begins at the next
// step of the grid, one for all clicks that fell before it. While the buzzer is
// off it does nothing.
func (b *Buzzer) Click() {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.on || b.asked%2 == 1 {
		return
	}
	b.asked++
	b.after(Grid-time.Since(b.start)%Grid, b.sound)
}

// after runs step with mu held unless the tone was ended before.
func (b *Buzzer) after(d time.Duration, step func()) {
	n := b.asked
	b.timer = time.AfterFunc(d, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.asked == n {
			step()
		}
	})
}

// sound begins the tone. Lines that are opened by chip and offset have no PWM
// in periph; there an active buzzer is fitted, which needs only the level.
func (b *Buzzer) sound() {
	if err := b.pin.PWM(gpio.DutyHalf, Tone); err != nil {
		b.note(b.pin.Out(gpio.High))
	}
	b.after(Length, b.end)
}

// end silences the line. Call with mu held.
func (b *Buzzer) end() {
	if b.asked%2 == 0 {
		return
	}
	b.asked++
	b.timer.Stop()
	b.note(b.pin.Out(gpio.Low))
}

// note keeps the first failure.
func (b *Buzzer) note(err error) {
	if b.err == nil {
		b.err = err
	}
}

// Halt ends a tone, turns the buzzer off and returns what failed since the last
// Halt: a click has nobody to tell.
func (b *Buzzer) Halt() error {
	b.Enable(false)
	b.mu.Lock()
	defer b.mu.Unlock()
	err := b.err
	b.err = nil
	if err != nil {
		return fmt.Errorf("sounding the buzzer: %w", err)
	}
	return nil
}

// String names the device and its line.
func (b *Buzzer) String() string { return fmt.Sprintf("buzzer.Buzzer{%s}", b.pin.Name()) }

// SPDX-License-Identifier: Apache-2.0

// Package lamp drives the three-colour lamp on the clerk's side of the box:
// red, yellow and green on GPIO 22, 23 and 27, active high, each through its
// own transistor. It says one of six states and nothing else: not how long a
// PIN is, not when a key was pressed. It does not blink: a blinking lamp would
// need a clock, and a clerk who looks once must be able to read it.
package lamp

import (
	"fmt"
	"sync"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
)

// State is what the clerk is told.
type State uint8

const (
	Off      State = iota // no light
	Waiting               // green: nothing is asked of the resident
	Typing                // yellow: a PIN is being entered
	Checking              // yellow and green: the card is at work
	Done                  // all three: finished
	Help                  // red and yellow: the resident needs the clerk
	Stopped               // red: the case has ended without its result
)

// lights is the one table of states; Set and Decode both read it.
var lights = [...]struct {
	name               string
	red, yellow, green gpio.Level
}{
	Off:      {"off", gpio.Low, gpio.Low, gpio.Low},
	Waiting:  {"waiting", gpio.Low, gpio.Low, gpio.High},
	Typing:   {"typing", gpio.Low, gpio.High, gpio.Low},
	Checking: {"checking", gpio.Low, gpio.High, gpio.High},
	Done:     {"done", gpio.High, gpio.High, gpio.High},
	Help:     {"help", gpio.High, gpio.High, gpio.Low},
	Stopped:  {"stopped", gpio.High, gpio.Low, gpio.Low},
}

// String returns the stable name: "off", "waiting", "typing", "checking",
// "done", "help", "stopped".
func (s State) String() string {
	if int(s) >= len(lights) {
		return fmt.Sprintf("State(%d)", uint8(s))
	}
	return lights[s].name
}

// Decode returns the state that three lights show. Red and green without yellow
// is none of the six and decodes as Off.
func Decode(red, yellow, green bool) State {
	for s, l := range lights {
		if bool(l.red) == red && bool(l.yellow) == yellow && bool(l.green) == green {
			return State(s)
		}
	}
	return Off
}

// Lamp is the lamp.
type Lamp struct {
	pins [3]gpio.PinOut // red, yellow, green

	mu    sync.Mutex
	shown [3]gpio.Level
	known bool // shown is on the pins
}

var _ conn.Resource = (*Lamp)(nil)

// New turns the lamp off and returns it.
func New(red, yellow, green gpio.PinIO) (*Lamp, error) {
	l := &Lamp{pins: [3]gpio.PinOut{red, yellow, green}}
	if err := l.Set(Off); err != nil {
		return nil, err
	}
	return l, nil
}

// Set shows a state. Lights that go out go out before others come on, so that
// no state between shows more than both: "stopped" never flashes as "done". A
// state outside the constants is an error and changes nothing.
func (l *Lamp) Set(s State) error {
	if int(s) >= len(lights) {
		return fmt.Errorf("setting the lamp: no state %d", uint8(s))
	}
	want := [3]gpio.Level{lights[s].red, lights[s].yellow, lights[s].green}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, level := range []gpio.Level{gpio.Low, gpio.High} {
		for i, pin := range l.pins {
			if want[i] != level || l.known && l.shown[i] == level {
				continue
			}
			if err := pin.Out(level); err != nil {
				l.known = false
				return fmt.Errorf("setting the lamp to %s: %s light: %w", s, [3]string{"red", "yellow", "green"}[i], err)
			}
		}
	}
	l.shown, l.known = want, true
	return nil
}

// Halt turns all lights off.
func (l *Lamp) Halt() error { return l.Set(Off) }

// String names the device and its lines.
func (l *Lamp) String() string {
	return fmt.Sprintf("lamp.Lamp{%s, %s, %s}", l.pins[0].Name(), l.pins[1].Name(), l.pins[2].Name())
}

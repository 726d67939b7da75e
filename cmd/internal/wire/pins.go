// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// base is what both kinds of pin have in common.
type base struct{ name string }

// String names the line.
func (p base) String() string { return "wire/" + p.name }

// Name is the name printed on the board.
func (p base) Name() string { return p.name }

// Number is -1: the line has no number on this machine.
func (p base) Number() int { return -1 }

// Halt does nothing: the level stays.
func (p base) Halt() error { return nil }

// PWM is refused: no driver of the box uses it.
func (p base) PWM(gpio.Duty, physic.Frequency) error {
	return fmt.Errorf("%s has no PWM", p.name)
}

// DefaultPull is unknown.
func (p base) DefaultPull() gpio.Pull { return gpio.PullNoChange }

// outPin is an output line.
type outPin struct {
	base
	mu    sync.Mutex
	level gpio.Level
	set   bool
	tell  func(gpio.Level) error // nil: nobody at the other end watches
}

var _ gpio.PinIO = (*outPin)(nil)

func newOutPin(name string, tell func(gpio.Level) error) *outPin {
	return &outPin{base: base{name}, tell: tell}
}

// Out drives the line. A level that already stands is not sent again.
func (p *outPin) Out(l gpio.Level) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.set && p.level == l {
		return nil
	}
	if p.tell != nil {
		if err := p.tell(l); err != nil {
			return fmt.Errorf("driving %s: %w", p.name, err)
		}
	}
	p.level, p.set = l, true
	return nil
}

// Read returns the level last driven; Low before the first.
func (p *outPin) Read() gpio.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

// In is refused: the other end only listens.
func (p *outPin) In(gpio.Pull, gpio.Edge) error {
	return fmt.Errorf("%s is an output", p.name)
}

// WaitForEdge returns false at once: an output has no edges.
func (p *outPin) WaitForEdge(time.Duration) bool { return false }

// Pull is unknown.
func (p *outPin) Pull() gpio.Pull { return gpio.PullNoChange }

// Function names the direction.
func (p *outPin) Function() string { return "Out" }

// inPin is an input line. It follows the world's frames.
type inPin struct {
	base
	mu    sync.Mutex
	level gpio.Level
	edge  gpio.Edge
	pull  gpio.Pull
	edges chan struct{}
	halt  chan struct{}
	gone  chan struct{}
}

var _ gpio.PinIO = (*inPin)(nil)

func newInPin(name string) *inPin {
	return &inPin{base: base{name}, edges: make(chan struct{}, 1), halt: make(chan struct{}), gone: make(chan struct{})}
}

// set moves the line and leaves an edge behind if the level changed.
func (p *inPin) set(high bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	l := gpio.Level(high)
	if l == p.level {
		return
	}
	p.level = l
	if p.edge == gpio.BothEdges || (high && p.edge == gpio.RisingEdge) || (!high && p.edge == gpio.FallingEdge) {
		select {
		case p.edges <- struct{}{}:
		default:
		}
	}
}

// end wakes whoever waits: no further edge will come.
func (p *inPin) end() { close(p.gone) }

// In chooses the edge and drops those that came before.
func (p *inPin) In(pull gpio.Pull, edge gpio.Edge) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if edge < gpio.NoEdge || edge > gpio.BothEdges {
		return fmt.Errorf("%s has no edge %v", p.name, edge)
	}
	select {
	case <-p.edges:
	default:
	}
	p.pull, p.edge = pull, edge
	return nil
}

// Read returns the level.
func (p *inPin) Read() gpio.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

// WaitForEdge waits for the edge chosen by In. A negative timeout waits until
// the wire ends, as periph's contract says (its ioctl driver returns at once).
func (p *inPin) WaitForEdge(timeout time.Duration) bool {
	var late <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		late = t.C
	}
	select {
	case <-p.edges:
		return true
	case <-late:
	case <-p.halt:
	case <-p.gone:
	}
	return false
}

// Pull returns what In chose.
func (p *inPin) Pull() gpio.Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pull
}

// Function names the direction.
func (p *inPin) Function() string { return "In" }

// Halt ends a wait that has begun; one that comes later waits, as in periph's
// Linux driver.
func (p *inPin) Halt() error {
	select {
	case p.halt <- struct{}{}:
	default:
	}
	return nil
}

// Out is refused: something else drives this line.
func (p *inPin) Out(gpio.Level) error { return fmt.Errorf("%s is an input", p.name) }

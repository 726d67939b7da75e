// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"fmt"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"madoguchi/card"
	"madoguchi/device"
	"madoguchi/display"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// witness writes down everything that a camera, an ear and a logic analyser could have of a box, with its time.
type witness struct {
	mu     sync.Mutex
	begun  time.Time // watches from here on
	screen string    // that stands
	since  time.Time // when it was asked for
	left   bool
	seen   map[string][]fact
}

// A fact is one thing on one wire: "panel", "lamp", "buzzer" or "state".
type fact struct {
	At   time.Duration
	What string
}

func (w *witness) note(wire, what string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.begun.IsZero() && !w.left {
		w.seen[wire] = append(w.seen[wire], fact{time.Since(w.begun), what})
	}
}

// state is what the box tells of itself.
func (w *witness) state(o device.Observed) {
	w.note("state", fmt.Sprintf("%s %s %s busy %t case %+v", o.Screen, o.Face, o.Lamp, o.Busy, cmp.Or(o.Case, &device.CaseView{})))
	w.mu.Lock()
	defer w.mu.Unlock()
	if o.Screen != w.screen {
		w.screen, w.since = o.Screen, time.Now()
	}
}

// phase is the time since the last step of the feedback grid of the screen that stands.
func (w *witness) phase() time.Duration {
	w.mu.Lock()
	defer w.mu.Unlock()
	return time.Since(w.since) % display.DefaultPainterOpts.Grid
}

// step is the panel's wire. Long transfers are written down by their hash.
func (w *witness) step(s epdtest.Step) {
	what := fmt.Sprintf("%d %t % x", s.Kind, s.Level, s.Bytes) // "3 false ": BUSY has fallen
	if len(s.Bytes) > 16 {
		what = fmt.Sprintf("%d %t %d bytes %x", s.Kind, s.Level, len(s.Bytes), sha256.Sum256(s.Bytes))
	}
	w.note("panel", what)
}

// watched is an output line with a witness.
type watched struct {
	gpio.PinIO
	w          *witness
	wire, name string
}

func (l *watched) Name() string { return l.name }
func (l *watched) Halt() error  { return nil }

func (l *watched) Out(level gpio.Level) error {
	l.w.note(l.wire, l.name+" "+level.String())
	return nil
}

func (l *watched) PWM(d gpio.Duty, f physic.Frequency) error {
	l.w.note(l.wire, fmt.Sprint(l.name, " ", d, " ", f))
	return nil
}

// telling is a panel with a pixel that tells.
type telling struct {
	display.Panel
	last func() byte
}

func (p *telling) Full(ctx context.Context, m *mono.Image) error {
	m.Pix[0] ^= p.last() & 1
	return p.Panel.Full(ctx, m)
}

// tapped is a reader that takes its time, and lets somebody see each command with a PIN.
type tapped struct {
	device.Reader
	see func(apdu []byte)
}

func (l tapped) Connect(ctx context.Context) (card.Link, error) {
	c, err := l.Reader.Connect(ctx)
	if err != nil {
		return nil, err
	}
	return tappedLink{c, l.see}, nil
}

type tappedLink struct {
	card.Link
	see func(apdu []byte)
}

func (l tappedLink) Transmit(apdu []byte) ([]byte, error) {
	time.Sleep(7 * time.Millisecond) // a card that answers at once makes a race of two screens
	if len(apdu) > 5 && (apdu[1] == 0x20 || apdu[1] == 0x24) {
		l.see(apdu)
	}
	return l.Link.Transmit(apdu)
}

// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/lamp"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
	"madoguchi/sync/link"
)

// twin is the same box in this process, over simulated wires. What is done to the machine is done to it, too: its glass is the picture that the
// machine's must show, and it knows which screen that is.
type twin struct {
	t      testing.TB
	keys   *pinpadtest.Matrix
	panel  *epdtest.Emulator
	reader *simcard.Reader

	mu   sync.Mutex
	seen device.Observed
}

// startTwin runs the box with a configuration until the test ends, on a line of its own to the same city hall.
func startTwin(t testing.TB, h *hall, c device.Config) *twin {
	t.Helper()
	w := &twin{t: t, keys: pinpadtest.NewMatrix(), panel: epdtest.NewSSD1683(nil), reader: simcard.NewReader()}
	c.DeviceID, c.DataDir = "twin", t.TempDir()
	c.Release, c.ReleaseAt = "batched", nil // its records stay where they are
	pad, err := pinpad.New(w.keys.Rows(), w.keys.Cols(), nil)
	must(t, err)
	panel, err := epd.New(w.panel.Port(), epd.Pins(w.panel.Pins()), nil)
	must(t, err)
	l, err := lamp.New(dark{}, dark{}, dark{})
	must(t, err)
	wallPath := filepath.Join(c.DataDir, "wall.sock")
	wall, err := net.Listen("unix", wallPath)
	must(t, err)
	box, err := device.New(device.Hardware{Pad: pad, Panel: panel, Lamp: l, Reader: w.reader, Wall: wall}, c,
		&device.Opts{Observe: w.observed, PeerUID: os.Getuid(), Build: "bench"})
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() { must(t, box.Run(ctx)) })
	cert, key, err := h.city.Issue(c.DeviceID, false)
	must(t, err)
	all.Go(func() {
		must(t, link.Run(ctx, link.Config{Broker: h.broker.URL(), City: c.City, Device: c.DeviceID, CAFile: h.city.CAFile(), CertFile: cert, KeyFile: key, Wall: wallPath, DataDir: c.DataDir}, nil))
	})
	t.Cleanup(func() {
		cancel()
		all.Wait()
		w.reader.Close()
		must(t, pad.Halt())
	})
	return w
}

func (w *twin) observed(o device.Observed) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.seen = o
}

func (w *twin) state() device.Observed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// dark is a line of the lamp that nobody looks at.
type dark struct{ gpio.PinIO }

func (dark) Name() string         { return "dark" }
func (dark) String() string       { return "dark" }
func (dark) Halt() error          { return nil }
func (dark) Out(gpio.Level) error { return nil }

// both is the machine and its twin, under the same hands.
type both struct {
	m *machine
	w *twin
}

// until waits until the twin stands at one of these screens and the machine shows the same picture; it returns which screen that is.
func (b both) until(screens ...string) string {
	b.m.t.Helper()
	end := time.Now().Add(patience)
	for ; ; time.Sleep(20 * time.Millisecond) {
		s := b.w.state()
		if !s.Busy && slices.Contains(screens, s.Screen) && b.same() {
			return s.Screen
		}
		if time.Now().After(end) {
			b.m.savePicture("machine.png")
			save(b.m.t, b.w.panel, "twin.png")
			b.m.fail("the twin shows %q (busy %t), want one of %q; the machine shows the same: %t (%s)", s.Screen, s.Busy, screens, b.same(), pictures)
		}
	}
}

// settle is how long the panel's lines must be still: a loaded guest hears of BUSY's fall that much later.
const settle = time.Second

// same compares the two glasses, once the machine's is finished. Nothing but the panels' bytes goes into it.
func (b both) same() bool {
	return !b.m.board.Panel.Busy() && b.m.board.Quiet() > settle && glass(b.m.board.Panel).Equal(glass(b.w.panel))
}

func glass(e *epdtest.Emulator) *mono.Image { return e.Glass() }

// press presses keys one after the other on both.
func (b both) press(keys ...pinpad.Key) {
	b.m.t.Helper()
	for _, k := range keys {
		b.w.keys.Press(k)
		b.m.down(k)
		b.w.keys.Release(k)
		b.m.up()
	}
}

// digits types a number and 確認.
func (b both) digits(s string) {
	b.m.t.Helper()
	for _, c := range []byte(s) {
		b.press(pinpad.Key0 + pinpad.Key(c-'0'))
	}
	b.press(pinpad.KeyEnter)
}

// settled waits until the twin has nothing in flight and the machine shows the same picture, or both are at rest; it tells the screen.
func (b both) settled() string {
	b.m.t.Helper()
	time.Sleep(200 * time.Millisecond) // for what was done last to begin
	// Longer than a full refresh of a loaded machine, shorter than a question waits for its answer: both would be at rest then, and agree.
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		s := b.w.state()
		if !s.Busy && (b.same() || s.Screen == "idle" && b.m.board.Quiet() > settle) {
			return s.Screen
		}
		if time.Now().After(end) {
			b.m.savePicture("machine.png")
			save(b.m.t, b.w.panel, "twin.png")
			b.m.fail("the twin shows %q (busy %t); the machine shows the same: %t (%s)", s.Screen, s.Busy, b.same(), pictures)
		}
	}
}

// out takes the cards out of both readers.
func (b both) out() {
	b.m.out()
	b.w.reader.Remove()
}

// down closes a key until the guest has scanned it often enough to believe it.
func (m *machine) down(k pinpad.Key) { m.hold(k.Bit()) }

// up opens all keys, and waits for the pause that the pad wants between two presses of one key.
func (m *machine) up() {
	m.hold(0)
	time.Sleep(150 * time.Millisecond) // the pad's guard of 120 ms, by the guest's clock, which is this one
}

// hold sets the keys and waits for 8 scans of four columns: the pad asks for 5 to believe in an opening. A pad that scans no more rests, and has
// believed it: it rests only with all keys open.
func (m *machine) hold(mask uint16) {
	m.t.Helper()
	begun, from := time.Now(), m.board.Scans()
	m.board.Closed(mask)
	for last, moved := from, begun; m.board.Scans()-from < 8*4; time.Sleep(2 * time.Millisecond) {
		if n := m.board.Scans(); n != last {
			last, moved = n, time.Now()
		}
		if mask == 0 && time.Since(moved) > time.Second {
			return
		}
		if time.Since(begun) > patience {
			m.fail("nobody scans the keys")
		}
	}
}

// adult is an ordinary card: login 1234, signing ABC123.
func adult(t testing.TB) *simcard.Card {
	t.Helper()
	s, ok := simcard.SampleByID("adult", time.Now())
	if !ok {
		t.Fatal("no sample card adult")
	}
	return simcard.New(s.Spec)
}

// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"context"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/lamp"
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
	news int // how often something has changed
}

// startTwin runs the box with a configuration until the test ends, on a line of its own to the same city hall.
func startTwin(t testing.TB, h *hall, c device.Config) *twin {
	t.Helper()
	fast := epdtest.DefaultSSD1683
	fast.Speed = 10
	w := &twin{t: t, keys: pinpadtest.NewMatrix(), panel: epdtest.NewSSD1683(&fast), reader: simcard.NewReader()}
	c.DeviceID, c.DataDir = "twin", t.TempDir()
	c.Release, c.ReleaseAt = "batched", nil // its records stay where they are
	must(t, os.MkdirAll(pictures, 0o755))
	said, err := os.Create(filepath.Join(pictures, "twin.txt"))
	must(t, err)
	t.Cleanup(func() { must(t, said.Close()) })
	pad, err := pinpad.New(w.keys.Rows(), w.keys.Cols(), nil)
	must(t, err)
	panel, err := epd.New(w.panel.Port(), epd.Pins(w.panel.Pins()), &epd.Opts{AnyTime: true})
	must(t, err)
	l, err := lamp.New(dark{}, dark{}, dark{})
	must(t, err)
	wallPath := filepath.Join(c.DataDir, "wall.sock")
	wall, err := net.Listen("unix", wallPath)
	must(t, err)
	box, err := device.New(device.Hardware{Pad: pad, Panel: panel, Lamp: l, Reader: w.reader, Wall: wall}, c,
		&device.Opts{Observe: w.observed, PeerUID: os.Getuid(), Build: "bench", Log: slog.New(slog.NewTextHandler(said, nil))})
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
	w.news++
}

func (w *twin) state() device.Observed {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.seen
}

// changed counts what has been observed.
func (w *twin) changed() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.news
}

// dark is a line of the lamp that nobody looks at.
type dark struct{ gpio.PinIO }

func (dark) Name() string         { return "dark" }
func (dark) String() string       { return "dark" }
func (dark) Halt() error          { return nil }
func (dark) Out(gpio.Level) error { return nil }

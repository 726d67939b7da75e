// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card/simcard"
	"madoguchi/device"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
	"madoguchi/sync/wall"
)

// clerkCode is typed by the tests; its hash is made once, because Argon2id takes a tenth of a second.
const clerkCode = "1357"

var clerkHash = sync.OnceValue(func() string { return hashOf(clerkCode) })

// otherHash is of a configuration that comes later: 2468.
var otherHash = sync.OnceValue(func() string { return hashOf("2468") })

func hashOf(code string) string {
	c, err := pin.NewCode()
	if err != nil {
		panic(err)
	}
	defer c.Wipe()
	for _, d := range []byte(code) {
		c.Append(d)
	}
	h, err := c.Hash()
	if err != nil {
		panic(err)
	}
	return string(h)
}

// shifted is package time, moved to a year in which there are records.
type shifted struct{ by time.Duration }

func (c shifted) Now() time.Time { return time.Now().Add(c.by) }

func (c shifted) Timer(d time.Duration) (<-chan time.Time, func()) {
	return device.SystemClock{}.Timer(d)
}

// output is an output line of lamp or buzzer.
type output struct {
	gpio.PinIO
	name  string
	level atomic.Bool
}

func (o *output) Name() string   { return o.name }
func (o *output) String() string { return o.name }
func (o *output) Halt() error    { return nil }
func (o *output) Out(l gpio.Level) error {
	o.level.Store(bool(l))
	return nil
}

// rig is a whole box over simulated wires, in a bubble of fake time.
type rig struct {
	t      *testing.T
	clock  shifted
	keys   *pinpadtest.Matrix
	pad    *pinpad.Pad
	panel  *epdtest.Emulator
	driver *epd.Dev
	model  epd.Model    // of the panel; "": the smaller one
	log    *slog.Logger // of the box; nil: none
	lights [3]*output
	reader *simcard.Reader
	dir    string
	key    ed25519.PrivateKey
	wires  *pipes
	config device.Config
	limits device.Limits
	update device.UpdateOpts
	home   device.Home
	hw     func(*device.Hardware)

	box    *device.Device
	cancel context.CancelFunc
	ended  chan error

	leftWhite bool // the glass held nothing when Run returned

	mu      sync.Mutex
	seen    device.Observed
	screens []string
	watch   func(device.Observed)
}

// bubble runs f with a box that is switched on. Afterwards nothing may be held, misused or left behind.
func bubble(t *testing.T, prepare func(*rig), f func(*rig)) {
	t.Helper()
	clerkHash()
	_, key, _ := ed25519.GenerateKey(nil)
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, dir: dir, key: key, panel: epdtest.NewSSD1683(nil), keys: pinpadtest.NewMatrix(), wires: newPipes()}
		r.clock = shifted{time.Until(time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC))}
		r.config = device.DefaultConfig
		r.config.City, r.config.Office, r.config.OfficeGroup, r.config.DeviceID = "nabari", "市民課", "g01", "box1"
		r.config.DataDir, r.config.Release, r.config.Facets = dir, "at_once", []string{} // one record a case; TestFacets has all of them
		r.config.Clerks = []device.Clerk{{Label: "佐藤", Hash: clerkHash()}}
		r.config.AckKey = base64.StdEncoding.EncodeToString(key.Public().(ed25519.PublicKey))
		r.reader = simcard.NewReader()
		r.reader.Now = r.clock.Now
		if prepare != nil {
			prepare(r)
		}
		r.on()
		func() {
			defer func() { // also when f gives up
				if r.box != nil {
					r.off()
				}
				r.reader.Close()
				time.Sleep(time.Minute) // what the panel was doing ends
			}()
			f(r)
		}()
		for _, x := range append(r.keys.Faults(), r.panel.Faults()...) {
			t.Errorf("misuse: %s", x)
		}
		for _, h := range r.reader.Beyond() {
			t.Errorf("%02X %02X %02X %02X went to a card of a real profile", h.CLA, h.INS, h.P1, h.P2)
		}
		if n := pin.InUse(); n != 0 {
			t.Errorf("%d locked pages are in use at the end", n)
		}
	})
}

// on switches the box on.
func (r *rig) on() {
	r.t.Helper()
	r.build()
	ctx, cancel := context.WithCancel(r.t.Context())
	r.cancel, r.ended = cancel, make(chan error, 1)
	box := r.box
	go func() { r.ended <- box.Run(ctx) }()
}

// build is a start of the box up to Run.
func (r *rig) build() {
	r.t.Helper()
	var err error
	if r.pad, err = pinpad.New(r.keys.Rows(), r.keys.Cols(), &pinpad.Opts{Sleep: time.Sleep, Now: r.clock.Now, Reveal: r.config.Reveal}); err != nil {
		r.t.Fatal(err)
	}
	if r.driver, err = epd.New(r.panel.Port(), epd.Pins(r.panel.Pins()), &epd.Opts{Model: r.model}); err != nil {
		r.t.Fatal(err)
	}
	for i, n := range []string{"red", "yellow", "green"} {
		r.lights[i] = &output{name: n}
	}
	l, err := lamp.New(r.lights[0], r.lights[1], r.lights[2])
	if err != nil {
		r.t.Fatal(err)
	}
	hw := device.Hardware{Pad: r.pad, Panel: r.driver, Lamp: l, Reader: r.reader, Wall: r.wires.listen()}
	if r.hw != nil {
		r.hw(&hw)
	}
	r.box, err = device.New(hw, r.config, &device.Opts{Clock: r.clock, Observe: r.observed, PeerUID: wall.AnyUID, Build: "test", Limits: r.limits, Log: r.log, Update: r.update, Home: r.home})
	if err != nil {
		r.t.Fatal(err)
	}
}

// dies ends a box that was built and does not come to run.
func (r *rig) dies() {
	r.t.Helper()
	if err := errors.Join(r.box.Close(), r.pad.Halt(), r.driver.Halt()); err != nil {
		r.t.Error(err)
	}
	r.box = nil
}

// off switches the box off in order and returns what Run returned.
func (r *rig) off() error {
	r.t.Helper()
	r.cancel()
	return r.gone()
}

// gone waits for the box to end.
func (r *rig) gone() error {
	r.t.Helper()
	err := <-r.ended
	r.box, r.leftWhite = nil, r.white() // before Halt, which whitens the panel, too
	if err := r.pad.Halt(); err != nil {
		r.t.Errorf("halting the pad: %v", err)
	}
	if err := r.driver.Halt(); err != nil {
		r.t.Logf("halting the panel: %v", err)
	}
	return err
}

func (r *rig) observed(o device.Observed) {
	r.mu.Lock()
	r.seen = o
	if n := len(r.screens); n == 0 || r.screens[n-1] != o.Screen {
		r.screens = append(r.screens, o.Screen)
	}
	watch := r.watch
	r.mu.Unlock()
	if watch != nil {
		watch(o)
	}
}

func (r *rig) state() device.Observed {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// until waits for a screen that stands on the glass, at most two minutes of the bubble.
func (r *rig) until(screen string) {
	r.t.Helper()
	for range 2400 {
		if s := r.state(); s.Screen == screen && !s.Busy {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.t.Fatalf("the box shows %q (busy %t), want %q; it showed %q", r.seen.Screen, r.seen.Busy, screen, r.screens)
}

// adult is an ordinary card: login 1234, signing ABC123.
func adult() *simcard.Card {
	s, _ := simcard.SampleByID("adult", time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
	return simcard.New(s.Spec)
}

func sample(t *testing.T, id string) *simcard.Card {
	t.Helper()
	s, ok := simcard.SampleByID(id, time.Date(2026, 11, 24, 0, 0, 0, 0, time.UTC))
	if !ok {
		t.Fatalf("no sample card %q", id)
	}
	return simcard.New(s.Spec)
}

// white tells whether the glass holds nothing.
func (r *rig) white() bool {
	g := r.panel.Glass()
	for y := range g.H {
		for x := range g.W {
			if !g.White(x, y) {
				return false
			}
		}
	}
	return true
}

var (
	_ device.Reader = (*simcard.Reader)(nil)
	_ device.Clock  = shifted{}
)

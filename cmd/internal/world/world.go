// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os/exec"
	"sync"
	"time"

	"madoguchi/card"
	"madoguchi/cmd/internal/authority"
	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wire"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
)

// How the cards reach the box.
const (
	CardSim  = "sim"  // the sample cards
	CardPCSC = "pcsc" // a real reader, opened by the box's process itself
)

// Opts says which world to make.
type Opts struct {
	City, Office string    // see Place; City "" is nabari
	Data         string    // folder; made if it is not there
	Date         time.Time // the box's clock starts on this date in Japan; zero: today
	Card         string    // CardSim (default) or CardPCSC
	Broker       string    // URL of a broker; "": one is embedded
	// Beside is another world of the same city, whose broker and city hall this one
	// shares: another office. It is closed after this one. nil: none.
	Beside *World
	// Command makes the command of a child: the role "box" or "link" and its
	// arguments. Required. The world sets files, environment and output.
	Command func(role string, args ...string) *exec.Cmd
	// Root is a file with the first root of another world's fleet, which the box is of then: this world has no director. "": its own.
	Root string
	// New: the box comes from its maker, with a card that somebody has prepared for its window; it enrols before anything else. Once it has, or in a folder in which
	// a box was enrolled, it is like any other.
	New bool
	// Bare leaves the box away: a broker and city hall with its fleet, for boxes from elsewhere.
	Bare bool
	// Model is the panel that the box has. Default: the 4.2" one.
	Model epd.Model
	// Reveal lets residents look at a typed password. Off, as on a real box by default.
	Reveal bool
	// Panel changes the emulated panel, for tests: a faster one. May be nil.
	Panel func(*epdtest.Opts)
	// Quiet is how long the glass must stand still to count as at rest. Default
	// 150 ms: more than the time between two of its frames.
	Quiet time.Duration
	// Restart is the pause before a child that ended by itself is started
	// again, as a service manager does. Default 1 s.
	Restart time.Duration
	// Log receives what an operator should know. Default: none.
	Log *slog.Logger
}

// World is one running world. Its methods may be called from any goroutine.
type World struct {
	hub
	opts   Opts
	log    *slog.Logger
	city   City
	office Office
	device string

	folder    *folder
	panel     *epdtest.Emulator
	pocket    *pocket
	finger    *fingers
	line      *line
	broker    *broker.Broker // nil: not ours
	store     *store.Store
	authority *authority.Authority // the simulated issuer
	hall      *collector.Collector
	page      http.Handler
	fleet     *director.Director          // nil: the box is of another world's fleet
	letter    *Letter                     // of a new box; else nil
	newCard   func(context.Context) error // prepares a card for a new box; nil: nobody does

	switching   sync.Mutex // one power change at a time
	configuring sync.Mutex // one writer of box.toml at a time

	mu         sync.Mutex
	box        *box // nil without power
	state      State
	words      []string // of the screen
	lights     [3]bool
	buzzer     bool
	refreshing bool
	ahead      time.Duration
	waiting    []Waiting // for a second person, as the page was told last
	waited     string
	presence   card.Presence // what the box was told last of the slot
	lidOpen    bool

	ended chan struct{}
	stop  context.CancelFunc
	wait  sync.WaitGroup
}

// Open makes the world and switches the power on. The caller ends it with Close.
func Open(ctx context.Context, opts Opts) (*World, error) {
	if opts.City == "" {
		opts.City = Cities[0].ID
	}
	if opts.Model == "" {
		opts.Model = epd.Model4in2
	}
	if opts.Restart == 0 {
		opts.Restart = time.Second
	}
	if opts.Quiet == 0 {
		opts.Quiet = 150 * time.Millisecond
	}
	if opts.Log == nil {
		opts.Log = slog.New(slog.DiscardHandler)
	}
	if opts.Card == "" {
		opts.Card = CardSim
	}
	if opts.Card != CardSim && opts.Card != CardPCSC {
		return nil, fmt.Errorf("card %q: choose %s or %s", opts.Card, CardSim, CardPCSC)
	}
	if opts.New && (opts.Root != "" || opts.Beside != nil) {
		return nil, errors.New("a new box is enrolled by its own world's fleet")
	}
	city, office, err := Place(opts.City, opts.Office)
	if err != nil {
		return nil, err
	}
	w := &World{opts: opts, log: opts.Log, city: city, office: office, state: stateOff, ended: make(chan struct{})}
	if w.folder, err = openFolder(opts.Data); err != nil {
		return nil, err
	}
	run, stop := context.WithCancel(context.WithoutCancel(ctx))
	w.stop = stop
	if err := w.build(ctx, run); err != nil {
		w.Close()
		return nil, err
	}
	if opts.Bare {
		return w, nil
	}
	if err := w.SetPower(true); err != nil {
		w.Close()
		return nil, err
	}
	return w, nil
}

// build makes everything but the box.
func (w *World) build(ctx, run context.Context) (err error) {
	if !w.opts.Date.IsZero() {
		y, m, d := w.opts.Date.Date()
		now := time.Now().In(wire.Japan)
		w.ahead = time.Date(y, m, d, now.Hour(), now.Minute(), now.Second(), now.Nanosecond(), wire.Japan).Sub(now)
	}
	if w.device, err = w.folder.device(); err != nil {
		return err
	}
	if w.pocket, err = newPocket(w.folder, w.Clock()); err != nil {
		return err
	}
	if w.panel, err = newPanel(w.folder, w.opts.Model, w.opts.Panel); err != nil {
		return err
	}
	w.finger = newFingers(w.feel)
	if err := w.buildHall(ctx, run); err != nil {
		return err
	}
	w.wait.Go(w.watchGlass)
	w.wait.Go(w.watchBusy)
	w.wait.Go(w.watchSlot)
	w.wait.Go(w.watchHall)
	return nil
}

// buildHall makes the broker, the line to it, and city hall.
func (w *World) buildHall(ctx, run context.Context) error {
	if o := w.opts.Beside; o != nil {
		if o.broker == nil || o.city.ID != w.city.ID {
			return errors.New("a world beside another shares its city and its own broker")
		}
		return w.join(o)
	}
	target, password := w.opts.Broker, ""
	if target == "" {
		b, err := broker.Start(broker.Opts{City: w.city.code()})
		if err != nil {
			return err
		}
		w.broker, target, password = b, b.URL(), b.Password()
	}
	u, err := url.Parse(target)
	if err != nil || u.Port() == "" || (u.Scheme != "tcp" && u.Scheme != "mqtt") {
		return fmt.Errorf("broker %q: give tcp://host:port; the demo line carries no TLS", target)
	}
	if w.line, err = newLine(u.Host, w.log); err != nil {
		return err
	}
	key, err := w.folder.signKey()
	if err != nil {
		return err
	}
	digest, err := w.folder.digestKey(key)
	if err != nil {
		return err
	}
	if w.store, err = store.Open(ctx, w.folder.file("cityhall.db"), store.Opts{DigestKey: digest}); err != nil {
		return err
	}
	w.hall, err = collector.New(w.store, collector.Opts{City: w.city.code(), Broker: target, Password: password, SignKey: key,
		RetryMax: 2 * time.Second, Log: w.log})
	if err != nil {
		return err
	}
	w.page = cityweb.New(w.store, w.hall, cityweb.Opts{
		City: w.city.code(), TitleJa: w.city.Name.JA, TitleEn: w.city.Name.EN, Log: w.log,
		Live: true, K: 1, // nobody real stands at this counter
		Rollouts: w.store, Wipes: w.store,
	})
	if err := w.buildIssuer(ctx, run, target, password); err != nil {
		return err
	}
	if w.opts.Root == "" {
		if err := w.buildFleet(ctx, run, target, password); err != nil {
			return err
		}
	}
	w.wait.Go(func() {
		if err := w.hall.Run(run); err != nil {
			w.log.Error("collector", "err", err)
		}
	})
	return nil
}

// join connects the box to another world's city hall.
func (w *World) join(o *World) (err error) {
	u, err := url.Parse(o.broker.URL())
	if err != nil {
		return fmt.Errorf("joining a world: %w", err)
	}
	w.store, w.page = o.store, o.page
	w.line, err = newLine(u.Host, w.log)
	return err
}

// hallFolder is where city hall's keys lie.
func (w *World) hallFolder() *folder {
	if w.opts.Beside != nil {
		return w.opts.Beside.folder
	}
	return w.folder
}

// Close cuts the power and ends everything. It may be called twice.
func (w *World) Close() error {
	w.switching.Lock()
	defer w.switching.Unlock()
	select {
	case <-w.ended:
		return nil
	default:
	}
	close(w.ended)
	w.cut()
	w.hub.close()
	w.stop()
	w.wait.Wait()
	var errs []error
	if w.line != nil {
		w.line.close()
	}
	if w.broker != nil {
		errs = append(errs, w.broker.Stop())
	}
	if w.authority != nil {
		errs = append(errs, w.authority.Close())
	}
	if w.store != nil && w.opts.Beside == nil {
		errs = append(errs, w.store.Close())
	}
	if w.pocket != nil {
		errs = append(errs, w.pocket.reader.Close())
		if h := w.pocket.reader.Beyond(); len(h) > 0 {
			errs = append(errs, fmt.Errorf("the box sent a card what may not be sent to a physical one: % X", h))
		}
	}
	w.folder.close()
	return errors.Join(errs...)
}

// watchBusy carries the panel's BUSY line to the box.
func (w *World) watchBusy() {
	for {
		select {
		case <-w.ended:
			return
		case level := <-w.panel.BusyEdge():
			if b := w.running(); b != nil {
				b.Busy(level)
			}
		}
	}
}

// watchSlot carries the card's presence to the box.
func (w *World) watchSlot() {
	for {
		select {
		case <-w.ended:
			return
		case e := <-w.pocket.reader.Events():
			w.present(e.Presence)
		}
	}
}

// present tells the box what the slot holds. w.mu is held while it is written,
// so that a box that boots meanwhile is told once: by its hello or by this.
func (w *World) present(p card.Presence) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.presence = p
	if w.box == nil {
		return
	}
	w.box.mu.Lock()
	defer w.box.mu.Unlock()
	if w.box.wire != nil {
		w.box.wire.Presence(p)
	}
}

// watchHall tells when city hall's database has changed.
func (w *World) watchHall() {
	for {
		changed := w.store.Changed()
		select {
		case <-w.ended:
			return
		case <-changed:
			w.hub.tell(Event{"cityhall", struct{}{}})
		}
	}
}

// feel hands key closures to the box.
func (w *World) feel(mask uint16) bool {
	b := w.running()
	return b != nil && b.Keys(mask) == nil
}

// keys turns a mask into the names of its keys.
func keyNames(mask uint16) []string {
	names := []string{}
	for _, k := range pinpad.Keys() {
		if mask&k.Bit() != 0 {
			names = append(names, k.String())
		}
	}
	return names
}

// lampState is what the three lights say together.
func (w *World) lampState() lamp.State { return lamp.Decode(w.lights[0], w.lights[1], w.lights[2]) }

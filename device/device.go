// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/device/session"
	"madoguchi/display"
	"madoguchi/display/buzzer"
	"madoguchi/display/lamp"
	"madoguchi/pinpad"
	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
)

// A Reader is the card reader: card/pcsc, or a simulated one.
type Reader interface {
	// Events tells every change at the slot, the present state first.
	Events() <-chan card.Event
	// Connect powers the card and returns the one link to it.
	Connect(ctx context.Context) (card.Link, error)
	// Close ends events and link.
	Close() error
}

// Hardware is what the box is made of. Pad, Panel and Reader must be there.
type Hardware struct {
	Pad    *pinpad.Pad
	Panel  display.Panel
	Lamp   *lamp.Lamp
	Buzzer *buzzer.Buzzer
	Reader Reader
	Wall   net.Listener // to the network side, one peer; nil: no link
	Lid    gpio.PinIn   // high: open; nil: no switch
}

// Opts are what a test or the simulator sets. A nil Opts and zero fields are the firmware's.
type Opts struct {
	Clock   Clock          // default SystemClock; pad and reader must use the same
	Observe func(Observed) // called by the loop after each change; nil in the firmware
	Log     *slog.Logger   // enumerated codes only; default none
	PeerUID int            // user of the network side; wall.AnyUID: any
	Build   string         // version shown on the about screen
	Limits  Limits
	Painter display.PainterOpts
	Update  UpdateOpts
	Home    Home // nil: the box cannot be wiped by an order, for its settings lie outside of its data folder
}

// Limits are how long a command may take before it is abandoned. Zero fields take DefaultLimits.
type Limits struct {
	Connect time.Duration // power-up and protocol
	Board   time.Duration // about 40 commands
	Work    time.Duration // tries, VERIFY, CHANGE
	End     time.Duration // select and power-off
	Wipe    time.Duration // of the panel when the program ends
}

// DefaultLimits are several times what slow contactless readers need, and less than the session waits.
var DefaultLimits = Limits{Connect: 5 * time.Second, Board: 12 * time.Second, Work: 12 * time.Second, End: 3 * time.Second, Wipe: 20 * time.Second}

func (l Limits) filled() Limits {
	for _, f := range []struct{ v, d *time.Duration }{
		{&l.Connect, &DefaultLimits.Connect}, {&l.Board, &DefaultLimits.Board}, {&l.Work, &DefaultLimits.Work},
		{&l.End, &DefaultLimits.End}, {&l.Wipe, &DefaultLimits.Wipe},
	} {
		if *f.v <= 0 {
			*f.v = *f.d
		}
	}
	return l
}

// Device is one counter box.
type Device struct {
	hw    Hardware
	cfg   Config
	opts  Opts
	clock Clock
	log   *slog.Logger

	box         *outbox.Outbox
	quarantined *outbox.Quarantined
	key         ed25519.PublicKey
	codes       *codes
	renderer    *display.Renderer
	rules       atomic.Pointer[policy.Policy] // in force for the next case
	effective   atomic.Pointer[Config]        // cfg with what an update has set
	recording   atomic.Pointer[record.Rules]
	trusted     atomic.Bool // the clock is believed, or the clerk has confirmed the date
	panelFailed atomic.Bool // the latest picture did not come through
	lock        caseLock    // the loop's
	rulesBad    atomic.Bool // the rules that lie in the data folder were refused
	settingsBad atomic.Bool // the settings likewise

	state    session.State
	observed Observed
	first    bool
	worded   uint32 // the screen whose words were observed last

	ctx     context.Context // of Run, for goroutines that answer
	running sync.WaitGroup

	in        chan session.Event
	fatal     chan error
	asked     chan struct{} // by Alive
	cards     *cards
	store     *store
	line      *uplink
	link      *issuerLink     // nil: none is configured; or its key cannot be read
	linkBad   bool            // it is the latter
	later     []session.Event // the loop's own, due after the step that runs
	paint     *display.Painter
	upd       *updates // nil: the box takes no updates
	holds     chan holdRequest
	used      atomic.Int64 // a case was open, Unix nanoseconds
	vital     atomic.Pointer[session.Vitals]
	checked   atomic.Pointer[string]        // what the latest check found
	examining [session.NumParts]atomic.Bool // a part that has not answered yet
	cases     atomic.Int64                  // finished since the start, or since the latest update
}

// New opens the storage and checks what the box is made of. Nothing is shown or scanned before Run. Errors name the file, the field or the part.
func New(hw Hardware, cfg Config, opts *Opts) (*Device, error) {
	d, err := build(hw, cfg, opts)
	if err != nil {
		return nil, fmt.Errorf("building the box: %w", err)
	}
	return d, nil
}

func build(hw Hardware, cfg Config, opts *Opts) (_ *Device, err error) {
	switch {
	case hw.Pad == nil:
		return nil, errors.New("no key-pad")
	case hw.Panel == nil:
		return nil, errors.New("no panel")
	case hw.Reader == nil:
		return nil, errors.New("no card reader")
	}
	if err := cfg.Check(); err != nil {
		return nil, err
	}
	d := &Device{hw: hw, cfg: cfg, in: make(chan session.Event, 64), fatal: make(chan error, 8), asked: make(chan struct{}), holds: make(chan holdRequest)}
	if opts != nil {
		d.opts = *opts
	}
	d.opts.Limits = d.opts.Limits.filled()
	if d.clock = d.opts.Clock; d.clock == nil {
		d.clock = SystemClock{}
	}
	if d.log = d.opts.Log; d.log == nil {
		d.log = slog.New(slog.DiscardHandler)
	}
	d.key, _ = cfg.ackKey()
	if d.codes, err = loadCodes(cfg.DataDir, cfg.Clerks); err != nil {
		d.log.Error("clerk codes", "cause", err)
	}
	if d.renderer, err = display.NewRenderer(hw.Panel.Bounds()); err != nil {
		return nil, err
	}
	if err := checkOffice(cfg, d.renderer); err != nil {
		return nil, err
	}
	if err := d.openBox(); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			d.box.Close()
		}
	}()
	// Before rules and settings are read: those with which the box does not stay up are taken back here.
	if d.upd, err = newUpdates(d); err != nil {
		if _, wrong := errors.AsType[*FieldError](err); wrong {
			return nil, err
		}
		d.log.Error("no updates are taken", "cause", err) // its counter serves all the same
		d.upd = nil
	}
	rules, refused, err := d.loadRules()
	if err != nil {
		return nil, err
	}
	d.rules.Store(rules)
	_ = d.loadSettings()                                          // what was refused was logged, and the configuration was checked
	if err := d.checkPlace(d.config().Place, rules); err != nil { // settings may have moved the box, and rules may have dropped where it was
		return nil, err
	}
	d.log.Info("rules", "in_force", rules.Label(), "refused", refused)
	po := d.opts.Painter
	po.Clock = d.clock
	d.paint = display.NewPainter(hw.Panel, d.renderer, &po)
	d.cards = newCards(d)
	d.store = newStore(d)
	d.line = newUplink(d)
	if d.link, err = newIssuerLink(d); err != nil { // its counter serves all the same
		d.log.Error("no issuer link", "cause", err)
		d.link, d.linkBad = nil, true
	}
	d.state = session.New(d.sessionConfig(refused))
	return d, nil
}

// checkOffice draws the fullest idle screen, so that a name that does not fit is found at the start and not at rest.
func checkOffice(c Config, r *display.Renderer) error {
	for _, l := range c.Languages {
		full := display.Facts{Office: c.Office, Date: "2026-12-31", Link: "down", LinkSince: 720 * time.Hour, Queue: 9999, Release: c.Release}
		if _, err := r.Render(display.Screen{ID: display.Idle, Lang: display.Lang(l), Facts: full}); err != nil {
			return &FieldError{Key: "office", What: fmt.Sprintf("does not fit the idle screen: %v", err)}
		}
	}
	return nil
}

// openBox opens the outbox. What is wrong with the folder is said in words that lead on.
func (d *Device) openBox() error {
	st, err := os.Stat(d.cfg.DataDir)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return fmt.Errorf("data folder %s does not exist: make it, or set data_dir", d.cfg.DataDir)
	case err != nil:
		return fmt.Errorf("looking at data folder: %w", err)
	case !st.IsDir():
		return fmt.Errorf("data folder %s is no folder", d.cfg.DataDir)
	}
	d.box, d.quarantined, err = outbox.Open(filepath.Join(d.cfg.DataDir, "outbox.db"), outbox.Opts{Device: d.cfg.DeviceID, Now: d.clock.Now})
	if err != nil {
		return err
	}
	if d.quarantined != nil {
		d.log.Error("outbox quarantined", "path", d.quarantined.Path, "cause", d.quarantined.Cause)
	}
	return nil
}

func (d *Device) sessionConfig(refused bool) session.Config {
	now := d.config()
	c := session.Config{Office: now.Office, Place: now.Place, Langs: langs(now), Rules: d.rules.Load(), RulesRefused: refused, Release: d.cfg.Release, Build: d.opts.Build,
		Device: d.cfg.DeviceID, Reveal: d.cfg.Reveal}
	if d.link != nil {
		c.Issuer = d.cfg.issuerFor()
	}
	c.CheckAt = d.cfg.checkAt()
	if floor, err := d.floor(); err == nil {
		c.Floor = floor
	}
	return c
}

// Close gives the storage back, if Run was never called; Run does it itself.
func (d *Device) Close() error { return d.box.Close() }

// Refused is how many frames, peers and receipts of the network side were refused.
func (d *Device) Refused() (frames, peers, acks uint64) {
	return d.line.counts.Frames(), d.line.counts.Peers(), d.line.refused.Load()
}

// Stats counts the outbox.
func (d *Device) Stats() outbox.Stats { return d.box.Stats() }

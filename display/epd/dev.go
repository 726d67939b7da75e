// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"context"
	"errors"
	"fmt"
	"image"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"

	"madoguchi/display/mono"
)

// Pins are the panel's lines besides SPI, with the header pins of the Waveshare HAT.
type Pins struct {
	DC   gpio.PinIO // GPIO 25: low = command, high = data
	RST  gpio.PinIO // GPIO 17: reset, active low
	Busy gpio.PinIO // GPIO 24: high = busy
	PWR  gpio.PinIO // GPIO 18: the panel's supply, high = on; nil if the board has no such line
}

// Opts are the times and limits of the driver. A zero field stands for its value in DefaultOpts.
type Opts struct {
	Model        Model            // which panel it is
	Frequency    physic.Frequency // SPI clock; the SSD1683 writes at up to 20 MHz, the UC8179 at up to 10
	InitLimit    time.Duration    // BUSY after a reset
	RiseLimit    time.Duration    // BUSY must tell of work so soon after it was begun
	FullLimit    time.Duration    // BUSY of a full refresh
	PartialLimit time.Duration    // BUSY of a partial refresh
	FullLeast    time.Duration    // a full refresh of less is not believed
	QuickLeast   time.Duration    // nor is a quick one of less
	PartialLeast time.Duration    // nor a partial one
	OffLimit     time.Duration    // BUSY while the drive voltages go on or off
	IdleOff      time.Duration    // drive voltages go off so long after the last refresh that left them on
	CutAfter     time.Duration    // from deep sleep to cutting the supply
	SlowFrom     time.Duration    // a partial refresh of this length or more makes the panel ClassSlow
	NoMeasure    bool             // do not measure the partial refresh after the first picture
	AnyTime      bool             // believe a refresh of any length, for a panel that is only simulated and hurried
	Clock        Clock            // nil: package time
}

// DefaultOpts are the values for a Waveshare 4.2" V2 or 7.5" V2 on the maker's HAT.
var DefaultOpts = Opts{
	Model:        Model4in2,
	Frequency:    10 * physic.MegaHertz,  // as the panel maker's C code; one frame is 12 ms
	InitLimit:    time.Second,            // typically a few milliseconds
	RiseLimit:    500 * time.Millisecond, // typically below a millisecond
	FullLimit:    10 * time.Second,       // typically 4 s, longer in the cold
	PartialLimit: 5 * time.Second,        // typically 0.36 s (4.2") and 0.44 s (7.5"), 1.05 s and 1.6 s seen
	FullLeast:    time.Second,            // the shortest known takes 4 s at room temperature
	QuickLeast:   300 * time.Millisecond, // likewise 1 s
	PartialLeast: 100 * time.Millisecond, // likewise 0.36 s
	OffLimit:     time.Second,            // typically 268 ms off (4.2"), 129 ms on and 40 ms off (7.5")
	IdleOff:      2 * time.Second,        // the panel must not stand under drive voltage; 5 s is too long
	CutAfter:     2 * time.Second,        // panel maker's example code
	SlowFrom:     700 * time.Millisecond, // between the kinds of glass: 0.36 s and 1.05 s, 0.44 s and 1.58 s
}

// A Class tells how fast the panel's partial refresh is: glass of the same name is sold with two waveforms.
type Class string

// The classes of a panel.
const (
	ClassUnknown Class = ""
	ClassFast    Class = "fast"
	ClassSlow    Class = "slow"
)

// Dev is a panel. Its methods may be called from several goroutines; one at a time talks to the panel.
//
// A context is looked at before the panel is touched. A refresh once started cannot be stopped, so it is waited for, up to its limit.
type Dev struct {
	conn   spi.Conn
	port   string
	pins   Pins
	opts   Opts
	clock  Clock
	ctl    controller
	bounds image.Rectangle
	chunk  int

	lock chan struct{} // holds one token: who takes it talks to the panel

	// Below: for the holder of the token.
	op       string      // what is being done, for errors
	sent     time.Time   // when the last transfer began
	err      error       // the first failure of the running operation; nothing is sent after it
	awake    bool        // reset since power came on or deep sleep ended
	known    bool        // both banks hold what the glass shows, which is shown
	shown    *mono.Image // what was sent last
	pic      *mono.Image // whose windows are sent
	windows  func(image.Rectangle) []byte
	lent     image.Rectangle // what Lend shows; shown holds what stood there before
	blank    bool            // the glass is white and the panel sleeps, since Wipe
	boosted  bool            // drive voltages are on
	unwatch  chan struct{}   // closed when they go off
	lastUse  time.Time
	out      [16]byte
	buf      []byte
	dirty    []image.Rectangle
	partial  atomic.Int64 // time of the last partial refresh, ns
	measured atomic.Int64 // time of the first one, ns
	whole    atomic.Int64 // time of the last full refresh, ns
}

// New claims the lines, holds the panel in reset without supply and returns its driver. It does not talk to the panel: the first picture
// wakes it. The pins' and port's errors are returned as they are, wrapped.
func New(port spi.Port, pins Pins, opts *Opts) (*Dev, error) {
	if pins.DC == nil || pins.RST == nil || pins.Busy == nil {
		return nil, errors.New("panel needs the lines DC, RST and BUSY")
	}
	if opts == nil {
		opts = &DefaultOpts
	}
	o := opts.withDefaults()
	b := o.Model.Bounds()
	d := &Dev{
		port: port.String(), pins: pins, opts: o, clock: o.Clock, bounds: b, chunk: 4096, lock: make(chan struct{}, 1),
		shown: mono.New(b.Dx(), b.Dy()), buf: make([]byte, 0, b.Dx()/8*b.Dy()), dirty: make([]image.Rectangle, 0, mono.MostChanges),
	}
	d.windows = func(r image.Rectangle) []byte {
		d.buf = d.pic.AppendWindow(d.buf[:0], r)
		return d.buf
	}
	var err error
	if d.ctl, err = newController(d); err != nil {
		return nil, err
	}
	c, err := port.Connect(o.Frequency, spi.Mode0, 8)
	if err != nil {
		return nil, fmt.Errorf("connecting the panel's SPI port %s: %w", port, err)
	}
	d.conn = c
	if l, ok := c.(conn.Limits); ok {
		if n := l.MaxTxSize(); n > 0 {
			d.chunk = n
		}
	}
	if err := d.cut(); err != nil {
		return nil, fmt.Errorf("claiming the panel's lines: %w", err)
	}
	if err := pins.Busy.In(gpio.PullDown, gpio.BothEdges); err != nil {
		return nil, fmt.Errorf("claiming the panel's BUSY line: %w", err)
	}
	d.lock <- struct{}{}
	return d, nil
}

func (o Opts) withDefaults() Opts {
	d := DefaultOpts
	if o.Model == "" {
		o.Model = d.Model
	}
	if o.Frequency == 0 {
		o.Frequency = d.Frequency
	}
	for _, f := range []struct{ at, def *time.Duration }{
		{&o.InitLimit, &d.InitLimit}, {&o.RiseLimit, &d.RiseLimit}, {&o.FullLimit, &d.FullLimit}, {&o.PartialLimit, &d.PartialLimit},
		{&o.FullLeast, &d.FullLeast}, {&o.QuickLeast, &d.QuickLeast},
		{&o.PartialLeast, &d.PartialLeast}, {&o.OffLimit, &d.OffLimit}, {&o.IdleOff, &d.IdleOff}, {&o.CutAfter, &d.CutAfter}, {&o.SlowFrom, &d.SlowFrom},
	} {
		if *f.at == 0 {
			*f.at = *f.def
		}
	}
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	return o
}

// String names controller and port.
func (d *Dev) String() string { return "epd." + d.ctl.name() + "{" + d.port + "}" }

// Bounds returns the panel's rectangle, Model.Bounds.
func (d *Dev) Bounds() image.Rectangle { return d.bounds }

// PartialTime returns how long the last partial refresh took, 0 before the first.
func (d *Dev) PartialTime() time.Duration { return time.Duration(d.partial.Load()) }

// FullTime returns how long the last full refresh took, 0 before the first. A quick one is none.
func (d *Dev) FullTime() time.Duration { return time.Duration(d.whole.Load()) }

// Class returns the class measured by the first partial refresh, which by default follows the first picture and changes nothing.
func (d *Dev) Class() Class {
	switch t := time.Duration(d.measured.Load()); {
	case t == 0:
		return ClassUnknown
	case t >= d.opts.SlowFrom:
		return ClassSlow
	default:
		return ClassFast
	}
}

// Full shows a picture of the panel's size by a full refresh of about four seconds.
func (d *Dev) Full(ctx context.Context, m *mono.Image) error {
	return d.do(ctx, m, func() { d.picture(m, false) })
}

// Quick is Full with the waveform for a hot panel, which takes about one second and leaves a little residue.
func (d *Dev) Quick(ctx context.Context, m *mono.Image) error {
	return d.do(ctx, m, func() { d.picture(m, true) })
}

// Partial shows the part of m in r, widened to multiples of 8 pixels, by a partial refresh; only what differs from the picture shown before
// is sent. It shows the whole of m by a full refresh if the panel's memory is not known to hold what the glass shows: at first, after sleep,
// after an error.
func (d *Dev) Partial(ctx context.Context, m *mono.Image, r image.Rectangle) error {
	if r.Intersect(d.bounds).Empty() {
		return nil
	}
	return d.do(ctx, m, func() {
		if !d.known {
			d.frame(m.Pix, false)
			return
		}
		d.change(m, r)
	})
}

// Wipe makes the glass white by a full refresh, leaves nothing of a picture in the RAM banks and ends in deep sleep, which drops them.
func (d *Dev) Wipe(ctx context.Context) error { return d.do(ctx, nil, d.wipe) }

// Sleep turns the drive voltages off and ends in deep sleep. The glass keeps its picture.
func (d *Dev) Sleep(ctx context.Context) error { return d.do(ctx, nil, d.deepSleep) }

// Halt wipes the panel, waits until its supply may be cut and cuts it. A failed wipe is returned; the supply is cut all the same. The next
// picture wakes the panel again.
func (d *Dev) Halt() error {
	<-d.lock
	defer func() { d.lock <- struct{}{} }()
	d.err = nil
	if !d.blank {
		d.wipe()
	}
	d.op = "waiting for deep sleep"
	d.pause(d.opts.CutAfter)
	err := d.err
	if e := d.cut(); err == nil {
		err = e
	}
	if err != nil {
		return fmt.Errorf("halting the panel: %w", err)
	}
	return nil
}

// do runs one operation on the panel; if it fails, the supply is cut, so that nothing stays under drive voltage and a hung controller starts
// anew next time.
func (d *Dev) do(ctx context.Context, m *mono.Image, op func()) error {
	if m != nil && (m.Bounds() != d.bounds || m.Stride != d.shown.Stride || len(m.Pix) != len(d.shown.Pix)) {
		return fmt.Errorf("picture of %d×%d on a panel of %d×%d", m.W, m.H, d.bounds.Max.X, d.bounds.Max.Y)
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	select {
	case <-d.lock:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { d.lock <- struct{}{} }()
	d.err = nil
	if d.op = "waiting for the panel"; d.awake && d.pins.Busy.Read() != d.ctl.idle() {
		d.waitIdle(d.opts.PartialLimit) // a BUSY line that lied told the end too early
	}
	op()
	if d.err != nil {
		return fmt.Errorf("driving panel %s: %w", d, errors.Join(d.err, d.cut()))
	}
	return nil
}

// cut takes the supply from the panel and pulls its lines low, so that it is not fed through them; without a PWR line it stays in reset, which
// turns the drive voltages off as well. Its picture stays.
func (d *Dev) cut() error {
	d.awake, d.known = false, false
	d.rest()
	var errs []error
	if d.pins.PWR != nil {
		errs = append(errs, d.pins.PWR.Out(gpio.Low))
	}
	return errors.Join(append(errs, d.pins.RST.Out(gpio.Low), d.pins.DC.Out(gpio.Low))...)
}

// wake powers and resets the controller. Its RAM and registers are undefined then.
func (d *Dev) wake() {
	if d.awake || d.err != nil {
		return
	}
	d.reset()
	d.ctl.start()
	d.awake, d.known = d.err == nil, false
}

// frame shows a whole picture by a full refresh. The controller gets its registers anew, so that one that lost its supply for a moment is
// right again.
func (d *Dev) frame(pix []byte, quick bool) {
	d.wake()
	d.blank, d.known = false, false
	d.op = "refreshing fully"
	d.ctl.full(pix, quick)
	copy(d.shown.Pix, pix)
	d.known, d.lent = d.err == nil, image.Rectangle{}
}

// picture is frame, and once in the driver's life a partial refresh behind it: nothing differs, nothing moves, it only takes its time.
func (d *Dev) picture(m *mono.Image, quick bool) {
	d.frame(m.Pix, quick)
	if d.measured.Load() == 0 && !d.opts.NoMeasure {
		d.op = "measuring a partial refresh"
		d.ctl.part(d.window(m), nil)
		d.known = d.err == nil
	}
}

// window returns windows of a picture, in the driver's buffer: always the same function, so that drawing allocates nothing.
func (d *Dev) window(m *mono.Image) func(image.Rectangle) []byte {
	d.pic = m
	return d.windows
}

// change sends what differs in r and refreshes by it.
func (d *Dev) change(m *mono.Image, r image.Rectangle) {
	d.op, d.known = "refreshing partially", false
	d.dirty = d.shown.AppendChanges(d.dirty[:0], m, r)
	for i, c := range d.dirty {
		d.dirty[i] = widen(c, d.ctl.least(), d.bounds)
		d.shown.CopyRect(m, d.dirty[i])
	}
	if !d.lent.Empty() { // what is lent stands on the glass and not in shown
		d.shown.CopyRect(m, d.lent)
		d.dirty = append(d.dirty, d.lent)
	}
	d.ctl.part(d.window(m), d.dirty)
	d.lent = image.Rectangle{}
	d.known = d.err == nil
}

// widen makes a rectangle at least so large, inside the bounds.
func widen(r image.Rectangle, least image.Point, bounds image.Rectangle) image.Rectangle {
	r.Max.X, r.Max.Y = max(r.Max.X, r.Min.X+least.X), max(r.Max.Y, r.Min.Y+least.Y)
	return r.Sub(image.Pt(max(0, r.Max.X-bounds.Max.X), max(0, r.Max.Y-bounds.Max.Y)))
}

// took keeps how long a partial refresh took.
func (d *Dev) took(t time.Duration) {
	if d.err == nil {
		d.partial.Store(int64(t))
		d.measured.CompareAndSwap(0, int64(t))
	}
}

// tookFull keeps how long a full refresh took.
func (d *Dev) tookFull(t time.Duration, quick bool) {
	if d.err == nil && !quick {
		d.whole.Store(int64(t))
	}
}

// unboost turns the drive voltages off.
func (d *Dev) unboost() {
	if d.boosted {
		d.op = "turning drive voltages off"
		d.ctl.powerOff()
		d.rest()
	}
}

// deepSleep ends in deep sleep, which drops the RAM. BUSY tells of work in it and is not waited for.
func (d *Dev) deepSleep() {
	if !d.awake {
		return
	}
	d.ctl.sleep()
	d.awake, d.known = false, false
}

// wipe leaves white glass, and neither in the controller nor here anything of what was shown.
func (d *Dev) wipe() {
	d.wake()
	d.shown.Fill(d.bounds, true)
	clear(d.buf[:cap(d.buf)])
	d.frame(d.shown.Pix, false)
	d.deepSleep()
	d.blank = d.err == nil
}

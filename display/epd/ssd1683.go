// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"bytes"
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
	Frequency    physic.Frequency // SPI clock; the controller writes at up to 20 MHz
	InitLimit    time.Duration    // BUSY after a reset
	RiseLimit    time.Duration    // BUSY must rise so soon after a refresh was started
	FullLimit    time.Duration    // BUSY of a full refresh
	PartialLimit time.Duration    // BUSY of a partial refresh
	OffLimit     time.Duration    // BUSY while the drive voltages go off
	IdleOff      time.Duration    // drive voltages go off so long after the last partial refresh
	CutAfter     time.Duration    // from deep sleep to cutting the supply
	SlowFrom     time.Duration    // a partial refresh of this length or more makes the panel ClassSlow
	NoMeasure    bool             // do not measure the partial refresh after the first picture
	Clock        Clock            // nil: package time
}

// DefaultOpts are the values for a Waveshare 4.2" V2 on its HAT.
var DefaultOpts = Opts{
	Frequency:    10 * physic.MegaHertz,  // as the panel maker's C code; one frame is 12 ms
	InitLimit:    time.Second,            // typically a few milliseconds
	RiseLimit:    500 * time.Millisecond, // typically below a millisecond
	FullLimit:    10 * time.Second,       // typically 4 s, longer in the cold
	PartialLimit: 5 * time.Second,        // typically 0.36 s, 1.05 s seen
	OffLimit:     time.Second,            // typically 268 ms
	IdleOff:      2 * time.Second,        // the panel must not stand under drive voltage; 5 s is too long
	CutAfter:     2 * time.Second,        // panel maker's example code
	SlowFrom:     700 * time.Millisecond, // between the two kinds of glass, 0.36 s and 1.05 s
}

// A Class tells how fast the panel's partial refresh is: glass of the same name is sold with two waveforms.
type Class string

// The classes of a panel.
const (
	ClassUnknown Class = ""
	ClassFast    Class = "fast"
	ClassSlow    Class = "slow"
)

// SSD1683 is a panel with this controller. Its methods may be called from several goroutines; one at a time talks to the panel.
//
// A context is looked at before the panel is touched. A refresh once started cannot be stopped, so it is waited for, up to its limit.
type SSD1683 struct {
	conn  spi.Conn
	port  string
	pins  Pins
	opts  Opts
	clock Clock
	chunk int

	lock chan struct{} // holds one token: who takes it talks to the panel

	// Below: for the holder of the token.
	err      error         // the first failure of the running operation; nothing is sent after it
	awake    bool          // reset and initialised since power came on or deep sleep ended
	known    bool          // both banks hold what the glass shows
	blank    bool          // the glass is white and the panel sleeps, since Wipe
	boosted  bool          // drive voltages are on
	unwatch  chan struct{} // closed when they go off
	lastUse  time.Time
	out      [8]byte
	buf      []byte
	partial  atomic.Int64 // time of the last partial refresh, ns
	measured atomic.Int64 // time of the first one, ns
}

// New claims the lines, holds the panel in reset without supply and returns its driver. It does not talk to the panel: the first picture
// wakes it. The pins' and port's errors are returned as they are, wrapped.
func New(port spi.Port, pins Pins, opts *Opts) (*SSD1683, error) {
	if pins.DC == nil || pins.RST == nil || pins.Busy == nil {
		return nil, errors.New("panel needs the lines DC, RST and BUSY")
	}
	if opts == nil {
		opts = &DefaultOpts
	}
	o := opts.withDefaults()
	c, err := port.Connect(o.Frequency, spi.Mode0, 8)
	if err != nil {
		return nil, fmt.Errorf("connecting the panel's SPI port %s: %w", port, err)
	}
	d := &SSD1683{
		conn: c, port: port.String(), pins: pins, opts: o, clock: o.Clock, chunk: 4096,
		lock: make(chan struct{}, 1), buf: make([]byte, 0, frame),
	}
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
	if o.Frequency == 0 {
		o.Frequency = d.Frequency
	}
	for _, f := range []struct{ at, def *time.Duration }{
		{&o.InitLimit, &d.InitLimit}, {&o.RiseLimit, &d.RiseLimit}, {&o.FullLimit, &d.FullLimit}, {&o.PartialLimit, &d.PartialLimit},
		{&o.OffLimit, &d.OffLimit}, {&o.IdleOff, &d.IdleOff}, {&o.CutAfter, &d.CutAfter}, {&o.SlowFrom, &d.SlowFrom},
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
func (d *SSD1683) String() string { return "epd.SSD1683{" + d.port + "}" }

// Bounds returns the panel's rectangle, 400 × 300.
func (d *SSD1683) Bounds() image.Rectangle { return image.Rect(0, 0, width, height) }

// PartialTime returns how long the last partial refresh took, 0 before the first.
func (d *SSD1683) PartialTime() time.Duration { return time.Duration(d.partial.Load()) }

// Class returns the class measured by the first partial refresh, which by default follows the first picture and changes nothing.
func (d *SSD1683) Class() Class {
	switch t := time.Duration(d.measured.Load()); {
	case t == 0:
		return ClassUnknown
	case t >= d.opts.SlowFrom:
		return ClassSlow
	default:
		return ClassFast
	}
}

// Full shows a picture of 400 × 300 pixels by a full refresh of about four seconds.
func (d *SSD1683) Full(ctx context.Context, m *mono.Image) error {
	return d.do(ctx, m, func() { d.picture(m, seqFull) })
}

// Quick is Full with the waveform for 110 °C, which takes about one second and leaves a little residue.
func (d *SSD1683) Quick(ctx context.Context, m *mono.Image) error {
	return d.do(ctx, m, func() { d.picture(m, seqQuick) })
}

// Partial shows the part of m in r, widened to multiples of 8 pixels, by a partial refresh. It shows the whole of m by a full refresh if
// the panel's memory is not known to hold what the glass shows: at first, after sleep, after an error.
func (d *SSD1683) Partial(ctx context.Context, m *mono.Image, r image.Rectangle) error {
	r = mono.Align(r.Intersect(d.Bounds()))
	if r.Empty() {
		return nil
	}
	return d.do(ctx, m, func() {
		if !d.known {
			d.full(m.Pix, seqFull)
			return
		}
		d.part(m, r)
	})
}

// Wipe makes both RAM banks and the glass white by a full refresh and ends in deep sleep mode 2, which drops the RAM.
func (d *SSD1683) Wipe(ctx context.Context) error { return d.do(ctx, nil, d.wipe) }

// Sleep turns the drive voltages off and ends in deep sleep mode 2. The glass keeps its picture.
func (d *SSD1683) Sleep(ctx context.Context) error { return d.do(ctx, nil, d.deepSleep) }

// Halt wipes the panel, waits until its supply may be cut and cuts it. A failed wipe is returned; the supply is cut all the same. The next
// picture wakes the panel again.
func (d *SSD1683) Halt() error {
	<-d.lock
	defer func() { d.lock <- struct{}{} }()
	d.err = nil
	if !d.blank {
		d.wipe()
	}
	d.sleep(d.opts.CutAfter)
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
func (d *SSD1683) do(ctx context.Context, m *mono.Image, op func()) error {
	if m != nil && (m.W != width || m.H != height || m.Stride != stride || len(m.Pix) != frame) {
		return fmt.Errorf("picture of %d×%d on a panel of %d×%d", m.W, m.H, width, height)
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
	op()
	if d.err != nil {
		return fmt.Errorf("driving panel %s: %w", d.port, errors.Join(d.err, d.cut()))
	}
	return nil
}

// cut takes the supply from the panel and pulls its lines low, so that it is not fed through them; without a PWR line it stays in reset, which
// turns the drive voltages off as well. Its picture stays.
func (d *SSD1683) cut() error {
	d.awake, d.known = false, false
	d.rest()
	var errs []error
	if d.pins.PWR != nil {
		errs = append(errs, d.pins.PWR.Out(gpio.Low))
	}
	return errors.Join(append(errs, d.pins.RST.Out(gpio.Low), d.pins.DC.Out(gpio.Low))...)
}

// wake powers, resets and initialises the controller. Its RAM is undefined then.
func (d *SSD1683) wake() {
	if d.awake || d.err != nil {
		return
	}
	if d.pins.PWR != nil {
		d.set(d.pins.PWR, gpio.High)
		d.sleep(10 * time.Millisecond)
	}
	d.set(d.pins.RST, gpio.High)
	d.sleep(10 * time.Millisecond)
	d.set(d.pins.RST, gpio.Low) // on some boards a low RST also cuts the supply: keep it short
	d.sleep(2 * time.Millisecond)
	d.set(d.pins.RST, gpio.High)
	d.sleep(10 * time.Millisecond)
	// After a reset an idle SSD1683 shows BUSY low. The 4.2" V1 looks alike and shows it high.
	d.waitFall("resetting", d.opts.InitLimit)
	d.send(cmdSWReset)
	d.sleep(10 * time.Millisecond) // this family does not assert BUSY at once
	d.waitFall("resetting by software", d.opts.InitLimit)
	d.initialize()
	d.awake, d.known = d.err == nil, false
}

func (d *SSD1683) set(p gpio.PinIO, l gpio.Level) {
	if d.err == nil {
		d.err = p.Out(l)
	}
}

// full writes a frame to both banks and refreshes by it.
func (d *SSD1683) full(pix []byte, seq byte) {
	d.wake()
	d.blank = false
	d.window(d.Bounds())
	d.write(cmdWriteNew, d.Bounds(), pix)
	d.write(cmdWriteOld, d.Bounds(), pix)
	d.send(cmdUpdateControl1, oldAsZero, 0)
	d.send(cmdBorder, borderLUT)
	if seq == seqQuick {
		d.send(cmdWriteTemp, hot)
	}
	d.activate("refreshing fully", seq, d.opts.FullLimit)
	d.rest()
	d.known = d.err == nil
}

// picture is full, and once in the driver's life a partial refresh behind it: nothing differs, nothing moves, it only takes its time.
func (d *SSD1683) picture(m *mono.Image, seq byte) {
	d.full(m.Pix, seq)
	if d.measured.Load() == 0 && !d.opts.NoMeasure {
		d.refreshPart()
	}
}

// part writes a window of the picture, refreshes by the difference of the banks and makes them equal again.
func (d *SSD1683) part(m *mono.Image, r image.Rectangle) {
	d.buf = m.AppendWindow(d.buf[:0], r)
	d.send(cmdEntryMode, 0x03)
	d.window(r)
	d.write(cmdWriteNew, r, d.buf)
	d.refreshPart()
	// Whether the OTP lets the banks change places after a refresh (37h, ping-pong) is not known: write both.
	d.write(cmdWriteOld, r, d.buf)
	d.write(cmdWriteNew, r, d.buf)
	d.known = d.err == nil
}

// refreshPart refreshes by the difference of the banks and leaves the drive voltages on for the next one.
func (d *SSD1683) refreshPart() {
	d.send(cmdUpdateControl1, oldAsIs, 0)
	d.send(cmdBorder, borderVCOM)
	t := d.activate("refreshing partially", seqPartial, d.opts.PartialLimit)
	if d.err != nil {
		return
	}
	d.partial.Store(int64(t))
	d.measured.CompareAndSwap(0, int64(t))
	d.boost()
}

// powerOff turns the drive voltages off.
func (d *SSD1683) powerOff() {
	if d.boosted {
		d.activate("turning drive voltages off", seqPowerOff, d.opts.OffLimit)
		d.rest()
	}
}

// deepSleep ends in deep sleep mode 2. BUSY stays high in it and is not waited for.
func (d *SSD1683) deepSleep() {
	if !d.awake {
		return
	}
	d.powerOff()
	d.send(cmdDeepSleep, sleepMode2)
	d.awake, d.known = false, false
}

func (d *SSD1683) wipe() {
	d.wake()
	d.buf = append(d.buf[:0], white...)
	d.full(d.buf, seqFull)
	d.deepSleep()
	d.blank = d.err == nil
}

var white = bytes.Repeat([]byte{0xFF}, frame)

// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"fmt"
	"image"
	"slices"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/mono"
)

const (
	maxTx   = 4096 // what spidev carries in one transfer unless the kernel is told otherwise
	maxKept = 1000 // faults kept
)

// A Clock tells and waits for time.
type Clock interface {
	Now() time.Time
	// Timer returns a channel that delivers once, d from now; stop releases the timer.
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// Emulator is a panel. Its methods may be called from several goroutines.
type Emulator struct {
	mu    sync.Mutex
	o     Opts
	clock Clock
	chip  chip
	panel // its size

	// lines
	power, reset bool // supply on; RST is low
	dc           bool
	resetSince   time.Time
	lineWas      bool // BUSY as last told
	edges        chan bool
	pinEdges     chan bool
	changed      chan struct{}
	came         chan struct{} // a transfer was taken

	// controller
	asleep   bool // deep sleep
	sleptAt  time.Time
	banks    [2][]byte // the picture, what the glass shows
	cmd      int       // command whose parameters arrive, -1: none
	commands int       // taken so far
	params   []byte
	written  int // bytes of a RAM write
	op       *operation
	idleFrom time.Time // end of the last operation
	boosted  bool
	overdue  bool // the fault for this stretch of drive voltage was told

	// glass
	level    []uint8 // what each pixel reflects
	ink      []byte  // level as black or white
	residue  []uint8 // what partial refreshes left of erased ink
	based    bool    // a full refresh was done since RAM was lost
	partials int     // since the last full refresh
	counts   Counts

	faults []string
	noise  uint64 // how often RAM was lost
}

// Counts are what the panel has done.
type Counts struct {
	Bytes                int64 // over SPI
	Full, Quick, Partial int   // refreshes begun
}

// panel is the size of a glass in pixels.
type panel struct{ w, h int }

func (p panel) stride() int { return p.w / 8 }

// newEmulator returns a panel without supply; the chip is made for it.
func newEmulator(p panel, opts *Opts, c func(*Emulator) chip) *Emulator {
	e := &Emulator{
		panel: p, cmd: -1, edges: make(chan bool, 16), pinEdges: make(chan bool, 16), changed: make(chan struct{}, 1), came: make(chan struct{}, 1),
		level: make([]uint8, p.w*p.h), residue: make([]uint8, p.w*p.h), reset: true,
		banks: [2][]byte{make([]byte, p.stride()*p.h), make([]byte, p.stride()*p.h)},
	}
	e.chip = c(e)
	if opts != nil {
		e.o = *opts
	}
	e.o.fill(e.chip.defaults())
	if e.clock = e.o.Clock; e.clock == nil {
		e.clock = systemClock{}
	}
	for i := range e.level {
		e.level[i] = PaperWhite
		if e.o.Glass != nil && !e.o.Glass.White(i%p.w, i/p.w) {
			e.level[i] = InkBlack
		}
	}
	e.ink = pack(e.level)
	e.chip.restore()
	e.forget()
	e.power = e.o.AlwaysOn
	e.lineWas = e.line(e.clock.Now())
	return e
}

// Bounds returns the rectangle of the glass.
func (e *Emulator) Bounds() image.Rectangle { return image.Rect(0, 0, e.w, e.h) }

// String names the emulated panel.
func (e *Emulator) String() string { return "epdtest." + e.chip.name() }

// Tune changes options while the panel runs, as a cable that comes loose does. A change of Clock or Glass has no effect.
func (e *Emulator) Tune(change func(*Opts)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.o)
	e.o.fill(e.chip.defaults())
	e.look()
}

// Tx takes the bytes of one SPI transfer; dc is the level of the DC line during it: low (false) for commands, high (true) for data.
func (e *Emulator) Tx(dc bool, data []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer ring(e.came)
	e.look()
	e.trace(Step{Kind: StepBytes, Level: dc, Bytes: data})
	if e.o.Unplugged {
		return
	}
	e.counts.Bytes += int64(len(data))
	if len(data) > maxTx {
		e.fault("transfer of %d bytes, the kernel's driver takes %d", len(data), maxTx)
	}
	switch {
	case !e.power:
		e.fault("%d bytes without supply", len(data))
		return
	case e.reset:
		e.fault("%d bytes while RST is low", len(data))
		return
	case e.asleep:
		e.fault("%d bytes in deep sleep", len(data))
		return
	case e.op != nil:
		e.fault("%s while busy %s", describe(dc, data), e.op.name)
		return
	}
	if dc {
		e.data(data)
	} else {
		for _, c := range data {
			e.command(c)
		}
	}
	e.look()
}

// SetReset sets the RST line; the controller is in reset while it is low.
func (e *Emulator) SetReset(l gpio.Level) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	if e.reset == !bool(l) {
		return
	}
	e.trace(Step{Kind: StepReset, Level: bool(l)})
	e.reset = !bool(l)
	now := e.clock.Now()
	switch {
	case e.reset:
		e.resetSince = now
		if e.power {
			e.abort()
			e.boosted = false
		}
	case e.power:
		if held := now.Sub(e.resetSince); e.o.Clever && !e.resetSince.IsZero() && held > e.o.MaxReset {
			e.fault("RST low for %v, on this board it cuts the supply after %v", held, e.o.MaxReset)
			e.forget()
		}
		e.asleep, e.cmd = false, -1
		e.chip.restore()
		e.begin(e.chip.start(now))
	}
	e.look()
}

// SetPower switches the panel's supply. The glass keeps what it shows, also in the middle of a refresh; RAM is lost.
func (e *Emulator) SetPower(l gpio.Level) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	if e.power == bool(l) || e.o.AlwaysOn {
		return
	}
	e.trace(Step{Kind: StepPower, Level: bool(l)})
	e.abort()
	e.power, e.asleep, e.boosted, e.cmd = bool(l), false, false, -1
	e.chip.restore()
	e.resetSince = time.Time{} // a line that is low when the supply comes is no pulse
	e.forget()
	e.look()
}

// Busy reports the level of the BUSY line: on the SSD1683 high when busy, on the UC8179 low; low without supply.
func (e *Emulator) Busy() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	return e.lineWas
}

// BusyEdge delivers the new level of BUSY at each change. If nobody takes them the oldest are dropped.
func (e *Emulator) BusyEdge() <-chan bool { return e.edges }

// Changed delivers when the glass has changed or is changing; several changes may come as one.
func (e *Emulator) Changed() <-chan struct{} { return e.changed }

// Counts returns what the panel has done so far.
func (e *Emulator) Counts() Counts {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.counts
}

// Faults returns what was done to the panel that must not be done, oldest first; nil if all was right. A command that lacks parameters now is one, also while they
// are on their way: see Settled.
func (e *Emulator) Faults() []string {
	f, lack, _ := e.told()
	return append(f, lack...)
}

// Settled is Faults for a panel that is driven meanwhile: a command whose parameters are on their way gets them first. What it still lacks after patience is a fault.
func (e *Emulator) Settled(patience time.Duration) []string {
	late, stop := e.clock.Timer(patience)
	defer stop()
	f, lack, first := e.told()
	for over := false; len(lack) > 0 && !over; {
		select {
		case <-e.came:
		case <-late:
			over = true
		}
		var now int
		if f, lack, now = e.told(); now != first { // had the first one lacked anything, it would be among the faults
			lack = nil
		}
	}
	return append(f, lack...)
}

// told is what was wrong so far, what the command lacks that came last, and its number.
func (e *Emulator) told() (faults, lack []string, command int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	if l, ok := e.missing(); ok {
		lack = []string{l}
	}
	return slices.Clone(e.faults), lack, e.commands
}

// ForgetFaults empties the list of faults.
func (e *Emulator) ForgetFaults() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = nil
}

// Bank returns a copy of a RAM bank as a picture, by the command that writes it: of the SSD1683 0x24 (the picture) or 0x26 (what the glass
// shows), of the UC8179 0x13 or 0x10.
func (e *Emulator) Bank(cmd byte) *mono.Image {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := mono.New(e.w, e.h)
	copy(m.Pix, e.banks[e.chip.bank(cmd)])
	return m
}

func (e *Emulator) fault(format string, args ...any) {
	if len(e.faults) < maxKept {
		e.faults = append(e.faults, fmt.Sprintf(format, args...))
	}
}

// look brings everything up to now: operations that have ended, the level of BUSY, drive voltages left on.
func (e *Emulator) look() {
	now := e.clock.Now()
	if e.op != nil && !now.Before(e.op.end()) {
		e.tellLine(now) // BUSY was high, even if nobody looked meanwhile
		e.finish()
	}
	if e.boosted && e.op == nil && !e.overdue && now.Sub(e.idleFrom) > e.o.MaxBooster {
		e.overdue = true
		e.fault("drive voltages left on for more than %v", e.o.MaxBooster)
	}
	e.tellLine(now)
}

// tellLine tells a change of BUSY.
func (e *Emulator) tellLine(now time.Time) {
	if l := e.line(now); l != e.lineWas {
		e.lineWas = l
		e.trace(Step{Kind: StepBusy, Level: l})
		tell(e.edges, l)
		tell(e.pinEdges, l)
	}
}

// line is the level of BUSY.
func (e *Emulator) line(now time.Time) bool {
	switch {
	case e.o.StuckHigh:
		return true
	case e.o.StuckLow, e.o.Unplugged, !e.power:
		return false
	}
	busy := e.asleep || e.op != nil && !e.op.quiet && !now.Before(e.op.rise())
	return (busy == e.chip.busyHigh()) != e.o.Inverted
}

// tell delivers the newest value and drops the oldest if nobody takes them.
func tell(c chan bool, v bool) {
	for {
		select {
		case c <- v:
			return
		default:
		}
		select {
		case <-c:
		default:
		}
	}
}

// show says that the glass has changed.
func (e *Emulator) show() { ring(e.changed) }

// ring wakes who waits for a bell; several rings may be heard as one.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}

// systemClock is the clock of package time.
type systemClock struct{}

var _ Clock = systemClock{}

func (systemClock) Now() time.Time { return time.Now() }

func (systemClock) Timer(d time.Duration) (<-chan time.Time, func()) {
	t := time.NewTimer(d)
	return t.C, func() { t.Stop() }
}

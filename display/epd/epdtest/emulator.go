// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"fmt"
	"slices"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/mono"
)

// The panel's size in pixels.
const (
	Width  = 400
	Height = 300
)

const (
	stride  = Width / 8
	maxTx   = 4096 // what spidev carries in one transfer unless the kernel is told otherwise
	maxKept = 1000 // faults kept
)

// A Clock tells and waits for time.
type Clock interface {
	Now() time.Time
	// Timer returns a channel that delivers once, d from now; stop releases the timer.
	Timer(d time.Duration) (c <-chan time.Time, stop func())
}

// Opts say which panel is emulated and what is wrong with it. A zero duration or number stands for its value in DefaultOpts.
type Opts struct {
	FullTime     time.Duration // full refresh, sequence F7
	QuickTime    time.Duration // full refresh with the waveform of a hot panel, D7
	PartialTime  time.Duration // partial refresh with the booster on
	PowerOnTime  time.Duration // booster up
	PowerOffTime time.Duration // booster down
	ResetTime    time.Duration // BUSY after a hardware or software reset
	BusyLate     time.Duration // BUSY rises so long after the command
	Speed        float64       // all of the above are divided by it

	MaxPartials int           // more partial refreshes without a full one are a fault
	MaxBooster  time.Duration // drive voltages left on idle for longer are a fault; not divided by Speed
	MaxReset    time.Duration // longer RST pulses are a fault on a Clever board, where they also cut the supply

	PingPong  bool // the banks change places after each partial refresh
	Clever    bool // RST low also cuts the supply
	AlwaysOn  bool // the board has no PWR line
	Inverted  bool // 4.2" V1: BUSY is low when busy
	StuckHigh bool // BUSY reads high whatever happens
	StuckLow  bool // BUSY reads low whatever happens
	Unplugged bool // the cable is off: bytes are lost, BUSY reads low

	Seed  uint64        // of what undefined RAM holds
	Glass *mono.Image   // picture left on the glass from before; nil: white
	Frame time.Duration // Changed during a refresh comes so often
	Trace func(Step)    // called for each transfer and line change, under the emulator's lock
	Clock Clock         // nil: package time
}

// DefaultOpts are a Waveshare 4.2" V2 with the faster of its two known waveforms.
var DefaultOpts = Opts{
	FullTime:     4 * time.Second,         // panel maker
	QuickTime:    1140 * time.Millisecond, // measured by the author of a public driver, as the following three
	PartialTime:  360 * time.Millisecond,
	PowerOnTime:  96 * time.Millisecond,
	PowerOffTime: 268 * time.Millisecond,
	ResetTime:    3 * time.Millisecond,
	BusyLate:     time.Millisecond,
	Speed:        1,
	MaxPartials:  200,
	MaxBooster:   5 * time.Second,
	MaxReset:     5 * time.Millisecond,
	Frame:        50 * time.Millisecond,
}

// Emulator is a panel. Its methods may be called from several goroutines.
type Emulator struct {
	mu    sync.Mutex
	o     Opts
	clock Clock

	// lines
	power, reset bool // supply on; RST is low
	dc           bool
	resetSince   time.Time
	lineWas      bool // BUSY as last told
	edges        chan bool
	pinEdges     chan bool
	changed      chan struct{}

	// controller
	asleep   bool // deep sleep
	sleptAt  time.Time
	reg      registers
	banks    [2][]byte // 24h, 26h
	cmd      int       // command whose parameters arrive, -1: none
	params   []byte
	written  int // bytes of a RAM write
	x, y     int // address counters
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

// NewSSD1683 returns a panel without supply. Nil stands for DefaultOpts.
func NewSSD1683(opts *Opts) *Emulator {
	e := &Emulator{
		cmd: -1, edges: make(chan bool, 16), pinEdges: make(chan bool, 16), changed: make(chan struct{}, 1),
		level: make([]uint8, Width*Height), residue: make([]uint8, Width*Height), reset: true,
		banks: [2][]byte{make([]byte, stride*Height), make([]byte, stride*Height)},
	}
	if opts != nil {
		e.o = *opts
	}
	e.o.fill()
	if e.clock = e.o.Clock; e.clock == nil {
		e.clock = systemClock{}
	}
	for i := range e.level {
		e.level[i] = PaperWhite
		if e.o.Glass != nil && !e.o.Glass.White(i%Width, i/Width) {
			e.level[i] = InkBlack
		}
	}
	e.ink = pack(e.level)
	e.forget()
	e.power = e.o.AlwaysOn
	return e
}

// fill puts the defaults into zero fields.
func (o *Opts) fill() {
	d := &DefaultOpts
	for _, f := range []struct{ at, def *time.Duration }{
		{&o.FullTime, &d.FullTime}, {&o.QuickTime, &d.QuickTime}, {&o.PartialTime, &d.PartialTime}, {&o.PowerOnTime, &d.PowerOnTime},
		{&o.PowerOffTime, &d.PowerOffTime}, {&o.ResetTime, &d.ResetTime}, {&o.BusyLate, &d.BusyLate}, {&o.MaxBooster, &d.MaxBooster},
		{&o.MaxReset, &d.MaxReset}, {&o.Frame, &d.Frame},
	} {
		if *f.at == 0 {
			*f.at = *f.def
		}
	}
	if o.Speed <= 0 {
		o.Speed = d.Speed
	}
	if o.MaxPartials == 0 {
		o.MaxPartials = d.MaxPartials
	}
}

// String names the emulated panel.
func (e *Emulator) String() string { return "epdtest.SSD1683" }

// Tune changes options while the panel runs, as a cable that comes loose does. A change of Clock or Glass has no effect.
func (e *Emulator) Tune(change func(*Opts)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(&e.o)
	e.o.fill()
	e.look()
}

// Tx takes the bytes of one SPI transfer; dc is the level of the DC line during it: low (false) for commands, high (true) for data.
func (e *Emulator) Tx(dc bool, data []byte) {
	e.mu.Lock()
	defer e.mu.Unlock()
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
		e.asleep, e.reg, e.cmd = false, resetRegisters, -1
		e.begin(&operation{name: "resetting", time: e.o.ResetTime, at: now})
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
	e.power, e.asleep, e.boosted, e.reg, e.cmd = bool(l), false, false, resetRegisters, -1
	e.resetSince = time.Time{} // a line that is low when the supply comes is no pulse
	e.forget()
	e.look()
}

// Busy reports the level of the BUSY line: high when busy, low without supply.
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

// Faults returns what was done to the panel that must not be done, oldest first; nil if all was right.
func (e *Emulator) Faults() []string {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	f := slices.Clone(e.faults)
	if n, ok := e.missing(); ok {
		f = append(f, n)
	}
	return f
}

// ForgetFaults empties the list of faults.
func (e *Emulator) ForgetFaults() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.faults = nil
}

// Bank returns a copy of a RAM bank as a picture: 0x24 or 0x26.
func (e *Emulator) Bank(cmd byte) *mono.Image {
	e.mu.Lock()
	defer e.mu.Unlock()
	m := mono.New(Width, Height)
	copy(m.Pix, e.banks[bank(cmd)])
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
	busy := e.asleep || e.op != nil && !now.Before(e.op.rise())
	return busy != e.o.Inverted
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
func (e *Emulator) show() {
	select {
	case e.changed <- struct{}{}:
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

// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"time"

	"madoguchi/display/mono"
)

// Opts say which panel is emulated and what is wrong with it. A zero duration or number stands for its value in the defaults of the
// panel, DefaultSSD1683 or DefaultUC8179.
type Opts struct {
	FullTime     time.Duration // full refresh with the waveform for the real temperature
	QuickTime    time.Duration // full refresh with the short waveform of a hot panel
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
	Inverted  bool // BUSY has the opposite sense, as on the 4.2" V1
	StuckHigh bool // BUSY reads high whatever happens, as a line that hangs open on its pull-up
	StuckLow  bool // BUSY reads low whatever happens
	Unplugged bool // the cable is off: bytes are lost, BUSY reads low

	Seed  uint64        // of what undefined RAM holds
	Glass *mono.Image   // picture left on the glass from before; nil: white
	Frame time.Duration // Changed during a refresh comes so often
	Trace func(Step)    // called for each transfer and line change, under the emulator's lock
	Clock Clock         // nil: package time
}

// DefaultSSD1683 is a Waveshare 4.2" V2 with the faster of its two known waveforms.
var DefaultSSD1683 = Opts{
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

// DefaultUC8179 is a Waveshare 7.5" V2 with the newer glass. Times as measured by the author of a public driver, but for reset and BUSY.
var DefaultUC8179 = Opts{
	FullTime:     4100 * time.Millisecond,
	QuickTime:    1170 * time.Millisecond,
	PartialTime:  435 * time.Millisecond,
	PowerOnTime:  129 * time.Millisecond,
	PowerOffTime: 40 * time.Millisecond,
	ResetTime:    time.Millisecond, // commands are ignored so long after a reset; BUSY does not show it
	BusyLate:     time.Millisecond, // 0.2 ms are told; more is stricter
	Speed:        1,
	MaxPartials:  200,
	MaxBooster:   5 * time.Second,
	MaxReset:     5 * time.Millisecond,
	Frame:        50 * time.Millisecond,
}

// fill puts the panel's defaults into zero fields.
func (o *Opts) fill(d *Opts) {
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

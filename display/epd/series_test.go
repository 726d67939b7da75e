// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
)

// Whatever is drawn in whatever order, the glass is the picture and nothing forbidden happens.
func TestGlassIsThePicture(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for _, m := range models {
		for _, po := range []epdtest.Opts{{}, {PingPong: true}, {Clever: true, PartialTime: 1050 * time.Millisecond}, {BusyLate: 9 * time.Millisecond}} {
			po.Seed = seed
			for range 3 {
				synctest.Test(t, func(t *testing.T) { series(t, r, m.Model, po, m.picture, m.shown) })
				if t.Failed() {
					t.Fatalf("panel %s %+v", m.Model, po)
				}
			}
		}
	}
}

// troubles are what can happen to a panel between two pictures; the second of each pair ends it. A driver that is asked in the middle may fail.
var troubles = []struct{ begin, end func(*epdtest.Emulator) }{
	{func(e *epdtest.Emulator) { e.Tune(func(o *epdtest.Opts) { o.StuckHigh = true }) }, func(e *epdtest.Emulator) { e.Tune(func(o *epdtest.Opts) { o.StuckHigh = false }) }},
	{func(e *epdtest.Emulator) { e.Tune(func(o *epdtest.Opts) { o.StuckLow = true }) }, func(e *epdtest.Emulator) { e.Tune(func(o *epdtest.Opts) { o.StuckLow = false }) }},
	{func(e *epdtest.Emulator) { e.Tune(func(o *epdtest.Opts) { o.Unplugged = true }) }, func(e *epdtest.Emulator) { e.Tune(func(o *epdtest.Opts) { o.Unplugged = false }) }},
	{func(e *epdtest.Emulator) { e.SetPower(gpio.Low) }, func(e *epdtest.Emulator) { e.SetPower(gpio.High) }},
}

// series makes a random series of pictures, sleeps, wakes and faults. After an operation that went well, glass and both banks are the picture
// and the panel was not misused; one that failed says so by an error of this package.
func series(t *testing.T, r *rand.Rand, model epd.Model, po epdtest.Opts, cmds ...byte) {
	b := start(t, po, epd.Opts{Model: model})
	ctx := t.Context()
	m := picture(r, model)
	b.ok(b.Full(ctx, m))
	asleep := false // the panel's memory is unknown: a partial shows the whole picture
	for range 30 {
		var err error
		next := m.Clone()
		scribble(r, next)
		trouble := r.IntN(8) == 0
		end := func(*epdtest.Emulator) {}
		if trouble {
			x := troubles[r.IntN(len(troubles))]
			begin := time.AfterFunc(time.Duration(r.IntN(500))*time.Millisecond, func() { x.begin(b.panel) })
			if r.IntN(2) == 0 {
				time.Sleep(500 * time.Millisecond)
			}
			end = func(e *epdtest.Emulator) {
				if !begin.Stop() {
					x.end(e)
				}
			}
		}
		switch n := r.IntN(20); {
		case n < 2:
			err, asleep = b.Full(ctx, next), false
		case n < 4:
			err, asleep = b.Quick(ctx, next), false
		case n < 5:
			err, next, asleep = b.Wipe(ctx), blank(model), true
		case n < 6:
			err, next, asleep = b.Sleep(ctx), m, true
		case n < 7:
			err, next, asleep = b.Halt(), blank(model), true
		default:
			part := m.Diff(next)
			err, asleep = b.Partial(ctx, next, part), asleep && part.Empty()
		}
		end(b.panel)
		if trouble { // whatever the driver believes now, the next full picture must be right
			var busy *epd.BusyError
			var short *epd.ShortError
			if err != nil && !errors.As(err, &busy) && !errors.As(err, &short) {
				t.Fatalf("error %v", err)
			}
			time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
			if b.Full(ctx, next) != nil { // the first one finds out
				b.ok(b.Full(ctx, next))
			}
			b.panel.ForgetFaults()
			err, asleep = nil, false
		}
		b.ok(err)
		m = next
		b.shows(m)
		if !asleep {
			for _, cmd := range cmds {
				if d := b.panel.Bank(cmd).Diff(m); !d.Empty() {
					t.Fatalf("bank %02X differs from the picture in %v", cmd, d)
				}
			}
		}
		time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
		b.clean()
	}
}

// SPDX-License-Identifier: Apache-2.0

package display

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
)

// On an entry screen the panel starts to move at multiples of 500 ms after the screen was asked for, whatever changes.
func TestPainterGrid(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	for _, slow := range []time.Duration{360 * time.Millisecond, 1050 * time.Millisecond} {
		synctest.Test(t, func(t *testing.T) {
			e := newEasel(t, nil)
			e.panel.set(slow)
			e.shown(ResidentGuard3, Facts{})
			time.Sleep(time.Duration(r.Int64N(int64(5 * time.Second))))
			start, first := time.Since(e.panel.start), len(e.panel.calls())
			defer discard(e.Painter)()
			for range 60 {
				e.show(PINID("signing"), Facts{Filled: r.IntN(17), Half: r.IntN(2) == 0, Fault: "too_short", Left: r.IntN(5)})
				time.Sleep(time.Duration(r.Int64N(int64(900 * time.Millisecond))))
			}
			time.Sleep(5 * time.Second)
			for _, c := range e.panel.calls()[first:] {
				if late := (c.At - start) % (500 * time.Millisecond); c.How != "partial" || late != 0 {
					t.Errorf("%s %v after the grid", c.How, late)
				}
			}
			if n := len(e.panel.calls()) - first; n < 10 {
				t.Errorf("%d refreshes of 60 changes", n)
			}
		})
	}
}

func TestPainterLeavesEntryAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.shown(PINID("login"), Facts{})
		time.Sleep(600 * time.Millisecond)
		e.show(PINID("login"), Facts{Filled: 4})
		time.Sleep(100 * time.Millisecond)
		at := time.Now()
		r := e.shown(ResidentChecking, Facts{})
		if d := r.At.Sub(at); d != e.panel.slow {
			t.Errorf("next screen after %v, want %v", d, e.panel.slow)
		}
		if n := len(e.panel.calls()); n != 2 {
			t.Errorf("%d refreshes: what was typed last should never be drawn", n)
		}
	})
}

// emulated are the panels on which the painter is tried with the real driver.
var emulated = map[epd.Model]func(*epdtest.Opts) *epdtest.Emulator{epd.Model4in2: epdtest.NewSSD1683, epd.Model7in5: epdtest.NewUC8179}

// driven returns a driver on an emulated panel.
func driven(t *testing.T, model epd.Model, o *epdtest.Opts) (*epd.Dev, *epdtest.Emulator) {
	t.Helper()
	panel := emulated[model](o)
	d, err := epd.New(panel.Port(), epd.Pins(panel.Pins()), &epd.Opts{Model: model})
	if err != nil {
		t.Fatal(err)
	}
	return d, panel
}

// Two people with the same number of characters and other rhythms inside the grid leave the same bytes on the bus, at the same times.
func TestPainterHidesRhythm(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 4))
	type rhythm [][]time.Duration // for each grid cell the times of keys in it
	typing := func(t *testing.T, model epd.Model, keys rhythm) (log string, sent []byte) {
		synctest.Test(t, func(t *testing.T) {
			var l epdtest.Log
			d, panel := driven(t, model, &epdtest.Opts{Trace: l.Add})
			p, _ := startPainter(t, d, nil)
			show := func(f Facts) { p.Show(0, Screen{ID: PINID("signing"), Lang: Japanese, Facts: f}) }
			p.Show(0, Screen{ID: ResidentGuard3})
			<-p.Reports()
			time.Sleep(3 * time.Second)
			begun, typed, cell := time.Now(), 0, 500*time.Millisecond
			show(Facts{})
			<-p.Reports()
			defer discard(p)()
			begun = begun.Add(4 * cell)
			for i, times := range keys {
				for _, at := range times {
					time.Sleep(time.Until(begun.Add(time.Duration(i)*cell + at)))
					typed++
					show(Facts{Filled: typed / 2, Half: typed%2 == 1})
				}
			}
			time.Sleep(time.Until(begun.Add(time.Duration(len(keys)+10) * cell)))
			log, sent = l.String(), l.Bytes()
			if err := d.Halt(); err != nil {
				t.Error(err)
			}
			for _, f := range panel.Faults() {
				t.Error(f)
			}
		})
		return log, sent
	}
	for range 10 {
		var a, b rhythm
		for range 20 {
			n := r.IntN(4)
			cell := func() []time.Duration {
				var c []time.Duration
				for range n {
					c = append(c, time.Duration(1+r.Int64N(int64(499*time.Millisecond))))
				}
				slices.Sort(c)
				return c
			}
			a, b = append(a, cell()), append(b, cell())
		}
		for _, model := range epd.Models {
			aLog, aSent := typing(t, model, a)
			bLog, bSent := typing(t, model, b)
			if !bytes.Equal(aSent, bSent) {
				t.Errorf("%s: the bytes on the bus differ", model)
			}
			if diff := cmp.Diff(aLog, bLog); diff != "" {
				t.Fatalf("%s: the times on the bus differ:\n%s", model, diff)
			}
		}
	}
}

// Any series of screens on the real driver: the glass shows the last one, and nothing forbidden happens to the panel.
func TestPainterOnTheDriver(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 5))
	ids := slices.DeleteFunc(IDs(), func(id ID) bool { return id == Wipe })
	for n := range 6 {
		synctest.Test(t, func(t *testing.T) {
			d, panel := driven(t, epd.Models[n%2], &epdtest.Opts{PingPong: r.IntN(2) == 0, MaxPartials: 400})
			p, b := startPainter(t, d, nil)
			s := Screen{ID: Boot}
			for gen := range uint32(120) {
				switch r.IntN(6) {
				case 0:
					s = Screen{ID: ids[r.IntN(len(ids))]}
				case 1:
					s.ID, s.Facts = PINID("signing"), Facts{}
				default:
					s.Facts.Filled, s.Facts.Half = r.IntN(17), r.IntN(2) == 0
				}
				if r.IntN(20) == 0 {
					p.Show(gen, Screen{ID: Wipe})
				}
				p.Show(gen, s)
				if r.IntN(3) == 0 {
					time.Sleep(time.Duration(r.Int64N(int64(3 * time.Second))))
				}
				for len(p.reports) > 0 {
					if rep := <-p.reports; rep.Err != nil {
						t.Fatal(rep.Err)
					}
				}
			}
			time.Sleep(20 * time.Second)
			synctest.Wait()
			want, _ := b.Render(s)
			if diff := panel.Glass().Diff(want); !diff.Empty() {
				t.Errorf("glass differs from %s in %v", s.ID, diff)
			}
			if err := d.Halt(); err != nil {
				t.Error(err)
			}
			for _, f := range panel.Faults() {
				t.Error(f)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package display

import (
	"context"
	"image"
	"sync"
	"testing"
	"time"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

// benchPanel is a driver on an emulated panel that counts what one rectangle round all changes would have sent.
type benchPanel struct {
	*epd.Dev
	emulator *epdtest.Emulator
	writes   int64 // of each window for a partial refresh
	whole    int64
}

var _ Panel = (*benchPanel)(nil)

func (p *benchPanel) Partial(ctx context.Context, m *mono.Image, r image.Rectangle) error {
	r = mono.Align(r)
	p.whole += p.writes * int64(r.Dx()/8*r.Dy())
	return p.Dev.Partial(ctx, m, r)
}

// typist is a painter on such a panel, on an entry screen.
type typist struct {
	b     *testing.B
	panel *benchPanel
	paint *Painter
	s     Screen
	most  int
}

func newTypist(b *testing.B, model epd.Model, kind string, o epdtest.Opts, grid time.Duration) *typist {
	b.Helper()
	p := &benchPanel{writes: 3} // the picture before; both banks behind
	if p.emulator = epdtest.NewSSD1683(&o); model == epd.Model7in5 {
		p.emulator, p.writes = epdtest.NewUC8179(&o), 1 // the controller copies
	}
	var err error
	if p.Dev, err = epd.New(p.emulator.Port(), epd.Pins(p.emulator.Pins()), &epd.Opts{Model: model, AnyTime: true}); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { p.Halt() })
	r, err := NewRenderer(p.Bounds())
	if err != nil {
		b.Fatal(err)
	}
	t := &typist{b: b, panel: p, paint: NewPainter(p, r, &PainterOpts{Grid: grid, Partials: 1 << 30, Erased: 1e9}), most: 4}
	if kind == "signing" {
		t.most = 16
	}
	ctx, cancel := context.WithCancel(context.Background())
	b.Cleanup(cancel)
	go t.paint.Run(ctx)
	t.s = Screen{ID: PINID(kind), Lang: Japanese, Facts: Facts{Kind: kind, Left: 3, Max: 3}}
	t.show()
	return t
}

func (t *typist) show() {
	t.paint.Show(0, t.s)
	if rep := <-t.paint.Reports(); rep.Err != nil {
		t.b.Fatal(rep.Err)
	}
}

// press shows one more press: a digit, or one of a letter's two.
func (t *typist) press() {
	if t.most == 16 && !t.s.Facts.Half {
		t.s.Facts.Half = true
	} else {
		t.s.Facts.Half = false
		t.s.Facts.Filled++
	}
	t.show()
}

// BenchmarkTypedCharacter measures what one typed character costs on the bus and in refreshes, with the real screens and every press on a grid
// instant of its own: one partial refresh for a digit, two for a letter. The yardstick is one rectangle round all that changes.
func BenchmarkTypedCharacter(b *testing.B) {
	for _, bb := range []struct {
		name, kind string
		model      epd.Model
	}{
		{"digit", "login", epd.Model4in2}, {"letter", "signing", epd.Model4in2},
		{"digit_7in5", "login", epd.Model7in5}, {"letter_7in5", "signing", epd.Model7in5},
	} {
		b.Run(bb.name, func(b *testing.B) {
			t := newTypist(b, bb.model, bb.kind, epdtest.Opts{Speed: 1e5, MaxPartials: 1 << 30}, time.Nanosecond)
			typed, sent, refreshes := 0, int64(0), 0
			t.panel.whole = 0
			for b.Loop() {
				if t.s.Facts.Filled == t.most { // clearing is no typing
					whole := t.panel.whole
					t.s.Facts.Filled = 0
					t.show()
					t.panel.whole = whole
				}
				before := t.panel.emulator.Counts()
				for n := t.s.Facts.Filled; t.s.Facts.Filled == n; {
					t.press()
				}
				after := t.panel.emulator.Counts()
				typed, sent, refreshes = typed+1, sent+after.Bytes-before.Bytes, refreshes+after.Partial-before.Partial
			}
			b.ReportMetric(float64(sent)/float64(typed), "bytes/character")
			b.ReportMetric(float64(t.panel.whole)/float64(typed), "one-rectangle-bytes/character")
			b.ReportMetric(float64(sent)/float64(t.panel.whole), "x-one-rectangle")
			b.ReportMetric(float64(refreshes)/float64(typed), "refreshes/character")
		})
	}
}

// BenchmarkOurShare measures how much of the time from a press's screen to the fallen BUSY is not the panel's own, with panels as slow as the
// known ones are: drawing, comparing, sending, waiting for edges. The bus itself takes no time here: BenchmarkFrameToLastByte measures that.
func BenchmarkOurShare(b *testing.B) {
	for _, bb := range []struct {
		name    string
		model   epd.Model
		partial time.Duration
	}{
		{"0.36s", epd.Model4in2, 360 * time.Millisecond}, {"1.05s", epd.Model4in2, 1050 * time.Millisecond},
		{"0.44s_7in5", epd.Model7in5, 435 * time.Millisecond},
	} {
		b.Run(bb.name, func(b *testing.B) {
			var mu sync.Mutex
			var busy time.Duration
			var rose time.Time
			idle := bb.model == epd.Model7in5 // level of BUSY
			trace := func(s epdtest.Step) {
				if s.Kind != epdtest.StepBusy {
					return
				}
				mu.Lock()
				defer mu.Unlock()
				if s.Level != idle {
					rose = s.At
				} else if !rose.IsZero() {
					busy += s.At.Sub(rose)
				}
			}
			t := newTypist(b, bb.model, "signing", epdtest.Opts{PartialTime: bb.partial, QuickTime: time.Millisecond, FullTime: time.Millisecond, Trace: trace}, time.Nanosecond)
			t.press() // with the booster on
			var total time.Duration
			mu.Lock()
			busy = 0
			mu.Unlock()
			for b.Loop() {
				if t.s.Facts.Filled == t.most {
					t.s.Facts.Filled = 0
				}
				begun := time.Now()
				t.press()
				total += time.Since(begun)
			}
			mu.Lock()
			defer mu.Unlock()
			b.ReportMetric(100*float64(total-busy)/float64(total), "ours-%")
			b.ReportMetric(float64(busy.Microseconds())/1000/float64(b.N), "busy-ms")
		})
	}
}

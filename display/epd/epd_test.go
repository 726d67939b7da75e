// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"context"
	"flag"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"periph.io/x/conn/v3/gpio"

	"madoguchi/display"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

var (
	_ display.Panel      = (*epd.Dev)(nil)
	_ display.QuickPanel = (*epd.Dev)(nil)
)

var update = flag.Bool("update", false, "rewrite the golden files")

// models are the panels, each with the emulator that stands for it and the commands that write its banks.
var models = []struct {
	epd.Model
	panel          func(*epdtest.Opts) *epdtest.Emulator
	picture, shown byte
}{
	{epd.Model4in2, epdtest.NewSSD1683, 0x24, 0x26},
	{epd.Model7in5, epdtest.NewUC8179, 0x13, 0x10},
}

// both runs a test for each panel, in a synctest bubble.
func both(t *testing.T, f func(t *testing.T, model epd.Model)) {
	for _, m := range models {
		t.Run(string(m.Model), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, m.Model) })
		})
	}
}

// emulator returns the panel that answers to a model.
func emulator(m epd.Model, o *epdtest.Opts) *epdtest.Emulator {
	for _, x := range models {
		if x.Model == m {
			return x.panel(o)
		}
	}
	return nil
}

// blank returns a white picture of a model's size.
func blank(m epd.Model) *mono.Image { return mono.New(m.Bounds().Dx(), m.Bounds().Dy()) }

// bench is a driver on an emulated panel.
type bench struct {
	*epd.Dev
	t     *testing.T
	panel *epdtest.Emulator
	log   *epdtest.Log
}

// start returns a bench; it must be called in a synctest bubble.
func start(t *testing.T, po epdtest.Opts, do epd.Opts) *bench {
	t.Helper()
	if do.Model == "" {
		do.Model = epd.Model4in2
	}
	b := &bench{t: t, log: new(epdtest.Log)}
	po.Trace = b.log.Add
	b.put(emulator(do.Model, &po), do)
	return b
}

// put puts the driver on a panel.
func (b *bench) put(panel *epdtest.Emulator, do epd.Opts) {
	b.t.Helper()
	b.panel = panel
	d, err := epd.New(panel.Port(), epd.Pins(panel.Pins()), &do)
	if err != nil {
		b.t.Fatal(err)
	}
	b.Dev = d
	b.t.Cleanup(func() {
		d.Halt()
		panel.SetPower(gpio.Low)
	})
}

func (b *bench) ok(err error) {
	b.t.Helper()
	if err != nil {
		b.t.Fatal(err)
	}
}

// clean fails the test if the panel was misused.
func (b *bench) clean() {
	b.t.Helper()
	for _, f := range b.panel.Faults() {
		b.t.Errorf("panel: %s", f)
	}
}

// shows fails the test if the glass is not m.
func (b *bench) shows(m *mono.Image) {
	b.t.Helper()
	if d := b.panel.Glass().Diff(m); !d.Empty() {
		b.t.Fatalf("glass differs from the picture in %v", d)
	}
}

// picture draws some random boxes on a panel's size.
func picture(r *rand.Rand, model epd.Model) *mono.Image {
	m := blank(model)
	scribble(r, m)
	return m
}

func scribble(r *rand.Rand, m *mono.Image) {
	for range 1 + r.IntN(6) {
		x, y := r.IntN(m.W), r.IntN(m.H)
		m.Fill(image.Rect(x, y, x+1+r.IntN(120), y+1+r.IntN(90)), r.IntN(3) == 0)
	}
}

func TestGolden(t *testing.T) {
	ctx := context.Background()
	for _, model := range epd.Models {
		white := blank(model)
		first, next, marks := white.Clone(), white.Clone(), white.Clone()
		first.Fill(image.Rect(10, 10, 200, 60), false)
		next.CopyFrom(first)
		window := image.Rect(83, 200, 280, 250) // widened to 80–280: 25 bytes × 50 lines
		next.Fill(window, false)
		marks.CopyFrom(first)
		marks.Fill(image.Rect(160, 100, 161, 101), false) // one pixel
		marks.Fill(image.Rect(390, 220, 400, 300), false) // to the edge of the smaller panel
		shown := func(b *bench) { b.ok(b.Full(ctx, first)) }
		tests := []struct {
			name   string
			before func(*bench) // not in the log
			do     func(*bench)
			want   *mono.Image
		}{
			{"full", nil, func(b *bench) { b.ok(b.Full(ctx, first)) }, first},
			{"full_awake", shown, func(b *bench) { b.ok(b.Full(ctx, next)) }, next},
			{"quick", shown, func(b *bench) { b.ok(b.Quick(ctx, next)) }, next},
			{"partial", shown, func(b *bench) { b.ok(b.Partial(ctx, next, window)) }, next},
			{"partial_two", shown, func(b *bench) { b.ok(b.Partial(ctx, marks, marks.Bounds())) }, marks},
			{"partial_same", shown, func(b *bench) { b.ok(b.Partial(ctx, first, window)) }, first},
			{"partial_first", nil, func(b *bench) { b.ok(b.Partial(ctx, next, window)) }, next},
			{"idle", shown, func(b *bench) { b.ok(b.Partial(ctx, next, window)); time.Sleep(3 * time.Second) }, next},
			{"wipe", shown, func(b *bench) { b.ok(b.Wipe(ctx)) }, white},
			{"sleep", func(b *bench) { b.ok(b.Full(ctx, first)); b.ok(b.Partial(ctx, next, window)) }, func(b *bench) { b.ok(b.Sleep(ctx)) }, next},
			{"wake", func(b *bench) { b.ok(b.Wipe(ctx)); time.Sleep(time.Minute) }, func(b *bench) { b.ok(b.Partial(ctx, next, window)) }, next},
			{"halt", shown, func(b *bench) { b.ok(b.Halt()) }, white},
			{"halt_wiped", func(b *bench) { b.ok(b.Wipe(ctx)) }, func(b *bench) { b.ok(b.Halt()) }, white},
		}
		for _, tt := range tests {
			t.Run(string(model)+"/"+tt.name, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					b := start(t, epdtest.Opts{}, epd.Opts{Model: model, NoMeasure: true})
					if tt.before != nil {
						tt.before(b)
						b.log.Reset()
					}
					tt.do(b)
					b.clean()
					b.shows(tt.want)
					golden(t, filepath.Join(string(model), tt.name), b.log.String())
				})
			})
		}
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

func TestWipeLeavesNothing(t *testing.T) {
	both(t, func(t *testing.T, model epd.Model) {
		b := start(t, epdtest.Opts{}, epd.Opts{Model: model})
		r := rand.New(rand.NewPCG(1, 1))
		m := picture(r, model)
		b.ok(b.Full(t.Context(), m))
		for range 5 {
			next := picture(r, model)
			b.ok(b.Partial(t.Context(), next, m.Diff(next)))
			m = next
		}
		full := b.panel.Counts().Full
		b.ok(b.Wipe(t.Context()))
		for i, l := range b.panel.Snapshot().Pix {
			if l != epdtest.PaperWhite {
				t.Fatalf("pixel %d reflects %d, clean paper %d", i, l, epdtest.PaperWhite)
			}
		}
		if got := b.panel.Counts().Full - full; got != 1 {
			t.Errorf("%d full refreshes, want 1", got)
		}
		b.panel.Tx(false, []byte{0x00})
		if f := b.panel.Faults(); len(f) != 1 || f[0] != "1 bytes in deep sleep" {
			t.Errorf("the controller is not in deep sleep: %q", f)
		}
	})
}

func TestIdlePowerOff(t *testing.T) {
	tests := []struct {
		name string
		gaps []time.Duration // between partial refreshes
		off  int             // times the voltages went off 3 s after the last
	}{
		{"one", nil, 1},
		{"typing", []time.Duration{500 * time.Millisecond, 1500 * time.Millisecond, 1900 * time.Millisecond}, 1},
		{"pauses", []time.Duration{2500 * time.Millisecond, 10 * time.Second}, 3},
		{"while going off", []time.Duration{2100 * time.Millisecond}, 2}, // off takes from 2.0 to 2.27 s
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			both(t, func(t *testing.T, model epd.Model) {
				b := start(t, epdtest.Opts{}, epd.Opts{Model: model, NoMeasure: true})
				m := blank(model)
				b.ok(b.Full(t.Context(), m))
				b.log.Reset()
				b.ok(b.Partial(t.Context(), m, image.Rect(0, 0, 8, 1)))
				for _, g := range tt.gaps {
					time.Sleep(g)
					b.ok(b.Partial(t.Context(), m, image.Rect(0, 0, 8, 1)))
				}
				time.Sleep(3 * time.Second)
				command := map[epd.Model]string{epd.Model4in2: " 22: 83\n", epd.Model7in5: "s 02\n"}[model]
				if off := strings.Count(b.log.String(), command); off != tt.off {
					t.Errorf("voltages went off %d times, want %d", off, tt.off)
				}
				b.clean()
			})
		})
	}
}

func TestClass(t *testing.T) {
	for _, tt := range []struct {
		partial time.Duration
		want    epd.Class
	}{
		{360 * time.Millisecond, epd.ClassFast},
		{435 * time.Millisecond, epd.ClassFast},
		{1050 * time.Millisecond, epd.ClassSlow},
		{1580 * time.Millisecond, epd.ClassSlow},
	} {
		both(t, func(t *testing.T, model epd.Model) {
			b := start(t, epdtest.Opts{PartialTime: tt.partial}, epd.Opts{Model: model})
			if b.Class() != epd.ClassUnknown || b.PartialTime() != 0 {
				t.Errorf("class %q, time %v before the first picture", b.Class(), b.PartialTime())
			}
			b.ok(b.Full(t.Context(), picture(rand.New(rand.NewPCG(3, 3)), model)))
			if b.Class() != tt.want {
				t.Errorf("partial of %v: class %q, want %q", b.PartialTime(), b.Class(), tt.want)
			}
			// Measured once: on the smaller panel 96 ms booster are in it, then 2 ms for BUSY to rise and to be trusted.
			if extra := b.PartialTime() - tt.partial; extra < 0 || extra > 110*time.Millisecond {
				t.Errorf("measured %v for %v", b.PartialTime(), tt.partial)
			}
			b.ok(b.Quick(t.Context(), blank(model)))
			if n := b.panel.Counts().Partial; n != 1 {
				t.Errorf("%d partial refreshes to measure, want 1", n)
			}
			b.clean()
		})
	}
}

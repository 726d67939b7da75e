// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"context"
	"flag"
	"image"
	"math/rand/v2"
	"os"
	"path/filepath"
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
	_ display.Panel      = (*epd.SSD1683)(nil)
	_ display.QuickPanel = (*epd.SSD1683)(nil)
)

var update = flag.Bool("update", false, "rewrite the golden files")

// bench is a driver on an emulated panel.
type bench struct {
	*epd.SSD1683
	t     *testing.T
	panel *epdtest.Emulator
	log   *epdtest.Log
}

// start returns a bench; it must be called in a synctest bubble.
func start(t *testing.T, po epdtest.Opts, do epd.Opts) *bench {
	t.Helper()
	b := &bench{t: t, log: new(epdtest.Log)}
	po.Trace = b.log.Add
	b.panel = epdtest.NewSSD1683(&po)
	d, err := epd.New(b.panel.Port(), epd.Pins(b.panel.Pins()), &do)
	if err != nil {
		t.Fatal(err)
	}
	b.SSD1683 = d
	t.Cleanup(func() {
		b.Halt()
		b.panel.SetPower(gpio.Low)
	})
	return b
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

// picture draws some random boxes.
func picture(r *rand.Rand) *mono.Image {
	m := mono.New(400, 300)
	scribble(r, m)
	return m
}

func scribble(r *rand.Rand, m *mono.Image) {
	for range 1 + r.IntN(6) {
		x, y := r.IntN(400), r.IntN(300)
		m.Fill(image.Rect(x, y, x+1+r.IntN(120), y+1+r.IntN(90)), r.IntN(3) == 0)
	}
}

func TestGolden(t *testing.T) {
	first, next := mono.New(400, 300), mono.New(400, 300)
	first.Fill(image.Rect(10, 10, 200, 60), false)
	next.CopyFrom(first)
	window := image.Rect(83, 200, 280, 250) // widened to 80–280: 25 bytes × 50 lines
	next.Fill(window, false)
	ctx := context.Background()
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
		{"partial_first", nil, func(b *bench) { b.ok(b.Partial(ctx, next, window)) }, next},
		{"idle", shown, func(b *bench) { b.ok(b.Partial(ctx, next, window)); time.Sleep(3 * time.Second) }, next},
		{"wipe", shown, func(b *bench) { b.ok(b.Wipe(ctx)) }, mono.New(400, 300)},
		{"sleep", func(b *bench) { b.ok(b.Full(ctx, first)); b.ok(b.Partial(ctx, next, window)) }, func(b *bench) { b.ok(b.Sleep(ctx)) }, next},
		{"wake", func(b *bench) { b.ok(b.Wipe(ctx)); time.Sleep(time.Minute) }, func(b *bench) { b.ok(b.Partial(ctx, next, window)) }, next},
		{"halt", shown, func(b *bench) { b.ok(b.Halt()) }, mono.New(400, 300)},
		{"halt_wiped", func(b *bench) { b.ok(b.Wipe(ctx)) }, func(b *bench) { b.ok(b.Halt()) }, mono.New(400, 300)},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := start(t, epdtest.Opts{}, epd.Opts{NoMeasure: true})
				b.t = t
				if tt.before != nil {
					tt.before(b)
					b.log.Reset()
				}
				tt.do(b)
				b.clean()
				b.shows(tt.want)
				golden(t, tt.name, b.log.String())
			})
		})
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

// Whatever is drawn in whatever order, the glass is the picture and nothing forbidden happens.
func TestGlassIsThePicture(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 2))
	for _, po := range []epdtest.Opts{{}, {PingPong: true}, {Clever: true, PartialTime: 1050 * time.Millisecond}, {BusyLate: 9 * time.Millisecond}} {
		po.Seed = seed
		for range 5 {
			synctest.Test(t, func(t *testing.T) { series(t, r, po) })
			if t.Failed() {
				t.Fatalf("panel %+v", po)
			}
		}
	}
}

func series(t *testing.T, r *rand.Rand, po epdtest.Opts) {
	b := start(t, po, epd.Opts{})
	ctx := t.Context()
	m := picture(r)
	asleep := true // the panel's memory is unknown: a partial shows the whole picture
	for range 30 {
		switch n := r.IntN(20); {
		case n < 2:
			scribble(r, m)
			b.ok(b.Full(ctx, m))
			asleep = false
		case n < 4:
			scribble(r, m)
			b.ok(b.Quick(ctx, m))
			asleep = false
		case n < 5:
			b.ok(b.Wipe(ctx))
			m, asleep = mono.New(400, 300), true
		case n < 6:
			b.ok(b.Sleep(ctx))
			if asleep = true; b.panel.Counts() == (epdtest.Counts{}) {
				continue
			}
		case n < 7:
			b.ok(b.Halt())
			m, asleep = mono.New(400, 300), true
		default:
			next := m.Clone()
			scribble(r, next)
			b.ok(b.Partial(ctx, next, m.Diff(next)))
			if asleep && m.Equal(next) {
				continue
			}
			m, asleep = next, false
		}
		b.shows(m)
		if !asleep {
			for _, cmd := range []byte{0x24, 0x26} {
				if d := b.panel.Bank(cmd).Diff(m); !d.Empty() {
					t.Fatalf("bank %02X differs from the picture in %v", cmd, d)
				}
			}
		}
		time.Sleep(time.Duration(r.IntN(4000)) * time.Millisecond)
		b.clean()
	}
}

func TestWipeLeavesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := start(t, epdtest.Opts{}, epd.Opts{})
		r := rand.New(rand.NewPCG(1, 1))
		m := picture(r)
		b.ok(b.Full(t.Context(), m))
		for range 5 {
			next := picture(r)
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
		if !b.panel.Busy() {
			t.Error("the controller is not in deep sleep")
		}
		b.clean()
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
			synctest.Test(t, func(t *testing.T) {
				b := start(t, epdtest.Opts{}, epd.Opts{NoMeasure: true})
				m := mono.New(400, 300)
				b.ok(b.Full(t.Context(), m))
				b.log.Reset()
				b.ok(b.Partial(t.Context(), m, image.Rect(0, 0, 8, 1)))
				for _, g := range tt.gaps {
					time.Sleep(g)
					b.ok(b.Partial(t.Context(), m, image.Rect(0, 0, 8, 1)))
				}
				time.Sleep(3 * time.Second)
				off, bytes := 0, b.log.Bytes()
				for i := 0; i+3 < len(bytes); i++ {
					if bytes[i] == 0 && bytes[i+1] == 0x22 && bytes[i+3] == 0x83 {
						off++
					}
				}
				if off != tt.off {
					t.Errorf("voltages went off %d times, want %d", off, tt.off)
				}
				b.clean()
			})
		})
	}
}

func TestClass(t *testing.T) {
	tests := []struct {
		partial time.Duration
		want    epd.Class
	}{
		{360 * time.Millisecond, epd.ClassFast},
		{1050 * time.Millisecond, epd.ClassSlow},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			b := start(t, epdtest.Opts{PartialTime: tt.partial}, epd.Opts{})
			if b.Class() != epd.ClassUnknown || b.PartialTime() != 0 {
				t.Errorf("class %q, time %v before the first picture", b.Class(), b.PartialTime())
			}
			b.ok(b.Full(t.Context(), picture(rand.New(rand.NewPCG(3, 3)))))
			if b.Class() != tt.want {
				t.Errorf("partial of %v: class %q, want %q", b.PartialTime(), b.Class(), tt.want)
			}
			// Measured once: 96 ms booster, then 2 ms for BUSY to rise and to be trusted.
			if extra := b.PartialTime() - tt.partial; extra < 0 || extra > 110*time.Millisecond {
				t.Errorf("measured %v for %v", b.PartialTime(), tt.partial)
			}
			b.ok(b.Quick(t.Context(), mono.New(400, 300)))
			if n := b.panel.Counts().Partial; n != 1 {
				t.Errorf("%d partial refreshes to measure, want 1", n)
			}
			b.clean()
		})
	}
}

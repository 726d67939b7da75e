// SPDX-License-Identifier: Apache-2.0

package mono_test

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/mono"
)

// source returns a random source and prints its seed.
func source(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, 1))
}

// rect draws a rectangle that may reach over the borders of w × h or be empty.
func rect(r *rand.Rand, w, h int) image.Rectangle {
	return image.Rect(r.IntN(w+10)-5, r.IntN(h+10)-5, r.IntN(w+10)-5, r.IntN(h+10)-5)
}

func TestNewIsWhite(t *testing.T) {
	for _, size := range []image.Point{{400, 300}, {9, 2}, {1, 1}, {8, 1}, {0, 0}} {
		m := mono.New(size.X, size.Y)
		if want := (size.X + 7) / 8 * size.Y; len(m.Pix) != want {
			t.Errorf("%v: %d bytes, want %d", size, len(m.Pix), want)
		}
		for i, b := range m.Pix {
			if b != 0xFF {
				t.Fatalf("%v: byte %d is %02X", size, i, b)
			}
		}
	}
}

func TestBitOrder(t *testing.T) {
	m := mono.New(16, 2)
	m.SetWhite(0, 0, false)
	m.SetWhite(15, 1, false)
	if diff := cmp.Diff([]byte{0x7F, 0xFF, 0xFF, 0xFE}, m.Pix); diff != "" {
		t.Errorf("Pix (-want +got):\n%s", diff)
	}
}

func TestOutside(t *testing.T) {
	m := mono.New(9, 3)
	for _, p := range []image.Point{{-1, 0}, {9, 0}, {15, 1}, {0, -1}, {0, 3}} {
		m.SetWhite(p.X, p.Y, false)
		m.Set(p.X, p.Y, color.Black)
		if !m.White(p.X, p.Y) {
			t.Errorf("%v outside the picture is black", p)
		}
	}
	if !m.Equal(mono.New(9, 3)) {
		t.Error("a pixel outside changed the picture")
	}
}

func TestFillEqualsPixelByPixel(t *testing.T) {
	r := source(t)
	for range 300 {
		w, h := 1+r.IntN(40), 1+r.IntN(9)
		got, want := mono.New(w, h), mono.New(w, h)
		for range 4 {
			box, white := rect(r, w, h), r.IntN(2) == 0
			got.Fill(box, white)
			for y := box.Min.Y; y < box.Max.Y; y++ {
				for x := box.Min.X; x < box.Max.X; x++ {
					want.SetWhite(x, y, white)
				}
			}
		}
		if diff := cmp.Diff(want.Pix, got.Pix); diff != "" {
			t.Fatalf("%d×%d (-want +got):\n%s", w, h, diff)
		}
	}
}

func TestDiffIsTheSmallestRectangle(t *testing.T) {
	r := source(t)
	for range 300 {
		w, h := 1+r.IntN(40), 1+r.IntN(9)
		a := mono.New(w, h)
		a.Fill(rect(r, w, h), false)
		b := a.Clone()
		var want image.Rectangle
		white, black := 0, 0
		for range r.IntN(4) {
			b.SetWhite(r.IntN(w), r.IntN(h), r.IntN(2) == 0)
		}
		for y := range h {
			for x := range w {
				switch {
				case a.White(x, y) == b.White(x, y):
					continue
				case b.White(x, y):
					white++
				default:
					black++
				}
				want = want.Union(image.Rect(x, y, x+1, y+1))
			}
		}
		if got := a.Diff(b); got != want {
			t.Fatalf("%d×%d: Diff %v, want %v", w, h, got, want)
		}
		if gw, gb := a.Turned(b); gw != white || gb != black {
			t.Fatalf("%d×%d: Turned %d, %d, want %d, %d", w, h, gw, gb, white, black)
		}
		if a.Equal(b) != want.Empty() {
			t.Fatalf("%d×%d: Equal %v with difference %v", w, h, a.Equal(b), want)
		}
	}
}

func TestOtherSizeDiffersEverywhere(t *testing.T) {
	a, b := mono.New(8, 8), mono.New(16, 4)
	if got, want := a.Diff(b), image.Rect(0, 0, 16, 8); got != want {
		t.Errorf("Diff %v, want %v", got, want)
	}
	if a.Equal(b) || a.CopyFrom(b) {
		t.Error("pictures of different size are taken for equal")
	}
}

func TestAppendWindow(t *testing.T) {
	m := mono.New(32, 4)
	for i := range m.Pix {
		m.Pix[i] = byte(i)
	}
	tests := []struct {
		name string
		r    image.Rectangle
		want []byte
	}{
		{"aligned", image.Rect(8, 1, 24, 3), []byte{5, 6, 9, 10}},
		{"widened", image.Rect(9, 1, 17, 3), []byte{5, 6, 9, 10}},
		{"one pixel", image.Rect(31, 3, 32, 4), []byte{15}},
		{"cut", image.Rect(-8, 3, 100, 9), []byte{12, 13, 14, 15}},
		{"outside", image.Rect(40, 0, 50, 4), nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, m.AppendWindow(nil, tt.r)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

func TestDrawAndPNG(t *testing.T) {
	m := mono.New(20, 5)
	draw.Draw(m, image.Rect(3, 1, 11, 4), image.Black, image.Point{}, draw.Src)
	draw.Draw(m, image.Rect(5, 2, 7, 3), image.NewUniform(color.Gray{Y: 0x80}), image.Point{}, draw.Src)
	want := mono.New(20, 5)
	want.Fill(image.Rect(3, 1, 11, 4), false)
	want.Fill(image.Rect(5, 2, 7, 3), true)
	if !m.Equal(want) {
		t.Errorf("drawn picture differs in %v", m.Diff(want))
	}
	var buf bytes.Buffer
	if err := png.Encode(&buf, m); err != nil {
		t.Fatal(err)
	}
	back, err := png.Decode(&buf)
	if err != nil {
		t.Fatal(err)
	}
	if p, ok := back.(*image.Paletted); !ok || len(p.Palette) != 2 {
		t.Errorf("PNG came back as %T, want two colours", back)
	}
	for y := range 5 {
		for x := range 20 {
			m.Set(x, y, back.At(x, y))
		}
	}
	if !m.Equal(want) {
		t.Errorf("PNG differs in %v", m.Diff(want))
	}
}

func TestSetRoundsAsSetRGBA64(t *testing.T) {
	r := source(t)
	a, b := mono.New(64, 64), mono.New(64, 64)
	for y := range 64 {
		for x := range 64 {
			c := color.RGBA64{R: uint16(r.Uint32()), G: uint16(r.Uint32()), B: uint16(r.Uint32()), A: 0xFFFF}
			a.Set(x, y, c)
			b.SetRGBA64(x, y, c)
		}
	}
	if !a.Equal(b) {
		t.Errorf("Set and SetRGBA64 differ in %v", a.Diff(b))
	}
}

func TestWindowAllocatesNothing(t *testing.T) {
	m, buf := mono.New(400, 300), make([]byte, 0, 15000)
	if n := testing.AllocsPerRun(20, func() { buf = m.AppendWindow(buf[:0], m.Bounds()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

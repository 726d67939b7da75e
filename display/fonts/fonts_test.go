// SPDX-License-Identifier: Apache-2.0

package fonts

import (
	"bytes"
	"math/bits"
	"runtime"
	"slices"
	"testing"
)

func TestOpen(t *testing.T) {
	for _, size := range Sizes() {
		f := open(t, size)
		if f.Size() != size {
			t.Errorf("face of %d px says %d", size, f.Size())
		}
		tests := []struct {
			r rune
			w int
		}{{'暗', size}, {'あ', size}, {'、', size}, {'A', size / 2}, {'0', size / 2}, {DottedZero, size / 2}, {' ', size / 2},
			{'한', (size*23 + 12) / 25}, {Simplified.Of('卡'), size}, {Vietnamese.Of(' '), size / 4}}
		for _, tt := range tests {
			w, ok := f.Advance(tt.r)
			g, drawn := f.Glyph(tt.r)
			if !ok || !drawn || w != tt.w || g.W != tt.w || g.H != size || len(g.Bits) != g.Stride*g.H {
				t.Errorf("%d px %q: width %d of %d, found %v, glyph %v", size, tt.r, w, tt.w, ok, drawn)
			}
		}
	}
	if _, err := Open(33); err == nil {
		t.Error("a size that was not made was opened")
	}
}

// Every rune of every size has a glyph with ink inside its cell, but for the spaces; no ink lies right of a narrow cell.
func TestEveryGlyphHasInk(t *testing.T) {
	for _, size := range Sizes() {
		f := open(t, size)
		for _, r := range f.Runes() {
			g, ok := f.Glyph(r)
			if !ok {
				t.Fatalf("%d px: %q is listed but cannot be drawn", size, r)
			}
			ink, outside := 0, false
			for y := range g.H {
				row := g.Bits[y*g.Stride : (y+1)*g.Stride]
				for i, b := range row {
					ink += bits.OnesCount8(b)
					for x := i * 8; b != 0; x, b = x+1, b<<1 {
						outside = outside || b&0x80 != 0 && x >= g.W
					}
				}
			}
			if space := Plain(r) == ' ' || r == '\u3000'; (ink == 0) != space || outside {
				t.Errorf("%d px %q (%U): %d pixels of ink, outside its cell: %v", size, r, r, ink, outside)
			}
		}
	}
}

// O and the dotted zero, I and 1, S and 5, B and 8 must differ by many pixels: the password allows all of them.
func TestLookAlikes(t *testing.T) {
	f := open(t, 28)
	for _, p := range [][2]rune{{'O', DottedZero}, {'0', DottedZero}, {'I', '1'}, {'S', '5'}, {'B', '8'}, {'Z', '2'}} {
		a := slices.Clone(glyph(t, f, p[0]).Bits)
		b := glyph(t, f, p[1]).Bits
		n := 0
		for i := range a {
			n += bits.OnesCount8(a[i] ^ b[i])
		}
		if n < 8 {
			t.Errorf("%q and %q differ in %d pixels", p[0], p[1], n)
		}
	}
}

// A character that China and Japan write differently has two glyphs, and a letter that both share has one.
func TestScripts(t *testing.T) {
	f := open(t, 32)
	for _, r := range "骨直角海" {
		a := slices.Clone(glyph(t, f, r).Bits)
		if bytes.Equal(a, glyph(t, f, Simplified.Of(r)).Bits) {
			t.Errorf("%q is drawn alike in Japanese and in Chinese", r)
		}
	}
	for _, tt := range []struct {
		s        Script
		in, want string
	}{
		{Japanese, "骨 A1", "骨 A1"},
		{Simplified, "骨，A×\n", string(rune(0xF0000+'骨')) + string(rune(0xF0000+'，')) + "A×\n"},
		{Vietnamese, "ế |×骨", string(rune(0x100000+'ế')) + string(rune(0x100000+' ')) + "|×骨"},
	} {
		got := tt.s.Shape(tt.in)
		if got != tt.want || tt.s.Shape(got) != got || PlainText(got) != tt.in {
			t.Errorf("%d %q: shaped %q, again %q, plain again %q", tt.s, tt.in, got, tt.s.Shape(got), PlainText(got))
		}
	}
	for lang, want := range map[string]Script{"ja": Japanese, "ja_easy": Japanese, "ko": Japanese, "pt": Japanese, "zh": Simplified, "vi": Vietnamese} {
		if got := ScriptOf(lang); got != want {
			t.Errorf("script of %s: got %d, want %d", lang, got, want)
		}
	}
}

// The cache of inflated blocks forgets the oldest and gives the same picture again.
func TestBlocksComeBack(t *testing.T) {
	f := open(t, 32)
	first := slices.Clone(glyph(t, f, '暗').Bits)
	for _, r := range f.Runes() {
		glyph(t, f, r)
	}
	if len(f.blocks) != cached || len(f.order) != cached {
		t.Errorf("%d blocks are kept in an order of %d, want %d", len(f.blocks), len(f.order), cached)
	}
	if !bytes.Equal(first, glyph(t, f, '暗').Bits) {
		t.Error("the glyph changed")
	}
}

// The glyphs stay where the program's file is mapped: a copy of the two large files would be 2 MiB of the box's memory for ever.
func TestOpenCopiesNoGlyphs(t *testing.T) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f := open(t, 40)
	runtime.ReadMemStats(&after)
	if got, most := after.TotalAlloc-before.TotalAlloc, uint64(16*len(f.Runes())+256<<10); got > most {
		t.Errorf("opening 40 px takes %d bytes, want at most %d", got, most)
	}
}

func TestNoGlyph(t *testing.T) {
	f := open(t, 32)
	for _, r := range []rune{'ก', '\uFFFD', -1, 0x10FFFF} {
		if _, ok := f.Glyph(r); ok {
			t.Errorf("%U has a glyph", r)
		}
		if _, ok := f.Advance(r); ok {
			t.Errorf("%U has a width", r)
		}
	}
}

// A damaged file is an error or a glyph that is not there, never a panic or a giant allocation.
func FuzzDecode(f *testing.F) {
	file, err := files.ReadFile("28.bin")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(file)
	f.Add(file[:len(file)/2])
	f.Add([]byte(Magic))
	f.Fuzz(func(t *testing.T, data []byte) {
		face, err := Decode(bytes.NewReader(data), int64(len(data)))
		if err != nil {
			return
		}
		for _, r := range face.Runes() {
			if g, ok := face.Glyph(r); ok && len(g.Bits) != g.H*g.Stride {
				t.Errorf("%U: %d bytes for %d×%d", r, len(g.Bits), g.W, g.H)
			}
		}
	})
}

func open(t *testing.T, size int) *Face {
	t.Helper()
	f, err := Open(size)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func glyph(t *testing.T, f *Face, r rune) Glyph {
	t.Helper()
	g, ok := f.Glyph(r)
	if !ok {
		t.Fatalf("no glyph for %q", r)
	}
	return g
}

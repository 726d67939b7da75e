// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"image"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"madoguchi/display/fonts"
)

// Where Debian puts the fonts.
const (
	bizud = "/usr/share/fonts/truetype/bizud-gothic/BIZUDGothic-Bold.ttf" // fonts-morisawa-bizud-gothic
	noto  = "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"         // fonts-noto-cjk
)

// The fonts of the Noto collection. Hangul and Latin letters are the same in all of them.
const (
	notoJapanese   = 0
	notoSimplified = 2
)

// ink is the coverage from which a pixel is black. A little under a half: strokes of 12-stroke kanji stay whole at 28 px.
const ink = 116

// A source draws glyphs.
type source struct {
	japanese   []*opentype.Font // in the order they are asked for a rune
	simplified *opentype.Font
	latin      *opentype.Font // for Vietnamese
	faces      map[faceKey]font.Face
	buf        sfnt.Buffer
}

type faceKey struct {
	font *opentype.Font
	size int
}

func open() (*source, error) {
	s := &source{faces: make(map[faceKey]font.Face)}
	for _, f := range []struct {
		path  string
		index int
		to    func(*opentype.Font)
	}{
		{bizud, 0, func(f *opentype.Font) { s.japanese = append(s.japanese, f) }},
		{noto, notoJapanese, func(f *opentype.Font) { s.japanese, s.latin = append(s.japanese, f), f }},
		{noto, notoSimplified, func(f *opentype.Font) { s.simplified = f }},
	} {
		data, err := os.ReadFile(f.path)
		if err != nil {
			return nil, fmt.Errorf("reading a font (`make setup` installs it): %w", err)
		}
		c, err := opentype.ParseCollection(data)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", f.path, err)
		}
		font, err := c.Font(f.index)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", f.path, err)
		}
		f.to(font)
	}
	return s, nil
}

// font returns the font that draws a code of package fonts.
func (s *source) font(code rune) (*opentype.Font, error) {
	from := s.japanese
	if code != fonts.Plain(code) && fonts.Simplified.Of(fonts.Plain(code)) == code {
		from = []*opentype.Font{s.simplified}
	}
	for _, f := range from {
		if g, err := f.GlyphIndex(&s.buf, fonts.Plain(code)); err == nil && g != 0 {
			return f, nil
		}
	}
	return nil, fmt.Errorf("no font has %q (%U)", fonts.Plain(code), code)
}

// face returns a font in a size.
func (s *source) face(f *opentype.Font, size int) (font.Face, error) {
	k := faceKey{f, size}
	if face := s.faces[k]; face != nil {
		return face, nil
	}
	// 72 dpi: one point is one pixel. No hinting: x/image has none, and rounded metrics would move the glyphs.
	face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
	if err != nil {
		return nil, fmt.Errorf("opening a face: %w", err)
	}
	s.faces[k] = face
	return face, nil
}

// A cell is the picture of a glyph: size rows of (size+7)/8 bytes, 1 = ink, of which the leftmost width pixels are its own.
type cell struct {
	bits  []byte
	width int
}

// draw returns the cell of a code of package fonts. What would lie outside its cell is an error: nothing is cut off in silence.
func (s *source) draw(code rune, size int) (cell, error) {
	if code == fonts.DottedZero {
		c, err := s.draw('0', size)
		if err == nil {
			dot(c.bits, size)
		}
		return c, err
	}
	if code != fonts.Plain(code) && fonts.Vietnamese.Of(fonts.Plain(code)) == code {
		return s.vietnamese(code, size)
	}
	f, err := s.font(code)
	if err != nil {
		return cell{}, err
	}
	face, err := s.face(f, size)
	if err != nil {
		return cell{}, err
	}
	r := fonts.Plain(code)
	adv, _ := face.GlyphAdvance(r)
	c := cell{make([]byte, (size+7)/8*size), min(adv.Round(), size)}
	// BIZ UDGothic fills its em exactly: 1802 units above the base line and 246 below of 2048. Glyphs of Noto keep its base line.
	// A glyph is put in the middle of its cell, which for BIZ UDGothic is where it is.
	at := fixed.Point26_6{X: (fixed.I(c.width) - adv) / 2, Y: fixed.I(size) * 1802 / 2048}
	dr, mask, mp, _, ok := face.Glyph(at, r)
	if !ok {
		return c, nil
	}
	return c, c.take(dr, mask, mp, code, size)
}

// take copies the ink of a mask into the cell.
func (c cell) take(dr image.Rectangle, mask image.Image, mp image.Point, code rune, size int) error {
	own := image.Rect(0, 0, c.width, size)
	out := 0
	for y := dr.Min.Y; y < dr.Max.Y; y++ {
		for x := dr.Min.X; x < dr.Max.X; x++ {
			_, _, _, a := mask.At(mp.X+x-dr.Min.X, mp.Y+y-dr.Min.Y).RGBA()
			if a>>8 < ink {
				continue
			}
			if !(image.Point{X: x, Y: y}).In(own) {
				out++
				continue
			}
			c.bits[y*((size+7)/8)+x/8] |= 0x80 >> (x % 8)
		}
	}
	if out > size/4 { // a tip of a stroke may be lost
		return fmt.Errorf("drawing %q (%U) at %d px: %d pixels of ink lie outside its cell", fonts.Plain(code), code, size, out)
	}
	return nil
}

// dot puts a dot into the middle of a half-width zero, an eighth of the cell high and a twelfth wide.
func dot(bits []byte, size int) {
	stride := (size + 7) / 8
	w, h := max(2, size/12), max(4, size/6)
	// the zero's body: 94 to 930 of 1024 units wide, 1649 above and 96 below the base line at 1802 of 2048
	cx, cy := (94+930)*size/2/2048, (1802-1649+1802+96)*size/2/2048
	for y := cy - h/2; y < cy-h/2+h; y++ {
		for x := cx - w/2; x < cx-w/2+w; x++ {
			bits[y*stride+x/8] |= 0x80 >> (x % 8)
		}
	}
}

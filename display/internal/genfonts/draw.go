// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"fmt"
	"image"
	"os"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"

	"madoguchi/display/fonts"
)

// Where Debian puts the fonts, in the order they are asked for a rune.
const (
	bizud = "/usr/share/fonts/truetype/bizud-gothic/BIZUDGothic-Bold.ttf" // fonts-morisawa-bizud-gothic
	noto  = "/usr/share/fonts/opentype/noto/NotoSansCJK-Bold.ttc"         // fonts-noto-cjk
)

// ink is the coverage from which a pixel is black. A little under a half: strokes of 12-stroke kanji stay whole at 28 px.
const ink = 116

// A source draws glyphs from the first of its fonts that has them.
type source struct {
	fonts []*opentype.Font
	faces map[int][]font.Face
	buf   sfnt.Buffer
}

func open() (*source, error) {
	s := &source{faces: make(map[int][]font.Face)}
	for _, path := range []string{bizud, noto} {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("reading a font (`make setup` installs it): %w", err)
		}
		c, err := opentype.ParseCollection(data)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", path, err)
		}
		f, err := c.Font(0)
		if err != nil {
			return nil, fmt.Errorf("parsing %s: %w", path, err)
		}
		s.fonts = append(s.fonts, f)
	}
	return s, nil
}

// face returns the face that draws a rune in a size.
func (s *source) face(r rune, size int) (font.Face, error) {
	if s.faces[size] == nil {
		for _, f := range s.fonts {
			// 72 dpi: one point is one pixel. No hinting: x/image has none, and rounded metrics would move the glyphs.
			face, err := opentype.NewFace(f, &opentype.FaceOptions{Size: float64(size), DPI: 72, Hinting: font.HintingNone})
			if err != nil {
				return nil, fmt.Errorf("opening a face: %w", err)
			}
			s.faces[size] = append(s.faces[size], face)
		}
	}
	for i, f := range s.fonts {
		if g, err := f.GlyphIndex(&s.buf, r); err == nil && g != 0 {
			return s.faces[size][i], nil
		}
	}
	return nil, fmt.Errorf("no font has %q (%U)", r, r)
}

// draw returns the cell of a rune, 1 = ink, and whether it is of half width.
func (s *source) draw(r rune, size int) (bits []byte, half bool, err error) {
	if r == fonts.DottedZero {
		bits, half, err = s.draw('0', size)
		if err == nil {
			dot(bits, size)
		}
		return bits, half, err
	}
	face, err := s.face(r, size)
	if err != nil {
		return nil, false, err
	}
	adv, _ := face.GlyphAdvance(r)
	half = adv <= fixed.I(size)*5/8
	cell := image.Rect(0, 0, size, size)
	if half {
		cell.Max.X = size / 2
	}
	// BIZ UDGothic fills its em exactly: 1802 units above the base line and 246 below of 2048. Glyphs of other fonts keep its base line.
	// A glyph is put in the middle of its cell, which for BIZ UDGothic is where it is.
	at := fixed.Point26_6{X: (fixed.I(cell.Dx()) - adv) / 2, Y: fixed.I(size) * 1802 / 2048}
	dr, mask, mp, _, ok := face.Glyph(at, r)
	stride := (size + 7) / 8
	bits = make([]byte, stride*size)
	if !ok {
		return bits, half, nil
	}
	for y := dr.Min.Y; y < dr.Max.Y; y++ {
		for x := dr.Min.X; x < dr.Max.X; x++ {
			_, _, _, a := mask.At(mp.X+x-dr.Min.X, mp.Y+y-dr.Min.Y).RGBA()
			if a>>8 < ink || !(image.Point{X: x, Y: y}).In(cell) {
				continue // what a glyph of another font may put beyond the cell is cut off
			}
			bits[y*stride+x/8] |= 0x80 >> (x % 8)
		}
	}
	return bits, half, nil
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

// encode draws the runes and packs them as package fonts describes.
func encode(src *source, size int, common, rest []rune) ([]byte, error) {
	all := append(append([]rune(nil), common...), rest...)
	var list, glyphs bytes.Buffer
	for _, r := range all {
		bits, half, err := src.draw(r, size)
		if err != nil {
			return nil, err
		}
		v := uint32(r)
		if half {
			v |= fonts.HalfBit
		}
		list.Write(binary.LittleEndian.AppendUint32(nil, v))
		glyphs.Write(bits)
	}
	per := fonts.PerBlock * size * ((size + 7) / 8)
	blocks := [][]byte{list.Bytes()}
	for b := glyphs.Bytes(); len(b) > 0; b = b[min(per, len(b)):] {
		blocks = append(blocks, b[:min(per, len(b))])
	}
	var body bytes.Buffer
	var ends []uint32
	for _, b := range blocks {
		w, err := flate.NewWriter(&body, flate.BestCompression)
		if err != nil {
			return nil, fmt.Errorf("deflating: %w", err)
		}
		if _, err := w.Write(b); err != nil {
			return nil, fmt.Errorf("deflating: %w", err)
		}
		if err := w.Close(); err != nil {
			return nil, fmt.Errorf("deflating: %w", err)
		}
		ends = append(ends, uint32(body.Len()))
	}
	out := bytes.NewBufferString(fonts.Magic)
	h := fonts.Header{Size: uint32(size), Common: uint32(len(common)), Total: uint32(len(all)), Blocks: uint32(len(blocks) - 1)}
	for _, v := range []any{h, ends} {
		if err := binary.Write(out, binary.LittleEndian, v); err != nil {
			return nil, fmt.Errorf("packing: %w", err)
		}
	}
	out.Write(body.Bytes())
	return out.Bytes(), nil
}

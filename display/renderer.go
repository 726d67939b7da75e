// SPDX-License-Identifier: Apache-2.0

package display

import (
	"fmt"
	"image"
	"sync"

	"madoguchi/display/fonts"
	"madoguchi/display/mono"
	"madoguchi/display/words"
)

// A Renderer draws screens for one panel size. It is not safe for use by several goroutines at once.
type Renderer struct {
	sheet sheet
	cat   *words.Catalogue
	faces map[int]*fonts.Face
}

// NewRenderer returns a renderer for a panel of the given bounds in pixels, at least 400×300. Words and glyphs are part of the program;
// glyphs are inflated when they are first drawn.
func NewRenderer(bounds image.Rectangle) (*Renderer, error) {
	sh, err := sheetFor(bounds)
	if err != nil {
		return nil, err
	}
	cat, err := catalogue()
	if err != nil {
		return nil, fmt.Errorf("reading the catalogue: %w", err)
	}
	return &Renderer{sheet: sh, cat: cat, faces: make(map[int]*fonts.Face)}, nil
}

// Render draws a screen into a new picture, which is the caller's. A missing text, a code without words, a missing glyph (*GlyphError) or
// something that does not fit (*OverflowError) is an error, and there is no picture.
func (r *Renderer) Render(s Screen) (*mono.Image, error) {
	m := mono.New(r.sheet.w, r.sheet.h)
	if err := r.RenderTo(m, s); err != nil {
		return nil, err
	}
	return m, nil
}

// RenderTo is Render into a picture of the panel's size that the caller uses again. After an error its content is of no use.
func (r *Renderer) RenderTo(m *mono.Image, s Screen) error {
	if m.W != r.sheet.w || m.H != r.sheet.h {
		return fmt.Errorf("drawing screen %s: picture is %d×%d, panel %d×%d", s.ID, m.W, m.H, r.sheet.w, r.sheet.h)
	}
	p, err := build(r.cat, s)
	if err != nil {
		return err
	}
	m.Fill(m.Bounds(), true)
	d := drawer{sheet: r.sheet, canvas: canvas{m: m, faces: r.faces}}
	d.page(p)
	if d.err != nil {
		return fmt.Errorf("drawing screen %s in %s: %w", s.ID, s.Lang, d.err)
	}
	return nil
}

// Text returns the words of a screen in reading order, one line each, for a voice. It says nothing of what was typed, not even how much.
// A screen that cannot be built has no words; Render tells why.
func (r *Renderer) Text(s Screen) []string {
	p, err := build(r.cat, s)
	if err != nil {
		return nil
	}
	return p.spoken()
}

// Drawable reports whether a text that comes from outside, such as the name of an office, has glyphs for every rune. The glyph files hold
// ASCII and JIS X 0208 in the sizes such texts are drawn in; a *GlyphError names the first rune they lack.
func Drawable(text string) error {
	faces, err := outsideFaces()
	if err != nil {
		return err
	}
	for _, f := range faces {
		for _, r := range text {
			if _, ok := f.Advance(r); !ok {
				return &GlyphError{Rune: r, Size: f.Size()}
			}
		}
	}
	return nil
}

// outsideFaces are the faces in which texts from outside are drawn, in the order of officeSizes. All callers share them: they are asked for
// widths only, never for a picture.
var outsideFaces = sync.OnceValues(func() ([]*fonts.Face, error) {
	faces := make([]*fonts.Face, len(officeSizes))
	for i, size := range officeSizes {
		f, err := fonts.Open(size)
		if err != nil {
			return nil, err
		}
		faces[i] = f
	}
	return faces, nil
})

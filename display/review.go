// SPDX-License-Identifier: Apache-2.0

package display

import (
	"fmt"
	"image"
	"sync"

	"madoguchi/display/fonts"
	"madoguchi/display/mono"
)

// The side of the square in which ResidentReview leaves room for one character, in pixels (13.6 mm): large enough for weak eyes, too small to be read
// from across a counter. And the frame around it.
const (
	glimpseSide  = 64
	glimpseFrame = 4
)

// reviewable are the characters of a signing password in the order of an atlas: as the card knows them, no small letters.
var reviewable = []rune("ABCDEFGHIJKLMNOPQRSTUVWXYZ" + string(fonts.DottedZero) + "123456789")

// review is the screen on which a resident may look at what was typed, one character at a time. It holds none itself.
func (b *builder) review(p *page) {
	f := b.s.Facts
	if f.Choice < 1 || f.Choice > f.Filled || f.Filled > letterCells {
		b.fail(&OverflowError{What: "characters", Need: f.Choice, Have: min(f.Filled, letterCells)})
		return
	}
	p.title = b.tr("resident.review.title")
	p.review = fmt.Sprintf("▲▼ %d / %d", f.Choice, f.Filled)
	p.paras = append(p.paras, b.tr("resident.review.body"))
}

// glimpsePlace is the room for the character.
func (s sheet) glimpsePlace() image.Rectangle {
	in := s.inner()
	x := (in.Max.X - glimpseFrame - glimpseSide) &^ 7
	y := in.Min.Y + 2*glimpseFrame
	return image.Rect(x, y, x+glimpseSide, y+glimpseSide)
}

// review draws title and place beside the frame, and under it what the keys do.
func (d *drawer) review(p page) {
	s, in := d.sheet, d.sheet.inner()
	at := s.glimpsePlace()
	d.box(at.Inset(-glimpseFrame), glimpseFrame-1)
	y := in.Min.Y + 2
	for _, t := range []string{plain(p.title), p.review} {
		if w := d.width(t, s.title); in.Min.X+w > at.Min.X-2*glimpseFrame {
			d.fail(&OverflowError{What: t, Need: w, Have: at.Min.X - 2*glimpseFrame - in.Min.X})
		}
		d.text(in.Min.X, y, s.title, t)
		y += s.title * 21 / 20
	}
	y = max(y, at.Max.Y+2*glimpseFrame)
	lines := balance(p.paras[0], in.Dx(), func(r rune) int { return d.advance(r, s.body) })
	pitch := min(s.body*29/20, (in.Max.Y-y)/len(lines))
	if pitch < s.body*11/10 {
		d.fail(&OverflowError{What: p.paras[0], Need: len(lines) * s.body * 11 / 10, Have: in.Max.Y - y})
		return
	}
	for i, l := range lines {
		d.text(in.Min.X, y+i*pitch+(pitch-s.body)/2, s.body, l)
	}
}

// glimpseFace is the print of a character that is revealed; it is read when the first one is.
var glimpseFace = sync.OnceValues(func() (*fonts.Face, error) { return fonts.Open(glimpseSide) })

// DrawAtlas draws the pictures of A–Z and 0–9 that Painter.Reveal offers, one after the other, each of 64 lines of 8 bytes, 1 = white. They are made for
// the moment and cleared behind it, so that a search of memory for the picture of a character finds none but a leaked one.
func DrawAtlas() ([]byte, error) {
	face, err := glimpseFace()
	if err != nil {
		return nil, fmt.Errorf("opening the print of a character: %w", err)
	}
	atlas := make([]byte, 0, len(reviewable)*glimpseSide*glimpseSide/8)
	c := canvas{m: mono.New(glimpseSide, glimpseSide), faces: map[int]*fonts.Face{glimpseSide: face}}
	for _, r := range reviewable {
		c.m.Fill(c.m.Bounds(), true)
		// off the glyph's own bytes, which lie in the print's memory: a search must tell the two apart
		c.text((glimpseSide-c.width(string(r), glimpseSide))/2+3, 0, glimpseSide, string(r))
		atlas = append(atlas, c.m.Pix...)
	}
	clear(c.m.Pix)
	if c.err != nil {
		clear(atlas)
		return nil, c.err
	}
	return atlas, nil
}

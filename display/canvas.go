// SPDX-License-Identifier: Apache-2.0

package display

import (
	"fmt"
	"image"

	"madoguchi/display/fonts"
	"madoguchi/display/mono"
)

// A GlyphError says that no glyph was made for a rune in a size.
type GlyphError struct {
	Rune rune
	Size int
}

func (e *GlyphError) Error() string {
	return fmt.Sprintf("no glyph for %q (%U) at %d px", fonts.Plain(e.Rune), e.Rune, e.Size)
}

// An OverflowError says that something does not fit its place.
type OverflowError struct {
	What string // the text, or the part of the screen
	Need int    // pixels it takes
	Have int    // pixels there are
}

func (e *OverflowError) Error() string {
	return fmt.Sprintf("%q takes %d px of %d", fonts.PlainText(e.What), e.Need, e.Have)
}

// A canvas draws on a picture and keeps the first error, so that a layout reads as a list of what is drawn.
type canvas struct {
	m     *mono.Image
	faces map[int]*fonts.Face
	err   error
}

func (c *canvas) fail(err error) {
	if c.err == nil {
		c.err = err
	}
}

func (c *canvas) face(size int) *fonts.Face {
	if f := c.faces[size]; f != nil {
		return f
	}
	f, err := fonts.Open(size)
	if err != nil {
		c.fail(err)
		return nil
	}
	c.faces[size] = f
	return f
}

// width returns the width of a text in pixels.
func (c *canvas) width(s string, size int) int {
	n := 0
	for _, r := range s {
		n += c.advance(r, size)
	}
	return n
}

// advance returns the width of a rune; a rune without a glyph is an error, at its width in full columns.
func (c *canvas) advance(r rune, size int) int {
	f := c.face(size)
	if f == nil {
		return size
	}
	n, ok := f.Advance(r)
	if !ok {
		c.fail(&GlyphError{Rune: r, Size: size})
	}
	return n
}

// text draws a line with its cell's top left corner at (x, y) and returns the x after it.
func (c *canvas) text(x, y, size int, s string) int { return c.draw(x, y, size, s, false) }

// white draws a line in white, for a ground that is black.
func (c *canvas) white(x, y, size int, s string) int { return c.draw(x, y, size, s, true) }

func (c *canvas) draw(x, y, size int, s string, white bool) int {
	if w := c.width(s, size); x < 0 || x+w > c.m.W || y < 0 || y+size > c.m.H {
		c.fail(&OverflowError{What: s, Need: max(x+w, y+size), Have: c.m.W})
		return x + w
	}
	f := c.face(size)
	if f == nil {
		return x
	}
	for _, r := range s {
		g, ok := f.Glyph(r)
		if !ok {
			c.fail(&GlyphError{Rune: r, Size: size})
			return x
		}
		c.blit(x, y, g, white)
		x += g.W
	}
	return x
}

// blit puts a glyph's ink on the picture, a byte at a time. The caller has seen to it that the cell lies inside.
func (c *canvas) blit(x, y int, g fonts.Glyph, white bool) {
	shift := uint(x & 7)
	for row := range g.H {
		dst := c.m.Pix[(y+row)*c.m.Stride+x/8 : (y+row+1)*c.m.Stride]
		for i, b := range g.Bits[row*g.Stride : (row+1)*g.Stride] {
			if b == 0 {
				continue
			}
			put(dst, i, b>>shift, white)
			if low := b << (8 - shift); low != 0 {
				put(dst, i+1, low, white)
			}
		}
	}
}

func put(dst []byte, i int, ink byte, white bool) {
	switch {
	case ink == 0 || i >= len(dst):
	case white:
		dst[i] |= ink
	default:
		dst[i] &^= ink
	}
}

// right draws a line that ends at x.
func (c *canvas) right(x, y, size int, s string) int {
	w := c.width(s, size)
	c.text(x-w, y, size, s)
	return x - w
}

// centre draws a line in the middle between x0 and x1.
func (c *canvas) centre(x0, x1, y, size int, s string) {
	c.text(x0+(x1-x0-c.width(s, size))/2, y, size, s)
}

func (c *canvas) fill(r image.Rectangle) { c.m.Fill(r, false) }

// box draws a frame of t pixels inside r.
func (c *canvas) box(r image.Rectangle, t int) {
	c.m.Fill(r, false)
	c.m.Fill(r.Inset(t), true)
}

// disc draws a circle of radius rad round the centre of r: black, or a ring of t pixels if t > 0.
func (c *canvas) disc(x, y, rad, t int) {
	// in half pixels, so that a circle of even width is round
	outer, inner := 4*rad*rad, -1
	if t > 0 {
		inner = 4 * (rad - t) * (rad - t)
	}
	for dy := -rad; dy < rad; dy++ {
		for dx := -rad; dx < rad; dx++ {
			d := (2*dx+1)*(2*dx+1) + (2*dy+1)*(2*dy+1)
			if d <= outer && d > inner {
				c.m.SetWhite(x+dx, y+dy, false)
			}
		}
	}
}

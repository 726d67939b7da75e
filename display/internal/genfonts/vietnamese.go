// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"image"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"

	"madoguchi/display/fonts"
)

// How the letters of Noto Sans CJK, whose marks reach above and below the em, are brought into a cell: in thousandths of the em. The size is
// that at which ế still fits above the base line; what hangs below it (g, y, the dot of ạ) is shortened, as BIZ UDGothic shortens it too;
// capitals with marks are pressed until they fit.
const (
	vietSize  = 900
	vietBelow = 750
	vietBase  = 828
	vietSpace = 250
)

// vietnamese draws a letter of the Vietnamese script.
func (s *source) vietnamese(code rune, size int) (cell, error) {
	r := fonts.Plain(code)
	if r == ' ' {
		return cell{make([]byte, (size+7)/8*size), size * vietSpace / 1000}, nil
	}
	g, err := s.latin.GlyphIndex(&s.buf, r)
	if err != nil || g == 0 {
		return cell{}, fmt.Errorf("no font has %q (%U)", r, code)
	}
	ppem := fixed.I(size) * vietSize / 1000
	adv, err := s.latin.GlyphAdvance(&s.buf, g, ppem, 0)
	if err != nil {
		return cell{}, fmt.Errorf("measuring %q: %w", r, err)
	}
	segs, err := s.latin.LoadGlyph(&s.buf, g, ppem, nil)
	if err != nil {
		return cell{}, fmt.Errorf("loading %q: %w", r, err)
	}
	// a mark may be wider than its letter (ĩ)
	in := segs.Bounds()
	in.Min.X, in.Max.X = min(in.Min.X, 0), max(in.Max.X, adv)
	c := cell{make([]byte, (size+7)/8*size), min((in.Max.X - in.Min.X).Round(), size)}
	base := float32(size) * vietBase / 1000
	top := float32(1)
	if over := float32(-in.Min.Y) / 64 / base; over > 1 {
		top = 1 / over
	}
	left := (float32(c.width) - float32(in.Min.X+in.Max.X)/64) / 2
	const room = 8 // pixels around the cell, so that what lies outside is seen
	z := vector.NewRasterizer(size+2*room, size+2*room)
	at := func(p fixed.Point26_6) (x, y float32) {
		x, y = float32(p.X)/64+left+room, float32(p.Y)/64
		if y > 0 {
			return x, y*vietBelow/1000 + base + room
		}
		return x, y*top + base + room
	}
	for _, sg := range segs {
		x, y := at(sg.Args[0])
		switch sg.Op {
		case sfnt.SegmentOpMoveTo:
			z.ClosePath()
			z.MoveTo(x, y)
		case sfnt.SegmentOpLineTo:
			z.LineTo(x, y)
		case sfnt.SegmentOpQuadTo:
			x1, y1 := at(sg.Args[1])
			z.QuadTo(x, y, x1, y1)
		case sfnt.SegmentOpCubeTo:
			x1, y1 := at(sg.Args[1])
			x2, y2 := at(sg.Args[2])
			z.CubeTo(x, y, x1, y1, x2, y2)
		}
	}
	z.ClosePath()
	mask := image.NewAlpha(z.Bounds())
	z.Draw(mask, mask.Bounds(), image.Opaque, image.Point{})
	return c, c.take(mask.Bounds().Sub(image.Pt(room, room)), mask, image.Point{}, code, size)
}

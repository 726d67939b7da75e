// SPDX-License-Identifier: Apache-2.0

package display

import "image"

// bigSizes are the prints of large text on a panel, the larger first; the last one has every glyph there is.
func (s sheet) bigSizes() []int {
	if s.body > toldPrint {
		return []int{64, 48, bigPrint}
	}
	return []int{bigPrint}
}

// fits reports whether a text has all its glyphs in a size and is no wider than width.
func (d *drawer) fits(text string, size, width int) bool {
	f := d.face(size)
	if f == nil {
		return false
	}
	n := 0
	for _, r := range text {
		w, ok := f.Advance(r)
		if n += w; !ok || n > width {
			return false
		}
	}
	return true
}

// big draws a page in large print: one size for all its rows, a rule under the title.
func (d *drawer) big(p page) {
	s, rows := d.sheet, p.big.rows
	in := s.inner()
	if len(p.keys) == 0 {
		in.Max.Y = s.h - s.margin
	}
	gaps := 0
	for i, r := range rows {
		if i > 0 && r.first {
			gaps++
		}
	}
	size, print := 0, 0
	for _, size = range s.bigSizes() {
		all := true
		for _, r := range rows {
			all = all && (r.small || r.number || d.fits(r.text, size, in.Dx()))
		}
		if print = size * len(rows); all && print*108/100+gaps*2 <= in.Dy() {
			break
		}
	}
	gap := min(s.gap*2, max(0, in.Dy()-print*110/100)/max(1, gaps))
	pitch := min(size*27/20, (in.Dy()-gap*gaps)/len(rows))
	if pitch < size {
		d.fail(&OverflowError{What: rows[0].text + " …", Need: size * len(rows), Have: in.Dy()})
		return
	}
	y := in.Min.Y + (in.Dy()-pitch*len(rows)-gap*gaps)/3
	for i, r := range rows {
		if i > 0 && r.first {
			if rows[i-1].title {
				d.fill(image.Rect(in.Min.X, y+max(0, gap/2-1), in.Max.X, y+max(0, gap/2-1)+2))
			}
			y += gap
		}
		d.bigRow(in, y, pitch, size, r)
		y += pitch
	}
}

func (d *drawer) bigRow(in image.Rectangle, y, pitch, size int, r bigRow) {
	x := in.Min.X
	switch {
	case r.small:
		size = min(size, d.sheet.body)
	case r.number:
		size, pitch = max(size, d.sheet.number), 2*pitch
	}
	if t := r.tries; t != nil && dotsWidth(d.sheet.dots, t.max)+d.sheet.dots/2+d.width(r.text, size) <= in.Dx() {
		x = d.dots(x, y+pitch/2, d.sheet.dots, t.left, t.max) + d.sheet.dots/2
	}
	if end := x + d.width(r.text, size); end > in.Max.X {
		d.fail(&OverflowError{What: r.text, Need: end - in.Min.X, Have: in.Dx()})
		return
	}
	d.text(x, y+(pitch-size)/2, size, r.text)
}

// bigChoices: numbered answers in the largest print that all of them fit.
func (d *drawer) bigChoices(list []option) {
	s := d.sheet
	in := s.inner()
	size := toldPrint
	for _, try := range s.bigSizes() {
		all := true
		for _, o := range list {
			all = all && d.fits(o.number+o.label+o.note, try, in.Dx()-try*2)
		}
		if all {
			size = try
			break
		}
	}
	pitch := min(size*3/2, in.Dy()/len(list))
	y := in.Min.Y + (in.Dy()-pitch*len(list))/3
	for i, o := range list {
		d.option(image.Rect(in.Min.X, y+i*pitch, in.Max.X, y+(i+1)*pitch-3), size, size/4, o)
	}
}

// bigDigits: what is asked in one or two rows of large print, the boxes, the tries left. What the PIN is for was said on the screen before.
func (d *drawer) bigDigits(p page) {
	s, e := d.sheet, p.entry
	in := s.inner()
	bottom := in.Max.Y
	if p.tries != nil {
		bottom -= s.tries * 5 / 4
		d.tries(in.Min.X, bottom, p.tries)
	}
	side := min(s.box, in.Dx()/e.cells*7/8)
	var rows []string
	size := toldPrint
	for _, try := range append(s.bigSizes(), toldPrint) {
		if rows = balance(e.ask, in.Dx(), func(r rune) int { return d.advance(r, try) }); len(rows)*try*23/20+side+4 <= bottom-in.Min.Y {
			size = try
			break
		}
	}
	y, pitch := in.Min.Y, size*23/20
	if bottom-y-len(rows)*pitch < side+4 {
		d.fail(&OverflowError{What: e.ask, Need: len(rows)*pitch + side + 4, Have: bottom - y})
		return
	}
	if e.fault {
		d.fill(image.Rect(0, y, s.w, y+len(rows)*pitch))
	}
	for _, r := range rows {
		d.line(in, y+(pitch-size)/2, size, r, e.fault)
		y += pitch
	}
	d.boxes(in, y, bottom, side, e)
}

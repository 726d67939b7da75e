// SPDX-License-Identifier: Apache-2.0

package display

import (
	"image"
	"strconv"

	"madoguchi/display/fonts"
)

// px turns units of the smallest panel into pixels.
func (d *drawer) px(units int) int { return units * d.sheet.text / unitPrint }

// list draws numbered lines under a warning and a title, in larger print than they are counted with if every line then stands in one row.
func (d *drawer) list(l *list) {
	in := d.sheet.inner()
	in.Max.Y = min(in.Max.Y, in.Min.Y+d.px(unitBody))
	base := d.sheet.text
	if warn := heading(l.warn, textCols-1); l.warn != "" {
		h := len(warn)*d.px(headUnits) + d.px(headSpace)/2
		d.fill(image.Rect(0, in.Min.Y-3, d.sheet.w, in.Min.Y+h))
		for i, t := range warn {
			d.white(in.Min.X+base/4, in.Min.Y+i*d.px(headUnits)+d.px(1), base, t)
		}
		in.Min.Y += d.px(headHeight(warn))
	}
	size, rows, pitches := d.grown(l, in)
	title, h := heading(l.title, textCols), d.px(headUnits)
	print := base
	if big := d.sheet.grown; size > base {
		// the title grows with its lines
		title, print, h = fold(l.title, in.Dx()*2/big, 0), big, big*5/4
	}
	for i, t := range title {
		d.text(in.Min.X, in.Min.Y+i*h+(h-print)/2, print, t)
	}
	if len(title) > 0 {
		in.Min.Y += len(title)*h + d.px(headSpace)
	}
	free := in.Dy()
	for _, p := range pitches {
		free -= p
	}
	if free < 0 {
		d.fail(&OverflowError{What: "list of " + strconv.Itoa(len(l.lines)), Need: in.Dy() - free, Have: in.Dy()})
		return
	}
	// what is left over goes between the lines, up to a quarter of each
	gap := min(free/len(l.lines), base/2)
	for i, n := range l.lines {
		d.listLine(image.Rect(in.Min.X, in.Min.Y, in.Max.X, in.Min.Y+pitches[i]+gap-3), size, i+1, n, rows[i], l.ticks)
		in.Min.Y += pitches[i] + gap
	}
}

// grown chooses the print of a list's lines: the larger one if title and lines then fit and each line stands in one row. It returns the rows
// and the height of each line.
func (d *drawer) grown(l *list, in image.Rectangle) (size int, rows [][]string, pitches []int) {
	base, big := d.sheet.text, d.sheet.grown
	if big > 0 {
		need := len(fold(l.title, in.Dx()*2/big, 0)) * big * 5 / 4
		if need > 0 {
			need += d.px(headSpace)
		}
		fits := need+len(l.lines)*(big+4) <= in.Dy()
		for _, n := range l.lines {
			rows = append(rows, []string{plain(n.text)})
			pitches = append(pitches, big+4)
			fits = fits && d.beside(big, l.ticks)+measure(n.text, halves)*big/2 <= in.Dx()
		}
		if fits {
			return big, rows, pitches
		}
	}
	rows, pitches = nil, nil
	for i := range l.lines {
		rows = append(rows, l.rows(i))
		pitches = append(pitches, d.px(l.height(i)))
	}
	return base, rows, pitches
}

// beside is how far a line's words stand from its left edge.
func (d *drawer) beside(size int, ticks bool) int {
	w := size*4/3 + size/4
	if ticks {
		w += size + size/4
	}
	return w
}

// listLine is one line: its digit in a frame like a key cap, its tick, its words; the marked one white on black.
func (d *drawer) listLine(r image.Rectangle, size, number int, n listLine, rows []string, ticks bool) {
	draw := d.text
	if n.marked {
		d.fill(r)
		draw = d.white
	}
	capW := size * 4 / 3
	d.box(image.Rect(r.Min.X, r.Min.Y, r.Min.X+capW, r.Max.Y), 2)
	digit := size
	for _, n := range fonts.Sizes() {
		if n <= capW && n <= r.Dy()-4 {
			digit = max(digit, n) // the digit is what the key says
		}
	}
	d.centre(r.Min.X, r.Min.X+capW, r.Min.Y+(r.Dy()-digit)/2, digit, strconv.Itoa(number))
	if ticks && n.tick != TickNone {
		d.tick(image.Rect(0, 0, size, size).Add(image.Pt(r.Min.X+capW+size/4, r.Min.Y+(r.Dy()-size)/2)), n.tick == TickOn, n.marked)
	}
	pitch := size * rowUnits / unitPrint
	y := r.Min.Y + (r.Dy()-len(rows)*pitch+pitch-size)/2
	for _, t := range rows {
		draw(r.Min.X+d.beside(size, ticks), y, size, t)
		y += pitch
	}
}

// tick is a box to tick; a ticked one carries a heavy check.
func (d *drawer) tick(r image.Rectangle, on, white bool) {
	t := max(2, r.Dx()/10)
	d.m.Fill(r, white)
	d.m.Fill(r.Inset(t), !white)
	if on {
		d.shape(r.Inset(-r.Dx()/16), white, iconCheck)
	}
}

// text draws a page of paragraphs, under its verdict on the first page.
func (d *drawer) textPage(t *text) {
	s := d.sheet
	in := s.inner()
	pitch := d.px(unitBody) / pageRows
	y := in.Min.Y
	if t.verdict != "" {
		d.verdict(image.Rect(in.Min.X, y, in.Max.X, y+topRows*pitch-pitch/8), t)
		y += topRows * pitch
	}
	for i, w := range t.pinned {
		x := in.Min.X + i*d.px(unitPrint/2)*pinCols
		d.tag(x, y+(pitch-s.text)/2, w.tag)
		d.text(x+d.px(unitPrint/2)*t.hang, y+(pitch-s.text)/2, s.text, w.text)
	}
	if len(t.pinned) > 0 {
		y += pitch
		d.fill(image.Rect(in.Min.X, y-1, in.Max.X, y))
	}
	for _, r := range t.rows {
		at := y + (pitch-s.text)/2
		switch r.mark {
		case markBox:
			d.tick(image.Rect(in.Min.X, at+s.text/12, in.Min.X+s.text*5/6, at+s.text*11/12), false, false)
		case markDot:
			d.disc(in.Min.X+d.px(unitPrint/2)*r.at-s.text, at+s.text/2, s.text/5, 0)
		}
		if r.tag != "" {
			d.tag(in.Min.X, at, r.tag)
		}
		d.text(in.Min.X+d.px(unitPrint/2)*r.at, at, s.text, r.text)
		y += pitch
	}
}

// tag is the head of a paragraph, white on black.
func (d *drawer) tag(x, y int, s string) {
	if s == "" {
		return
	}
	size := d.sheet.text
	w := d.width(s, size)
	d.fill(image.Rect(x, y, x+w+size/6, y+size)) // a gap stays to the one below
	d.white(x+size/12, y, size, s)
}

// verdict is the largest thing on a decision: a sign that is told apart by its shape, and one word; white on black where the way is barred.
func (d *drawer) verdict(r image.Rectangle, t *text) {
	s := d.sheet
	barred := verdictIcons[t.icon].barred
	d.fill(r)
	if !barred {
		d.m.Fill(r.Inset(3), true)
	}
	side := r.Dy() - r.Dy()/6
	pad := (r.Dy() - side) / 2
	box := image.Rect(0, 0, side, side).Add(image.Pt(r.Min.X+pad+2, r.Min.Y+pad))
	d.shape(box, barred, verdictIcons[t.icon].ink)
	left := box.Max.X + 2*pad
	size := s.verdicts[0]
	for _, n := range s.verdicts {
		if size = n; left+d.width(t.verdict, n) <= r.Max.X-pad {
			break
		}
	}
	draw := d.text
	if barred {
		draw = d.white
	}
	if end := draw(left, r.Min.Y+(r.Dy()-size)/2, size, t.verdict); end > r.Max.X {
		d.fail(&OverflowError{What: t.verdict, Need: end, Have: r.Max.X})
	}
}

// date draws eight places for digits with the signs between them, the next one to be typed marked.
func (d *drawer) dateEntry(e *dateEntry) {
	s := d.sheet
	in := s.inner()
	rows := fold(e.title, in.Dx()*2/s.body, 0)
	y := in.Min.Y + s.gap
	for _, t := range rows {
		d.text(in.Min.X, y, s.body, t)
		y += s.body * 5 / 4
	}
	size := s.verdicts[0]
	width := 8 * size / 2
	for _, r := range e.signs {
		width += d.advance(r, size)
	}
	if width > in.Dx() {
		d.fail(&OverflowError{What: "date", Need: width, Have: in.Dx()})
		return
	}
	x := in.Min.X + (in.Dx()-width)/2
	y += (in.Max.Y - s.body*3/2 - y - size) / 2
	for i := range 8 {
		cell := image.Rect(x+2, y+size+4, x+size/2-2, y+size+8)
		switch {
		case i < len(e.digits):
			d.text(x, y, size, e.digits[i:i+1])
		case i == len(e.digits):
			cell.Min.Y -= size
		}
		d.fill(cell)
		x += size / 2
		if n := map[int]int{3: 0, 5: 1, 7: 2}; i%2 == 1 && i > 1 && n[i] < len(e.signs) {
			x = d.text(x, y, size, string(e.signs[n[i]]))
		}
	}
	if e.fault != "" {
		h := s.body * 3 / 2
		d.fill(image.Rect(0, in.Max.Y-h, s.w, in.Max.Y))
		d.white(in.Min.X, in.Max.Y-h+(h-s.body)/2, s.body, e.fault)
	}
}

// SPDX-License-Identifier: Apache-2.0

package display

import (
	"image"
	"strconv"

	"madoguchi/display/fonts"
)

// legend is the table of letters as on the key caps (E.161): the second press counts along the row, the last place is the digit itself.
var legend = []struct{ key, chars string }{
	{"1", "1"}, {"2", "ABC2"}, {"3", "DEF3"}, {"4", "GHI4"}, {"5", "JKL5"},
	{"6", "MNO6"}, {"7", "PQRS7"}, {"8", "TUV8"}, {"9", "WXYZ9"}, {"0", string(fonts.DottedZero)},
}

// places is the number of columns of the table: PQRS7 and WXYZ9 have five.
const places = 5

// digits: what is asked, what it is for, a box for each digit, the tries left.
func (d *drawer) digits(p page) {
	s, e := d.sheet, p.entry
	in := s.inner()
	// the box takes what the lines leave, and no more than its size
	rows := []int{s.body * 5 / 4, s.small * 5 / 4}
	bottom := in.Max.Y
	if p.tries != nil {
		bottom -= s.tries * 5 / 4
		d.tries(in.Min.X, bottom, p.tries)
	}
	y := in.Min.Y
	if e.fault {
		d.fill(image.Rect(0, y, s.w, y+rows[0]))
		d.line(in, y+(rows[0]-s.body)/2, s.body, e.ask, true)
	} else {
		d.line(in, y+(rows[0]-s.body)/2, s.body, e.ask, false)
	}
	y += rows[0]
	d.line(in, y+(rows[1]-s.small)/2, s.small, e.use, false)
	y += rows[1]
	side := min(s.box, in.Dx()/e.cells*7/8)
	if bottom-y < side+4 {
		d.fail(&OverflowError{What: "boxes", Need: side + 4, Have: bottom - y})
		return
	}
	d.boxes(in, y, bottom, side, e)
}

// boxes draws a box for each digit in the middle between y and bottom.
func (d *drawer) boxes(in image.Rectangle, y, bottom, side int, e *entry) {
	pitch := min(in.Dx()/e.cells, side*3/2)
	x := in.Min.X + (in.Dx()-pitch*e.cells)/2
	y += (bottom - y - side) / 2
	for i := range e.cells {
		d.cell(x+i*pitch+(pitch-side)/2, y, side, i < e.filled)
	}
}

// line draws one line that must fit.
func (d *drawer) line(in image.Rectangle, y, size int, text string, white bool) {
	text = plain(text)
	if w := d.width(text, size); w > in.Dx() {
		d.fail(&OverflowError{What: text, Need: w, Have: in.Dx()})
		return
	}
	d.draw(in.Min.X, y, size, text, white)
}

// cell is one box: empty, or with a dot.
func (d *drawer) cell(x, y, side int, filled bool) {
	d.box(image.Rect(x, y, x+side, y+side), max(2, side/20))
	if filled {
		d.disc(x+side/2, y+side/2, side*5/16, 0)
	}
}

// letters: a row of boxes, a line of state, and the whole table of letters, which no key changes. The first press moves one mark from the
// keys to the places, whichever key it was.
func (d *drawer) letters(p page) {
	s, e := d.sheet, p.entry
	in := s.inner()
	y := in.Min.Y - 1
	for i := range e.cells {
		d.cell(in.Min.X+i*(in.Dx()/e.cells), y, s.cell-2, i < e.filled)
	}
	y += s.cell + 2
	d.status(in, y, e)
	y += s.table + 4
	rows := len(legend)/2 + 1
	if y+rows*s.tableH > s.h-s.footH {
		d.fail(&OverflowError{What: "letter table", Need: rows * s.tableH, Have: s.h - s.footH - y})
		return
	}
	block := s.key + places*s.slot
	for col := range 2 {
		x := in.Min.X + col*(in.Dx()-block)
		d.places(image.Rect(x+s.key, y, x+block, y+s.tableH), e.half)
		for i := range rows - 1 {
			l := legend[col*(rows-1)+i]
			d.group(x, y+(i+1)*s.tableH, l.key, l.chars, !e.half)
		}
	}
}

// status is the line between boxes and table: the rule or what is wrong, the count, and which press is next.
func (d *drawer) status(in image.Rectangle, y int, e *entry) {
	size := d.sheet.table
	if e.fault {
		d.fill(image.Rect(0, y-1, d.sheet.w, y+size+1))
		d.line(in, y, size, e.status, true)
		return
	}
	left := d.text(in.Min.X, y, size, e.status)
	right := d.right(in.Max.X, y, size, e.mark)
	w := d.width(e.count, size)
	if left+w+size/2 > right {
		d.fail(&OverflowError{What: e.status + " " + e.count + " " + e.mark, Need: left + w + in.Max.X - right, Have: in.Dx()})
		return
	}
	d.centre(left, right, y, size, e.count)
}

// places is the row of numbers over the letters; black while the second press is due.
func (d *drawer) places(r image.Rectangle, due bool) {
	s := d.sheet
	draw := d.text
	if due {
		d.fill(r)
		draw = d.white
	}
	for i := range places {
		n := strconv.Itoa(i + 1)
		draw(r.Min.X+i*s.slot+(s.slot-d.width(n, s.table))/2, r.Min.Y+(r.Dy()-s.table)/2, s.table, n)
	}
}

// group is one key and its characters; the key is black while the first press is due.
func (d *drawer) group(x, y int, key, chars string, due bool) {
	s := d.sheet
	at := y + (s.tableH-s.table)/2
	draw := d.text
	if due {
		d.fill(image.Rect(x, y, x+s.key-6, y+s.tableH))
		draw = d.white
	}
	draw(x+(s.key-6-d.width(key, s.table))/2, at, s.table, key)
	for i, r := range []rune(chars) {
		d.text(x+s.key+i*s.slot+(s.slot-d.advance(r, s.table))/2, at, s.table, string(r))
	}
}

// SPDX-License-Identifier: Apache-2.0

package display

import "image"

// choices: a question and numbered answers, the marked one black.
func (d *drawer) choices(p page) {
	s := d.sheet
	in := s.inner()
	title, size := s.title, s.body
	for _, o := range p.choices {
		if o.note != "" {
			size = s.small
		}
	}
	if len(p.choices) > 3 {
		title = s.body
	}
	if w := d.width(plain(p.title), title); w > in.Dx() {
		d.fail(&OverflowError{What: plain(p.title), Need: w, Have: in.Dx()})
		return
	}
	d.text(in.Min.X, in.Min.Y+2, title, plain(p.title))
	in.Min.Y += title * 5 / 4
	if n := len(p.choices); n > 3 && in.Dy()/n < size+6 && in.Dy()/n >= s.small+6 {
		size = s.small
	}
	if pitch := in.Dy() / len(p.choices); pitch >= size+6 {
		pitch = min(s.row, pitch)
		y := in.Min.Y + (in.Dy()-pitch*len(p.choices))/2
		for i, o := range p.choices {
			d.option(image.Rect(in.Min.X, y+i*pitch, in.Max.X, y+(i+1)*pitch-3), size, size/4, o)
		}
		return
	}
	d.columns(in, p.choices)
}

// columns is a long list in smallest print: its first half left, the rest right, each column as wide as it needs to be.
func (d *drawer) columns(in image.Rectangle, list []option) {
	size, whole := d.sheet.small, in
	rows := (len(list) + 1) / 2
	var pitch, pad int
	var wide [2]int
	for pad = size / 8; pad > 1; pad-- { // a long list may stand a little closer
		in = image.Rect(whole.Min.X-pad, whole.Min.Y, whole.Max.X+pad, whole.Max.Y)
		wide = [2]int{}
		for i, o := range list {
			wide[i/rows] = max(wide[i/rows], d.width(o.number, size)+d.width(o.label, size)+5*pad)
		}
		if wide[0]+wide[1]+pad <= in.Dx() {
			break
		}
	}
	pitch = min(d.sheet.row, in.Dy()/rows)
	if need := wide[0] + wide[1] + pad; need > in.Dx() || pitch < size+6 {
		d.fail(&OverflowError{What: list[0].label + " …", Need: need, Have: in.Dx()})
		return
	}
	y := in.Min.Y + (in.Dy()-pitch*rows)/2
	for i, o := range list {
		r := image.Rect(in.Min.X, y+i%rows*pitch, in.Min.X+wide[0], y+(i%rows+1)*pitch-3)
		if i >= rows {
			r.Min.X, r.Max.X = in.Max.X-wide[1], in.Max.X
		}
		d.option(r, size, pad, o)
	}
}

// option is one answer: its digit in a frame like a key cap, its words, and a note at the right.
func (d *drawer) option(r image.Rectangle, size, pad int, o option) {
	y := r.Min.Y + (r.Dy()-size)/2
	capW := d.width(o.number, size) + 2*pad
	draw := d.text
	if o.marked {
		d.fill(r)
		draw = d.white
	}
	d.box(image.Rect(r.Min.X, r.Min.Y, r.Min.X+capW, r.Max.Y), 2)
	d.text(r.Min.X+pad, y, size, o.number)
	end := draw(r.Min.X+capW+2*pad, y, size, o.label)
	limit := r.Max.X
	if o.note != "" {
		limit -= d.width(o.note, size) + pad/2
		draw(limit, y, size, o.note)
		limit -= pad / 2
	}
	if end > limit {
		d.fail(&OverflowError{What: o.label + " " + o.note, Need: end - r.Min.X, Have: limit - r.Min.X})
	}
}

// board: a line for each PIN kind, then the certificate.
func (d *drawer) board(p page) {
	s := d.sheet
	in := s.inner()
	if len(p.keys) == 0 {
		in.Max.Y = s.h - s.margin
	}
	n := len(p.board) + len(p.small)
	pitch := min(in.Dy()/n, s.board*7/4)
	if pitch < s.board+4 {
		d.fail(&OverflowError{What: "tries board", Need: n * (s.board + 4), Have: in.Dy()})
		return
	}
	y := in.Min.Y
	for _, b := range p.board {
		d.boardLine(image.Rect(in.Min.X, y, in.Max.X, y+pitch), b)
		y += pitch
	}
	if len(p.small) > 0 {
		d.fill(image.Rect(in.Min.X, y+1, in.Max.X, y+2))
	}
	for _, l := range p.small {
		if w := d.width(l, s.board); w > in.Dx() {
			d.fail(&OverflowError{What: l, Need: w, Have: in.Dx()})
		}
		d.text(in.Min.X, y+(pitch-s.board)/2+1, s.board, l)
		y += pitch
	}
}

func (d *drawer) boardLine(r image.Rectangle, b boardLine) {
	s := d.sheet
	y := r.Min.Y + (r.Dy()-s.board)/2
	var end int
	if b.marked {
		w := d.width(b.name, s.board)
		d.fill(image.Rect(r.Min.X-s.margin, r.Min.Y+1, r.Min.X+w+4, r.Max.Y-1))
		end = d.white(r.Min.X, y, s.board, b.name)
	} else {
		end = d.text(r.Min.X, y, s.board, b.name)
	}
	var at int
	switch {
	case b.alarm:
		w := d.width(b.state, s.board)
		at = r.Max.X - w - 8
		d.fill(image.Rect(at, r.Min.Y+2, r.Max.X, r.Max.Y-2))
		d.white(at+4, y, s.board, b.state)
	case b.state != "":
		at = d.right(r.Max.X, y, s.board, b.state)
	default:
		rad := s.board/3 + 1
		at = d.right(r.Max.X, y, s.board, b.count)
		if x := at - dotsWidth(rad, b.max) - 2; x >= end { // else the number says it
			at = x
			d.dots(at, r.Min.Y+r.Dy()/2, rad, b.left, b.max)
		}
	}
	if at < end {
		d.fail(&OverflowError{What: b.name + " " + b.count + b.state, Need: end - at + r.Dx(), Have: r.Dx()})
	}
}

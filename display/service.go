// SPDX-License-Identifier: Apache-2.0

package display

import (
	"image"
	"strconv"
	"strings"

	"madoguchi/display/fonts"
)

// A Row is one line of a page of the service menu: a name and a value. The value is Text, or else the words that the catalogue has for Word,
// with N, or for Date.
type Row struct {
	Code string // the name's, see the screen's line in ids.go
	Text string // ready words: a number, a name of a part, a time; of "spoken" the build that is said in words
	Word string // a code with words in the catalogue
	N    int    // a number in the words
	Date Date
}

// IllCodes are the codes of what the check in the service menu finds wrong. A pad or a panel at fault closes the menu and is said at rest.
var IllCodes = []string{"rd1", "rd2", "rd3", "rd9", "cl1", "st1", "st2", "st3", "st4", "st9", "lk5", "lk6", "lk7", "lk8"}

// isCode reports whether a clerk's code is typed on a screen.
func (id ID) isCode() bool {
	switch id {
	case ClerkCode, ServiceCode, ServiceOldCode, ServiceNewCode, ServiceAgain:
		return true
	}
	return false
}

// A factRow is a row in words.
type factRow struct{ name, value string }

// hasRows reports whether a screen is a page of rows.
func (b *builder) hasRows() bool {
	switch b.s.ID {
	case ServicePanel, ServiceReader, ServiceQueue, ServiceAbout, ServiceClock, ServiceLamp, ServiceCheck:
		return true
	}
	return false
}

// rows puts the rows into words, and what they mean under them.
func (b *builder) rows(p *page) {
	if !b.reasoned() {
		return
	}
	p.left = b.tr(string(b.s.ID) + ".head")
	if len(b.s.Facts.Rows) == 0 {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "row", Value: ""})
	}
	for _, r := range b.s.Facts.Rows {
		f := factRow{name: b.tr("service.row." + r.Code), value: r.Text}
		b.view.N = r.N
		switch at := "service.value." + r.Code; {
		case r.Code == "spoken":
			f.value = BuildWords(r.Text, b.s.Lang)
		case f.value != "":
		case r.Word != "":
			f.value = b.tr(at+"."+r.Word, r.N)
		case r.Date != "":
			f.value = b.date(r.Date, at+".date")
		default:
			f.value = "…" // nobody has answered yet
		}
		p.facts = append(p.facts, f)
	}
	p.paras = b.parts()
}

// facts draws rows in two columns, in the smallest print, with the words under a rule.
func (d *drawer) facts(p page) {
	s := d.sheet
	in := s.inner()
	size, pitch := s.text, s.text*7/6
	if len(p.facts) > 5 { // and two rows of words under them
		pitch = s.text * 9 / 8
	}
	left := 0
	for _, f := range p.facts {
		left = max(left, d.width(f.name, size))
	}
	left += size / 2
	cols, most := (in.Dx()-left)*2/size, 2 // a reader's name is long
	if len(p.facts) > 4 {
		most = 1
	}
	y := in.Min.Y + 2
	for _, f := range p.facts {
		d.text(in.Min.X, y+(pitch-size)/2, size, f.name)
		for _, t := range clip(fold(f.value, cols, 0), most, cols) {
			d.text(in.Min.X+left, y+(pitch-size)/2, size, d.clip(t, size, in.Dx()-left))
			y += pitch
		}
	}
	d.fill(image.Rect(in.Min.X, y+1, in.Max.X, y+3))
	y += 5
	for _, para := range p.paras {
		for _, t := range fold(para, in.Dx()*2/size, 0) {
			d.text(in.Min.X, y+(pitch-size)/2, size, t)
			y += pitch
		}
	}
	if y > in.Max.Y+pitch-size {
		d.fail(&OverflowError{What: p.left, Need: y - in.Min.Y, Have: in.Dy()})
	}
}

// A padPage is the key test: which contacts read closed, and which keys were down.
type padPage struct {
	down, seen int
	count      string // "13/16"
}

// padCaps are the caps as they lie. The menu key's takes two rows.
var padCaps = [16]string{"1", "2", "3", "×", "4", "5", "6", "＜", "7", "8", "9", "メニ|ュー", "▲", "0", "▼", "○"}

// pad tells what the contacts say.
func (b *builder) pad(p *page) {
	f := b.s.Facts
	if !b.reasoned() {
		return
	}
	if all := 1<<len(padCaps) - 1; f.Down&^all != 0 || f.Seen&^all != 0 {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "key", Value: strconv.Itoa(f.Down | f.Seen)})
	}
	p.left = b.tr("service.pad.head")
	n := 0
	for i := range padCaps {
		n += f.Seen >> i & 1
	}
	p.pad = &padPage{down: f.Down, seen: f.Seen, count: strconv.Itoa(n) + "/" + strconv.Itoa(len(padCaps))}
	p.paras = b.parts()
}

// pad draws the key-pad as it lies under the hand: a key that is down is black, one that was has a thick frame and a tick.
func (d *drawer) pad(p page) {
	s := d.sheet
	in := s.inner()
	h := in.Dy() / 4
	w := h
	for i, c := range padCaps {
		r := image.Rect(0, 0, w-3, h-3).Add(image.Pt(in.Min.X+i%4*w, in.Min.Y+i/4*h))
		down, seen := p.pad.down>>i&1 == 1, p.pad.seen>>i&1 == 1
		draw := d.text
		switch {
		case down:
			d.fill(r)
			draw = d.white
		case seen:
			d.box(r, 5)
		default:
			d.box(r, 1)
		}
		rows, size := strings.Split(c, "|"), s.title
		if len(rows) > 1 {
			size = s.text
		}
		y := r.Min.Y + (r.Dy()-len(rows)*size)/2
		for _, t := range rows {
			draw(r.Min.X+(r.Dx()-d.width(t, size))/2, y, size, t)
			y += size
		}
	}
	x := in.Min.X + 4*w + s.gap
	y := in.Min.Y
	d.text(x, y, s.title, p.pad.count)
	y += s.title * 5 / 4
	size := s.text
	for _, para := range p.paras {
		for _, t := range fold(para, (in.Max.X-x)*2/size, 0) {
			d.text(x, y, size, t)
			y += size * 7 / 6
		}
		y += s.gap
	}
	if y > in.Max.Y+size/2 {
		d.fail(&OverflowError{What: p.left, Need: y - in.Min.Y, Have: in.Dy()})
	}
}

// A pattern is a picture that tries the glass.
type pattern struct {
	id     ID
	sample string // ServicePrint
}

// pattern makes the page of a test picture; false: the screen is none.
func (b *builder) pattern(p *page) bool {
	switch b.s.ID {
	case ServicePrint:
		*p = page{pattern: &pattern{b.s.ID, b.tr("service.panel.print.sample")}}
	case ServiceBlack, ServiceWhite, ServiceFine:
		*p = page{pattern: &pattern{id: b.s.ID}}
	default:
		return false
	}
	return true
}

func (t *pattern) draw(d *drawer) {
	b := d.m.Bounds()
	switch t.id {
	case ServiceBlack:
		d.fill(b)
	case ServiceFine:
		t.fine(d)
	case ServicePrint:
		d.box(b, 1)
		d.box(b.Inset(3), 1)
		y := b.Min.Y + 6
		for _, size := range fonts.Sizes() {
			d.text(b.Min.X+8, y, size, t.sample)
			y += size + (b.Dy()-12-sum(fonts.Sizes()))/len(fonts.Sizes())
		}
	}
}

func sum(all []int) (n int) {
	for _, v := range all {
		n += v
	}
	return n
}

// fine is four fields: lines of one pixel across and along, and chequers of one pixel and of eight. A bit that is lost on the wire, or a line of
// the glass that is dead, breaks one of them.
func (t *pattern) fine(d *drawer) {
	w, h := d.m.W, d.m.H
	for y := range h {
		for x := range w {
			var ink bool
			switch {
			case x < w/2 && y < h/2:
				ink = y%2 == 0
			case y < h/2:
				ink = x%2 == 0
			case x < w/2:
				ink = (x+y)%2 == 0
			default:
				ink = (x/8+y/8)%2 == 0
			}
			if ink {
				d.m.SetWhite(x, y, false)
			}
		}
	}
}

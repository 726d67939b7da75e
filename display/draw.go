// SPDX-License-Identifier: Apache-2.0

package display

import (
	"image"
	"strings"
)

// officeSizes are the sizes whose glyph files hold every rune of JIS X 0208: configured text is drawn in no other.
var officeSizes = []int{40, 32}

// A drawer puts one page on one panel.
type drawer struct {
	canvas
	sheet sheet
}

func (d *drawer) page(p page) {
	if p.pattern != nil {
		p.pattern.draw(d)
		return
	}
	if p.left == "" && p.title == "" && p.entry == nil {
		return // the white screen
	}
	d.head(p)
	d.foot(p.keys, p.note)
	switch {
	case p.entry != nil && p.entry.letters:
		d.letters(p)
	case p.entry != nil && p.large:
		d.bigDigits(p)
	case p.entry != nil:
		d.digits(p)
	case p.review != "":
		d.review(p)
	case p.big != nil:
		d.big(p)
	case len(p.choices) > 0 && p.large:
		d.bigChoices(p.choices)
	case p.list != nil:
		d.list(p.list)
	case p.text != nil:
		d.textPage(p.text)
	case p.told != nil:
		d.told(p.told.rows)
	case p.date != nil:
		d.dateEntry(p.date)
	case p.claim != nil:
		d.claimEntry(p.claim)
	case p.pad != nil:
		d.pad(p)
	case len(p.facts) > 0:
		d.facts(p)
	case len(p.board) > 0:
		d.board(p)
	case len(p.choices) > 0:
		d.choices(p)
	default:
		d.message(p)
	}
}

// head: a line of print over a rule.
func (d *drawer) head(p page) {
	s := d.sheet
	y := (s.headH - 2 - s.head) / 2
	name := p.left
	if p.text != nil || p.list != nil || p.big != nil {
		name = d.clip(name, s.head, s.w-2*s.margin-d.width(p.right, s.head)-s.head/2) // beside the mark of the hundredth page, too
	}
	left := d.text(s.margin, y, s.head, name)
	if p.right != "" {
		if at := d.right(s.w-s.margin, y, s.head, p.right); at < left+s.head/2 {
			d.fail(&OverflowError{What: p.left + " / " + p.right, Need: left - at + s.head/2 + s.w - 2*s.margin, Have: s.w - 2*s.margin})
		}
	}
	d.fill(image.Rect(0, s.headH-2, s.w, s.headH))
}

// foot: the caps in use from left to right as on the pad, each with what it does now.
func (d *drawer) foot(keys []keyLabel, note string) {
	if len(keys) == 0 {
		return
	}
	s := d.sheet
	top := s.h - s.footH
	d.fill(image.Rect(0, top, s.w, top+2))
	widths, sum := make([]int, len(keys)), 0
	for i, k := range keys {
		widths[i] = d.capWidth(k)
		sum += widths[i]
	}
	free := s.w - 2*s.margin - sum
	gap := 0
	if len(keys) > 1 {
		gap = free / (len(keys) - 1)
	}
	if free < 0 || len(keys) > 1 && gap < s.foot/4 {
		d.fail(&OverflowError{What: "foot: " + keys[0].label, Need: sum + (len(keys)-1)*s.foot/4, Have: s.w - 2*s.margin})
		return
	}
	x := s.margin
	if len(keys) == 1 && keys[0].cap == "○" {
		x = s.w - s.margin - sum // 確認 is the pad's last key
	}
	if note != "" {
		if end := d.text(s.margin, top+2+(s.footH-2-s.foot)/2, s.foot, note); end > x {
			d.fail(&OverflowError{What: note, Need: end, Have: x})
		}
	}
	for i, k := range keys {
		d.cap(x, top+2+(s.footH-2-s.foot)/2, k)
		x += widths[i] + gap
	}
}

// capWidth is the width of a key's cap and label.
func (d *drawer) capWidth(k keyLabel) int {
	w := d.width(k.cap, d.sheet.foot) + 6
	if k.label != k.cap {
		w += 4 + d.width(k.label, d.sheet.foot)
	}
	return w
}

// cap draws a key cap as a frame with its sign, and the label beside it.
func (d *drawer) cap(x, y int, k keyLabel) {
	size := d.sheet.foot
	w := d.width(k.cap, size)
	d.box(image.Rect(x, y-2, x+w+6, y+size+2), 2)
	d.text(x+3, y, size, k.cap)
	if k.label != k.cap {
		d.text(x+w+10, y, size, k.label)
	}
}

// A line is one line of a message with its size and what stands over it.
type line struct {
	text  string
	size  int
	gap   int // extra space above
	title bool
}

// message: the title and its paragraphs in the largest sizes that fit, then the tries, with the smallest print at the bottom.
func (d *drawer) message(p page) {
	in := d.sheet.inner()
	if len(p.keys) == 0 {
		in.Max.Y = d.sheet.h - d.sheet.margin
	}
	for i := len(p.small) - 1; i >= 0; i-- {
		in.Max.Y -= d.sheet.small * 5 / 4
		l := p.small[i]
		if p.clip {
			l = d.clip(l, d.sheet.small, in.Dx())
		}
		d.text(in.Min.X, in.Max.Y, d.sheet.small, l)
	}
	if p.tries != nil {
		in.Max.Y -= d.sheet.tries * 5 / 4
		d.tries(in.Min.X, in.Max.Y, p.tries)
		in.Max.Y -= d.sheet.lift
	}
	need := 0
	for i, st := range d.sheet.steps {
		if p.office && st.title > officeSizes[0] {
			continue
		}
		lines, whole := d.lines(p, st, in.Dx())
		if !whole && i < len(d.sheet.steps)-1 {
			continue // a smaller size may keep the phrases whole
		}
		print, gaps := 0, 0
		for _, l := range lines {
			print += l.size
			gaps += l.gap
		}
		need = print*st.lead/100 + gaps
		if need > in.Dy() {
			continue
		}
		lead := min(145, (in.Dy()-gaps)*100/max(1, print))
		// what is left over goes mostly below: the eye begins at the top
		y := in.Min.Y + (in.Dy()-gaps-print*lead/100)/3
		for j, l := range lines {
			if j > 0 && l.gap > 0 && st.title == st.body && lines[j-1].title {
				// a title in the size of the body is told apart by a rule
				d.fill(image.Rect(in.Min.X, y+l.gap/2-2, in.Max.X, y+l.gap/2))
			}
			y += l.gap
			h := l.size * lead / 100
			if w := d.width(l.text, l.size); w > in.Dx() {
				d.fail(&OverflowError{What: l.text, Need: w, Have: in.Dx()})
			}
			d.text(in.Min.X, y+(h-l.size)/2, l.size, l.text)
			y += h
		}
		return
	}
	d.fail(&OverflowError{What: plain(p.title) + " …", Need: need, Have: in.Dy()})
}

// clip cuts a line that is too wide and ends it in "…".
func (d *drawer) clip(s string, size, width int) string {
	if d.width(s, size) <= width {
		return s
	}
	rs := []rune(s)
	for len(rs) > 0 && d.width(string(rs)+"…", size) > width {
		rs = rs[:len(rs)-1]
	}
	return string(rs) + "…"
}

// lines breaks a message for one step of sizes; whole tells whether every phrase stayed whole.
func (d *drawer) lines(p page, st step, width int) (out []line, whole bool) {
	whole = true
	add := func(text string, size, gap int, title bool) {
		for para := range strings.SplitSeq(text, "\n") {
			for _, ph := range pieces(para) {
				whole = whole && d.width(ph.text, size) <= width
			}
		}
		for i, t := range balance(text, width, func(r rune) int { return d.advance(r, size) }) {
			if i > 0 {
				gap = 0
			}
			out = append(out, line{text: t, size: size, gap: gap, title: title})
		}
	}
	add(p.title, st.title, 0, true)
	for i, para := range p.paras {
		gap := d.sheet.gap
		if i == 0 {
			gap *= 2
		}
		add(para, st.body, gap, false)
	}
	return out, whole
}

// tries draws the dots and the words beside them; a card that counts more tries than fit as dots has the words alone.
func (d *drawer) tries(x, y int, t *tries) {
	s := d.sheet
	if x+dotsWidth(s.dots, t.max)+s.dots/2+d.width(t.text, s.body) <= s.w-s.margin {
		x = d.dots(x, y+s.tries/2, s.dots, t.left, t.max) + s.dots/2
	}
	size := s.tries
	if x+d.width(t.text, size) > s.w-s.margin {
		size = s.body
	}
	d.text(x, y+(s.tries-size)/2, size, t.text)
}

// dots draws a row of dots, full for each try left, and returns the x after it.
func (d *drawer) dots(x, y, rad, left, total int) int {
	for i := range total {
		t := 3
		if i < left {
			t = 0
		}
		d.disc(x+rad, y, rad, t)
		x += 2*rad + rad/2
	}
	return x
}

// dotsWidth is how far dots of a radius reach.
func dotsWidth(rad, total int) int { return total * (2*rad + rad/2) }

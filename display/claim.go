// SPDX-License-Identifier: Apache-2.0

package display

import (
	"image"
	"slices"
	"strconv"
	"strings"
)

// claimPlaces are the places of a claim number as it is written: two of the box, four, and the check.
const claimPlaces = "__-____-_"

// A claimEntry is a claim number that is being typed, two presses for a character: first its key, then its place among the key's.
type claimEntry struct {
	typed  string // the characters so far, without hyphens
	groups []Line // keys and their characters
	due    int    // 1 + the group whose key was pressed, 0: a key is due
	status string
	fault  bool
}

// given reports whether a closing screen gives a claim number, to be shown to the resident next.
func (b *builder) given() bool {
	return b.s.Facts.Claim != "" && slices.Contains(Steps, b.s.Facts.Reason)
}

// claimEntry is a claim number being typed.
func (b *builder) claimEntry(p *page) {
	f := b.s.Facts
	p.left, p.right = b.tr("clerk.claim.head"), ""
	c := &claimEntry{typed: f.Text, groups: f.Lines, status: b.tr("clerk.claim.ask")}
	if len(f.Text) > strings.Count(claimPlaces, "_") {
		b.fail(&UnknownError{ID: b.s.ID, Fact: "claim number", Value: f.Text})
	}
	if f.Step != "" {
		c.due = 1 + slices.IndexFunc(f.Lines, func(l Line) bool { return l.Code == f.Step })
		if c.due == 0 {
			b.fail(&UnknownError{ID: b.s.ID, Fact: "key", Value: f.Step})
		}
	}
	switch f.Fault {
	case "":
	case "short", "check":
		c.status, c.fault = b.tr("clerk.claim."+f.Fault), true
	default:
		b.fail(&UnknownError{ID: b.s.ID, Fact: "fault", Value: f.Fault})
	}
	p.claim = c
}

// claimEntry draws the places of the number, what to press next, and the keys with their characters.
func (d *drawer) claimEntry(c *claimEntry) {
	s := d.sheet
	in := s.inner()
	size := s.verdicts[0]
	pitch := size * 5 / 8
	x, y := in.Min.X+(in.Dx()-pitch*len(claimPlaces))/2, in.Min.Y+s.gap/2
	n := 0
	for _, place := range claimPlaces {
		if place == '-' {
			d.centre(x, x+pitch, y, size, "-")
			x += pitch
			continue
		}
		cell := image.Rect(x+2, y+size+2, x+pitch-2, y+size+6)
		switch {
		case n < len(c.typed):
			d.centre(x, x+pitch, y, size, c.typed[n:n+1])
		case n == len(c.typed):
			cell.Min.Y -= size // the next one
		}
		d.fill(cell)
		x += pitch
		n++
	}
	y += size + 6 + s.gap
	h := s.body * 5 / 4
	if c.due > 0 {
		d.due(in, y, h, c.groups[c.due-1])
	} else {
		size := s.body
		if d.width(plain(c.status), size) > in.Dx() {
			size = s.text
		}
		if c.fault {
			d.fill(image.Rect(0, y, s.w, y+h))
		}
		d.line(in, y+(h-size)/2, size, c.status, c.fault)
	}
	y += h + s.gap/2
	rows := (len(c.groups) + 1) / 2
	if rows == 0 {
		return
	}
	row := min(s.tableH*5/4, (in.Max.Y-y)/rows)
	if row < s.table {
		d.fail(&OverflowError{What: "claim keys", Need: rows * s.table, Have: in.Max.Y - y})
		return
	}
	for i, g := range c.groups {
		at := in.Min.X + i/rows*in.Dx()/2
		d.group(at+s.key/2, y+i%rows*row+(row-s.tableH)/2, g.Code, g.Text, c.due == 0 || c.due == i+1)
	}
}

// due shows the characters of the key that was pressed, each behind the key that takes it, white on black.
func (d *drawer) due(in image.Rectangle, y, h int, g Line) {
	s := d.sheet
	d.fill(image.Rect(0, y, s.w, y+h))
	x := in.Min.X + s.key/2
	for i, r := range g.Text {
		at := y + (h-s.body)/2
		x = d.white(x, at, s.body, strconv.Itoa(i+1)) + s.gap
		d.m.Fill(image.Rect(x, y+3, x+s.body, y+h-3), true)
		d.centre(x, x+s.body, at, s.body, string(r))
		x += s.body + s.slot
	}
}

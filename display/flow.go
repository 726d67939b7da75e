// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strings"

	"madoguchi/display/fonts"
)

// The clerk's lists and texts are laid out in half columns, the width of an ASCII letter, and in units of the smallest panel's pixels at a
// print of 24, so that what stands on a page is the same on every panel and can be counted without a font. A larger panel draws the same
// rows in larger print.
const (
	unitPrint = 24
	unitBody  = 223 // height between head and foot

	textCols = 32 // half columns of a text
	pinCols  = 17 // from one pinned paragraph to the next
	markCols = 3  // of the box or dot before a paragraph
	pageRows = 8  // rows of a text's page
	topRows  = 2  // that the verdict takes of the first page
	hungRows = 6  // a paragraph of more rows is not hung beside its head but runs on under it
	keptRows = 4  // a paragraph of so many rows is not parted by a page's end

	lineCols  = 28 // half columns of a line's words, beside its digit
	tickCols  = 3  // that the tick takes of them
	rowUnits  = 25 // height of a row of a line
	lineUnits = 6  // of a line besides its rows
	headUnits = 28 // of a row of a list's title or warning
	headSpace = 4  // below them
	headRows  = 3  // a title or warning is cut after so many rows
)

// halves is the width of a rune in half columns, as the glyphs of ASCII and JIS X 0208 have it.
func halves(r rune) int {
	if r < 0x80 || strings.ContainsRune("¢£¥¬—−", r) || r == fonts.DottedZero {
		return 1
	}
	return 2
}

// A mark stands before a paragraph.
type mark uint8

const (
	markNone mark = iota
	markBox       // a box to be ticked off by eye: a paper that lacks
	markDot
)

// A worded is a paragraph in words.
type worded struct {
	tag  string // its head
	mark mark
	text string
}

// A row is one row of a text.
type row struct {
	tag  string
	mark mark
	at   int // half columns from the left
	text string
}

// rows breaks a paragraph; hang is the half columns of a head and the gap after it. The first row carries the head.
func (w worded) rows(hang int) []row {
	at := 0
	switch {
	case w.mark != markNone:
		at = markCols
	case w.tag != "":
		at = hang
	}
	lines := fold(w.text, textCols-at, 0)
	first := at
	if w.tag != "" && len(lines) > hungRows {
		lines, at = fold(w.text, textCols, hang), 0
	}
	out := make([]row, len(lines))
	for i, l := range lines {
		out[i] = row{at: at, text: l}
	}
	if len(out) > 0 {
		out[0].at, out[0].tag, out[0].mark = first, w.tag, w.mark
	}
	return out
}

// flow lays paragraphs on pages; the first page has top rows less. Where one head follows another of its kind, a dot
// stands for it.
func flow(paras []worded, hang, top int) [][]row {
	var pages [][]row
	page, left := []row(nil), pageRows-top
	turn := func() {
		pages = append(pages, page)
		page, left = nil, pageRows
	}
	for i, w := range paras {
		rs := w.rows(hang)
		if left == 0 || len(rs) > left && (left == 1 || len(rs) <= keptRows) { // no row stands alone at the foot of a page
			turn()
		}
		if len(page) > 0 && w.tag != "" && w.tag == paras[i-1].tag && len(rs) > 0 && len(rs) <= hungRows {
			rs[0].tag, rs[0].mark = "", markDot
		}
		for j, r := range rs {
			if left == 0 || left == 1 && j > 0 && j == len(rs)-2 { // no row stands alone at the top of a page
				turn()
			}
			page = append(page, r)
			left--
		}
	}
	if len(page) > 0 || len(pages) == 0 {
		turn()
	}
	return pages
}

// A list is a page of numbered lines in words.
type list struct {
	title string
	warn  string // a warning in white on black
	lines []listLine
	ticks bool
}

type listLine struct {
	text   string
	tick   Tick
	marked bool
}

// cols are the half columns of a line's words.
func (l *list) cols() int {
	if l.ticks {
		return lineCols - tickCols
	}
	return lineCols
}

// clip ends rows in "…" where there are more than most.
func clip(rows []string, most, cols int) []string {
	if len(rows) <= most {
		return rows
	}
	last := []rune(rows[most-1])
	for measure(string(last), halves) > cols-halves('…') {
		last = last[:len(last)-1]
	}
	return append(slices.Clone(rows[:most-1]), string(last)+"…")
}

// heading breaks a title or a warning.
func heading(text string, cols int) []string { return clip(fold(text, cols, 0), headRows, cols) }

// headHeight is the units that rows of a title or warning take.
func headHeight(rows []string) int {
	if len(rows) == 0 {
		return 0
	}
	return len(rows)*headUnits + headSpace
}

// room is what title and warning leave.
func (l *list) room() int {
	return unitBody - headHeight(heading(l.title, textCols)) - headHeight(heading(l.warn, textCols-1))
}

// rows breaks the words of a line. Only a line that is longer than a whole page is cut.
func (l *list) rows(i int) []string {
	return clip(fold(l.lines[i].text, l.cols(), 0), (l.room()-lineUnits)/rowUnits, l.cols())
}

// height is the units that a line takes.
func (l *list) height(i int) int { return len(l.rows(i))*rowUnits + lineUnits }

// pages is how many lines go on each page.
func (l *list) pages() []int {
	var out []int
	n, used := 0, 0
	for i := range l.lines {
		h := l.height(i)
		if n > 0 && (n == LinesPerPage || used+h > l.room()) {
			out = append(out, n)
			n, used = 0, 0
		}
		n++
		used += h
	}
	return append(out, n)
}

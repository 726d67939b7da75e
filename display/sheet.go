// SPDX-License-Identifier: Apache-2.0

package display

import (
	"fmt"
	"image"
)

// A sheet is the measures of one panel size, in pixels. Sizes are for 119.8 dpi (4.2") and 124 dpi (7.5"): 32 px are 6.8 and 6.6 mm.
type sheet struct {
	w, h   int
	margin int
	head   int // print of the head; its band is headH high
	headH  int
	foot   int // print of the foot
	footH  int
	gap    int // between paragraphs, at least
	small  int // smallest print
	board  int // lines of the tries board
	body   int // lines of rows: choices, questions above boxes
	title  int // titles above rows
	row    int // height of a row of a choice, at most
	tries  int // print beside the dots
	dots   int // radius of a dot of a tries row
	lift   int // between a message and the tries under it
	text   int // the clerk's lists and texts
	grown  int // print of a list whose lines are few and short; 0: no larger one
	steps  []step
	box    int // side of a box of a digit entry
	cell   int // pitch of the boxes of a letter entry
	table  int // print of the letter table; its rows are tableH high
	tableH int
	slot   int // pitch of the table's columns
	key    int // width of the table's key column
	number int // a claim number that is to be copied

	verdicts []int // sizes of a verdict, the larger first; the first also for a date's digits
}

// A step is one try of a message's sizes, the larger first; it is taken if its lines fit with a leading of at least lead percent.
type step struct{ title, body, lead int }

// small is the 4.2" panel: 12 columns of body text, at most five lines. large is the 7.5" one.
var (
	small = sheet{
		margin: 8, head: 28, headH: 34, foot: 28, footH: 38, gap: 6, small: 28, board: 28, body: 32, title: 40, row: 46, tries: 40, dots: 14,
		text: 24, grown: 32, verdicts: []int{48, 40},
		steps: []step{{48, 40, 125}, {40, 40, 128}, {40, 32, 118}, {32, 32, 110}},
		box:   64, cell: 24, table: 28, tableH: 28, slot: 28, key: 36, number: 64,
	}
	large = sheet{
		margin: 16, head: 32, headH: 44, foot: 40, footH: 56, gap: 12, small: 32, board: 40, body: 40, title: 48, row: 70, tries: 48, dots: 20, lift: 16,
		text: 40, verdicts: []int{64},
		steps: []step{{64, 48, 130}, {64, 40, 125}, {48, 40, 120}, {40, 40, 115}},
		box:   96, cell: 48, table: 40, tableH: 46, slot: 56, key: 64, number: 64,
	}
)

// sheetFor returns the measures for a panel.
func sheetFor(bounds image.Rectangle) (sheet, error) {
	w, h := bounds.Dx(), bounds.Dy()
	s := small
	switch {
	case w >= 800 && h >= 480:
		s = large
	case w < 400 || h < 300:
		return sheet{}, fmt.Errorf("laying out for a panel of %d×%d: the smallest is 400×300", w, h)
	}
	s.w, s.h = w, h
	return s, nil
}

// inner is the rectangle between head and foot, without margins.
func (s sheet) inner() image.Rectangle {
	return image.Rect(s.margin, s.headH+3, s.w-s.margin, s.h-s.footH-2)
}

// SPDX-License-Identifier: Apache-2.0

package display

import "image"

// An icon is ink or no ink at a point of a square from (-32, -32) to (31, 31): signs that are told apart by their outlines alone.
type icon func(x, y int) bool

// shape draws an icon into a square, black or white.
func (d *drawer) shape(r image.Rectangle, white bool, ink icon) {
	side := r.Dx()
	for y := range side {
		for x := range side {
			if ink((2*x+1)*32/side-32, (2*y+1)*32/side-32) {
				d.m.SetWhite(r.Min.X+x, r.Min.Y+y, white)
			}
		}
	}
}

func abs(n int) int { return max(n, -n) }

// within reports whether a point lies in a circle.
func within(x, y, rad int) bool { return x*x+y*y <= rad*rad }

// ring: 丸, all right.
func iconRing(x, y int) bool { return within(x, y, 31) && !within(x, y, 21) }

// cross: ばつ, refused.
func iconCross(x, y int) bool { return abs(abs(x)-abs(y)) < 9 && abs(x) < 29 }

// warn: a triangle with an exclamation mark, something lacks.
func iconWarn(x, y int) bool {
	if y < -29 || y > 28 || 2*abs(x) > y+33 {
		return false
	}
	bar := abs(x) < 4 && y > -12 && y < 9
	dot := abs(x) < 4 && y > 13 && y < 21
	return !bar && !dot
}

// visits: the first of two is done.
func iconVisits(x, y int) bool {
	return within(x+16, y, 15) || within(x-16, y, 15) && !within(x-16, y, 10)
}

// arrow: another way.
func iconArrow(x, y int) bool {
	return x >= -30 && x <= 2 && abs(y) < 9 || x > 0 && x+abs(y) < 30
}

// clock: later.
func iconClock(x, y int) bool {
	hands := abs(x) < 4 && y > -19 && y < 4 || abs(y) < 4 && x > -4 && x < 15
	return within(x, y, 31) && !within(x, y, 25) || hands
}

// bar: no entry at this hour.
func iconBar(x, y int) bool { return within(x, y, 31) && !(abs(x) < 21 && abs(y) < 7) }

// calendar: by reservation.
func iconCalendar(x, y int) bool {
	switch {
	case abs(x) > 28 || abs(y) > 28:
		return false
	case y < -12:
		return !(abs(abs(x)-14) < 4 && y < -18)
	case abs(x) > 23 || y > 23:
		return true
	}
	return x > 2 && x < 18 && y > 2 && y < 18
}

// ask: a speech bubble.
func iconAsk(x, y int) bool {
	bubble := abs(x) < 31 && y > -27 && y < 15 && abs(x)+abs(y+6) < 46
	tail := y >= 14 && y < 30 && x > -18 && x < 14-y
	dots := abs(y+6) < 5 && (abs(x) < 5 || abs(abs(x)-15) < 5)
	return (bubble || tail) && !dots
}

// empty: a sheet on which nothing is written.
func iconEmpty(x, y int) bool {
	inside := abs(x) < 24 && abs(y) < 31
	hollow := abs(x) < 18 && abs(y) < 25
	dash := abs(y) < 3 && abs(x) < 10
	return inside && !hollow || dash
}

// info: the letter i.
func iconInfo(x, y int) bool {
	stem := abs(x) < 5 && y > -8 && y < 20
	dot := within(x, y+16, 6)
	return within(x, y, 31) && !stem && !dot
}

// check: a tick.
func iconCheck(x, y int) bool {
	down := x < -5 && abs(x-y+16) < 8 && x > -24
	up := x >= -9 && abs(x+y-6) < 9 && x < 26
	return (down || up) && y < 22
}

// verdictIcons are the signs of the verdicts; barred: the way does not lead on at this desk today.
var verdictIcons = map[string]struct {
	ink    icon
	barred bool
}{
	"complete":          {iconRing, false},
	"first_visit":       {iconVisits, false},
	"missing_documents": {iconWarn, true},
	"redirect":          {iconArrow, true},
	"not_yet_open":      {iconClock, true},
	"refuse":            {iconCross, true},
	"ask_office":        {iconAsk, true},
	"needs_reservation": {iconCalendar, true},
	"closed":            {iconBar, true},
	"guidance":          {iconInfo, false},
	"silent":            {iconEmpty, true},
}

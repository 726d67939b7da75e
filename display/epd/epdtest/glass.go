// SPDX-License-Identifier: Apache-2.0

package epdtest

import (
	"image"
	"time"

	"madoguchi/display/mono"
)

// What the glass reflects, as a grey value: e-paper white is not white and its black is not black.
const (
	PaperWhite uint8 = 0xE8
	InkBlack   uint8 = 0x1C
)

const (
	middle      = PaperWhite/2 + InkBlack/2
	residueStep = 5  // what one erasing by a partial refresh leaves
	residueMost = 45 // and what many leave
)

// rest is what a pixel reflects when it is no longer driven.
func rest(white bool, residue uint8) uint8 {
	if white {
		return PaperWhite - residue
	}
	return InkBlack
}

// A phase of a full refresh: until a part of its time is over, all pixels go to one side.
type phase struct {
	until float64
	to    goal
}

type goal uint8

const (
	goalInverse goal = iota // opposite of what was there
	goalBlack
	goalWhite
	goalPicture
)

// The flashes of the two full refreshes, as films of such panels show them.
var (
	fullPhases  = []phase{{0.12, goalInverse}, {0.32, goalBlack}, {0.52, goalWhite}, {0.66, goalBlack}, {0.80, goalWhite}, {1, goalPicture}}
	quickPhases = []phase{{0.28, goalBlack}, {0.60, goalWhite}, {1, goalPicture}}
)

// look returns what each pixel reflects at a time during the operation, by pixel and residue.
func (o *operation) look(now time.Time) func(i int, residue uint8) uint8 {
	f := o.done(now)
	if o.kind == partialRefresh {
		return func(i int, residue uint8) uint8 {
			if !bit(o.moved, i) {
				return o.from[i]
			}
			// Pixels do not move together: each starts a little later than its neighbour may.
			grain := float64(uint32(i)*2654435761>>24) / 255
			return blend(o.from[i], o.goal(goalPicture, i, residue), fraction((f-0.3*grain)/0.6))
		}
	}
	phases := fullPhases
	if o.kind == quickRefresh {
		phases = quickPhases
	}
	n, start := 0, 0.0
	for n < len(phases)-1 && f >= phases[n].until {
		start = phases[n].until
		n++
	}
	part := fraction((f - start) / (0.6 * (phases[n].until - start)))
	return func(i int, residue uint8) uint8 {
		at := o.from[i]
		if n > 0 {
			at = o.goal(phases[n-1].to, i, residue)
		}
		return blend(at, o.goal(phases[n].to, i, residue), part)
	}
}

// goal is what a pixel reflects at the end of a phase.
func (o *operation) goal(g goal, i int, residue uint8) uint8 {
	switch g {
	case goalInverse:
		return rest(o.from[i] < middle, 0)
	case goalBlack:
		return InkBlack
	case goalWhite:
		return PaperWhite
	}
	white := bit(o.to, i)
	if o.moved == nil || bit(o.moved, i) {
		residue = o.leaves(i, white, residue)
	}
	return rest(white, residue)
}

// leaves is the residue of a pixel that moved: a full refresh takes it away, a partial one adds some where it erases ink.
func (o *operation) leaves(i int, white bool, residue uint8) uint8 {
	switch {
	case o.kind == fullRefresh:
		return 0
	case o.kind == quickRefresh:
		return residue / 4
	case white && o.from[i] < middle:
		return min(residue+residueStep, residueMost)
	}
	return residue
}

// fraction is f as 256ths, from 0 to 256.
func fraction(f float64) int { return int(256 * min(1, max(0, f))) }

// blend goes from a to b as part goes from 0 to 256.
func blend(a, b uint8, part int) uint8 { return uint8(int(a) + (int(b)-int(a))*part/256) }

// Snapshot returns what an eye sees now: values between InkBlack and PaperWhite.
func (e *Emulator) Snapshot() *image.Gray {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	m := image.NewGray(e.Bounds())
	if e.op == nil || e.op.kind == noRefresh {
		copy(m.Pix, e.level)
		return m
	}
	seen := e.op.look(e.clock.Now())
	for i := range m.Pix {
		m.Pix[i] = seen(i, e.residue[i])
	}
	return m
}

// Glass returns the picture that the glass shows now, each pixel taken as black or white.
func (e *Emulator) Glass() *mono.Image {
	m := mono.New(e.w, e.h)
	m.Pix = pack(e.Snapshot().Pix)
	return m
}

// pack takes levels as black or white, eight in a byte, 1 = white.
func pack(level []uint8) []byte {
	b := make([]byte, len(level)/8)
	for i, l := range level {
		if l >= middle {
			b[i/8] |= 0x80 >> (i % 8)
		}
	}
	return b
}

// bit is a pixel of a packed picture.
func bit(b []byte, i int) bool { return b[i/8]&(0x80>>(i%8)) != 0 }

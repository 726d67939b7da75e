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

// seen is what one pixel reflects during the operation.
func (o *operation) seen(i int, residue uint8, now time.Time) uint8 {
	f := o.done(now)
	if o.kind == partialRefresh {
		if !o.drive[i] {
			return o.from[i]
		}
		if o.to[i] && o.from[i] < middle {
			residue = min(residue+residueStep, residueMost)
		}
		// Pixels do not move together: each starts a little later than its neighbour may.
		grain := float64(uint32(i)*2654435761>>24) / 255
		return blend(o.from[i], rest(o.to[i], residue), (f-0.3*grain)/0.6)
	}
	phases := fullPhases
	if o.kind == quickRefresh {
		phases, residue = quickPhases, residue/4
	} else {
		residue = 0
	}
	at, start := o.from[i], 0.0
	for _, p := range phases {
		var to uint8
		switch p.to {
		case goalInverse:
			to = rest(o.from[i] < middle, residue)
		case goalBlack:
			to = InkBlack
		case goalWhite:
			to = PaperWhite
		case goalPicture:
			to = rest(o.to[i], residue)
		}
		if f < p.until {
			return blend(at, to, (f-start)/(0.6*(p.until-start)))
		}
		at, start = to, p.until
	}
	return at
}

// blend goes from a to b as f goes from 0 to 1.
func blend(a, b uint8, f float64) uint8 {
	f = min(1, max(0, f))
	return uint8(float64(a) + (float64(b)-float64(a))*f + 0.5)
}

// Snapshot returns what an eye sees now: values between InkBlack and PaperWhite.
func (e *Emulator) Snapshot() *image.Gray {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.look()
	m := image.NewGray(image.Rect(0, 0, Width, Height))
	if e.op == nil || e.op.kind == noRefresh {
		copy(m.Pix, e.level)
		return m
	}
	now := e.clock.Now()
	for i := range m.Pix {
		m.Pix[i] = e.op.seen(i, e.residue[i], now)
	}
	return m
}

// Glass returns the picture that the glass shows now, each pixel taken as black or white.
func (e *Emulator) Glass() *mono.Image {
	s, m := e.Snapshot(), mono.New(Width, Height)
	for i, l := range s.Pix {
		if l < middle {
			m.SetWhite(i%Width, i/Width, false)
		}
	}
	return m
}

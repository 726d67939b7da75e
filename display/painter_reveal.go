// SPDX-License-Identifier: Apache-2.0

package display

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotRevealed says that no character was shown: ResidentReview did not stand on the glass, or the panel cannot lend a place.
var ErrNotRevealed = errors.New("no place for a character on the glass")

// A Lender picks the picture of one character out of an atlas and calls show with it, in memory that show must neither keep nor copy (see
// package pinpad). atlas holds A–Z and 0–9. It returns when show has returned.
type Lender func(atlas []byte, show func(picture []byte)) error

// A glimpse is one call of Reveal.
type glimpse struct {
	no   uint32
	lend Lender
}

// Reveal asks that a character be shown in its place on ResidentReview, until Cover or the next screen. It returns at once; a Report with this number
// says whether the character stands on the glass. no must not be 0. The painter never has the character: the picture goes from where it lies to the
// panel, so it is in no buffer of this program. Another screen than this one then comes by a full refresh, because a partial one leaves a ghost.
func (p *Painter) Reveal(no uint32, lend Lender) { p.peep(&glimpse{no, lend}, false) }

// Cover takes the character off the glass and out of the panel's memory, and forgets one that was asked for and not yet shown.
func (p *Painter) Cover() { p.peep(nil, true) }

func (p *Painter) peep(g *glimpse, cover bool) {
	p.mu.Lock()
	p.glimpse, p.cover = g, p.cover || cover
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// peeped does what Reveal or Cover asked for, the end of the last character before the next one; false: there is nothing to do.
func (p *Painter) peeped(ctx context.Context) bool {
	p.mu.Lock()
	g, cover := p.glimpse, p.cover
	if p.cover = false; !cover {
		p.glimpse = nil
	}
	p.mu.Unlock()
	panel, able := p.panel.(LendPanel)
	switch {
	case cover:
		if able && p.lent {
			if err := panel.Cover(ctx); err != nil {
				p.failed(ctx, &p.last, fmt.Errorf("covering a character: %w", err))
				return true
			}
			p.wear(glimpseSide * glimpseSide / 2)
		}
		p.lent = false
	case g != nil:
		err := ErrNotRevealed
		if able && p.known && !p.blank && p.last.screen.ID == ResidentReview {
			err = p.reveal(ctx, panel, g.lend)
		}
		p.tell(ctx, Report{Gen: p.last.gen, ID: p.last.screen.ID, Glimpse: g.no, Err: err})
	default:
		return false
	}
	return true
}

// reveal shows one character.
func (p *Painter) reveal(ctx context.Context, panel LendPanel, lend Lender) error {
	sheet, err := sheetFor(p.panel.Bounds())
	if err != nil {
		return err
	}
	atlas, err := DrawAtlas()
	if err != nil {
		return err
	}
	defer clear(atlas)
	var shown error
	err = lend(atlas, func(picture []byte) {
		p.lent, p.bared = true, true // whatever becomes of it
		shown = panel.Lend(ctx, picture, sheet.glimpsePlace())
	})
	if shown != nil {
		p.failed(ctx, &p.last, fmt.Errorf("revealing a character: %w", shown))
		return shown
	}
	if p.lent {
		p.wear(0)
	}
	return err
}

// wear counts a partial refresh by what may have been erased at most: what really was depends on the character.
func (p *Painter) wear(erased int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.partials, p.erased = p.partials+1, p.erased+erased
	p.counts.Partial++
}

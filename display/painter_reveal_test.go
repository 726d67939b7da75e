// SPDX-License-Identifier: Apache-2.0

package display

import (
	"bytes"
	"context"
	"errors"
	"image"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// lending is a fake panel that lends a place, and says what it was given.
type lending struct {
	*fakePanel
	pics [][]byte
	at   image.Rectangle
}

var _ LendPanel = (*lending)(nil)

func (p *lending) Lend(_ context.Context, pic []byte, r image.Rectangle) error {
	p.pics, p.at = append(p.pics, bytes.Clone(pic)), r
	return p.do("lend", image.Rectangle{}, nil, p.slow)
}

func (p *lending) Cover(context.Context) error {
	return p.do("cover", image.Rectangle{}, nil, p.slow)
}

func newLending(t *testing.T) (*easel, *lending) {
	t.Helper()
	e := &easel{t: t, panel: newFakePanel()}
	l := &lending{fakePanel: e.panel}
	e.Painter, e.blocks = startPainter(t, l, nil)
	return e, l
}

// lender lends the nth picture of an atlas, as a key-pad would, and overwrites it afterwards.
func lender(n int) Lender {
	return func(atlas []byte, show func([]byte)) error {
		size := len(atlas) / len(reviewable)
		pic := bytes.Clone(atlas[n*size : (n+1)*size])
		show(pic)
		clear(pic)
		return nil
	}
}

// TestPainterReveal: a character stands from its report to Cover; then another screen comes by a full refresh, and the next one as usual.
func TestPainterReveal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e, l := newLending(t)
		e.shown(ResidentLookAlike, Facts{})
		e.shown(ResidentReview, Facts{Choice: 1, Filled: 8})
		e.panel.forget()
		e.Reveal(7, lender(0))
		if r := e.next(); r.Glimpse != 7 || r.Err != nil {
			t.Errorf("report %+v", r)
		}
		e.Cover()
		e.Reveal(8, lender(1)) // before it is covered
		if r := e.next(); r.Glimpse != 8 || r.Err != nil {
			t.Errorf("report %+v", r)
		}
		e.Cover()
		time.Sleep(time.Second)
		e.Cover() // nothing stands there any more
		e.shown(ResidentReview, Facts{Choice: 2, Filled: 8})
		e.shown(ResidentMismatch, Facts{})
		e.shown(ResidentReview, Facts{Choice: 2, Filled: 8})
		if d := cmp.Diff([]string{"lend", "cover", "lend", "cover", "partial", "full", "partial"}, e.panel.hows()); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if len(l.pics) != 2 || bytes.Equal(l.pics[0], l.pics[1]) || len(l.pics[0]) != l.at.Dx()/8*l.at.Dy() {
			t.Errorf("%d pictures in %v", len(l.pics), l.at)
		}
	})
}

// TestPainterRevealRefused: no review on the glass, a screen that overtakes it, a Cover that comes first, a panel that cannot, a key-pad that will not.
func TestPainterRevealRefused(t *testing.T) {
	refuse := errors.New("nothing may be shown")
	for _, tt := range []struct {
		name  string
		do    func(e *easel)
		want  error
		calls []string
	}{
		{"another screen", func(e *easel) { e.shown(ResidentMismatch, Facts{}); e.Reveal(1, lender(0)) }, ErrNotRevealed, []string{"full"}},
		{"overtaken", func(e *easel) {
			e.shown(ResidentReview, Facts{Choice: 1, Filled: 8})
			e.Reveal(1, lender(0))
			e.shown(ResidentMismatch, Facts{})
		}, ErrNotRevealed, []string{"full", "partial"}},
		{"key-pad refuses", func(e *easel) {
			e.shown(ResidentReview, Facts{Choice: 1, Filled: 8})
			e.Reveal(1, func([]byte, func([]byte)) error { return refuse })
		}, refuse, []string{"full"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, _ := newLending(t)
				tt.do(e)
				if r := e.next(); r.Glimpse != 1 || !errors.Is(r.Err, tt.want) {
					t.Errorf("report %+v, want %v", r, tt.want)
				}
				if d := cmp.Diff(tt.calls, e.panel.hows()); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		})
	}
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil) // its panel cannot lend
		e.shown(ResidentReview, Facts{Choice: 1, Filled: 8})
		e.Reveal(1, lender(0))
		if r := e.next(); !errors.Is(r.Err, ErrNotRevealed) {
			t.Errorf("report %+v", r)
		}
		e.Cover()
		e.none()
	})
	synctest.Test(t, func(t *testing.T) {
		e, _ := newLending(t)
		e.shown(ResidentReview, Facts{Choice: 1, Filled: 8})
		e.panel.set(time.Second)
		e.show(ResidentReview, Facts{Choice: 2, Filled: 8})
		e.Reveal(1, lender(0))
		e.Cover() // the painter is busy with the screen
		e.next()
		e.none()
	})
}

// TestPainterRevealFails: a panel that fails with a character on it says so, and gets the screen as it was by a full refresh.
func TestPainterRevealFails(t *testing.T) {
	for name, tt := range map[string]struct {
		fail []error
		want []string
	}{
		"lend":  {[]error{errNoWord}, []string{"lend", "full"}},
		"cover": {[]error{nil, errNoWord}, []string{"lend", "cover", "full"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e, _ := newLending(t)
				gen := e.shown(ResidentReview, Facts{Choice: 1, Filled: 8}).Gen
				e.panel.forget()
				e.panel.set(e.panel.slow, tt.fail...)
				e.Reveal(1, lender(0))
				if name == "cover" {
					if r := e.next(); r.Glimpse != 1 || r.Err != nil {
						t.Errorf("report %+v", r)
					}
					e.Cover()
				}
				if r := e.next(); r.Gen != gen || r.Glimpse != 0 || r.Err == nil {
					t.Errorf("report %+v, want one of the screen's failure", r)
				}
				if name == "lend" {
					if r := e.next(); r.Glimpse != 1 || r.Err == nil {
						t.Errorf("report %+v, want that there is no character", r)
					}
				}
				if r := e.next(); r.Gen != gen || r.Err != nil {
					t.Errorf("report %+v, want the screen again", r)
				}
				if d := cmp.Diff(tt.want, e.panel.hows()); d != "" {
					t.Errorf("(-want +got):\n%s", d)
				}
			})
		})
	}
}

// TestAtlas: 36 pictures, each its own, none of them empty or to the edge.
func TestAtlas(t *testing.T) {
	atlas, err := DrawAtlas()
	if err != nil {
		t.Fatal(err)
	}
	size := glimpseSide * glimpseSide / 8
	if len(atlas) != 36*size {
		t.Fatalf("an atlas of %d bytes", len(atlas))
	}
	seen := map[string]bool{}
	for i := range 36 {
		pic := atlas[i*size : (i+1)*size]
		if seen[string(pic)] {
			t.Errorf("picture %d stands twice", i)
		}
		seen[string(pic)] = true
		if ink := bytes.Count(pic, []byte{0xFF}); ink == size || pic[0] != 0xFF || pic[size-1] != 0xFF {
			t.Errorf("picture %d is empty, or touches an edge", i)
		}
	}
}

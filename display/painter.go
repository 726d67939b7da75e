// SPDX-License-Identifier: Apache-2.0

package display

import (
	"context"
	"fmt"
	"image"
	"sync"
	"time"

	"madoguchi/display/mono"
)

// PainterOpts are the painter's times and budgets. A zero field stands for its value in DefaultPainterOpts.
type PainterOpts struct {
	Grid        time.Duration // on an entry screen the panel starts to move only at multiples of it after the screen was first asked for
	Partials    int           // so many partial refreshes, then a full one as soon as it does not disturb an entry
	Erased      float64       // likewise when so many pixels were erased, as a part of all pixels
	Daily       time.Duration // time of day of the full refresh at idle; negative: none
	Backoff     time.Duration // wait after a first panel error; it doubles with each further one
	BackoffMost time.Duration // up to this
	Clock       Clock         // nil: package time
}

// DefaultPainterOpts are the values for an e-ink panel whose maker asks for a full refresh "after several" partial ones and once a day.
var DefaultPainterOpts = PainterOpts{
	Grid:        500 * time.Millisecond, // coarser than the rhythm of typing, fine enough to be felt as an answer
	Partials:    20,                     // projects pick 8 to 50
	Erased:      0.5,                    // erasing is what leaves grey
	Daily:       3 * time.Hour,
	Backoff:     time.Second,
	BackoffMost: 30 * time.Second,
}

// A Report says that a screen stands on the glass (BUSY has fallen), or why it does not.
type Report struct {
	At      time.Time
	Gen     uint32
	ID      ID
	Glimpse uint32 // not 0: it is about this character of Painter.Reveal
	Err     error
}

// RefreshCounts are the refreshes that ended well since the painter was made; a panel is worn by them.
type RefreshCounts struct {
	Full, Quick, Partial, Wipe int64
}

// A Painter brings the newest screen to a panel. Its one goroutine, Run, owns panel and renderer: whoever shows a screen never waits for them.
// Screens that were overtaken are dropped, but Wipe never is.
//
// On an entry screen every change falls on a grid that starts when the screen was first shown: nobody who films the panel can time the keys
// more finely. Full refreshes are made for an unknown glass, for screens that ask for one, between faces, and when the residue of partial
// ones has come to its budget, but for that never on a screen on which somebody types.
type Painter struct {
	panel  Panel
	render interface {
		Render(Screen) (*mono.Image, error)
	}
	opts    PainterOpts
	clock   Clock
	reports chan Report
	wake    chan struct{}

	mu        sync.Mutex
	newest    *request  // not yet painted
	wipe      *request  // not yet done; goes before newest
	asked     ID        // of the last Show
	gridStart time.Time // when the running entry screen was first shown
	counts    RefreshCounts
	glimpse   *glimpse // not yet shown
	cover     bool     // a character is to be taken off the glass

	// Below: for Run.
	glass    *mono.Image // what the panel shows, if known
	known    bool
	blank    bool    // the panel was wiped and not painted since
	last     request // what was painted last
	lent     bool    // a character stands on the glass
	bared    bool    // one did since the last full refresh
	partials int     // since the last full refresh
	erased   int     // pixels, likewise
	backoff  time.Duration
	retry    time.Time // not before
}

// A request is one call of Show.
type request struct {
	gen    uint32
	screen Screen
	info   Info
}

// NewPainter returns a painter for a panel; the renderer must be made for the panel's bounds and is the painter's from here. Nil options stand
// for DefaultPainterOpts.
func NewPainter(p Panel, r *Renderer, o *PainterOpts) *Painter {
	pt := newPainter(p, o)
	pt.render = r
	return pt
}

func newPainter(p Panel, o *PainterOpts) *Painter {
	d := DefaultPainterOpts
	if o != nil {
		d = *o
	}
	for _, f := range []struct{ at, def *time.Duration }{
		{&d.Grid, &DefaultPainterOpts.Grid}, {&d.Daily, &DefaultPainterOpts.Daily},
		{&d.Backoff, &DefaultPainterOpts.Backoff}, {&d.BackoffMost, &DefaultPainterOpts.BackoffMost},
	} {
		if *f.at == 0 {
			*f.at = *f.def
		}
	}
	if d.Partials == 0 {
		d.Partials = DefaultPainterOpts.Partials
	}
	if d.Erased == 0 {
		d.Erased = DefaultPainterOpts.Erased
	}
	if d.Clock == nil {
		d.Clock = systemClock{}
	}
	b := p.Bounds()
	return &Painter{
		panel: p, opts: d, clock: d.Clock, glass: mono.New(b.Dx(), b.Dy()),
		reports: make(chan Report, 16), wake: make(chan struct{}, 1),
	}
}

// Show asks for a screen; gen comes back in its report. It returns at once. A screen shown before and not yet painted is dropped without a
// report.
func (p *Painter) Show(gen uint32, s Screen) {
	info, _ := s.ID.Info()
	p.mu.Lock()
	if info.Entry && s.ID != p.asked {
		p.gridStart = p.clock.Now()
	}
	p.asked = s.ID
	if r := (&request{gen, s, info}); s.ID == Wipe {
		p.wipe, p.newest = r, nil
	} else {
		p.newest = r
	}
	p.mu.Unlock()
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// Reports delivers one report for each screen that was painted or failed to be. It must be read; the painter waits for its reader when 16
// reports lie there. It is never closed.
func (p *Painter) Reports() <-chan Report { return p.reports }

// Counts returns the refreshes so far.
func (p *Painter) Counts() RefreshCounts {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.counts
}

// Run paints until ctx ends and returns ctx's error. It leaves the panel as it is.
func (p *Painter) Run(ctx context.Context) error {
	var tick time.Time // the grid instant being waited for
	for ctx.Err() == nil {
		r, due := p.next(&tick)
		if r == nil && p.peeped(ctx) {
			continue
		}
		if r != nil && !p.clock.Now().Before(due) {
			tick = time.Time{}
			p.take(r)
			p.paint(ctx, r)
			continue
		}
		if err := p.wait(ctx, r, due); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// next returns what to paint and from when on; nil if nothing is asked for.
func (p *Painter) next(tick *time.Time) (*request, time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wipe != nil {
		return p.wipe, p.retry
	}
	r := p.newest
	switch {
	case r == nil:
		return nil, time.Time{}
	case !p.retry.IsZero():
		return r, p.retry
	case !r.info.Entry || !p.known || r.screen.ID != p.last.screen.ID:
		return r, time.Time{}
	}
	if tick.Before(p.gridStart) || tick.IsZero() {
		passed := p.clock.Now().Sub(p.gridStart)
		*tick = p.gridStart.Add((passed + p.opts.Grid - 1) / p.opts.Grid * p.opts.Grid)
	}
	return r, *tick
}

// take removes a request from the mailbox, unless it was replaced meanwhile.
func (p *Painter) take(r *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.wipe == r {
		p.wipe = nil
	}
	if p.newest == r {
		p.newest = nil
	}
}

// putBack returns a request that failed, unless a newer one makes it needless.
func (p *Painter) putBack(r *request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case r.screen.ID == Wipe:
		if p.wipe == nil {
			p.wipe = r
		}
	case p.newest == nil && p.wipe == nil:
		p.newest = r
	}
}

// wait waits for a newer screen, for the time at which r may be painted, or at idle for the daily refresh.
func (p *Painter) wait(ctx context.Context, r *request, due time.Time) error {
	var timer <-chan time.Time
	daily := false
	now := p.clock.Now()
	if r == nil && p.known && !p.blank && p.last.info.Face == FaceIdle && p.opts.Daily >= 0 {
		y, m, d := now.Date()
		for due = time.Date(y, m, d, 0, 0, 0, 0, now.Location()).Add(p.opts.Daily); !due.After(now); {
			d++
			due = time.Date(y, m, d, 0, 0, 0, 0, now.Location()).Add(p.opts.Daily)
		}
		daily = true
	}
	if r != nil || daily {
		c, stop := p.clock.Timer(due.Sub(now))
		defer stop()
		timer = c
	}
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-p.wake:
	case <-timer:
		if daily && !p.clock.Now().Before(due) {
			p.apply(ctx, &p.last, p.glass, refreshFull, image.Rectangle{})
		}
	}
	return nil
}

// A refresh is a way to bring a picture to the glass.
type refresh uint8

const (
	refreshNone refresh = iota
	refreshPartial
	refreshQuick
	refreshFull
	refreshWipe
)

// paint renders a request, brings it to the panel and reports.
func (p *Painter) paint(ctx context.Context, r *request) {
	m := mono.New(p.glass.W, p.glass.H)
	how, dirty := refreshWipe, image.Rectangle{}
	if r.screen.ID != Wipe {
		var err error
		if m, err = p.render.Render(r.screen); err != nil {
			p.report(ctx, r, fmt.Errorf("rendering screen %s: %w", r.screen.ID, err))
			return
		}
		dirty = mono.Align(p.glass.Diff(m))
		how = p.choose(r, dirty)
	}
	if p.apply(ctx, r, m, how, dirty) {
		p.report(ctx, r, nil)
	}
}

// choose decides how a screen comes to the glass.
func (p *Painter) choose(r *request, dirty image.Rectangle) refresh {
	other := r.screen.ID != p.last.screen.ID
	spent := p.partials >= p.opts.Partials || float64(p.erased) > p.opts.Erased*float64(p.glass.W*p.glass.H)
	switch {
	case !p.known:
		return refreshFull
	case p.blank:
		return refreshQuick // the glass is clean
	case other && (r.info.FullRefresh || p.bared):
		return refreshFull
	case spent && (other || !r.info.Entry) && !dirty.Empty():
		return refreshFull
	case r.info.Face != p.last.info.Face:
		return refreshQuick
	case dirty.Empty():
		return refreshNone
	}
	return refreshPartial
}

// apply drives the panel; if that fails it reports, puts the request back and lets some time pass.
func (p *Painter) apply(ctx context.Context, r *request, m *mono.Image, how refresh, dirty image.Rectangle) bool {
	var err error
	quick, ok := p.panel.(QuickPanel)
	if how == refreshQuick && !ok {
		how = refreshFull
	}
	switch how {
	case refreshPartial:
		err = p.panel.Partial(ctx, m, dirty)
	case refreshQuick:
		err = quick.Quick(ctx, m)
	case refreshFull:
		err = p.panel.Full(ctx, m)
	case refreshWipe:
		err = p.panel.Wipe(ctx)
	}
	if err != nil {
		p.failed(ctx, r, err)
		return false
	}
	p.count(m, how)
	p.glass, p.last, p.known, p.blank = m, *r, true, how == refreshWipe
	p.backoff, p.retry = 0, time.Time{}
	p.lent = p.lent && how == refreshNone
	p.bared = p.bared && how != refreshFull && how != refreshWipe
	return true
}

// failed notes that nothing is known of the glass, and asks for the request again after a while.
func (p *Painter) failed(ctx context.Context, r *request, err error) {
	p.known = false
	if p.backoff = min(2*p.backoff, p.opts.BackoffMost); p.backoff == 0 {
		p.backoff = p.opts.Backoff
	}
	p.retry = p.clock.Now().Add(p.backoff)
	again := *r
	p.putBack(&again)
	p.report(ctx, r, err)
}

// count keeps the counts of refreshes and the residue since the last full one. A quick refresh is taken to leave a quarter.
func (p *Painter) count(m *mono.Image, how refresh) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch how {
	case refreshPartial:
		white, _ := p.glass.Turned(m)
		p.partials, p.erased = p.partials+1, p.erased+white
		p.counts.Partial++
	case refreshQuick:
		p.partials, p.erased = p.partials/4, p.erased/4
		p.counts.Quick++
	case refreshFull:
		p.partials, p.erased = 0, 0
		p.counts.Full++
	case refreshWipe:
		p.partials, p.erased = 0, 0
		p.counts.Wipe++
	}
}

func (p *Painter) report(ctx context.Context, r *request, err error) {
	p.tell(ctx, Report{Gen: r.gen, ID: r.screen.ID, Err: err})
}

func (p *Painter) tell(ctx context.Context, r Report) {
	if r.At = p.clock.Now(); ctx.Err() != nil {
		return
	}
	select {
	case p.reports <- r:
	case <-ctx.Done():
	}
}

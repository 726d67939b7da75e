// SPDX-License-Identifier: Apache-2.0

package display

import (
	"context"
	"errors"
	"image"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/mono"
)

var paintBounds = image.Rect(0, 0, 400, 300)

// blocks draws screens without words: a block whose place depends on the id, one for each filled box, one for each try left.
type blocks struct {
	bounds image.Rectangle // of the panel
	calls  int
}

var errNoWord = errors.New("no such word")

func (b *blocks) Render(s Screen) (*mono.Image, error) {
	b.calls++
	if s.Lang == "xx" {
		return nil, errNoWord
	}
	m := mono.New(b.bounds.Dx(), b.bounds.Dy())
	n := 0
	for _, c := range s.ID {
		n = n*31 + int(c)
	}
	m.Fill(image.Rect(0, 0, 40, 40).Add(image.Pt(n%300, n%100)), false)
	for i := range s.Facts.Filled {
		m.Fill(image.Rect(0, 0, 16, 16).Add(image.Pt(10+20*i, 200)), false)
	}
	if s.Facts.Half {
		m.Fill(image.Rect(300, 250, 320, 260), false)
	}
	m.Fill(image.Rect(0, 280, s.Facts.Left*10, 290), false)
	m.Fill(image.Rect(0, 150, s.Facts.Choice*40, 152), false)
	return m, nil
}

// call is one call of the fake panel.
type call struct {
	At   time.Duration // since the start
	How  string
	Rect image.Rectangle
}

// fakePanel notes calls and takes its time.
type fakePanel struct {
	mu    sync.Mutex // not held while it takes its time
	start time.Time
	made  []call
	fail  []error // for the next calls; nil entries succeed
	glass *mono.Image
	slow  time.Duration // of a partial refresh
}

func newFakePanel() *fakePanel {
	return &fakePanel{start: time.Now(), slow: 360 * time.Millisecond, glass: mono.New(400, 300)}
}

var _ QuickPanel = (*fakePanel)(nil)

func (p *fakePanel) do(how string, r image.Rectangle, m *mono.Image, t time.Duration) error {
	p.mu.Lock()
	p.made = append(p.made, call{time.Since(p.start), how, r})
	p.mu.Unlock()
	time.Sleep(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.fail) > 0 {
		err := p.fail[0]
		if p.fail = p.fail[1:]; err != nil {
			return err
		}
	}
	if m != nil {
		p.glass.CopyFrom(m)
	}
	return nil
}

func (p *fakePanel) Bounds() image.Rectangle { return paintBounds }
func (p *fakePanel) String() string          { return "fake" }
func (p *fakePanel) Full(_ context.Context, m *mono.Image) error {
	return p.do("full", image.Rectangle{}, m, 4*time.Second)
}
func (p *fakePanel) Quick(_ context.Context, m *mono.Image) error {
	return p.do("quick", image.Rectangle{}, m, 1140*time.Millisecond)
}
func (p *fakePanel) Partial(_ context.Context, m *mono.Image, r image.Rectangle) error {
	p.mu.Lock()
	t := p.slow
	p.mu.Unlock()
	return p.do("partial", r, m, t)
}
func (p *fakePanel) Wipe(context.Context) error {
	return p.do("wipe", image.Rectangle{}, mono.New(400, 300), 4*time.Second)
}
func (p *fakePanel) Sleep(context.Context) error { return p.do("sleep", image.Rectangle{}, nil, 0) }

// calls returns the calls so far.
func (p *fakePanel) calls() []call {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.made)
}

// forget forgets the calls so far.
func (p *fakePanel) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made = nil
}

// set changes what the panel does next.
func (p *fakePanel) set(slow time.Duration, fail ...error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.slow, p.fail = slow, fail
}

// hows returns the kinds of calls.
func (p *fakePanel) hows() []string {
	var h []string
	for _, c := range p.calls() {
		h = append(h, c.How)
	}
	return h
}

// easel is a running painter in a synctest bubble.
type easel struct {
	*Painter
	t       *testing.T
	panel   *fakePanel
	blocks  *blocks
	gen     uint32
	reports []Report
}

func startPainter(t *testing.T, panel Panel, o *PainterOpts) (*Painter, *blocks) {
	t.Helper()
	b := &blocks{bounds: panel.Bounds()}
	p := newPainter(panel, o)
	p.render = b
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- p.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; !errors.Is(err, context.Canceled) {
			t.Errorf("Run ended with %v", err)
		}
	})
	return p, b
}

func newEasel(t *testing.T, o *PainterOpts) *easel {
	t.Helper()
	e := &easel{t: t, panel: newFakePanel()}
	e.Painter, e.blocks = startPainter(t, e.panel, o)
	return e
}

// show asks for a screen without waiting.
func (e *easel) show(id ID, f Facts) uint32 {
	e.gen++
	e.Show(e.gen, Screen{ID: id, Lang: Japanese, Facts: f})
	return e.gen
}

// shown asks for a screen and waits for its report.
func (e *easel) shown(id ID, f Facts) Report {
	e.t.Helper()
	gen := e.show(id, f)
	for {
		if r := e.next(); r.Gen == gen {
			return r
		}
	}
}

// next waits for a report, up to an hour.
func (e *easel) next() Report {
	e.t.Helper()
	select {
	case r := <-e.Reports():
		e.reports = append(e.reports, r)
		return r
	case <-time.After(time.Hour):
		e.t.Fatal("no report")
		return Report{}
	}
}

// none fails the test if a report lies there.
func (e *easel) none() {
	e.t.Helper()
	synctest.Wait()
	select {
	case r := <-e.Reports():
		e.t.Errorf("unasked report %+v", r)
	default:
	}
}

// discard reads reports until the returned function is called.
func discard(p *Painter) func() {
	stop := make(chan struct{})
	go func() {
		for {
			select {
			case <-p.Reports():
			case <-stop:
				return
			}
		}
	}()
	return func() { close(stop) }
}

func TestPainterRefreshes(t *testing.T) {
	pin, again := PINID("login"), AgainID("login")
	type show struct {
		id    ID
		facts Facts
	}
	repeat := func(n int, f func(i int) show) []show {
		var s []show
		for i := range n {
			s = append(s, f(i))
		}
		return s
	}
	typed := func(n int) []show {
		return repeat(n, func(i int) show { return show{pin, Facts{Filled: 1 + i%2}} })
	}
	tests := []struct {
		name  string
		opts  PainterOpts
		shows []show
		want  []string
	}{
		{"boot", PainterOpts{}, []show{{Boot, Facts{}}}, []string{"full"}},
		{"boot into an entry", PainterOpts{}, []show{{pin, Facts{}}}, []string{"full"}},
		{"same again", PainterOpts{}, []show{{Boot, Facts{}}, {Boot, Facts{}}}, []string{"full"}},
		{"another screen of the face", PainterOpts{}, []show{{ClerkKind, Facts{}}, {ClerkApplicant, Facts{}}}, []string{"full", "partial"}},
		{"another face", PainterOpts{}, []show{{ClerkKind, Facts{}}, {ResidentBoard, Facts{}}}, []string{"full", "quick"}},
		{"screen that asks for it", PainterOpts{}, []show{{IdleBoard, Facts{}}, {Idle, Facts{}}, {Idle, Facts{Left: 1}}}, []string{"full", "full", "partial"}},
		{"wipe", PainterOpts{}, []show{{pin, Facts{}}, {Wipe, Facts{}}, {ClerkClosed, Facts{}}, {ClerkMenu, Facts{}}}, []string{"full", "wipe", "quick", "partial"}},
		{"wipe, then a screen that asks for full", PainterOpts{}, []show{{pin, Facts{}}, {Wipe, Facts{}}, {Idle, Facts{}}}, []string{"full", "wipe", "quick"}},
		{"wipe twice", PainterOpts{}, []show{{Wipe, Facts{}}, {Wipe, Facts{}}}, []string{"wipe", "wipe"}},
		{"budget of refreshes, at the next screen", PainterOpts{Partials: 3},
			append(append([]show{{pin, Facts{}}}, typed(6)...), show{again, Facts{}}),
			[]string{"full", "partial", "partial", "partial", "partial", "partial", "partial", "full"}},
		{"budget of refreshes, outside an entry", PainterOpts{Partials: 3},
			repeat(7, func(i int) show { return show{ClerkKind, Facts{Choice: i}} }),
			[]string{"full", "partial", "partial", "partial", "full", "partial", "partial"}},
		{"budget of erased pixels", PainterOpts{Erased: 0.01}, // 1,200 pixels; a moved block erases up to 1,600
			[]show{{ClerkKind, Facts{}}, {ClerkApplicant, Facts{}}, {ClerkRefused, Facts{}}},
			[]string{"full", "partial", "full"}},
		{"default budget", PainterOpts{},
			repeat(23, func(i int) show { return show{ClerkKind, Facts{Choice: i % 5}} }),
			slices.Concat([]string{"full"}, slices.Repeat([]string{"partial"}, 20), []string{"full", "partial"})},
		{"nothing to draw keeps the budget waiting", PainterOpts{Partials: 1},
			[]show{{ClerkKind, Facts{}}, {ClerkKind, Facts{Choice: 1}}, {ClerkKind, Facts{Choice: 1}}}, []string{"full", "partial"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				e := newEasel(t, &tt.opts)
				for _, s := range tt.shows {
					if r := e.shown(s.id, s.facts); r.Err != nil || r.ID != s.id {
						t.Fatalf("report %+v for %s", r, s.id)
					}
				}
				if diff := cmp.Diff(tt.want, e.panel.hows()); diff != "" {
					t.Errorf("panel calls (-want +got):\n%s", diff)
				}
				e.none()
				c, n := e.Counts(), map[string]int64{}
				for _, h := range e.panel.hows() {
					n[h]++
				}
				if want := (RefreshCounts{Full: n["full"], Quick: n["quick"], Partial: n["partial"], Wipe: n["wipe"]}); c != want {
					t.Errorf("counts %+v, want %+v", c, want)
				}
			})
		})
	}
}

func TestPainterNewestWins(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.show(ClerkKind, Facts{})
		synctest.Wait() // the panel works
		for i := range 50 {
			e.show(ClerkKind, Facts{Choice: i % 7})
		}
		last := e.show(ClerkApplicant, Facts{})
		if r := e.next(); r.Gen != 1 || r.At.Sub(e.panel.start) != 4*time.Second {
			t.Errorf("first report %+v", r)
		}
		if r := e.next(); r.Gen != last {
			t.Errorf("second report of generation %d, want the newest, %d", r.Gen, last)
		}
		e.none()
		if e.blocks.calls != 2 {
			t.Errorf("%d screens rendered, want 2", e.blocks.calls)
		}
	})
}

func TestPainterDirtyRectangle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.shown(PINID("login"), Facts{Filled: 1})
		e.shown(PINID("login"), Facts{Filled: 2}) // draws 30–46 × 200–216
		want := image.Rect(24, 200, 48, 216)
		if got := e.panel.calls()[1].Rect; got != want {
			t.Errorf("dirty %v, want %v", got, want)
		}
		m, _ := e.blocks.Render(Screen{ID: PINID("login"), Facts: Facts{Filled: 2}})
		if d := e.panel.glass.Diff(m); !d.Empty() {
			t.Errorf("glass differs in %v", d)
		}
	})
}

func TestPainterWipeIsNeverDropped(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		e := newEasel(t, nil)
		e.show(ResidentBoard, Facts{})
		synctest.Wait()
		e.show(ResidentTurnBack, Facts{})
		wipe := e.show(Wipe, Facts{})
		last := e.show(ClerkClosed, Facts{})
		var gens []uint32
		for range 3 {
			gens = append(gens, e.next().Gen)
		}
		if diff := cmp.Diff([]uint32{1, wipe, last}, gens); diff != "" {
			t.Errorf("reports (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff([]string{"full", "wipe", "quick"}, e.panel.hows()); diff != "" {
			t.Errorf("panel calls (-want +got):\n%s", diff)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package display_test

import (
	"errors"
	"image"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display"
	"madoguchi/display/internal/samples"
	"madoguchi/display/words"
)

// Every sample draws in every language on every panel, and every screen, with every reason it has, has a sample.
func TestEveryScreenFits(t *testing.T) {
	want := map[string]bool{}
	for _, id := range display.IDs() {
		want[string(id)] = true
		for _, r := range id.Reasons() {
			want[string(id)+" "+r] = true
		}
	}
	for _, size := range samples.Sizes {
		r := renderer(t, size.W, size.H)
		for _, s := range samples.All() {
			delete(want, string(s.Screen.ID))
			delete(want, string(s.Screen.ID)+" "+s.Screen.Facts.Reason)
			for _, l := range spoken(s.Screen.ID) {
				if _, err := r.Render(s.In(l)); err != nil {
					t.Errorf("%s %s: %v", size.Name, s.Name, err)
				}
			}
		}
	}
	for name := range want {
		t.Errorf("no sample of screen %q", name)
	}
}

// spoken are the languages to draw a screen in: a clerk's too is asked for in a language that it is not written in.
func spoken(id display.ID) []display.Lang {
	if ls := id.Langs(); len(ls) < len(display.Langs) {
		return append(slices.Clone(ls), display.Vietnamese)
	}
	return display.Langs
}

// A panel between the two sizes, and one larger, are laid out too; a smaller one is refused.
func TestPanelSizes(t *testing.T) {
	for _, size := range []image.Point{{648, 480}, {960, 640}} {
		r := renderer(t, size.X, size.Y)
		for _, s := range samples.All() {
			m, err := r.Render(s.In(display.Japanese))
			if err != nil {
				t.Errorf("%v %s: %v", size, s.Name, err)
			} else if m.W != size.X || m.H != size.Y {
				t.Fatalf("%v %s: picture is %d×%d", size, s.Name, m.W, m.H)
			}
		}
	}
	if _, err := display.NewRenderer(image.Rect(0, 0, 296, 128)); err == nil {
		t.Error("a panel of 296×128 was taken")
	}
}

// What is typed shows as how much, and never as what: equal counts are equal pictures, every other count is another picture.
func TestEntryShowsOnlyTheCount(t *testing.T) {
	r, other := renderer(t, 400, 300), renderer(t, 400, 300)
	for _, id := range display.IDs() {
		if in, _ := id.Info(); !in.Entry {
			continue
		}
		cells := 4
		switch {
		case strings.HasSuffix(string(id), "signing"):
			cells = 16
		case strings.Contains(string(id), "code"):
			cells = 8
		}
		seen := map[string]int{}
		for n := 0; n <= cells; n++ {
			s := display.Screen{ID: id, Lang: display.Japanese, Facts: display.Facts{Left: 3, Max: 3, Filled: n}}
			a, err := r.Render(s)
			if err != nil {
				t.Fatalf("%s filled %d: %v", id, n, err)
			}
			b, err := other.Render(s)
			if err != nil || !a.Equal(b) {
				t.Errorf("%s filled %d: two renderers draw two pictures (%v)", id, n, err)
			}
			if first, ok := seen[string(a.Pix)]; ok {
				t.Errorf("%s: %d and %d filled boxes look alike", id, first, n)
			}
			seen[string(a.Pix)] = n
		}
		s := display.Screen{ID: id, Lang: display.Japanese, Facts: display.Facts{Filled: cells + 1}}
		var over *display.OverflowError
		if _, err := r.Render(s); !errors.As(err, &over) {
			t.Errorf("%s with %d characters: got %v, want an OverflowError", id, cells+1, err)
		}
	}
}

// The half-made character changes one area, which is the same whatever was typed before.
func TestHalfMarksTheSameArea(t *testing.T) {
	r := renderer(t, 400, 300)
	var want image.Rectangle
	for n := range 16 {
		s := display.Screen{ID: display.PINID("signing"), Lang: display.Japanese, Facts: display.Facts{Left: 5, Max: 5, Filled: n}}
		whole, err := r.Render(s)
		if err != nil {
			t.Fatal(err)
		}
		s.Facts.Half = true
		half, err := r.Render(s)
		if err != nil {
			t.Fatal(err)
		}
		if n == 0 {
			want = whole.Diff(half)
		}
		if diff := cmp.Diff(want, whole.Diff(half)); diff != "" || want.Empty() {
			t.Errorf("filled %d: the mark's area (-first +here):\n%s", n, diff)
		}
	}
}

func TestRenderRefuses(t *testing.T) {
	var unknown *display.UnknownError
	var missing *words.MissingError
	var glyph *display.GlyphError
	var over *display.OverflowError
	tests := []struct {
		name   string
		screen display.Screen
		want   any
	}{
		{"id", display.Screen{ID: "resident.nowhere", Lang: "ja"}, &unknown},
		{"language", display.Screen{ID: display.Idle, Lang: "xx"}, &unknown},
		{"reason", display.Screen{ID: display.ClerkClosed, Lang: "ja", Facts: display.Facts{Reason: "bored"}}, &unknown},
		{"no reason", display.Screen{ID: display.ResidentStopped, Lang: "ja"}, &unknown},
		{"kind", display.Screen{ID: display.ResidentDone, Lang: "ja", Facts: display.Facts{Kind: "puk"}}, &unknown},
		{"no kind", display.Screen{ID: display.ResidentLocked, Lang: "ja"}, &unknown},
		{"fault", display.Screen{ID: display.PINID("login"), Lang: "ja", Facts: display.Facts{Fault: "odd"}}, &unknown},
		{"date", display.Screen{ID: display.Idle, Lang: "ja", Facts: display.Facts{Date: "22.11.2026"}}, &unknown},
		{"link", display.Screen{ID: display.Idle, Lang: "ja", Facts: display.Facts{Link: "perhaps"}}, &unknown},
		{"procedure", display.Screen{ID: display.ResidentCardTake, Lang: "ja", Facts: display.Facts{Procedure: "dance"}}, &missing},
		{"office in Thai", display.Screen{ID: display.Idle, Lang: "ja", Facts: display.Facts{Office: "กทม"}}, &glyph},
		{"office too long", display.Screen{ID: display.Idle, Lang: "ja", Facts: display.Facts{Office: strings.Repeat("市役所", 40)}}, &over},
		{"release", display.Screen{ID: display.ClerkAbout, Lang: "ja", Facts: display.Facts{Release: "never"}}, &unknown},
		{"step too long", display.Screen{
			ID: display.ResidentDone, Lang: "ja", Facts: display.Facts{Kind: "card_info", Step: "1000/2000"},
		}, &over},
	}
	r := renderer(t, 400, 300)
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m, err := r.Render(tt.screen)
			if m != nil || !errors.As(err, tt.want) {
				t.Errorf("got %v, %v, want no picture and a %T", m, err, tt.want)
			}
		})
	}
}

// recorder notes which texts are read.
type recorder struct {
	*words.Catalogue
	read map[string]bool
}

func (r recorder) Text(lang, key string, facts any, count int) (string, error) {
	r.read[key] = true
	return r.Catalogue.Text(lang, key, facts, count)
}

// Every text of the catalogue stands on some screen.
func TestNoTextIsDead(t *testing.T) {
	cat, err := words.New()
	if err != nil {
		t.Fatal(err)
	}
	rec := recorder{cat, map[string]bool{}}
	list := append(samples.All(), samples.Large()...)
	for day := range 7 { // the days of the week
		f := display.Facts{Date: display.Date("2026-11-2" + string(rune('0'+day)))}
		list = append(list, samples.Sample{Screen: display.Screen{ID: display.Idle, Facts: f}})
	}
	for _, s := range list {
		if err := display.BuildWith(rec, s.In(display.Japanese)); err != nil {
			t.Errorf("%s: %v", s.Name, err)
		}
	}
	want := slices.Clone(cat.Keys("ja"))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(rec.read))); diff != "" {
		t.Errorf("texts in the catalogue (-) and read by the screens (+):\n%s", diff)
	}
}

// The voice reads the title and what the keys do, and nothing of what was typed.
func TestText(t *testing.T) {
	r := renderer(t, 400, 300)
	s := display.Screen{ID: display.PINID("login"), Lang: display.Japanese, Facts: display.Facts{Left: 2, Max: 3, Filled: 3}}
	want := []string{
		"利用者証明用", "4けた", "暗証番号を入れてください", "マイナポータル・保険証など", "残り2回", "× やめる", "＜ 消す", "○ 決定",
	}
	if diff := cmp.Diff(want, r.Text(s)); diff != "" {
		t.Errorf("words (-want +got):\n%s", diff)
	}
	for _, s := range samples.All() {
		for _, l := range spoken(s.Screen.ID) {
			a, b := s.In(l), s.In(l)
			if in, _ := a.ID.Info(); in.Entry {
				a.Facts.Filled, b.Facts.Filled = 1, 2
			}
			if diff := cmp.Diff(r.Text(a), r.Text(b)); diff != "" {
				t.Errorf("%s: the voice tells how much was typed:\n%s", s.Name, diff)
			}
			if s.Screen.ID != display.Wipe && !strings.HasPrefix(string(s.Screen.ID), string(display.ServicePanel)+".") && len(r.Text(a)) == 0 {
				t.Errorf("%s has no words in %s", s.Name, l)
			}
			for _, line := range r.Text(a) {
				if strings.ContainsAny(line, "|\n\uE000") {
					t.Errorf("%s: the voice would read the marks in %q", s.Name, line)
				}
			}
		}
	}
	if got := r.Text(display.Screen{ID: "nowhere"}); got != nil {
		t.Errorf("a screen that is not there says %q", got)
	}
}

func TestDrawable(t *testing.T) {
	if err := display.Drawable("髙崎市役所 﨑出張所 No.1"); err != nil {
		// 髙 and 﨑 are not in JIS X 0208: an office writes them 高 and 崎
		var g *display.GlyphError
		if !errors.As(err, &g) {
			t.Errorf("got %v, want a GlyphError", err)
		}
	} else {
		t.Error("髙 was found in JIS X 0208")
	}
	if err := display.Drawable("名張市役所 〜 本庁舎 No.1 ①"); err != nil {
		t.Error(err)
	}
}

func TestScreensDiffer(t *testing.T) {
	a := display.Screen{ID: display.PINID("login"), Lang: display.Japanese, Facts: display.Facts{Left: 3, Max: 3, Filled: 1}}
	b := a
	b.Facts.Filled, b.Facts.Half = 2, true
	c := a
	c.Facts.Left = 2
	d := a
	d.Facts.Board = []display.BoardRow{{Kind: "login"}}
	if a.Equal(b) || !a.Typed(b) {
		t.Error("a key further: want the same screen with more typed")
	}
	if a.Typed(c) || a.Typed(d) || a.Equal(d) || !a.Equal(a) {
		t.Error("other facts: want another screen")
	}
}

func renderer(t testing.TB, w, h int) *display.Renderer {
	t.Helper()
	r, err := display.NewRenderer(image.Rect(0, 0, w, h))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

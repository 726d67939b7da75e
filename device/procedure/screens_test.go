// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"image"
	"slices"
	"strings"
	"testing"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
	"madoguchi/display"
)

// glass draws pages of the clerk's screens on both panels.
type glass struct {
	t      *testing.T
	panels []*display.Renderer
	drawn  map[string]bool
}

func newGlass(t *testing.T) *glass {
	t.Helper()
	g := &glass{t: t, drawn: map[string]bool{}}
	for _, b := range []image.Rectangle{image.Rect(0, 0, 400, 300), image.Rect(0, 0, 800, 480)} {
		r, err := display.NewRenderer(b)
		if err != nil {
			t.Fatal(err)
		}
		g.panels = append(g.panels, r)
	}
	return g
}

func (g *glass) draw(s display.Screen, what string) {
	g.t.Helper()
	for _, r := range g.panels {
		if _, err := r.Render(s); err != nil {
			g.t.Errorf("%s in %s: %v", what, s.Lang, err)
		}
	}
}

// list draws every page of a list. A list whose words were drawn before is left out.
func (g *glass) list(id display.ID, lang display.Lang, title string, words []string, tick display.Tick) {
	g.t.Helper()
	key := string(lang) + title
	f := display.Facts{Procedure: "cert_renewal", Title: title}
	for _, w := range words {
		key += "\n" + w
		f.Lines = append(f.Lines, display.Line{Text: w, Tick: tick})
	}
	if g.drawn[key] {
		return
	}
	g.drawn[key] = true
	s := display.Screen{ID: id, Lang: lang, Facts: f}
	pages := display.LinePages(s)
	if len(pages) > 2 && len(words) < 10 {
		g.t.Errorf("%q in %s takes %d pages for %d answers", title, lang, len(pages), len(words))
	}
	from := 0
	for i, n := range pages {
		s.Facts.Lines, s.Facts.Choice, s.Facts.Page, s.Facts.Pages = f.Lines[from:from+n], 1, i+1, len(pages)
		g.draw(s, title)
		from += n
	}
	if from != len(words) {
		g.t.Errorf("%q in %s: %d of %d lines have a page", title, lang, from, len(words))
	}
}

// text draws every page of a text and returns their number.
func (g *glass) text(s display.Screen, what string) int {
	g.t.Helper()
	n := display.ParaPages(s)
	for i := range n {
		s.Facts.Page, s.Facts.Pages = i+1, n
		g.draw(s, what)
	}
	return n
}

// Every question with its answers, every paper, message and place of every embedded policy stands on the clerk's screens whole.
func TestPoliciesFitTheScreens(t *testing.T) {
	set, err := policy.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	g := newGlass(t)
	langs := []struct {
		lang display.Lang
		of   func(policy.Text) string
	}{
		{display.Japanese, func(x policy.Text) string { return x.Ja }},
		{display.English, func(x policy.Text) string { return x.En }},
	}
	ask := func(q *Question) {
		for _, l := range langs {
			title, words := l.of(policy.Text{Ja: q.Ja, En: q.En}), []string(nil)
			for _, a := range q.Answers {
				words = append(words, l.of(policy.Text{Ja: a.Ja, En: a.En}))
			}
			g.list(display.ClerkQuestion, l.lang, title, words, display.TickNone)
		}
	}
	for i := range catalogue {
		ask(&catalogue[i])
	}
	longest := 0
	for _, city := range set.Cities() {
		p, _ := set.City(city)
		for proc := range policy.Procedures {
			for applicant := range policy.Applicants {
				c := &Case{Municipality: city, Procedure: policy.Cell(proc), Applicant: policy.Cell(applicant)}
				c.Facts.Today = civil.Date{Year: 2026, Month: 12, Day: 31}
				for _, q := range candidates(p, c, nil) {
					ask(q)
				}
			}
		}
		for _, l := range langs {
			var papers []string
			for _, need := range p.Needs {
				papers = append(papers, l.of(need.Name))
				g.text(display.Screen{ID: display.ClerkDecision, Lang: l.lang, Facts: display.Facts{
					Procedure: "cert_renewal", Verdict: "missing_documents",
					Paras: []display.Para{{Code: "fee", Word: "unknown"}, {Code: "visits", N: 2}, {Code: "missing", Text: l.of(need.Name)}},
				}}, need.Code)
			}
			g.list(display.ClerkDocuments, l.lang, city, papers, display.TickOn)
			for code, m := range p.Messages {
				f := display.Facts{Procedure: "cert_renewal", Paras: []display.Para{{Code: "tell", Text: l.of(m)}}}
				longest = max(longest, g.text(display.Screen{ID: display.ClerkTell, Lang: l.lang, Facts: f}, code))
				f.Verdict = "complete"
				g.text(display.Screen{ID: display.ClerkDecision, Lang: l.lang, Facts: f}, code)
			}
			for _, pl := range p.Places {
				f := display.Facts{Verdict: "needs_reservation", Paras: []display.Para{{Code: "place", Text: l.of(pl.Name)}, {Code: "phone", Text: pl.Phone}}}
				if pl.Phone == "" {
					f.Paras = f.Paras[:1]
				}
				g.text(display.Screen{ID: display.ClerkNotice, Lang: l.lang, Facts: f}, pl.Code)
			}
		}
	}
	if longest > 1 {
		t.Errorf("the longest message takes %d pages, want one", longest)
	}
}

// Every code that a policy may answer with has the clerk's words.
func TestCodesHaveClerksWords(t *testing.T) {
	set, err := policy.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	g := newGlass(t)
	for _, lang := range []display.Lang{display.Japanese, display.English} {
		show := func(f display.Facts, what string) {
			g.text(display.Screen{ID: display.ClerkDecision, Lang: lang, Facts: f}, what)
		}
		for _, p := range policy.Procedures {
			show(display.Facts{Procedure: p, Verdict: "redirect", Paras: []display.Para{{Code: "next", Word: p}}}, p)
		}
		for _, a := range policy.Applicants {
			g.draw(display.Screen{ID: display.ClerkApplicant, Lang: lang, Facts: display.Facts{Lines: []display.Line{{Code: a}}}}, a)
		}
		for _, city := range set.Cities() {
			p, _ := set.City(city)
			for c := range Family(city, civil.Date{Year: 2026, Month: 1, Day: 20}) {
				d, err := Decide(p, &c)
				if err != nil {
					t.Fatal(err)
				}
				for _, k := range []policy.Key{policy.KOutcome, policy.KReason, policy.KChannel} {
					v, _ := d.Get(k)
					code, _ := v.(string)
					if code == "" || g.drawn[string(lang)+k.Name()+code] {
						continue
					}
					g.drawn[string(lang)+k.Name()+code] = true
					switch k {
					case policy.KOutcome:
						show(display.Facts{Verdict: code}, code)
					case policy.KReason:
						f := display.Facts{Verdict: "refuse", Paras: []display.Para{{Code: "reason", Word: code}}}
						show(f, code)
						// a reason without words shows as its code
						if slices.Contains(g.panels[0].Text(display.Screen{ID: display.ClerkDecision, Lang: lang, Facts: f}), strings.ReplaceAll(code, "_", " ")) {
							t.Errorf("reason %s has no words in %s", code, lang)
						}
					case policy.KChannel:
						show(display.Facts{Verdict: "guidance", Paras: []display.Para{{Code: "way", Word: code}}}, code)
					}
				}
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"bytes"
	"context"
	"html/template"
	"net/http"
	"net/url"
	"slices"
	"time"

	"madoguchi/cmd/internal/store"
)

var templates = template.Must(template.ParseFS(assets, "assets/figures.tmpl", "assets/rollout.tmpl"))

// view is what the template shows.
type view struct {
	tongue
	Title, City, Now string
	Account          string // who is logged in, in words; empty: nobody
	Tongues          []link
	Menu             []link
	Periods          []link
	PeriodName       string
	Tiles            []tile
	Message          string
	Sections         []section
	Alerts           *alertList
	Exports          []link
	Login            bool
	Rule             string
	Rollouts         bool // the page is their list
	RolloutList      []rolloutLine
	Rollout          *rolloutView

	page, period, rollout string
}

type link struct {
	Name, Link, Code, Badge string
	Here                    bool
}

type tile struct {
	Value, Name, Link string
	Bad               bool
}

type alertList struct {
	List []alert
	May  bool // the account may acknowledge
}

// Lang is the language's code.
func (v *view) Lang() string { return string(v.tongue) }

// Say is a text of the page's language.
func (v *view) Say(key string, facts ...any) string { return v.say(key, facts...) }

// ChartLink is the address of a section's chart.
func (v *view) ChartLink(id string, narrow bool) string {
	q := url.Values{"lang": {string(v.tongue)}, "period": {v.period}, "page": {v.page}, "id": {id}}
	if v.rollout != "" {
		q.Set("rollout", v.rollout)
	}
	if narrow {
		q.Set("narrow", "1")
	}
	return "chart.svg?" + q.Encode()
}

// begin fills what every page has.
func (s *site) begin(r *http.Request, page string) *view {
	l := language(r)
	v := &view{tongue: l, page: page, Title: l.say(page), City: s.opts.TitleJa, Now: s.opts.Now().In(japan).Format("2006-01-02 15:04")}
	if l == "en" {
		v.City = s.opts.TitleEn
	}
	for _, t := range []link{{Code: "ja", Name: "日本語"}, {Code: "en", Name: "English"}} {
		q := r.URL.Query()
		q.Set("lang", t.Code)
		t.Link, t.Here = "?"+q.Encode(), t.Code == string(l)
		v.Tongues = append(v.Tongues, t)
	}
	return v
}

// enter adds the menu for somebody who is in.
func (s *site) enter(v *view, r *http.Request, alerts int) {
	who := visitorOf(r.Context())
	if who.Name != "" {
		v.Account = v.say("logged_in", who.Name, v.name("roles", string(who.Role)))
	}
	q := "?" + url.Values{"lang": {v.Lang()}}.Encode()
	add := func(page, badge string) {
		v.Menu = append(v.Menu, link{Name: v.say(page), Link: page + q, Here: page == v.page, Badge: badge})
	}
	for _, p := range pages {
		add(p.name, "")
	}
	add("fleet", "")
	if s.opts.Rollouts != nil {
		add("rollouts", "")
	}
	badge := ""
	if alerts > 0 {
		badge = number(alerts)
	}
	add("alerts", badge)
	add("exports", "")
	if who.may(seeAudit) {
		add("audit", "")
	}
	if who.may(seeRecords) {
		add("live", "")
	}
}

// language is the one asked for, the one of last time, or the browser's.
func language(r *http.Request) tongue {
	if l := r.URL.Query().Get("lang"); l == "ja" || l == "en" {
		return tongue(l)
	}
	if c, err := r.Cookie(langCookie); err == nil && (c.Value == "ja" || c.Value == "en") {
		return tongue(c.Value)
	}
	return "ja"
}

const langCookie = "madoguchi_lang"

var japan = time.FixedZone("JST", 9*60*60)

// figurePage shows one of pages.
func (s *site) figurePage(name string, build func(figures) []section) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		rel, err := s.release(r.Context())
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		v := s.begin(r, name)
		f := s.figures(v.tongue, rel, r)
		alerts, err := s.alerts(r.Context(), v.tongue)
		if err != nil {
			s.trouble(w, r, err)
			return
		}
		s.enter(v, r, unseen(alerts))
		v.period, v.PeriodName = f.period, f.tongue.period(f.period)
		v.Sections = build(f)
		for _, p := range append(slices.Clone(f.periods), "") {
			if p != "" || len(f.periods) > 0 {
				v.Periods = append(v.Periods, link{Code: p, Name: v.tongue.period(p), Here: p == f.period})
			}
		}
		v.Rule = s.rule(v.tongue, rel)
		if name == "overview" {
			if v.Tiles, err = s.tiles(r.Context(), f, alerts); err != nil {
				s.trouble(w, r, err)
				return
			}
		}
		s.show(w, r, v, http.StatusOK)
	}
}

func (s *site) rule(l tongue, rel store.Released) string {
	if s.opts.Live {
		return ""
	}
	text := l.say("rule", s.opts.K)
	if rel.Open > 0 {
		text += " " + l.say("waiting", number(rel.Open))
	}
	return text
}

func (s *site) tiles(ctx context.Context, f figures, alerts []alert) ([]tile, error) {
	devices, err := s.source.Devices(ctx)
	if err != nil {
		return nil, err
	}
	online := 0
	for _, d := range devices {
		if d.Online {
			online++
		}
	}
	q := "?lang=" + string(f.tongue)
	known := f.sum("po", nil)
	return []tile{
		{Value: number(f.cases()), Name: f.say("tile_cases"), Link: "procedures" + q},
		{Value: percent(f.sum("po", func(c store.Count) bool { return c.B == "done" }), known), Name: f.say("tile_done"), Link: "procedures" + q},
		{Value: per(f.sum("pe", result("locked_now")), f.sum("pe", nil)), Name: f.say("tile_locks"), Link: "pins" + q},
		{Value: number(online) + " / " + number(len(devices)), Name: f.say("tile_devices"), Link: "fleet" + q},
		{Value: number(unseen(alerts)), Name: f.say("tile_alerts"), Link: "alerts" + q, Bad: unseen(alerts) > 0},
	}, nil
}

// figures are those of the period asked for; else of the newest quarter that is
// over, because only that is whole; else of all there is.
func (s *site) figures(l tongue, rel store.Released, r *http.Request) figures {
	f := newFigures(l, rel, "", s.opts)
	asked, given := r.URL.Query()["period"]
	switch {
	case given && slices.Contains(f.periods, asked[0]):
		return newFigures(l, rel, asked[0], s.opts)
	case given || s.opts.Live:
		return f
	}
	now := store.Quarter(store.Week(s.opts.Now()))
	for _, p := range f.periods {
		if p < now {
			return newFigures(l, rel, p, s.opts)
		}
	}
	return f
}

// chart draws the chart of a section.
func (s *site) chart(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	width := 860
	if q.Get("narrow") != "" {
		width = 400
	}
	if q.Has("rollout") && s.opts.Rollouts != nil {
		s.rolloutChart(w, r, width)
		return
	}
	rel, err := s.release(r.Context())
	if err != nil {
		s.trouble(w, r, err)
		return
	}
	for _, p := range pages {
		if p.name != q.Get("page") {
			continue
		}
		for _, sec := range p.build(s.figures(language(r), rel, r)) {
			if sec.ID == q.Get("id") && sec.Chart != nil {
				w.Header().Set("Content-Type", "image/svg+xml")
				w.Header().Set("Cache-Control", "no-store")
				w.Write(sec.Chart.svg(width))
				return
			}
		}
	}
	http.NotFound(w, r)
}

// show writes a page.
func (s *site) show(w http.ResponseWriter, r *http.Request, v *view, status int) {
	var out bytes.Buffer
	if err := templates.ExecuteTemplate(&out, "page", v); err != nil {
		s.opts.Log.Error("page not drawn", "page", v.page, "err", err)
		http.Error(w, "the page cannot be drawn", http.StatusInternalServerError)
		return
	}
	if l := r.URL.Query().Get("lang"); l == v.Lang() {
		http.SetCookie(w, &http.Cookie{Name: langCookie, Value: l, HttpOnly: true, SameSite: http.SameSiteLaxMode, Secure: r.TLS != nil, MaxAge: 365 * 24 * 3600, Path: "/"})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	w.Write(out.Bytes())
}

// say shows a page that only says something.
func (s *site) say(w http.ResponseWriter, r *http.Request, status int, key string) {
	v := s.begin(r, "overview")
	v.Title, v.Message = v.say("site"), v.say(key)
	v.Menu = []link{{Name: v.say("back"), Link: "overview?lang=" + v.Lang()}}
	s.show(w, r, v, status)
}

// trouble says that the database does not answer; nothing is lost by that.
func (s *site) trouble(w http.ResponseWriter, r *http.Request, err error) {
	if r.Context().Err() != nil {
		return // nobody is waiting any more
	}
	s.opts.Log.Error("page failed", "path", r.URL.Path, "err", err)
	s.say(w, r, http.StatusServiceUnavailable, "database_silent")
}

// release reads what may be shown. Counting takes a while in a large database,
// so an answer is kept for 20 times as long as it took, and for 2 seconds.
func (s *site) release(ctx context.Context) (store.Released, error) {
	s.counted.Lock()
	defer s.counted.Unlock()
	now := time.Now()
	if now.Before(s.counted.until) && !s.opts.Live {
		return s.counted.rel, nil
	}
	counts, err := s.source.Counts(ctx)
	if err != nil {
		return store.Released{}, err
	}
	before := ""
	if !s.opts.Live {
		before = store.Week(s.opts.Now())
	}
	s.counted.rel = store.Release(counts, s.opts.K, before)
	took := time.Since(now)
	s.counted.until = now.Add(max(2*time.Second, 20*took))
	return s.counted.rel, nil
}

// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"slices"
	"strings"

	"madoguchi/cmd/internal/store"
)

// section is a part of a page: a chart with what it says in a table.
type section struct {
	ID, Title, Note string
	Chart           *chart
	Legend          []series // names and colours of the chart's parts
	Head            []string
	Rows            [][]string // the first of each is its head
	Foot            []string
	Text            bool // the columns are words, not numbers
}

// Empty says whether there is nothing to show yet.
func (s section) Empty() bool { return len(s.Rows) == 0 }

// pages are the pages with figures, in the order of the menu.
var pages = []struct {
	name  string
	build func(figures) []section
}{
	{"overview", figures.overview},
	{"offices", figures.byOffice},
	{"procedures", figures.byProcedure},
	{"pins", figures.byPIN},
	{"steps", figures.byStep},
	{"friction", figures.byFriction},
}

// shownWeeks is how many weeks the overview shows: a quarter of a year.
const shownWeeks = 13

func (f figures) overview() []section {
	weeks := map[string]map[string]int{}
	for _, c := range f.weekly {
		if _, ok := monday(c.Week); !ok || c.Kind != "po" && c.Kind != "wc" {
			continue
		}
		if weeks[c.Week] == nil {
			weeks[c.Week] = map[string]int{}
		}
		weeks[c.Week][c.B] += c.N
	}
	var list []string
	for w := range weeks {
		list = append(list, w)
	}
	slices.Sort(list)
	list = list[max(0, len(list)-shownWeeks):]
	s := section{ID: "weeks", Title: f.say("weeks_title"), Note: f.say("weeks_note"), Head: []string{f.say("week")}}
	c := &chart{}
	for _, w := range list {
		c.Labels = append(c.Labels, f.week(w))
		s.Rows = append(s.Rows, []string{f.weekOf(w)})
	}
	total := make([]int, len(list))
	for i, o := range append(slices.Clone(outcomes), "") {
		part := series{Name: f.outcome(o), Colour: i}
		any := false
		for n, w := range list {
			v := weeks[w][o]
			any = any || v > 0
			total[n] += v
			part.Values = append(part.Values, float64(v))
		}
		if !any {
			continue
		}
		c.Series = append(c.Series, part)
		s.Head = append(s.Head, part.Name)
		for n := range list {
			s.Rows[n] = append(s.Rows[n], f.number(int(part.Values[n])))
		}
	}
	s.Head = append(s.Head, f.say("total"))
	for n := range list {
		s.Rows[n] = append(s.Rows[n], number(total[n]))
	}
	slices.Reverse(s.Rows) // the newest on top
	s.Legend = c.Series
	if len(list) > 0 {
		last := len(list) - 1
		c.Alt = f.say("weeks_alt", f.weekOf(list[0]), f.weekOf(list[last]), number(total[last]), number(slices.Max(total)))
		s.Chart = c
	}
	return []section{s}
}

func (f figures) outcome(code string) string {
	if code == "" {
		return f.say("merged")
	}
	return f.name("outcomes", code)
}

func (f figures) byOffice() []section {
	cases := f.by("po", keyG)
	for g, n := range f.by("wc", keyG) {
		cases[g] += n
	}
	s := section{ID: "offices", Title: f.say("offices_title"), Note: f.say("offices_note"),
		Head: []string{f.say("office"), f.say("cases_n"), f.say("done_share"), f.say("problem_share"), f.say("entries_n"), f.say("lockouts_1000")}}
	c := &chart{Lying: true, Series: []series{{Name: f.say("cases_n")}}}
	for _, g := range largest(cases) {
		of := func(outcome ...string) int {
			return f.sum("po", func(c store.Count) bool { return c.Group == g && slices.Contains(outcome, c.B) })
		}
		known := f.sum("po", func(c store.Count) bool { return c.Group == g })
		entries := f.sum("pe", func(c store.Count) bool { return c.Group == g })
		locked := f.sum("pe", func(c store.Count) bool { return c.Group == g && result("locked_now")(c) })
		done := f.percent(of("done"), known)
		if f.k > 1 && of("done") == known { // the others are few, and not here: a share of all would be wrong
			done = "–"
		}
		s.Rows = append(s.Rows, []string{f.office(g), number(cases[g]), done,
			f.percent(of("device_or_document_problem", "interrupted"), known), f.number(entries), f.rate(g, locked, entries)})
		if g != "" {
			c.Labels = append(c.Labels, f.office(g))
			c.Series[0].Values = append(c.Series[0].Values, float64(cases[g]))
		}
	}
	if len(c.Labels) > 0 {
		c.Alt = f.say("offices_alt", c.Labels[0], thousands(c.Series[0].Values[0], 0), len(c.Labels))
		s.Chart = c
	}
	return []section{s}
}

func (f figures) byProcedure() []section {
	cases := f.by("po", keyA)
	for class, n := range f.by("wc", keyA) {
		cases[class] += n
	}
	s := section{ID: "procedures", Title: f.say("procedures_title"), Note: f.say("procedures_note"), Head: []string{f.say("procedure")}}
	c := &chart{Lying: true}
	total := 0
	list := largest(cases)
	for _, p := range list {
		c.Labels = append(c.Labels, f.subject(p))
		s.Rows = append(s.Rows, []string{f.subject(p)})
		total += cases[p]
	}
	foot := []string{f.say("total")}
	for i, o := range append(slices.Clone(outcomes), "") {
		part := series{Name: f.outcome(o), Colour: i}
		sum := 0
		for _, p := range list {
			n := f.sum("po", func(c store.Count) bool { return c.A == p && c.B == o })
			if o == "" {
				n += f.sum("wc", func(c store.Count) bool { return c.A == p })
			}
			part.Values, sum = append(part.Values, float64(n)), sum+n
		}
		if sum == 0 {
			continue
		}
		c.Series, s.Head, foot = append(c.Series, part), append(s.Head, part.Name), append(foot, number(sum))
		for n := range list {
			s.Rows[n] = append(s.Rows[n], f.number(int(part.Values[n])))
		}
	}
	s.Head, s.Legend = append(s.Head, f.say("total")), c.Series
	for n, p := range list {
		s.Rows[n] = append(s.Rows[n], number(cases[p]))
	}
	if len(list) > 0 {
		s.Foot = append(foot, number(total))
		c.Alt = f.say("procedures_alt", c.Labels[0], number(cases[list[0]]), number(total))
		s.Chart = c
	}
	return []section{s}
}

func (f figures) byPIN() []section {
	locks := section{ID: "lockouts", Title: f.say("lockouts_title"), Note: f.say("lockouts_note"),
		Head: []string{f.say("office"), f.say("entries_n"), f.say("locked_n"), f.say("lockouts_1000")}}
	c := &chart{Lying: true, Digits: 1, Series: []series{{Name: f.say("lockouts_1000"), Colour: 4}}}
	entries := f.by("pe", keyG)
	for _, g := range largest(entries) {
		n := f.sum("pe", func(c store.Count) bool { return c.Group == g && result("locked_now")(c) })
		locks.Rows = append(locks.Rows, []string{f.office(g), number(entries[g]), f.number(n), f.rate(g, n, entries[g])})
		if g != "" && (n > 0 || f.k <= 1) {
			c.Labels = append(c.Labels, f.office(g))
			c.Series[0].Values = append(c.Series[0].Values, 1000*float64(n)/float64(entries[g]))
		}
	}
	if all, n := f.sum("pe", nil), f.sum("pe", result("locked_now")); all > 0 {
		locks.Foot = []string{f.say("whole_city"), number(all), number(n), per(n, all)}
		c.Alt = f.say("lockouts_alt", per(n, all), number(all))
		if len(c.Labels) > 0 {
			locks.Chart = c
		}
	}
	kinds := section{ID: "kinds", Title: f.say("pinkinds_title"), Note: f.say("pinkinds_note"),
		Head: []string{f.say("pin"), f.say("entries_n"), f.name("results", "ok"), f.name("results", "wrong"), f.name("results", "cancelled"),
			f.say("stopped_1000"), f.say("lockouts_1000")}}
	all := f.by("pe", keyA)
	for _, p := range largest(all) {
		of := func(want string) int {
			return f.sum("pe", func(c store.Count) bool { return c.A == p && result(want)(c) })
		}
		name := f.name("pins", p)
		if p == "" {
			name = f.say("merged")
		}
		if p == "" { // a share of what was put together would be a share of what is small
			kinds.Rows = append(kinds.Rows, []string{name, number(all[p]), "–", "–", "–", "–", "–"})
			continue
		}
		kinds.Rows = append(kinds.Rows, []string{name, number(all[p]), f.percent(of("ok"), all[p]), f.percent(of("wrong"), all[p]),
			f.percent(of("cancelled"), all[p]), f.per(of("stopped_by_rules"), all[p]), f.per(of("locked_now"), all[p])})
	}
	leave := section{ID: "leave", Title: f.say("leave_title"), Note: f.say("leave_note"),
		Head: []string{f.say("leave_result"), f.say("count_n"), f.say("share")}}
	checks := f.by("pe", func(c store.Count) string {
		if mode, r := entry(c.B); mode == "leave_check" {
			return r
		}
		return "-"
	})
	delete(checks, "-")
	sum := 0
	for _, n := range checks {
		sum += n
	}
	for _, r := range largest(checks) {
		leave.Rows = append(leave.Rows, []string{f.name("results", r), number(checks[r]), percent(checks[r], sum)})
	}
	return []section{locks, kinds, leave}
}

// rate is an office's lock-outs per 1,000 entries. What was put together over the
// offices has none: it holds the lock-outs of those that had few.
func (f figures) rate(group string, locked, entries int) string {
	if group == "" {
		return "–"
	}
	return f.per(locked, entries)
}

func (f figures) byStep() []section {
	s := section{ID: "steps", Title: f.say("steps_title"), Note: f.say("steps_note"),
		Head: []string{f.say("step"), f.say("count_n"), f.say("median_s"), f.say("nine_of_ten_s")}}
	c := &chart{Lying: true, Share: true}
	for i, span := range spans {
		c.Series = append(c.Series, series{Name: f.name("spans", span), Colour: i})
	}
	longest, at := 0.0, ""
	for _, step := range []string{"questions", "documents", "decision", "turn", "board", "entry", "new_pin", "leave_check", "result", ""} {
		counts := make([]int, len(spans))
		all := 0
		for i, span := range spans {
			counts[i] = f.sum("st", func(c store.Count) bool { return c.A == step && c.B == span })
			all += counts[i]
		}
		if all == 0 || step == "" {
			continue
		}
		name := f.name("steps", step)
		median := quantile(counts, 0.5)
		if median > longest {
			longest, at = median, name
		}
		s.Rows = append(s.Rows, []string{name, number(all), thousands(median, 0), thousands(quantile(counts, 0.9), 0)})
		c.Labels = append(c.Labels, name)
		for i, n := range counts {
			c.Series[i].Values = append(c.Series[i].Values, 100*float64(n)/float64(all))
		}
	}
	if len(s.Rows) > 0 {
		c.Alt = f.say("steps_alt", at, thousands(longest, 0))
		s.Chart, s.Legend = c, c.Series
	}
	whole := f.shares("durations", f.say("durations_title"), f.say("durations_note"), f.say("duration"), "pd",
		[]string{"under_2_min", "2_to_5_min", "5_to_10_min", "10_to_20_min", "over_20_min"}, keyB)
	return []section{s, whole}
}

// shares is a table of how many there are of each code, in their order.
func (f figures) shares(list, title, note, head, kind string, codes []string, key func(store.Count) string) section {
	s := section{ID: list, Title: title, Note: note, Head: []string{head, f.say("count_n"), f.say("share")}}
	counts := f.by(kind, key)
	all := 0
	for _, code := range codes {
		all += counts[code]
	}
	for _, code := range codes {
		if all > 0 {
			s.Rows = append(s.Rows, []string{f.name(list, code), f.number(counts[code]), f.percent(counts[code], all)})
		}
	}
	return s
}

func (f figures) byFriction() []section {
	s := section{ID: "friction", Title: f.say("friction_title"), Note: f.say("friction_note"),
		Head: []string{f.say("friction_kind"), f.say("count_n"), f.say("per_1000_cases")}}
	c := &chart{Lying: true, Digits: 1, Series: []series{{Name: f.say("per_1000_cases"), Colour: 2}}}
	all := f.sum("fr", nil)
	for _, bit := range []string{"pin_retry", "reader_retry", "help_called", "lang_switch"} {
		if all == 0 {
			break
		}
		n := f.sum("fr", func(c store.Count) bool { return slices.Contains(strings.Split(c.A, "+"), bit) })
		name := f.name("frictions", bit)
		s.Rows = append(s.Rows, []string{name, f.number(n), f.per(n, all)})
		c.Labels = append(c.Labels, name)
		c.Series[0].Values = append(c.Series[0].Values, 1000*float64(n)/float64(all))
	}
	if len(s.Rows) > 0 {
		smooth := f.sum("fr", func(c store.Count) bool { return c.A == "none" })
		s.Foot = []string{f.say("friction_none"), number(smooth), per(smooth, all)}
		c.Alt = f.say("friction_alt", percent(smooth, all), number(all))
		s.Chart = c
	}
	return []section{s,
		f.shares("languages", f.say("languages_title"), "", f.say("language"), "la", []string{"ja", "ja_easy", "en", "other"}, keyA),
		f.shares("means", f.say("means_title"), f.say("means_note"), f.say("means"), "pt", []string{"memory", "letter"}, keyB),
	}
}

// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"madoguchi/cmd/internal/store"
)

// figures are the released counts of a period, in one language.
type figures struct {
	tongue
	cells   []store.Count // of the period
	weekly  []store.Count // of every period
	periods []string      // newest first
	period  string        // empty: all
	offices map[string][2]string
	k       int // least published number
}

func newFigures(l tongue, r store.Released, period string, o Opts) figures {
	f := figures{tongue: l, weekly: r.Counts, period: period, offices: o.Offices, k: o.K}
	seen := map[string]bool{}
	for _, c := range r.Counts {
		seen[store.Quarter(c.Week)] = true
	}
	f.periods = slices.Sorted(maps.Keys(seen))
	slices.Reverse(f.periods)
	for _, c := range r.Counts {
		if period == "" || store.Quarter(c.Week) == period {
			f.cells = append(f.cells, c)
		}
	}
	return f
}

// sum adds up the cells that ok takes.
func (f figures) sum(kind string, ok func(store.Count) bool) int {
	n := 0
	for _, c := range f.cells {
		if c.Kind == kind && (ok == nil || ok(c)) {
			n += c.N
		}
	}
	return n
}

// by adds up a kind's cells by a key.
func (f figures) by(kind string, key func(store.Count) string) map[string]int {
	m := map[string]int{}
	for _, c := range f.cells {
		if c.Kind == kind {
			m[key(c)] += c.N
		}
	}
	return m
}

func keyA(c store.Count) string { return c.A }
func keyB(c store.Count) string { return c.B }
func keyG(c store.Count) string { return c.Group }

// office is the name of an office group; the empty one is what was put together
// over all of them.
func (f figures) office(g string) string {
	if g == "" {
		return f.say("merged_offices")
	}
	if n, ok := f.offices[g]; ok {
		if f.tongue == "ja" {
			return n[0]
		}
		return n[1]
	}
	return f.say("office_group", strings.TrimLeft(strings.TrimPrefix(g, "g"), "0"))
}

// cases are the finished cases: facets, or weekly counts where groups are small.
func (f figures) cases() int { return f.sum("po", nil) + f.sum("wc", nil) }

// number is a published count. None published is none, or fewer than k: it is a
// dash then, not a nought.
func (f figures) number(n int) string {
	if n == 0 && f.k > 1 {
		return "–"
	}
	return number(n)
}

// percent and per are shares of a published count; there is none of a dash.
func (f figures) percent(n, all int) string {
	if n == 0 && f.k > 1 {
		return "–"
	}
	return percent(n, all)
}

func (f figures) per(n, all int) string {
	if n == 0 && f.k > 1 {
		return "–"
	}
	return per(n, all)
}

// largest lists the keys of m, largest first, the empty key last.
func largest(m map[string]int) []string {
	return slices.SortedFunc(maps.Keys(m), func(x, y string) int {
		if (x == "") != (y == "") {
			return cmp.Compare(y, x)
		}
		return cmp.Or(cmp.Compare(m[y], m[x]), cmp.Compare(x, y))
	})
}

var outcomes = []string{"done", "handed_over", "abandoned", "interrupted", "device_or_document_problem"}

// entry takes a code such as "verify.locked_now" apart.
func entry(code string) (mode, result string) {
	mode, result, _ = strings.Cut(code, ".")
	return mode, result
}

func result(want string) func(store.Count) bool {
	return func(c store.Count) bool { _, r := entry(c.B); return r == want }
}

// spanEnds are where the spans of steps end, in seconds; the last is a guess.
var (
	spans    = []string{"under_5_s", "5_to_15_s", "15_to_30_s", "30_to_60_s", "60_to_120_s", "over_120_s"}
	spanEnds = []float64{5, 15, 30, 60, 120, 240}
)

// quantile is the time that a share q of steps stays under, in seconds: inside a
// span they are taken to lie evenly.
func quantile(counts []int, q float64) float64 {
	all := 0
	for _, n := range counts {
		all += n
	}
	want, low := q*float64(all), 0.0
	for i, n := range counts {
		if float64(n) >= want && n > 0 {
			return low + (spanEnds[i]-low)*want/float64(n)
		}
		want -= float64(n)
		low = spanEnds[i]
	}
	return low
}

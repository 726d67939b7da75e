// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
)

// Released says what of the counts may be shown.
type Released struct {
	// Counts are the published ones, in the order of Counts. A field that was
	// given up to reach K is empty; Week may be a quarter, "2026-Q4".
	Counts []Count
	// Withheld is how many records stay out of every published count, because
	// even with all their like they are fewer than K.
	Withheld int
	// Open is how many records wait: for the end of their week, or, when they
	// are fewer than K in it, of their quarter.
	Open int
}

// chains say, for each kind, what a count that is too small shares with its
// like: the same quarter of a year, and the office group (g) and attributes (a,
// b) that are kept. The first sharing that reaches K is taken.
var chains = map[string][]struct{ g, a, b bool }{
	"":   {{true, true, true}, {true, true, false}, {false, true, true}, {false, true, false}, {}},
	"po": {{true, true, true}, {true, false, true}, {false, true, true}, {false, false, true}, {}},
	"pe": {{true, true, true}, {true, false, true}, {false, true, true}, {false, false, true}, {}},
}

// Release decides what may be shown of counts. Each record is in exactly one
// published count, or in none, so that no difference of published counts says
// more than they do; and no published count is below k.
//
// The week before and later ones are not shown: a number that grows while the
// counter is open says when somebody stood there. A count that is too small is
// put together with its like when the quarter is over; earlier, its growth from
// one week to the next would say what a week's own count was. An empty before
// shows everything.
//
// The weekly counts "tb" and "wc", of which a record stands for a number of five
// or more, come out as that number: their attribute becomes N.
func Release(counts []Count, k int, before string) Released {
	var r Released
	cells := map[Count]int{} // those not published yet, with N zero
	for _, c := range counts {
		if before != "" && c.Week >= before {
			r.Open += c.N
			continue
		}
		c, n := weigh(c)
		cells[c] += n
	}
	r.publish(cells, k, func(c Count) Count { return c })
	for c, n := range cells {
		if before != "" && Quarter(c.Week) >= Quarter(before) {
			r.Open += n
			delete(cells, c)
		}
	}
	for step := range chains[""] {
		r.publish(cells, k, func(c Count) Count {
			chain := chains[c.Kind]
			if chain == nil {
				chain = chains[""]
			}
			return share(c, chain[step].g, chain[step].a, chain[step].b)
		})
	}
	for _, n := range cells {
		r.Withheld += n
	}
	slices.SortFunc(r.Counts, func(x, y Count) int {
		return cmp.Or(cmp.Compare(x.Kind, y.Kind), cmp.Compare(x.Week, y.Week), cmp.Compare(x.A, y.A), cmp.Compare(x.B, y.B), cmp.Compare(x.Group, y.Group))
	})
	return r
}

// Shows says of a facet whether its own count, as it stands, is published: then
// it may be shown alone.
func (r Released) Shows() func(Facet) bool {
	published := make(map[Count]bool, len(r.Counts))
	for _, c := range r.Counts {
		c.N = 0
		published[c] = true
	}
	return func(f Facet) bool {
		c, _ := weigh(Count{Kind: f.Kind, Week: f.Week, Group: f.Group, A: f.A, B: f.B})
		return published[c]
	}
}

// weigh turns a count of weekly counters into what they counted.
func weigh(c Count) (Count, int) {
	number := ""
	switch c.Kind {
	case "tb":
		number, c.A = c.A, ""
	case "wc":
		number, c.B = c.B, ""
	}
	n := c.N
	if each, err := strconv.Atoi(number); err == nil {
		n *= each
	}
	c.N = 0
	return c, n
}

// publish puts cells together that f makes the same, and moves those that are
// large enough to the published counts. The weekly counters are: none of their
// records stands for fewer than 5.
func (r *Released) publish(cells map[Count]int, k int, f func(Count) Count) {
	sums := map[Count]int{}
	for c, n := range cells {
		sums[f(c)] += n
	}
	enough := func(c Count) bool { return sums[c] >= k || c.Kind == "tb" || c.Kind == "wc" }
	for c := range cells {
		if enough(f(c)) {
			delete(cells, c)
		}
	}
	for c, n := range sums {
		if enough(c) {
			c.N = n
			r.Counts = append(r.Counts, c)
		}
	}
}

func share(c Count, g, a, b bool) Count {
	c.Week = Quarter(c.Week)
	if !g {
		c.Group = ""
	}
	if !a {
		c.A = ""
	}
	if !b {
		c.B = ""
	}
	return c
}

// Quarter is the quarter of a year that a week lies in: weeks 1–13, 14–26, 27–39
// and the rest. What is a quarter already stays.
func Quarter(week string) string {
	var year, n int
	if _, err := fmt.Sscanf(week, "%4d-W%2d", &year, &n); err != nil {
		return week
	}
	return fmt.Sprintf("%04d-Q%d", year, min((n-1)/13+1, 4))
}

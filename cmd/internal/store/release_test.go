// SPDX-License-Identifier: Apache-2.0

package store

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestRelease(t *testing.T) {
	for _, c := range []struct {
		name   string
		counts []Count
		before string
		want   Released
	}{
		{"nothing", nil, "", Released{}},
		{"large enough", []Count{{"po", "2026-W40", "g01", "pin_change", "done", 5}}, "",
			Released{Counts: []Count{{"po", "2026-W40", "g01", "pin_change", "done", 5}}}},
		{"too small, and alone", []Count{{"po", "2026-W40", "g01", "pin_change", "done", 4}}, "", Released{Withheld: 4}},
		{"the week is not over", []Count{{"po", "2026-W40", "g01", "pin_change", "done", 9}, {"po", "2026-W39", "g01", "pin_change", "done", 9}}, "2026-W40",
			Released{Counts: []Count{{"po", "2026-W39", "g01", "pin_change", "done", 9}}, Open: 9}},
		{"two weeks make a quarter", []Count{{"po", "2026-W40", "g01", "pin_reset", "done", 3}, {"po", "2026-W41", "g01", "pin_reset", "done", 2}}, "",
			Released{Counts: []Count{{"po", "2026-Q4", "g01", "pin_reset", "done", 5}}}},
		{"other procedures of the office", []Count{{"po", "2026-W40", "g01", "pin_reset", "done", 3}, {"po", "2026-W41", "g01", "loss_report", "done", 2}}, "",
			Released{Counts: []Count{{"po", "2026-Q4", "g01", "", "done", 5}}}},
		{"two offices", []Count{{"po", "2026-W40", "g01", "pin_reset", "done", 3}, {"po", "2026-W41", "g02", "pin_reset", "done", 2}}, "",
			Released{Counts: []Count{{"po", "2026-Q4", "", "pin_reset", "done", 5}}}},
		{"a lock-out keeps its result", []Count{{"pe", "2026-W40", "g01", "login", "verify.locked_now", 3}, {"pe", "2026-W41", "g01", "signing", "verify.locked_now", 2}}, "",
			Released{Counts: []Count{{"pe", "2026-Q4", "g01", "", "verify.locked_now", 5}}}},
		{"everything of a quarter", []Count{{"po", "2026-W40", "g01", "pin_reset", "done", 3}, {"po", "2026-W41", "g02", "loss_report", "abandoned", 2}}, "",
			Released{Counts: []Count{{"po", "2026-Q4", "", "", "", 5}}}},
		{"quarters stay apart", []Count{{"po", "2026-W40", "g01", "pin_reset", "done", 3}, {"po", "2026-W39", "g01", "pin_reset", "done", 2}}, "", Released{Withheld: 5}},
		{"the quarter is not over", []Count{{"po", "2026-W40", "g01", "pin_reset", "done", 3}, {"po", "2026-W41", "g01", "pin_reset", "done", 2}}, "2026-W47", Released{Open: 5}},
		{"long week 53", []Count{{"po", "2026-W53", "g01", "pin_reset", "done", 5}}, "2027-W01",
			Released{Counts: []Count{{"po", "2026-W53", "g01", "pin_reset", "done", 5}}}},
		{"weekly counters stand for what they counted", []Count{{"tb", "2026-W40", "g01", "25", "", 2}, {"wc", "2026-W40", "g01", "class_pin", "5", 1}}, "",
			Released{Counts: []Count{{"tb", "2026-W40", "g01", "", "", 50}, {"wc", "2026-W40", "g01", "class_pin", "", 5}}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if diff := cmp.Diff(c.want, Release(c.counts, 5, c.before)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// TestReleaseCountsEachOnce draws counts and holds that no published one is too
// small, that none stands twice, and that no record is counted twice or lost.
func TestReleaseCountsEachOnce(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	pick := func(list ...string) string { return list[rnd.IntN(len(list))] }
	for range 500 {
		cells := map[Count]int{}
		for range rnd.IntN(60) {
			cells[Count{Kind: pick("po", "pe", "st", "pt"), Week: fmt.Sprintf("2026-W%02d", 1+rnd.IntN(53)), Group: pick("g01", "g02", "g03"),
				A: pick("a1", "a2", "a3"), B: pick("b1", "b2")}] += 1 + rnd.IntN(8)
		}
		var counts []Count
		total := 0
		for c, n := range cells {
			c.N = n
			counts, total = append(counts, c), total+n
		}
		k := 1 + rnd.IntN(12)
		before := pick("", "2026-W30")
		r := Release(counts, k, before)
		sum := r.Withheld + r.Open
		seen := map[Count]bool{}
		for _, c := range r.Counts {
			sum += c.N
			if c.N < k {
				t.Fatalf("published %+v with k %d", c, k)
			}
			c.N = 0
			if seen[c] {
				t.Fatalf("%+v stands twice", c)
			}
			seen[c] = true
		}
		if sum != total {
			t.Fatalf("%d records, %d accounted for", total, sum)
		}
		if diff := cmp.Diff(r, Release(counts, k, before)); diff != "" {
			t.Fatalf("the same counts give something else:\n%s", diff)
		}
	}
}

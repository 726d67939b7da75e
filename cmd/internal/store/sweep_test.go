// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"madoguchi/cmd/internal/pgtest"

	"github.com/google/go-cmp/cmp"
)

// TestSweep lets time go by: the counts stay what they were while facets become
// counts, until the counts themselves are old.
func TestSweep(t *testing.T) { both(t, testSweep) }

func testSweep(t *testing.T, fresh func(*testing.T) string) {
	now := testOpts.Now() // in 2026-W47
	opts := testOpts
	opts.Now, opts.KeepWeeks, opts.KeepCounts = func() time.Time { return now }, 3, 10
	s := open(t, fresh(t), opts)
	list := items(1, 12)
	for i := range list {
		list[i].Facet.Week = []string{"2026-W47", "2026-W46", "2026-W40", "2026-W44"}[i%4]
	}
	list[0].Facet.Week = "2027-W20" // a clock that runs ahead
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: list})
	counts := func() string {
		cells, err := s.Counts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		for _, c := range cells {
			text += fmt.Sprintf("%s %d ", c.Week, c.N)
		}
		return text
	}
	const every = "2026-W40 3 2026-W44 3 2026-W46 3 2026-W47 2 2027-W20 1 "
	for i, step := range []struct {
		add    time.Duration
		facets int
		counts string
	}{
		{0, 9, every}, // W40 is folded
		{0, 9, every},
		{week, 6, every}, // W44
		// Step by step past the last facets; W40 goes, more than ten weeks old.
		{4 * week, 1, "2026-W44 3 2026-W46 3 2026-W47 2 2027-W20 1 "},
	} {
		now = now.Add(step.add)
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := counts(); got != step.counts {
			t.Errorf("step %d, %s: counts %s, want %s", i, Week(now), got, step.counts)
		}
		if got := len(facets(t, s)); got != step.facets {
			t.Errorf("step %d, %s: %d facets, want %d", i, Week(now), got, step.facets)
		}
	}
	alarms, err := s.Alarms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Alarm{{AlarmEarly, "box-a", 1, "2026-11-20", 0}}, alarms); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	// A clock that stands in 2038 for one sweep costs four weeks of counts, not all.
	now = time.Date(2038, 1, 19, 0, 0, 0, 0, time.UTC)
	for n := range 6 {
		item := item(100 + n)
		item.Facet.Week = fmt.Sprintf("2026-W5%d", n%3)
		apply(t, s, Batch{Device: "box-b", Epoch: 1, First: uint64(n + 1), Items: []Item{item}})
	}
	if err := s.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got, want := counts(), "2026-W51 2 2026-W52 2 2027-W20 1 "; got != want {
		t.Errorf("after a sweep in 2038: %s, want %s", got, want)
	}
}

// TestWeekIsSettled reads the place and the transaction of PostgreSQL's rows:
// once a week is settled they say nothing.
func TestWeekIsSettled(t *testing.T) {
	now := testOpts.Now()
	opts := testOpts
	opts.Now = func() time.Time { return now }
	s := open(t, pgtest.Database(t), opts)
	for n := 1; n <= 40; n++ {
		apply(t, s, Batch{Device: "box-a", Epoch: 1, First: uint64(n), Items: items(n, n)})
	}
	place := func() (inOrder bool, transactions int) {
		rows, err := s.read.Query(`SELECT id, (SELECT count(DISTINCT xmin::text) FROM facet) FROM facet ORDER BY tableoid, ctid`)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		inOrder = true
		var last []byte
		for rows.Next() {
			var id []byte
			if err := rows.Scan(&id, &transactions); err != nil {
				t.Fatal(err)
			}
			inOrder = inOrder && bytes.Compare(last, id) < 0
			last = id
		}
		return inOrder, transactions
	}
	if inOrder, n := place(); inOrder || n != 40 {
		t.Errorf("before: in order %t, %d transactions: the test sees nothing", inOrder, n)
	}
	now = now.Add(2 * week)
	for range 2 {
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if inOrder, n := place(); !inOrder || n != 1 {
		t.Errorf("settled: in order %t, %d transactions; want the order of ids and one", inOrder, n)
	}
	if got := len(facets(t, s)); got != 40 {
		t.Errorf("%d facets, want 40", got)
	}
}

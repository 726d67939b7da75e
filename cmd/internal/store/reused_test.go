// SPDX-License-Identifier: Apache-2.0

package store

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestReusedInAnotherWeek holds that a random id which comes again under another
// week counts once and raises an alarm: at once where the key is the id, with
// the day's sweep where it holds the week too.
func TestReusedInAnotherWeek(t *testing.T) { both(t, testReusedInAnotherWeek) }

func testReusedInAnotherWeek(t *testing.T, fresh func(*testing.T) string) {
	now := testOpts.Now()
	opts := testOpts
	opts.Now = func() time.Time { return now }
	s := open(t, fresh(t), opts)
	first := uint64(1)
	again := func(from, to int, week string) {
		t.Helper()
		list := items(from, to)
		for i := range list {
			list[i].Facet.Week = week
		}
		apply(t, s, Batch{Device: "box-a", Epoch: 1, First: first, Items: list})
		first += uint64(len(list))
	}
	sweep := func(want ...Alarm) {
		t.Helper()
		if err := s.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		alarms, err := s.Alarms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for i := range alarms {
			if s.Writers() == 1 && alarms[i].Device == "box-a" {
				alarms[i].Device = "" // SQLite knows whose it was
			}
			alarms[i].Day = ""
		}
		if diff := cmp.Diff(want, alarms); diff != "" {
			t.Errorf("alarms (-want +got):\n%s", diff)
		}
		weeks := map[string]int{}
		for _, f := range facets(t, s) {
			weeks[f.Week]++
		}
		if diff := cmp.Diff(map[string]int{"2026-W46": 20}, weeks); diff != "" {
			t.Errorf("facets (-want +got):\n%s", diff)
		}
	}
	again(1, 20, "2026-W46")
	sweep()
	again(3, 4, "2026-W47")
	again(4, 4, "2026-W48") // a third time
	now = now.Add(24 * time.Hour)
	sweep(Alarm{Kind: AlarmReused, Count: 3})
	sweep(Alarm{Kind: AlarmReused, Count: 3})
	again(20, 20, "2027-W20") // in no partition of its own
	now = now.Add(24 * time.Hour)
	early := Alarm{Kind: AlarmEarly, Count: 1}
	if s.Writers() > 1 {
		early.Device = "box-a"
	}
	sweep(early, Alarm{Kind: AlarmReused, Count: 4})
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestPresence(t *testing.T) { both(t, testPresence) }

func testPresence(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	quarter := time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)
	for i, c := range []struct {
		say     Presence
		online  bool
		changed bool
	}{
		{Presence{"box-a", true, 3}, true, true},
		{Presence{"box-a", true, 3}, true, false},
		{Presence{"box-a", false, 2}, true, false}, // the will of an older connection comes late
		{Presence{"box-a", false, 3}, false, true},
		{Presence{"box-a", true, 4}, true, true},
	} {
		changed := s.Changed()
		if err := s.SetPresence(t.Context(), c.say); err != nil {
			t.Fatal(err)
		}
		got, err := s.Devices(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Device{{ID: "box-a", Online: c.online, Contact: quarter}}, got); diff != "" {
			t.Errorf("step %d (-want +got):\n%s", i, diff)
		}
		select {
		case <-changed:
			if !c.changed {
				t.Errorf("step %d: a change was told, nothing changed", i)
			}
		default:
			if c.changed {
				t.Errorf("step %d: no change was told", i)
			}
		}
	}
	if err := s.SetPresence(t.Context(), Presence{"box-a", true, 1 << 63}); err == nil {
		t.Error("a session number out of range was taken")
	}
}

func TestReading(t *testing.T) { both(t, testReading) }

func testReading(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	list := items(1, 6)
	list[1].Facet.B = "abandoned"
	list[2].Facet.Week = "2026-W46"
	list[3].Facet.Group = "g02"
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: list})
	apply(t, s, Batch{Device: "box-b", Epoch: 1, First: 4, Items: items(7, 7)})
	if err := s.Malformed(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	counts, err := s.Counts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Count{
		{"po", "2026-W46", "g01", "pin_change", "done", 1},
		{"po", "2026-W47", "g01", "pin_change", "abandoned", 1},
		{"po", "2026-W47", "g01", "pin_change", "done", 4},
		{"po", "2026-W47", "g02", "pin_change", "done", 1},
	}, counts); diff != "" {
		t.Errorf("counts (-want +got):\n%s", diff)
	}
	devices, err := s.Devices(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Device{{ID: "box-a"}, {ID: "box-b", Missing: 3}}, devices); diff != "" {
		t.Errorf("devices (-want +got):\n%s", diff)
	}
	alarms, err := s.Alarms(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]Alarm{{AlarmMalformed, "", 1, "2026-11-20", 0}}, alarms); diff != "" {
		t.Errorf("alarms (-want +got):\n%s", diff)
	}
	counters, err := s.Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(map[string]int64{CountBatches: 2, CountNew: 7}, counters); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
	all := facets(t, s)
	var after []Facet
	for f, err := range s.Facets(t.Context(), all[2].ID) {
		if err != nil {
			t.Fatal(err)
		}
		after = append(after, f)
		if len(after) == 2 {
			break
		}
	}
	if diff := cmp.Diff(all[3:5], after); diff != "" {
		t.Errorf("facets after the third (-want +got):\n%s", diff)
	}
}

func TestSessionsCount(t *testing.T) { both(t, testSessionsCount) }

func testSessionsCount(t *testing.T, fresh func(*testing.T) string) {
	path := fresh(t)
	for want := uint64(1); want < 4; want++ {
		s := open(t, path, testOpts)
		got, err := s.NextSession(t.Context())
		if err != nil || got != want {
			t.Fatalf("got session %d, %v; want %d", got, err, want)
		}
		s.Close()
	}
}

func TestPing(t *testing.T) { both(t, testPing) }

func testPing(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	if err := s.Ping(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if err := s.Ping(t.Context()); err == nil {
		t.Error("a closed database answered")
	}
}

// BenchmarkApply is the database alone: batches of 64, each durable.
func BenchmarkApply(b *testing.B) {
	s, err := Open(b.Context(), filepath.Join(b.TempDir(), "x.db"), Opts{DigestKey: testOpts.DigestKey})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	n := 0
	for b.Loop() {
		if _, err := s.Apply(b.Context(), Batch{Device: "box-a", Epoch: 1, First: uint64(n + 1), Items: items(n+1, n+64)}); err != nil {
			b.Fatal(err)
		}
		n += 64
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "records/s")
}

func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "cityhall")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	s, err := Open(ctx, filepath.Join(dir, "cityhall.db"), Opts{DigestKey: []byte("from a key file, not from here")})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer s.Close()
	f := Facet{ID: [16]byte{1}, Kind: "po", Week: "2026-W47", Group: "g01", A: "pin_change", B: "done"}
	for range 2 { // the second time is a repetition
		r, err := s.Apply(ctx, Batch{Device: "box-a", Epoch: 7, First: 1, Items: []Item{{Facet: f, Body: []byte("…")}}})
		fmt.Println(r.Upto, r.New, r.Repeated, err)
	}
	// Output:
	// 1 1 0 <nil>
	// 1 0 1 <nil>
}

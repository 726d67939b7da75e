// SPDX-License-Identifier: Apache-2.0

package store

import (
	"math/rand/v2"
	"path/filepath"
	"sync"
	"testing"

	"madoguchi/cmd/internal/pgtest"
)

// TestSeveralCollectors lets two stores on one PostgreSQL, four writers each,
// take the same pieces of six outboxes in random order: each facet is there
// once, no watermark goes back or past what is there, nobody waits for ever.
func TestSeveralCollectors(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	dsn := pgtest.Database(t)
	stores := []*Store{open(t, dsn, testOpts), open(t, dsn, testOpts)}
	const outboxes, last = 6, 60
	var all sync.WaitGroup
	for n := range 8 {
		rnd := rand.New(rand.NewPCG(seed, uint64(n)))
		s := stores[n%2]
		all.Go(func() {
			upto := map[string]uint64{}
			for {
				var batches []Batch
				for range 1 + rnd.IntN(3) {
					box := rnd.IntN(outboxes)
					dev := string(rune('a' + box))
					from := int(min(upto[dev]+1, last))
					if rnd.IntN(3) == 0 {
						from = 1 + rnd.IntN(last)
					}
					batches = append(batches, Batch{Device: dev, Epoch: 7, First: uint64(from), Items: items(box*1000+from, box*1000+min(last, from+rnd.IntN(6)))})
				}
				results, err := s.ApplyAll(t.Context(), batches)
				if err != nil {
					t.Error(err)
					return
				}
				for i, r := range results {
					dev := batches[i].Device
					if r.Upto < upto[dev] || r.Upto > last {
						t.Errorf("device %s: upto %d after %d", dev, r.Upto, upto[dev])
						return
					}
					upto[dev] = r.Upto
				}
				done := 0
				for _, n := range upto {
					if n == last {
						done++
					}
				}
				if done == outboxes {
					return
				}
			}
		})
	}
	all.Wait()
	if got := len(facets(t, stores[0])); got != outboxes*last {
		t.Errorf("%d facets, want %d", got, outboxes*last)
	}
	counters, err := stores[0].Counters(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if counters[CountNew] != outboxes*last {
		t.Errorf("%d counted, want %d", counters[CountNew], outboxes*last)
	}
	if alarms, err := stores[1].Alarms(t.Context()); err != nil || len(alarms) > 0 {
		t.Errorf("alarms %+v, %v", alarms, err)
	}
}

// TestTwoOnOneFile lets two stores use one SQLite file: one waits for the other.
func TestTwoOnOneFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "cityhall.db")
	stores := []*Store{open(t, path, testOpts), open(t, path, testOpts)}
	var all sync.WaitGroup
	for i, s := range stores {
		all.Go(func() {
			for n := 1; n <= 30; n++ {
				if _, err := s.Apply(t.Context(), Batch{Device: "box", Epoch: uint64(i + 1), First: uint64(n), Items: items(n, n)}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	if got := len(facets(t, stores[0])); got != 30 {
		t.Errorf("%d facets, want 30: the same facet in two outboxes counts once", got)
	}
}

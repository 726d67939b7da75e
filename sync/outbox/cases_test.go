// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"testing"

	"madoguchi/sync/record"
)

// TestCases: what waits is counted in cases, whatever else each of them left, also where only the rest of one is left.
func TestCases(t *testing.T) {
	ob := mustOpen(t, tempPath(t), Opts{})
	w, err := record.NewWeek(2026, 47)
	must(t, err)
	facet, err := record.NewPT(record.Self, record.Memory, w, 7)
	must(t, err)
	is := func(when string, want int) {
		t.Helper()
		if got := ob.Cases(); got != want {
			t.Errorf("%s: %d cases, want %d", when, got, want)
		}
	}
	is("at first", 0)
	must(t, ob.FinishCase(record.Facets{Records: []record.Record{facet}}))
	is("a facet alone", 1)
	for range 3 {
		more, err := record.NewPT(record.Self, record.Memory, w, 7)
		must(t, err)
		must(t, ob.FinishCase(record.Facets{Records: []record.Record{newRecord(t), more}}))
	}
	is("held", 3)
	if _, err := ob.Release(2); err != nil {
		t.Fatal(err)
	}
	is("some queued", 3)
}

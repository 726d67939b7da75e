// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFacetTableSaysNothingElse holds the columns of the facets table, and that
// it has no row id: that would number the rows in order of arrival.
func TestFacetTableSaysNothingElse(t *testing.T) {
	s := testStore(t)
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 100)})
	rows, err := s.read.Query(`SELECT name FROM pragma_table_info('facet')`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var got []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		got = append(got, name)
	}
	if diff := cmp.Diff([]string{"id", "kind", "week", "office_group", "a", "b"}, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if err := s.read.QueryRow(`SELECT rowid FROM facet LIMIT 1`).Scan(new(int64)); err == nil || !strings.Contains(err.Error(), "no such column") {
		t.Errorf("the facets have a row id: %v", err)
	}
	// A plain dump of the table is in the order of ids, not of arrival.
	var ids []string
	for _, f := range facets(t, s) {
		ids = append(ids, string(f.ID[:]))
	}
	if !slices.IsSorted(ids) {
		t.Error("the facets do not lie in the order of their ids")
	}
}

// TestTransportForgets holds that few numbers stay behind the watermark, Keep of
// them and the rest of a row, and that their digests differ under another key.
func TestTransportForgets(t *testing.T) { both(t, testTransportForgets) }

func testTransportForgets(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	for first := 1; first < 200; first += 10 {
		apply(t, s, Batch{Device: "box-a", Epoch: 1, First: uint64(first), Items: items(first, first+9)})
		if got := numbers(t, s); got >= testOpts.Keep+perRow {
			t.Fatalf("after %d: %d numbers are kept, want less than %d", first+9, got, testOpts.Keep+perRow)
		}
	}
	one, two := digests(t, fresh(t), testOpts.DigestKey), digests(t, fresh(t), []byte("another key for tests"))
	for _, d := range one {
		if slices.Contains(two, d) {
			t.Errorf("digest %x does not depend on the key", d)
		}
	}
}

func numbers(t *testing.T, s *Store) int {
	t.Helper()
	var n int
	if err := s.read.QueryRow(`SELECT coalesce(CAST(sum(n) AS BIGINT), 0) FROM transport`).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func digests(t *testing.T, dsn string, key []byte) []string {
	t.Helper()
	s := open(t, dsn, Opts{DigestKey: key})
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 5)})
	rows, err := s.read.Query(`SELECT digest FROM transport`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var list []string
	for rows.Next() {
		var d sql.RawBytes
		if err := rows.Scan(&d); err != nil {
			t.Fatal(err)
		}
		list = append(list, string(d))
	}
	return list
}

// TestNewKey opens a database with another key: what is known stays known, no
// false conflict, and an alarm says that the check was lost.
func TestNewKey(t *testing.T) { both(t, testNewKey) }

func testNewKey(t *testing.T, fresh func(*testing.T) string) {
	path := fresh(t)
	s := open(t, path, testOpts)
	b := Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 5)}
	apply(t, s, b)
	s.Close()
	opts := testOpts
	opts.DigestKey = []byte("another key for tests")
	for range 2 {
		s = open(t, path, opts)
		if diff := cmp.Diff(Result{Upto: 5, Repeated: 5}, apply(t, s, b)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		alarms, err := s.Alarms(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff([]Alarm{{AlarmKeyChanged, "", 1, "2026-11-20", 0}}, alarms); diff != "" {
			t.Errorf("alarms (-want +got):\n%s", diff)
		}
		s.Close()
	}
}

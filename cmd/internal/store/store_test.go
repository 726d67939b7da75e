// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/pgtest"

	"github.com/google/go-cmp/cmp"
)

var testOpts = Opts{
	DigestKey: []byte("a key for tests only"),
	Keep:      8,
	Now:       func() time.Time { return time.Date(2026, 11, 20, 9, 7, 31, 0, time.UTC) },
}

// both runs a test on SQLite and on PostgreSQL; fresh makes the address of a new
// database.
func both(t *testing.T, test func(t *testing.T, fresh func(*testing.T) string)) {
	t.Run("sqlite", func(t *testing.T) {
		test(t, func(t *testing.T) string { return filepath.Join(t.TempDir(), "cityhall.db") })
	})
	t.Run("postgres", func(t *testing.T) {
		test(t, func(t *testing.T) string { return pgtest.Database(t) })
	})
}

func TestMain(m *testing.M) { pgtest.Main(m) }

// open opens the database at dsn and checks it when the test ends.
func open(t *testing.T, dsn string, opts Opts) *Store {
	t.Helper()
	s, err := Open(t.Context(), dsn, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if s.Writers() > 1 {
			s.Close()
			return
		}
		ctx := context.Background()
		if err := check(ctx, s.write); err != nil && !errors.Is(err, sql.ErrConnDone) && !strings.Contains(err.Error(), "database is closed") {
			t.Errorf("checking: %v", err)
		}
		s.Close()
	})
	return s
}

func testStore(t *testing.T) *Store {
	t.Helper()
	return open(t, filepath.Join(t.TempDir(), "cityhall.db"), testOpts) // SQLite, for what is SQLite's alone
}

// item is the n-th record of a make-believe device.
func item(n int) Item {
	f := Facet{Kind: "po", Week: "2026-W47", Group: "g01", A: "pin_change", B: "done"}
	sum := sha256.Sum256(fmt.Appendf(nil, "record %d", n))
	copy(f.ID[:], sum[:])
	return Item{Facet: f, Body: fmt.Appendf(nil, "body %d", n)}
}

func items(from, to int) []Item {
	var list []Item
	for n := from; n <= to; n++ {
		list = append(list, item(n))
	}
	return list
}

func apply(t *testing.T, s *Store, b Batch) Result {
	t.Helper()
	r, err := s.Apply(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func facets(t *testing.T, s *Store) []Facet {
	t.Helper()
	var list []Facet
	for f, err := range s.Facets(t.Context(), [16]byte{}) {
		if err != nil {
			t.Fatal(err)
		}
		list = append(list, f)
	}
	return list
}

func TestApply(t *testing.T) { both(t, testApply) }

func testApply(t *testing.T, fresh func(*testing.T) string) {
	other := item(2)
	other.Body = []byte("other bytes")
	other.Facet.ID[0]++
	sameID := item(4)
	sameID.Facet.ID = item(1).Facet.ID
	sameID.Facet.B = "abandoned"
	bad := Item{Reject: "bad_record", Body: []byte("bad")}

	type step struct {
		batch Batch
		want  Result
	}
	dev := func(first uint64, list ...Item) Batch {
		return Batch{Device: "box-a", Epoch: 1<<63 + 5, First: first, Items: list}
	}
	for _, c := range []struct {
		name   string
		steps  []step
		facets int
		alarms []Alarm
	}{
		{"in order", []step{
			{dev(1, items(1, 3)...), Result{Upto: 3, New: 3}},
			{dev(4, items(4, 5)...), Result{Upto: 5, New: 2}},
		}, 5, nil},
		{"again", []step{
			{dev(1, items(1, 3)...), Result{Upto: 3, New: 3}},
			{dev(1, items(1, 3)...), Result{Upto: 3, Repeated: 3}},
			{dev(2, items(2, 5)...), Result{Upto: 5, New: 2, Repeated: 2}},
		}, 5, nil},
		{"gap, then filled", []step{
			{dev(4, items(4, 5)...), Result{Upto: 0, Missing: []uint64{1, 2, 3}, New: 2}},
			{dev(8, items(8, 8)...), Result{Upto: 0, Missing: []uint64{1, 2, 3, 6, 7}, New: 1}},
			{dev(1, items(1, 3)...), Result{Upto: 5, Missing: []uint64{6, 7}, New: 3}},
			{dev(6, items(6, 7)...), Result{Upto: 8, New: 2}},
		}, 8, nil},
		{"again long after", []step{
			{dev(1, items(1, 40)...), Result{Upto: 40, New: 40}},
			{dev(1, items(1, 40)...), Result{Upto: 40, Repeated: 40}},
		}, 40, nil},
		{"same number, other bytes", []step{
			{dev(1, items(1, 3)...), Result{Upto: 3, New: 3}},
			{dev(2, other), Result{Upto: 3, Rejected: []Rejection{{2, RejectConflict}}}},
			{dev(1, items(1, 3)...), Result{Upto: 3, Repeated: 3}},
		}, 3, []Alarm{{AlarmConflict, "box-a", 1, "2026-11-20", 0}}},
		{"same random id, other content", []step{
			{dev(1, items(1, 3)...), Result{Upto: 3, New: 3}},
			{dev(4, sameID, item(5)), Result{Upto: 5, New: 1, Rejected: []Rejection{{4, RejectConflict}}}},
		}, 4, []Alarm{{AlarmReused, "box-a", 1, "2026-11-20", 0}}},
		{"same facet in another epoch", []step{
			{dev(1, items(1, 3)...), Result{Upto: 3, New: 3}},
			{Batch{Device: "box-a", Epoch: 6, First: 1, Items: items(2, 4)}, Result{Upto: 3, New: 1, Repeated: 2}},
		}, 4, []Alarm{{AlarmEpoch, "box-a", 1, "2026-11-20", 0}}},
		{"two devices", []step{
			{dev(1, items(1, 3)...), Result{Upto: 3, New: 3}},
			{Batch{Device: "box-b", Epoch: 6, First: 1, Items: items(4, 5)}, Result{Upto: 2, New: 2}},
		}, 5, nil},
		{"one refused does not block", []step{
			{dev(1, item(1), bad, item(3)), Result{Upto: 3, New: 2, Rejected: []Rejection{{2, "bad_record"}}}},
			{dev(1, item(1), bad, item(3)), Result{Upto: 3, Repeated: 3, Rejected: []Rejection{{2, "bad_record"}}}},
			{dev(4, items(4, 30)...), Result{Upto: 30, New: 27, Earlier: []Rejection{{2, "bad_record"}}}},
			{dev(1, item(1), bad, item(3)), Result{Upto: 30, Repeated: 3, Rejected: []Rejection{{2, "bad_record"}}}},
		}, 29, []Alarm{{AlarmRejected, "box-a", 1, "2026-11-20", 0}}},
		{"nothing in it", []step{{dev(1), Result{}}}, 0, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := open(t, fresh(t), testOpts)
			for i, step := range c.steps {
				if diff := cmp.Diff(step.want, apply(t, s, step.batch)); diff != "" {
					t.Errorf("step %d (-want +got):\n%s", i, diff)
				}
			}
			if got := len(facets(t, s)); got != c.facets {
				t.Errorf("%d facets, want %d", got, c.facets)
			}
			alarms, err := s.Alarms(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(c.alarms, alarms); diff != "" {
				t.Errorf("alarms (-want +got):\n%s", diff)
			}
		})
	}
}

func TestApplyRefusesNumbers(t *testing.T) { both(t, testApplyRefusesNumbers) }

func testApplyRefusesNumbers(t *testing.T, fresh func(*testing.T) string) {
	s := open(t, fresh(t), testOpts)
	for _, first := range []uint64{0, 1<<62 + 1, 1<<64 - 1, 1 << 62} {
		if _, err := s.Apply(t.Context(), Batch{Device: "box-a", Epoch: 1, First: first, Items: items(1, 2)}); !errors.Is(err, ErrRange) {
			t.Errorf("first %d: got %v, want ErrRange", first, err)
		}
	}
}

// TestExactlyOnce sends random pieces of three outboxes in random order, with
// the database closed and opened in between: each facet is there once.
func TestExactlyOnce(t *testing.T) { both(t, testExactlyOnce) }

func testExactlyOnce(t *testing.T, fresh func(*testing.T) string) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 0))
	path := fresh(t)
	s := open(t, path, testOpts)
	const last = 60
	upto := map[string]uint64{}
	for n := 0; upto["a"] < last || upto["b"] < last || upto["c"] < last; n++ {
		if n%40 == 39 {
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			s = open(t, path, testOpts)
		}
		dev := string(rune('a' + rnd.IntN(3)))
		from := 1 + rnd.IntN(last)
		if rnd.IntN(2) == 0 {
			from = int(min(upto[dev]+1, last))
		}
		to := min(last, from+rnd.IntN(6))
		at := int(dev[0]) * 1000
		r := apply(t, s, Batch{Device: dev, Epoch: 7, First: uint64(from), Items: items(at+from, at+to)})
		if r.Upto < upto[dev] {
			t.Fatalf("device %s: upto went back from %d to %d", dev, upto[dev], r.Upto)
		}
		if len(r.Missing) > 0 && r.Missing[0] != r.Upto+1 {
			t.Fatalf("device %s: upto %d but first missing %d", dev, r.Upto, r.Missing[0])
		}
		upto[dev] = r.Upto
	}
	want := map[[16]byte]bool{}
	for _, at := range []int{'a', 'b', 'c'} {
		for n := 1; n <= last; n++ {
			want[item(at*1000+n).Facet.ID] = true
		}
	}
	got := facets(t, s)
	if len(got) != len(want) {
		t.Errorf("%d facets, want %d", len(got), len(want))
	}
	for i, f := range got {
		if !want[f.ID] {
			t.Errorf("facet %x was never sent", f.ID)
		}
		if i > 0 && bytes.Compare(got[i-1].ID[:], f.ID[:]) >= 0 {
			t.Errorf("facet %d is not in the order of ids", i)
		}
	}
}

// TestOpenRefuses lists what Open says of a file or path it cannot use, and
// that it leaves a damaged file as it was.
func TestOpenRefuses(t *testing.T) {
	dir := t.TempDir()
	good := filepath.Join(dir, "good.db")
	s := open(t, good, testOpts)
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 500)})
	s.Close()
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, b []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, b, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	holed := bytes.Clone(text)
	for i := 4096; i < len(holed)-4096; i++ {
		holed[i] = 0xa5
	}
	newer := filepath.Join(dir, "newer.db")
	s = open(t, newer, testOpts)
	if _, err := s.write.Exec(`INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, 1)`); err != nil {
		t.Fatal(err)
	}
	s.Close()
	for _, c := range []struct {
		name, dsn string
		opts      Opts
		corrupt   bool
		want      string
	}{
		{"not a database", write("text.db", bytes.Repeat([]byte("text\n"), 1000)), testOpts, true, "not a database"},
		{"holes", write("holed.db", holed), testOpts, true, ""},
		{"cut", write("cut.db", text[:len(text)/2]), testOpts, true, ""},
		{"newer schema", newer, testOpts, false, "schema version 999 is newer"},
		{"folder", dir, testOpts, false, "is a directory"},
		{"no folder", filepath.Join(dir, "none", "x.db"), testOpts, false, "no such file"},
		{"other scheme", "mysql://127.0.0.1/x", testOpts, false, `scheme "mysql" is not known`},
		{"short key", good, Opts{DigestKey: []byte("short")}, false, "digest key of 5 bytes"},
	} {
		t.Run(c.name, func(t *testing.T) {
			before, _ := os.ReadFile(c.dsn)
			s, err := Open(t.Context(), c.dsn, c.opts)
			if err == nil {
				s.Close()
				t.Fatal("opened")
			}
			if errors.Is(err, ErrCorrupt) != c.corrupt || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want it to contain %q, damaged: %t", err, c.want, c.corrupt)
			}
			if after, _ := os.ReadFile(c.dsn); !bytes.Equal(before, after) {
				t.Error("the file was changed")
			}
		})
	}
}

// TestStrangePath opens a file whose name looks like parameters.
func TestStrangePath(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a b?mode=memory&c%20#d.db")
	s := open(t, path, testOpts)
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 1)})
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if info.Mode().Perm() != 0o600 {
		t.Errorf("file mode %v, want 0600", info.Mode().Perm())
	}
}

func TestDurable(t *testing.T) {
	s := testStore(t)
	for _, db := range []*sql.DB{s.write, s.read} {
		for pragma, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "busy_timeout": "5000", "secure_delete": "1"} {
			var got string
			if err := db.QueryRow("PRAGMA " + pragma).Scan(&got); err != nil {
				t.Fatal(err)
			}
			if got != want {
				t.Errorf("%s is %s, want %s", pragma, got, want)
			}
		}
	}
	if _, err := s.read.Exec(`DELETE FROM facet`); err == nil {
		t.Error("the reading side can write")
	}
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"errors"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/cmd/internal/pgtest"

	"github.com/google/go-cmp/cmp"
)

// backup makes a copy of s as README.md of cmd/cityhall tells a city to.
func backup(t *testing.T, s *Store, dsn string) string {
	t.Helper()
	if s.Writers() == 1 {
		to := filepath.Join(t.TempDir(), "copy.db")
		if _, err := s.write.Exec(`VACUUM INTO '` + to + `'`); err != nil {
			t.Fatal(err)
		}
		return to
	}
	to, dump := pgtest.Database(t), filepath.Join(t.TempDir(), "copy.dump")
	for _, c := range [][]string{{"pg_dump", "--format=custom", "--file=" + dump, dsn}, {"pg_restore", "--no-owner", "--exit-on-error", "--dbname=" + to, dump}} {
		if out, err := exec.CommandContext(t.Context(), c[0], c[1:]...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v: %s", c[0], err, out)
		}
	}
	return to
}

// TestBackedUp holds that a number counts as durable when it is in a checked
// copy, and not before.
func TestBackedUp(t *testing.T) { both(t, testBackedUp) }

func testBackedUp(t *testing.T, fresh func(*testing.T) string) {
	dsn := fresh(t)
	s := open(t, dsn, testOpts)
	if _, err := s.Hall(t.Context()); err != nil {
		t.Fatal(err)
	}
	send := func(first, last int, want Result) {
		t.Helper()
		if diff := cmp.Diff(want, apply(t, s, Batch{Device: "box-a", Epoch: 1<<63 + 5, First: uint64(first), Items: items(first, last)})); diff != "" {
			t.Errorf("%d to %d (-want +got):\n%s", first, last, diff)
		}
	}
	send(1, 70, Result{Upto: 70, New: 70})
	apply(t, s, Batch{Device: "box-b", Epoch: 2, First: 2, Items: items(1002, 1003)}) // a gap: nothing of it is done
	at70 := backup(t, s, dsn)
	send(71, 75, Result{Upto: 75, New: 5})
	for n, want := range []Backup{{72, 2, 1}, {72, 2, 0}} {
		got, err := s.BackedUp(t.Context(), at70)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("time %d (-want +got):\n%s", n, diff)
		}
	}
	send(76, 76, Result{Upto: 76, Durable: 70, New: 1})
	send(1, 3, Result{Upto: 76, Durable: 70, Repeated: 3})
	at76 := backup(t, s, dsn)
	if _, err := s.BackedUp(t.Context(), at76); err != nil {
		t.Fatal(err)
	}
	if _, err := s.BackedUp(t.Context(), at70); err != nil { // an older one takes nothing back
		t.Fatal(err)
	}
	send(77, 77, Result{Upto: 77, Durable: 76, New: 1})

	refused := func(what string, s *Store, dsn, says string) {
		t.Helper()
		if _, err := s.BackedUp(t.Context(), dsn); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v, want %q", what, err, says)
		}
	}
	refused("itself", s, dsn, "itself")
	refused("of another city", s, func() string {
		dsn := fresh(t)
		o := open(t, dsn, Opts{DigestKey: []byte("another key for tests")})
		if _, err := o.Hall(t.Context()); err != nil {
			t.Fatal(err)
		}
		o.Close()
		return dsn
	}(), "life")
	// The one before put back without saying so: the newer copy is ahead of it.
	back := open(t, at70, testOpts)
	refused("ahead", back, at76, "put back")
	if err := back.Close(); err != nil {
		t.Fatal(err)
	}
	short := open(t, at76, testOpts)
	if _, err := short.write.Exec(`DELETE FROM facet WHERE id = (SELECT id FROM facet ORDER BY id LIMIT 1)`); err != nil {
		t.Fatal(err)
	}
	short.Close()
	refused("a record lacks", s, at76, "lacks 1 of its")
	if _, err := s.Restored(t.Context()); err != nil {
		t.Fatal(err)
	}
	refused("of the life before", s, at70, "life")
}

// TestBackupFile is what can be wrong with a file.
func TestBackupFile(t *testing.T) {
	s := testStore(t)
	if _, err := s.Hall(t.Context()); err != nil {
		t.Fatal(err)
	}
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: items(1, 2000)})
	good := backup(t, s, "")
	text, err := os.ReadFile(good)
	if err != nil {
		t.Fatal(err)
	}
	write := func(name string, text []byte) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	torn := append([]byte(nil), text...)
	clear(torn[len(torn)/2 : len(torn)/2+4096])
	inUse := write("cityhall.db", text)
	if err := os.WriteFile(inUse+"-wal", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ name, path, says string }{
		{"cut off", write("cut.db", text[:len(text)/2]), "damaged"},
		{"overwritten", write("torn.db", torn), "damaged"},
		{"no database", write("text.db", []byte(strings.Repeat("text ", 1000))), "damaged"},
		{"empty", write("empty.db", nil), "reading what it holds"},
		{"in use", inUse, "-wal"},
		{"an address", "postgres://db/x", "address"},
	} {
		if _, err := s.BackedUp(context.Background(), c.path); !errors.Is(err, ErrBackup) || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", c.name, err, c.says)
		}
	}
	if b, err := s.BackedUp(t.Context(), good); err != nil || b.Facets != 2000 {
		t.Errorf("the copy itself: %+v, %v", b, err)
	}
}

// TestServerForgets holds that no address can make an acknowledgement promise
// what is not on disk, and that a standby may be waited for.
func TestServerForgets(t *testing.T) {
	for value, want := range map[string]bool{"off": false, "local": true, "on": true, "remote_apply": true} {
		u, err := url.Parse(pgtest.Database(t))
		if err != nil {
			t.Fatal(err)
		}
		q := u.Query()
		q.Set("synchronous_commit", value)
		u.RawQuery = q.Encode()
		s, err := Open(t.Context(), u.String(), testOpts)
		if (err == nil) != want {
			t.Errorf("%s: %v", value, err)
		}
		if err == nil {
			s.Close()
		}
	}
}

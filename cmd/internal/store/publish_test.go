// SPDX-License-Identifier: Apache-2.0

package store

import (
	"database/sql"
	"errors"
	"net/url"
	"os"
	"testing"
	"time"

	"madoguchi/cmd/internal/pgtest"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5/pgconn"
)

// TestStatisticsRole makes the role of cmd/cityhall/statistics.sql and holds that
// it reads the published numbers, which are the pages', and nothing else.
func TestStatisticsRole(t *testing.T) {
	dsn := pgtest.Database(t)
	now := testOpts.Now()
	opts := testOpts
	opts.Now = func() time.Time { return now }
	s := open(t, dsn, opts)
	list := items(1, 20)
	for i := range list { // seven, three and ten
		list[i].Facet.Week = "2026-W46"
		switch {
		case i < 3:
			list[i].Facet.B = "abandoned"
		case i >= 10:
			list[i].Facet.Week = "2026-W47" // is not over
		}
	}
	apply(t, s, Batch{Device: "box-a", Epoch: 1, First: 1, Items: list})
	if err := s.Publish(t.Context(), 5); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("../../cityhall/statistics.sql")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.write.Exec(string(text)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { // a role is of the whole server
		if _, err := s.write.Exec(`DROP OWNED BY statistics; DROP ROLE statistics`); err != nil {
			t.Error(err)
		}
	})
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	u.User = url.User("statistics")
	q := u.Query()
	q.Del("user")
	u.RawQuery = q.Encode()
	reader, err := sql.Open("pgx", u.String())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	reader.SetMaxOpenConns(1) // what it sets holds for all that follows
	seen := func() []Count {
		t.Helper()
		got, err := all(t.Context(), reader, `SELECT kind, week, office_group, a, b, n FROM published ORDER BY week`, (*Count).into)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	over := Count{"po", "2026-W46", "g01", "pin_change", "done", 7}
	if diff := cmp.Diff([]Count{over}, seen()); diff != "" {
		t.Errorf("published (-want +got):\n%s", diff)
	}
	refused := func(statement string) {
		t.Helper()
		_, err := reader.Exec(statement)
		if e := new(pgconn.PgError); !errors.As(err, &e) || e.Code != "42501" {
			t.Errorf("%s: %v, want insufficient privilege", statement, err)
		}
	}
	if _, err := reader.Exec(`SET default_transaction_read_only = off`); err != nil { // anybody may: privileges must hold alone
		t.Fatal(err)
	}
	tables, err := all(t.Context(), s.read, `SELECT relname FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm') AND relname <> 'published'`,
		func(v *string) []any { return []any{v} })
	if err != nil || len(tables) < 20 {
		t.Fatalf("%d tables, %v", len(tables), err)
	}
	for _, name := range tables {
		refused(`SELECT 1 FROM ` + name)
	}
	for _, q := range []string{`DELETE FROM published`, `UPDATE published SET n = 0`, `INSERT INTO published VALUES ('', '', '', '', '', 1)`, `TRUNCATE published`,
		`CREATE TABLE mine (x int)`, `INSERT INTO facet VALUES ('', '', '', '', '', '')`, `CREATE ROLE more`} {
		refused(q)
	}
	now = now.Add(week)
	for range 2 {
		if err := s.Publish(t.Context(), 5); err != nil {
			t.Fatal(err)
		}
	}
	if diff := cmp.Diff([]Count{over, {"po", "2026-W47", "g01", "pin_change", "done", 10}}, seen()); diff != "" {
		t.Errorf("a week later (-want +got):\n%s", diff)
	}
	if err := s.Publish(t.Context(), 8); err != nil {
		t.Fatal(err)
	}
	if got := seen(); len(got) != 1 || got[0].N != 10 {
		t.Errorf("with k 8: %+v", got)
	}
}

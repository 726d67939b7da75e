// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// postgres is PostgreSQL: several writers, also of several processes, and
// arrays for rows, because each statement is a round trip.
type postgres struct{ s *Store }

var _ engine = (*postgres)(nil)

// pgWriters is how many transactions of one process run side by side: enough for
// the server to sync several commits at once.
const pgWriters = 4

func (s *Store) openPostgres(ctx context.Context, dsn string) error {
	config, err := pgx.ParseConfig(dsn)
	if err != nil {
		return errors.New("the address of the database is not well formed") // pgx's own word could hold the password
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = s.opts.BusyTimeout
	}
	params := config.RuntimeParams
	params["application_name"] = "madoguchi cityhall"
	params["timezone"] = "UTC"
	params["lock_timeout"] = fmt.Sprint(s.opts.BusyTimeout.Milliseconds())
	params["idle_in_transaction_session_timeout"] = "60000"
	if _, ok := params["synchronous_commit"]; !ok {
		params["synchronous_commit"] = "on" // an acknowledgement promises the disk, whatever the server's default
	}
	s.engine = &postgres{s}
	s.write = stdlib.OpenDB(*config)
	s.write.SetMaxOpenConns(pgWriters)
	s.write.SetMaxIdleConns(pgWriters)
	locker, err := lock.NewPostgresSessionLocker()
	if err != nil {
		return err
	}
	if err := s.migrate(ctx, goose.WithSessionLocker(locker)); err != nil {
		return err
	}
	reading := config.Copy()
	reading.RuntimeParams["default_transaction_read_only"] = "on"
	s.read = stdlib.OpenDB(*reading)
	s.read.SetMaxOpenConns(4)
	return s.durable(ctx)
}

// durable refuses a server that forgets what it has committed.
func (s *Store) durable(ctx context.Context) error {
	for _, name := range []string{"fsync", "full_page_writes"} {
		var v string
		if err := s.write.QueryRowContext(ctx, `SELECT current_setting($1)`, name).Scan(&v); err != nil {
			return fmt.Errorf("reading the server's settings: %w", err)
		}
		if v != "on" {
			return fmt.Errorf("the server has %s = %s: an acknowledged record could be lost", name, v)
		}
	}
	var commit string
	if err := s.write.QueryRowContext(ctx, `SELECT current_setting('synchronous_commit')`).Scan(&commit); err != nil {
		return fmt.Errorf("reading the server's settings: %w", err)
	}
	if commit == "off" {
		return errors.New("the address has synchronous_commit = off: an acknowledged record could be lost")
	}
	return nil
}

func (p *postgres) dialect() (goose.Dialect, string) { return goose.DialectPostgres, "postgres" }
func (p *postgres) writers() int                     { return pgWriters }

// again: a deadlock, a serialisation failure, or a statement prepared before a
// partition came or went.
func (p *postgres) again(err error) bool {
	var e *pgconn.PgError
	return errors.As(err, &e) && (e.Code == "40P01" || e.Code == "40001" || e.Code == "0A000")
}

func (p *postgres) only(ctx context.Context, tx *sql.Tx, what string) error {
	if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, lockOf(what)); err != nil {
		return fmt.Errorf("waiting for another collector: %w", err)
	}
	return nil
}

// lockOf is the number of an advisory lock.
func lockOf(what string) int64 {
	h := fnv.New64a()
	h.Write([]byte("madoguchi " + what))
	return int64(h.Sum64())
}

// marks locks the watermarks in the order given, which is the same for everybody.
func (p *postgres) marks(ctx context.Context, tx *sql.Tx, marks []mark) ([]mark, error) {
	devices, epochs := make([]string, len(marks)), make([]int64, len(marks))
	at := map[key]int{}
	for i, m := range marks {
		devices[i], epochs[i] = m.device, m.epoch
		marks[i].fresh = true
		at[m.key] = i
	}
	read := func(query string) error {
		rows, err := tx.QueryContext(ctx, query, devices, epochs)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var m mark
			if err := rows.Scan(&m.device, &m.epoch, &m.upto, &m.durable, &m.top, &m.refused); err != nil {
				return err
			}
			marks[at[m.key]] = m
		}
		return rows.Err()
	}
	const known = `SELECT w.device, w.epoch, w.upto, w.durable, w.top, EXISTS (SELECT 1 FROM transport t
		WHERE t.device = w.device AND t.epoch = w.epoch AND t.reject <> '')
		FROM watermark w JOIN unnest($1::text[], $2::bigint[]) u(device, epoch) ON w.device = u.device AND w.epoch = u.epoch
		ORDER BY w.device, w.epoch FOR UPDATE OF w`
	if err := read(known); err != nil {
		return nil, err
	}
	missing := false
	for _, m := range marks {
		missing = missing || m.fresh
	}
	if !missing {
		return marks, nil
	}
	// The first batch of an epoch: its row is made now, so that a second
	// collector with the same batch waits for this one.
	if _, err := tx.ExecContext(ctx, `INSERT INTO watermark (device, epoch, upto, durable, top)
		SELECT device, epoch, 0, 0, 0 FROM unnest($1::text[], $2::bigint[]) u(device, epoch) ORDER BY device, epoch
		ON CONFLICT DO NOTHING`, devices, epochs); err != nil {
		return nil, err
	}
	if err := read(known); err != nil {
		return nil, err
	}
	for i, m := range marks {
		marks[i].fresh = m.top == 0
	}
	return marks, nil
}

func (p *postgres) addFacets(ctx context.Context, tx *sql.Tx, list []Facet) ([]bool, error) {
	n := len(list)
	ids := make([][]byte, n)
	var kinds, weeks, groups, as, bs []string
	at := make(map[[16]byte]int, n)
	for i, f := range list {
		ids[i] = f.ID[:]
		kinds, weeks, groups, as, bs = append(kinds, f.Kind), append(weeks, f.Week), append(groups, f.Group), append(as, f.A), append(bs, f.B)
		if _, twice := at[f.ID]; !twice {
			at[f.ID] = i
		}
	}
	// In the order of the ids, which is that of the index, and the same for
	// everybody who might wait for one of them.
	rows, err := tx.QueryContext(ctx, `INSERT INTO facet (id, kind, week, office_group, a, b)
		SELECT * FROM unnest($1::bytea[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[]) u(id, kind, week, g, a, b) ORDER BY id
		ON CONFLICT DO NOTHING RETURNING id`, ids, kinds, weeks, groups, as, bs)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	fresh := make([]bool, n)
	for rows.Next() {
		var id []byte
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		fresh[at[[16]byte(id)]] = true
	}
	return fresh, rows.Err()
}

func (p *postgres) addNumbers(ctx context.Context, tx *sql.Tx, list []number) error {
	n := len(list)
	devices, epochs, seqs, ns := make([]string, n), make([]int64, n), make([]int64, n), make([]int64, n)
	digests, rejects := make([][]byte, n), make([]string, n)
	for i, v := range list {
		devices[i], epochs[i], seqs[i], ns[i], digests[i], rejects[i] = v.device, v.epoch, v.seq, v.n, v.digest, v.reject
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO transport (device, epoch, seq, n, digest, reject)
		SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], $5::bytea[], $6::text[])`, devices, epochs, seqs, ns, digests, rejects)
	return err
}

func (p *postgres) move(ctx context.Context, tx *sql.Tx, marks []mark, keep int) error {
	n := len(marks)
	devices, epochs, uptos, tops := make([]string, n), make([]int64, n), make([]int64, n), make([]int64, n)
	for i, m := range marks {
		devices[i], epochs[i], uptos[i], tops[i] = m.device, m.epoch, m.upto, m.top
	}
	if _, err := tx.ExecContext(ctx, `UPDATE watermark w SET upto = u.upto, top = u.top
		FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[]) u(device, epoch, upto, top)
		WHERE w.device = u.device AND w.epoch = u.epoch`, devices, epochs, uptos, tops); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `DELETE FROM transport t USING unnest($1::text[], $2::bigint[], $3::bigint[]) u(device, epoch, upto)
		WHERE t.device = u.device AND t.epoch = u.epoch AND t.seq <= u.upto - $4 AND t.reject = ''`, devices, epochs, uptos, int64(keep))
	return err
}

// addCounts adds to this connection's own part: a row that every transaction
// touches would let them commit one after the other.
func (p *postgres) addCounts(ctx context.Context, tx *sql.Tx, names []string, add []int64) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO counter (name, part, value)
		SELECT name, pg_backend_pid() % 64, n FROM unnest($1::text[], $2::bigint[]) u(name, n)
		ON CONFLICT (name, part) DO UPDATE SET value = counter.value + excluded.value`, names, add)
	return err
}

// table is the name of a week's partition: a week holds no quote.
func table(week string) string { return "facet_" + strings.ToLower(strings.ReplaceAll(week, "-", "_")) }

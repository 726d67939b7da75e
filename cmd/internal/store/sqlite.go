// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// lite is SQLite: one writer, statements prepared once (parsing them again for
// each batch would take a third of its time), single rows instead of arrays.
type lite struct{ s *Store }

var _ engine = (*lite)(nil)

func (s *Store) openSQLite(ctx context.Context, path string) error {
	// Created here, because SQLite would make it readable for everybody.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	if s.write, err = sql.Open("sqlite", liteDSN(path, s.opts.BusyTimeout, "_txlock=immediate")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	s.engine = &lite{s}
	if err := check(ctx, s.write); err != nil {
		return err
	}
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if s.read, err = sql.Open("sqlite", liteDSN(path, s.opts.BusyTimeout, "_query_only=1")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	s.stmts = map[string]*sql.Stmt{}
	for _, q := range often {
		if s.stmts[q], err = s.write.PrepareContext(ctx, q); err != nil {
			return fmt.Errorf("preparing %q: %w", q, err)
		}
	}
	return nil
}

// liteDSN writes the path as a URI, so that no character of it is read as a
// parameter. FULL syncs the log at each commit; secure_delete overwrites what
// is deleted behind the watermark.
func liteDSN(path string, busy time.Duration, more string) string {
	u := url.URL{Scheme: "file", Path: path, RawQuery: fmt.Sprintf(
		"_busy_timeout=%d&_journal_mode=WAL&_synchronous=FULL&_pragma=secure_delete(1)&%s", busy.Milliseconds(), more)}
	return u.String()
}

func check(ctx context.Context, db *sql.DB) error {
	var said string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
		return fmt.Errorf("checking: %w", err)
	}
	if said != "ok" {
		return fmt.Errorf("checking: %w: %s", ErrCorrupt, said)
	}
	return nil
}

// broken says whether err is SQLite's word for a damaged file.
func broken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

func (l *lite) dialect() (goose.Dialect, string) { return goose.DialectSQLite3, "sqlite" }
func (l *lite) writers() int                     { return 1 }
func (l *lite) again(error) bool                 { return false } // the busy time-out has waited already

// only: a write transaction is alone anyhow.
func (l *lite) only(context.Context, *sql.Tx, string) error { return nil }

func (l *lite) marks(ctx context.Context, tx *sql.Tx, marks []mark) ([]mark, error) {
	for i, m := range marks {
		err := l.s.row(ctx, tx, qMark, m.device, m.epoch).Scan(&m.upto, &m.durable, &m.top, &m.refused)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return nil, err
		}
		m.fresh = err != nil
		marks[i] = m
	}
	return marks, nil
}

func (l *lite) addFacets(ctx context.Context, tx *sql.Tx, list []Facet) ([]bool, error) {
	stmt := tx.StmtContext(ctx, l.s.stmts[qAddFacet])
	fresh := make([]bool, len(list))
	for i, f := range list {
		r, err := stmt.ExecContext(ctx, f.ID[:], f.Kind, f.Week, f.Group, f.A, f.B)
		if err != nil {
			return nil, err
		}
		n, err := r.RowsAffected()
		if err != nil {
			return nil, err
		}
		fresh[i] = n == 1
	}
	return fresh, nil
}

func (l *lite) addNumbers(ctx context.Context, tx *sql.Tx, list []number) error {
	stmt := tx.StmtContext(ctx, l.s.stmts[qAddNumber])
	for _, n := range list {
		if _, err := stmt.ExecContext(ctx, n.device, n.epoch, n.seq, n.n, n.digest, n.reject); err != nil {
			return err
		}
	}
	return nil
}

func (l *lite) move(ctx context.Context, tx *sql.Tx, marks []mark, keep int) error {
	for _, m := range marks {
		if _, err := l.s.exec(ctx, tx, qMove, m.device, m.epoch, m.upto, m.durable, m.top); err != nil {
			return err
		}
		if _, err := l.s.exec(ctx, tx, qForget, m.device, m.epoch, m.upto-int64(keep)); err != nil {
			return err
		}
	}
	return nil
}

func (l *lite) addCounts(ctx context.Context, tx *sql.Tx, names []string, add []int64) error {
	for i, name := range names {
		if _, err := l.s.exec(ctx, tx, qAddCount, name, 0, add[i]); err != nil {
			return err
		}
	}
	return nil
}

// sweep folds old weeks into counts. The rows lie in the order of their ids
// already, so a closed week needs nothing.
func (l *lite) sweep(ctx context.Context, tx *sql.Tx, p plan) error {
	if _, err := tx.ExecContext(ctx, qFold+` WHERE week < $1 GROUP BY kind, week, office_group, a, b`+qFoldEnd, p.oldest); err != nil {
		return fmt.Errorf("folding old weeks: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM facet WHERE week < $1`, p.oldest); err != nil {
		return fmt.Errorf("deleting folded weeks: %w", err)
	}
	return nil
}

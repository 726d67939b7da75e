// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"
)

// plan says what a sweep does with which weeks, each as in "2026-W47".
type plan struct {
	ahead  []string // that may get facets: last week to four weeks from now
	settle string   // before it, what was held at the counter has come
	oldest string   // before it, counts take the place of facets
}

// japan is where a week begins and ends; it has no summer time.
var japan = time.FixedZone("JST", 9*60*60)

// Week is the ISO week of a time in Japan, as it stands in a facet.
func Week(t time.Time) string {
	year, week := t.In(japan).ISOWeek()
	return fmt.Sprintf("%04d-W%02d", year, week)
}

const week = 7 * 24 * time.Hour

// maxDrop bounds how many weeks of counts one sweep deletes: a clock that is
// wrong for a day must not cost years.
const maxDrop = 4

// Sweep does what time asks for, and may be called at any time, by several
// collectors: it makes room for the coming weeks, folds weeks older than
// Opts.KeepWeeks into counts, deletes counts older than Opts.KeepCounts (a few
// weeks at each call), and forgets what has expired. Once a day it looks for
// random ids that were used again.
func (s *Store) Sweep(ctx context.Context) error {
	if err := s.tidy(ctx); err != nil {
		return fmt.Errorf("sweeping: %w", err)
	}
	if err := s.recheck(ctx); err != nil {
		return fmt.Errorf("sweeping: %w", err)
	}
	return nil
}

// tidy is the part of a sweep that is quick.
func (s *Store) tidy(ctx context.Context) error {
	now := s.opts.Now()
	p := plan{settle: Week(now.Add(-week)), oldest: Week(now.Add(-week * time.Duration(s.opts.KeepWeeks)))}
	for n := -1; n <= 4; n++ {
		p.ahead = append(p.ahead, Week(now.Add(week*time.Duration(n))))
	}
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, "sweep"); err != nil {
			return err
		}
		if err := s.engine.sweep(ctx, tx, p); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM tally WHERE week < $1 AND week IN (SELECT DISTINCT week FROM tally ORDER BY week LIMIT $2)`,
			Week(now.Add(-week*time.Duration(s.opts.KeepCounts))), maxDrop); err != nil {
			return fmt.Errorf("deleting old counts: %w", err)
		}
		for _, table := range []string{"session", "claim"} {
			if _, err := tx.ExecContext(ctx, `DELETE FROM `+table+` WHERE expires < $1`, now.Unix()); err != nil {
				return fmt.Errorf("deleting expired %ss: %w", table, err)
			}
		}
		return nil
	})
}

// sweep keeps one partition for each week.
func (p *postgres) sweep(ctx context.Context, tx *sql.Tx, plan plan) error {
	have, err := p.weeks(ctx, tx)
	if err != nil {
		return err
	}
	for _, w := range plan.ahead {
		if slices.Contains(have, w) {
			continue
		}
		var early bool // a clock ran ahead: they stay where they are
		if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM facet_other WHERE week = $1)`, w).Scan(&early); err != nil {
			return fmt.Errorf("looking for week %s: %w", w, err)
		}
		if early {
			continue
		}
		if _, err := tx.ExecContext(ctx, `CREATE TABLE `+table(w)+` PARTITION OF facet FOR VALUES IN ('`+w+`')`); err != nil {
			return fmt.Errorf("making place for week %s: %w", w, err)
		}
	}
	settled, err := all(ctx, tx, `SELECT week FROM settled`, func(w *string) []any { return []any{w} })
	if err != nil {
		return err
	}
	for _, w := range have {
		switch {
		case w < plan.oldest:
			err = p.fold(ctx, tx, w)
		case w < plan.settle && !slices.Contains(settled, w):
			err = p.settle(ctx, tx, w)
		}
		if err != nil {
			return err
		}
	}
	return p.foldOther(ctx, tx, plan.oldest)
}

// weeks are those that have a partition.
func (p *postgres) weeks(ctx context.Context, tx *sql.Tx) ([]string, error) {
	return all(ctx, tx, `SELECT upper(replace(substr(relname, 7), '_', '-')) FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
		WHERE inhparent = 'facet'::regclass AND relname <> 'facet_other' ORDER BY 1`, func(w *string) []any { return []any{w} })
}

// settle rewrites a week in the order of its ids in one transaction, so that
// neither place nor transaction number says what came when, or together.
func (p *postgres) settle(ctx context.Context, tx *sql.Tx, w string) error {
	t := table(w)
	for _, q := range []string{
		`LOCK TABLE ` + t + ` IN ACCESS EXCLUSIVE MODE`,
		`CREATE TEMP TABLE settling ON COMMIT DROP AS SELECT * FROM ` + t,
		`TRUNCATE ` + t,
		`INSERT INTO ` + t + ` SELECT * FROM settling ORDER BY id`,
		`DROP TABLE settling`,
		`INSERT INTO settled VALUES ('` + w + `') ON CONFLICT DO NOTHING`,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("settling week %s: %w", w, err)
		}
	}
	return nil
}

// fold counts a week and drops its partition. Nothing can come in between: who
// writes waits for the lock and finds the partition gone.
func (p *postgres) fold(ctx context.Context, tx *sql.Tx, w string) error {
	for _, q := range []string{
		`LOCK TABLE ` + table(w) + ` IN ACCESS EXCLUSIVE MODE`,
		qFold + ` WHERE week = '` + w + `' GROUP BY kind, week, office_group, a, b` + qFoldEnd,
		`DROP TABLE ` + table(w),
		`DELETE FROM settled WHERE week = '` + w + `'`,
	} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return fmt.Errorf("folding week %s: %w", w, err)
		}
	}
	return nil
}

func (p *postgres) foldOther(ctx context.Context, tx *sql.Tx, oldest string) error {
	var some bool
	if err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM facet_other WHERE week < $1)`, oldest).Scan(&some); err != nil || !some {
		return err
	}
	if _, err := tx.ExecContext(ctx, `LOCK TABLE facet_other IN SHARE ROW EXCLUSIVE MODE`); err != nil {
		return fmt.Errorf("folding late weeks: %w", err)
	}
	if _, err := tx.ExecContext(ctx, `WITH gone AS (DELETE FROM facet_other WHERE week < $1 RETURNING *)
		INSERT INTO tally (kind, week, office_group, a, b, n) SELECT kind, week, office_group, a, b, count(*) FROM gone
		GROUP BY kind, week, office_group, a, b`+qFoldEnd, oldest); err != nil {
		return fmt.Errorf("folding late weeks: %w", err)
	}
	return nil
}

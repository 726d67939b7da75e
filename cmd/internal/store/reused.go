// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// reused: SQLite's key is the id alone, and refuses it when it comes.
func (l *lite) reused(context.Context, *sql.Tx) (int, error) { return 0, nil }

// reused takes out facets whose id also stands in an earlier week. The key of a
// partitioned table holds the week, so a batch cannot see them; looking into
// each partition for each facet would cost more than storing it.
func (p *postgres) reused(ctx context.Context, tx *sql.Tx) (int, error) {
	r, err := tx.ExecContext(ctx, `WITH twice AS (SELECT id, min(week) AS week FROM facet GROUP BY id HAVING count(*) > 1)
		DELETE FROM facet f USING twice t WHERE f.id = t.id AND f.week <> t.week`)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// recheck looks for ids that were used again in another week, once on each day
// in Japan: it reads all facets. Which box sent one is not known any more.
func (s *Store) recheck(ctx context.Context) error {
	found := 0
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, "reused"); err != nil {
			return err
		}
		today := s.opts.Now().In(japan).Format(time.DateOnly)
		if old, err := setting(ctx, tx, "reused"); err != nil || old == today {
			return err
		}
		var err error
		if found, err = s.engine.reused(ctx, tx); err != nil {
			return err
		}
		if found > 0 {
			if err := s.alarm(ctx, tx, AlarmReused, "", found); err != nil {
				return err
			}
		}
		return setSetting(ctx, tx, "reused", today)
	})
	if err != nil {
		return fmt.Errorf("looking for ids used again: %w", err)
	}
	if found > 0 {
		s.notify()
	}
	return nil
}

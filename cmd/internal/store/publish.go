// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
)

// Publish writes the numbers that may be shown (Release, with k and the weeks that
// are over) into the table that others may read in SQL, once on each day in Japan
// and when k is another. With SQLite there is nobody to read it, and it does nothing.
func (s *Store) Publish(ctx context.Context, k int) error {
	p, ok := s.engine.(*postgres)
	if !ok {
		return nil
	}
	now := s.opts.Now().In(japan)
	mark := fmt.Sprintf("%s k %d", now.Format("2006-01-02"), k)
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := p.only(ctx, tx, "publish"); err != nil {
			return err
		}
		if old, err := setting(ctx, tx, "published"); err != nil || old == mark {
			return err
		}
		counts, err := all(ctx, tx, qCounts, (*Count).into)
		if err != nil {
			return err
		}
		if err := p.publish(ctx, tx, Release(counts, k, Week(now)).Counts); err != nil {
			return err
		}
		return setSetting(ctx, tx, "published", mark)
	})
	if err != nil {
		return fmt.Errorf("publishing counts: %w", err)
	}
	return nil
}

func (p *postgres) publish(ctx context.Context, tx *sql.Tx, list []Count) error {
	n := len(list)
	kinds, weeks, groups, as, bs, ns := make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]string, n), make([]int64, n)
	for i, c := range list {
		kinds[i], weeks[i], groups[i], as[i], bs[i], ns[i] = c.Kind, c.Week, c.Group, c.A, c.B, int64(c.N)
	}
	if _, err := tx.ExecContext(ctx, `DELETE FROM published`); err != nil {
		return err
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO published (kind, week, office_group, a, b, n)
		SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[])`, kinds, weeks, groups, as, bs, ns)
	return err
}

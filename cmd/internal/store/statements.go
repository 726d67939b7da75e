// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
)

// statements are prepared once: parsing them again for each batch would take a
// third of its time.
type statements struct {
	watermark, epochs, number, facet, gaps, rejects       *sql.Stmt
	addFacet, addNumber, move, forget, addAlarm, addCount *sql.Stmt
}

func (s *Store) prepare(ctx context.Context) error {
	st := &s.stmt
	for _, q := range []struct {
		into **sql.Stmt
		text string
	}{
		{&st.watermark, `SELECT upto, durable, top FROM watermark WHERE device = ? AND epoch = ?`},
		{&st.epochs, `SELECT count(*) FROM watermark WHERE device = ?`},
		{&st.number, `SELECT digest, reject FROM transport WHERE device = ? AND epoch = ? AND seq = ?`},
		{&st.facet, `SELECT kind, week, office_group, a, b FROM facet WHERE id = ?`},
		{&st.gaps, `SELECT seq FROM transport WHERE device = ? AND epoch = ? AND seq > ? ORDER BY seq`},
		{&st.rejects, `SELECT seq, reject FROM transport WHERE device = ? AND epoch = ? AND reject <> ''
			AND (seq < ? OR seq > ?) ORDER BY seq DESC LIMIT 4`},
		{&st.addFacet, `INSERT INTO facet (id, kind, week, office_group, a, b) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`},
		{&st.addNumber, `INSERT INTO transport (device, epoch, seq, digest, reject) VALUES (?, ?, ?, ?, ?)`},
		{&st.move, `INSERT INTO watermark (device, epoch, upto, durable, top) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT (device, epoch) DO UPDATE SET upto = excluded.upto, top = excluded.top`},
		// Refused numbers stay: a device that asks again is told again.
		{&st.forget, `DELETE FROM transport WHERE device = ? AND epoch = ? AND seq <= ? AND reject = ''`},
		{&st.addAlarm, `INSERT INTO alarm (kind, device, count, day) VALUES (?, ?, ?, ?)
			ON CONFLICT (kind, device) DO UPDATE SET count = count + excluded.count, day = excluded.day`},
		{&st.addCount, `INSERT INTO counter (name, value) VALUES (?, ?)
			ON CONFLICT (name) DO UPDATE SET value = value + excluded.value`},
	} {
		var err error
		if *q.into, err = s.write.PrepareContext(ctx, q.text); err != nil {
			return fmt.Errorf("preparing %q: %w", q.text, err)
		}
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"time"
)

// Count is how many facets share kind, week, group and attributes.
type Count struct {
	Kind, Week, Group, A, B string
	N                       int
}

// Device is a device as city hall last heard of it.
type Device struct {
	ID      string
	Online  bool
	Contact time.Time // rounded down to the quarter of an hour; zero if it never said where it is
	Missing uint64    // numbers between its watermark and its highest one, that are not here

	// What it says of itself; empty if it did not.
	Firmware, Policy, Clock, Check string // as in Report
	Waiting                        uint64
}

// Alarm is something that a person should look at.
type Alarm struct {
	Kind   string // one of the Alarm constants
	Device string // empty if it is not of one device
	Count  int
	Day    string // of the last one, YYYY-MM-DD
	Seen   int    // how many of them a person has acknowledged
}

// Facets yields the facets in the order of their random ids, beginning after
// the given id (the zero id is before all). It stops at the first error.
func (s *Store) Facets(ctx context.Context, after [16]byte) iter.Seq2[Facet, error] {
	return func(yield func(Facet, error) bool) {
		fail := func(err error) { yield(Facet{}, fmt.Errorf("reading facets: %w", err)) }
		rows, err := s.read.QueryContext(ctx, `SELECT id, kind, week, office_group, a, b FROM facet WHERE id > $1 ORDER BY id`, after[:])
		if err != nil {
			fail(err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			var f Facet
			var id []byte
			if err := rows.Scan(&id, &f.Kind, &f.Week, &f.Group, &f.A, &f.B); err != nil {
				fail(err)
				return
			}
			copy(f.ID[:], id)
			if !yield(f, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			fail(err)
		}
	}
}

// Counts returns how many facets there are of each sort, ordered by kind, week,
// attributes and group.
func (s *Store) Counts(ctx context.Context) ([]Count, error) {
	return all(ctx, s.read, qCounts, (*Count).into)
}

func (c *Count) into() []any { return []any{&c.Kind, &c.Week, &c.Group, &c.A, &c.B, &c.N} }

// Names lists the ids of every device that was ever heard of, sorted.
func (s *Store) Names(ctx context.Context) ([]string, error) {
	return all(ctx, s.read, `SELECT device FROM device UNION SELECT device FROM watermark ORDER BY 1`, func(id *string) []any { return []any{id} })
}

// Devices returns every device that was heard of, ordered by id.
func (s *Store) Devices(ctx context.Context) ([]Device, error) {
	type row struct {
		id                             string
		online, contact, missing       int64
		firmware, policy, clock, check string
		waiting                        int64
	}
	rows, err := all(ctx, s.read, `SELECT n.device, coalesce(d.online, 0), coalesce(d.contact, 0),
		CAST(coalesce((SELECT sum(w.top - w.upto - (SELECT count(*) FROM transport t
			WHERE t.device = w.device AND t.epoch = w.epoch AND t.seq > w.upto))
			FROM watermark w WHERE w.device = n.device), 0) AS BIGINT),
		coalesce(d.firmware, ''), coalesce(d.policy, ''), coalesce(d.clock, ''), coalesce(d.waiting, 0), coalesce(d.checked, '')
		FROM (SELECT device FROM device UNION SELECT device FROM watermark) n
		LEFT JOIN device d ON d.device = n.device ORDER BY n.device`,
		func(r *row) []any {
			return []any{&r.id, &r.online, &r.contact, &r.missing, &r.firmware, &r.policy, &r.clock, &r.waiting, &r.check}
		})
	if err != nil {
		return nil, err
	}
	devices := make([]Device, len(rows))
	for i, r := range rows {
		devices[i] = Device{ID: r.id, Online: r.online != 0, Missing: uint64(r.missing),
			Firmware: r.firmware, Policy: r.policy, Clock: r.clock, Check: r.check, Waiting: uint64(r.waiting)}
		if r.contact != 0 {
			devices[i].Contact = time.Unix(r.contact, 0).UTC()
		}
	}
	return devices, nil
}

// Alarms returns the alarms, ordered by kind and device.
func (s *Store) Alarms(ctx context.Context) ([]Alarm, error) {
	return all(ctx, s.read, `SELECT kind, device, count, day, seen FROM alarm ORDER BY kind, device`,
		func(a *Alarm) []any { return []any{&a.Kind, &a.Device, &a.Count, &a.Day, &a.Seen} })
}

// Counters returns the counters by name; one that never counted is absent.
func (s *Store) Counters(ctx context.Context) (map[string]int64, error) {
	type row struct {
		name  string
		value int64
	}
	rows, err := all(ctx, s.read, `SELECT name, CAST(sum(value) AS BIGINT) FROM counter GROUP BY name`, func(r *row) []any { return []any{&r.name, &r.value} })
	if err != nil {
		return nil, err
	}
	m := make(map[string]int64, len(rows))
	for _, r := range rows {
		m[r.name] = r.value
	}
	return m, nil
}

// reader is a database or a transaction.
type reader interface {
	QueryContext(context.Context, string, ...any) (*sql.Rows, error)
}

func all[T any](ctx context.Context, db reader, query string, into func(*T) []any, args ...any) ([]T, error) {
	rows, err := db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("reading database: %w", err)
	}
	defer rows.Close()
	var list []T
	for rows.Next() {
		var v T
		if err := rows.Scan(into(&v)...); err != nil {
			return nil, fmt.Errorf("reading database: %w", err)
		}
		list = append(list, v)
	}
	if err := rows.Err(); err != nil {
		return nil, fmt.Errorf("reading database: %w", err)
	}
	return list, nil
}

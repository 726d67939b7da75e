// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// ErrStale says that somebody else has changed what was to be changed: read it again.
var ErrStale = errors.New("changed by somebody else meanwhile")

// Box is a box of the fleet and what it is to run.
type Box struct {
	ID, Office string
	Retired    bool
	Gen        int64             // of its newest assignment; 0: none yet
	Assigned   map[string]string // kind → path of the manifest
	Earlier    map[string]string // kind → the path before, of offers that are not decided; "": there was none
	Expires    time.Time         // of the newest assignment
	Reported   []byte            // what it last said of itself, as it came
	Heard      time.Time         // last sign of life, to the quarter of an hour
}

const boxQuery = `SELECT device, office, retired, gen, assigned, earlier, expires, reported, heard FROM box`

type boxRow struct {
	b                        Box
	retired, expires, heard  int64
	assigned, earlier, state string
}

func (r *boxRow) into() []any {
	return []any{&r.b.ID, &r.b.Office, &r.retired, &r.b.Gen, &r.assigned, &r.earlier, &r.expires, &r.state, &r.heard}
}

func (r *boxRow) box() (Box, error) {
	b := r.b
	b.Retired, b.Reported = r.retired != 0, []byte(r.state)
	for _, t := range []struct {
		to   *time.Time
		unix int64
	}{{&b.Expires, r.expires}, {&b.Heard, r.heard}} {
		if t.unix != 0 {
			*t.to = time.Unix(t.unix, 0).UTC()
		}
	}
	if err := errors.Join(json.Unmarshal([]byte(r.assigned), &b.Assigned), json.Unmarshal([]byte(r.earlier), &b.Earlier)); err != nil {
		return b, fmt.Errorf("reading box %s: %w", b.ID, err)
	}
	return b, nil
}

// Boxes lists the boxes of the fleet by id.
func (s *Store) Boxes(ctx context.Context) ([]Box, error) {
	rows, err := all(ctx, s.read, boxQuery+` ORDER BY device`, (*boxRow).into)
	if err != nil {
		return nil, err
	}
	list := make([]Box, len(rows))
	for i := range rows {
		if list[i], err = rows[i].box(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// EnrolBox adds a box to the fleet. An id is used once for ever: one that is there, also a retired one, is refused with ErrStale.
func (s *Store) EnrolBox(ctx context.Context, id, office string) error {
	return s.one(ctx, "enrolling "+id, `INSERT INTO box (device, office) VALUES ($1, $2) ON CONFLICT (device) DO NOTHING`, id, office)
}

// RetireBox takes a box out of the fleet for good.
func (s *Store) RetireBox(ctx context.Context, id string) error {
	return s.one(ctx, "retiring "+id, `UPDATE box SET retired = 1 WHERE device = $1 AND retired = 0`, id)
}

// one runs a statement that must change one row.
func (s *Store) one(ctx context.Context, what, query string, args ...any) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.exactly(ctx, tx, query, args...) })
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	s.notify()
	return nil
}

func (s *Store) exactly(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	n, err := s.exec(ctx, tx, query, args...)
	if err == nil && n != 1 {
		err = ErrStale
	}
	return err
}

// Assigned is a signed assignment on its way into the database.
type Assigned struct {
	Box     Box   // ID, Gen, Assigned, Earlier, Expires count
	Was     int64 // the generation that it follows; below Box.Gen
	Desired []byte
}

// Assign stores new assignments, all of them or, with ErrStale, none: each must follow the one that is there.
func (s *Store) Assign(ctx context.Context, list []Assigned) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, a := range list {
			assigned, err := json.Marshal(a.Box.Assigned)
			if err != nil {
				return err
			}
			earlier, err := json.Marshal(a.Box.Earlier)
			if err != nil {
				return err
			}
			if err := s.exactly(ctx, tx, `UPDATE box SET gen = $2, assigned = $3, earlier = $4, expires = $5, desired = $6 WHERE device = $1 AND gen = $7`,
				a.Box.ID, a.Box.Gen, string(assigned), string(earlier), a.Box.Expires.Unix(), a.Desired, a.Was); err != nil {
				return fmt.Errorf("box %s: %w", a.Box.ID, err)
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("storing assignments: %w", err)
	}
	s.notify()
	return nil
}

// Decided forgets the path that an offer took the place of: the box runs what it was offered.
func (s *Store) Decided(ctx context.Context, b Box) error {
	earlier, err := json.Marshal(b.Earlier)
	if err != nil {
		return fmt.Errorf("deciding offer of %s: %w", b.ID, err)
	}
	return s.one(ctx, "deciding offer of "+b.ID, `UPDATE box SET earlier = $3 WHERE device = $1 AND gen = $2`, b.ID, b.Gen, string(earlier))
}

// Desired is the signed assignment of a box; nil: it has none.
func (s *Store) Desired(ctx context.Context, id string) ([]byte, error) {
	var raw []byte
	err := s.read.QueryRowContext(ctx, `SELECT desired FROM box WHERE device = $1`, id).Scan(&raw)
	if errors.Is(err, sql.ErrNoRows) || err == nil && len(raw) == 0 {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading assignment of %s: %w", id, err)
	}
	return raw, nil
}

// Heard notes what boxes said of themselves and that they live. One that is not of the fleet is passed over.
func (s *Store) Heard(ctx context.Context, list []Box) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		for _, b := range list {
			if _, err := s.exec(ctx, tx, `UPDATE box SET reported = $2, heard = $3 WHERE device = $1`, b.ID, string(b.Reported), b.Heard.Truncate(contactStep).Unix()); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("noting what boxes said: %w", err)
	}
	s.notify()
	return nil
}

// Rollout is a stored rollout.
type Rollout struct {
	ID    string
	Rev   int64 // as it was read; 0: new
	Final bool
	Doc   []byte
}

// Rollouts lists the rollouts by id: those that are not final, or all.
func (s *Store) Rollouts(ctx context.Context, every bool) ([]Rollout, error) {
	type row struct {
		r     Rollout
		final int64
	}
	rows, err := all(ctx, s.read, `SELECT id, rev, final, doc FROM rollout WHERE final <= $1 ORDER BY id`,
		func(r *row) []any { return []any{&r.r.ID, &r.r.Rev, &r.final, &r.r.Doc} }, map[bool]int{true: 1}[every])
	if err != nil {
		return nil, err
	}
	list := make([]Rollout, len(rows))
	for i, r := range rows {
		list[i] = r.r
		list[i].Final = r.final != 0
	}
	return list, nil
}

// PutRollout stores a rollout; ErrStale if it is not of the revision that is there.
func (s *Store) PutRollout(ctx context.Context, r Rollout) error {
	final := map[bool]int{true: 1}[r.Final]
	if r.Rev == 0 {
		return s.one(ctx, "storing rollout "+r.ID, `INSERT INTO rollout (id, rev, final, doc) VALUES ($1, 1, $2, $3) ON CONFLICT (id) DO NOTHING`, r.ID, final, string(r.Doc))
	}
	return s.one(ctx, "storing rollout "+r.ID, `UPDATE rollout SET rev = rev + 1, final = $3, doc = $4 WHERE id = $1 AND rev = $2`, r.ID, r.Rev, final, string(r.Doc))
}

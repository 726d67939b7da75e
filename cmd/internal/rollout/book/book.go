// SPDX-License-Identifier: Apache-2.0

// Package book keeps rollouts in city hall's database for those who change them: the admins' tool, the pages, and the director. Two that change one at the same moment
// both come through: whoever is late reads it again. It does not know what a change means, nor who may make it.
package book

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
)

// Rows is where the rollouts lie; *store.Store is one.
type Rows interface {
	Rollouts(ctx context.Context, every bool) ([]store.Rollout, error)
	PutRollout(ctx context.Context, r store.Rollout) error
}

var _ Rows = (*store.Store)(nil)

// ErrUnknown says that there is no rollout of an id.
var ErrUnknown = errors.New("no such rollout")

// Read reads what a row holds.
func Read(row store.Rollout) (*rollout.Rollout, error) {
	r := new(rollout.Rollout)
	if err := json.Unmarshal(row.Doc, r); err != nil {
		return nil, fmt.Errorf("reading rollout %s: %w", row.ID, err)
	}
	return r, nil
}

// All are all rollouts by id, those that have ended too.
func All(ctx context.Context, rows Rows) ([]*rollout.Rollout, error) {
	list, err := rows.Rollouts(ctx, true)
	if err != nil {
		return nil, err
	}
	out := make([]*rollout.Rollout, len(list))
	for i, row := range list {
		if out[i], err = Read(row); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// Find reads a rollout and its row; ErrUnknown names those that there are.
func Find(ctx context.Context, rows Rows, id string) (*rollout.Rollout, store.Rollout, error) {
	list, err := rows.Rollouts(ctx, true)
	if err != nil {
		return nil, store.Rollout{}, err
	}
	var names []string
	for _, row := range list {
		if row.ID == id {
			r, err := Read(row)
			return r, row, err
		}
		names = append(names, row.ID)
	}
	return nil, store.Rollout{}, fmt.Errorf("%q: %w; there are: %s", id, ErrUnknown, strings.Join(names, ", "))
}

// Put stores a rollout over the row that it was read from; store.ErrStale if somebody was faster.
func Put(ctx context.Context, rows Rows, r *rollout.Rollout, rev int64) error {
	doc, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("storing rollout %s: %w", r.Plan.ID, err)
	}
	return rows.PutRollout(ctx, store.Rollout{ID: r.Plan.ID, Rev: rev, Final: r.Final(), Doc: doc})
}

// Change reads a rollout, lets do change it and stores it; as often as somebody else was faster. With dry it stores nothing.
func Change(ctx context.Context, rows Rows, id string, dry bool, do func(*rollout.Rollout) error) (*rollout.Rollout, error) {
	for {
		r, row, err := Find(ctx, rows, id)
		if err != nil {
			return nil, err
		}
		if err := do(r); err != nil || dry {
			return r, err
		}
		err = Put(ctx, rows, r, row.Rev)
		if errors.Is(err, store.ErrStale) && ctx.Err() == nil {
			continue
		}
		return r, err
	}
}

// SPDX-License-Identifier: Apache-2.0

package director

import (
	"context"
	"strings"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
)

// standing are the newest complete rollouts, by kind: what the fleet runs. A box that came later, or that could not be reached then, is brought to it without a rollout of its own.
type standing struct {
	open   string // ids of the rollouts that had not ended when it was read
	latest map[string]*rollout.Rollout
}

// stand reads the rollouts that have ended, if another has ended since the last time.
func (d *Director) stand(ctx context.Context, active []running) error {
	var ids []string
	for _, r := range active {
		if !r.Final() {
			ids = append(ids, r.Plan.ID)
		}
	}
	open := strings.Join(ids, " ")
	if d.standing.latest != nil && d.standing.open == open {
		return nil
	}
	all, err := book.All(ctx, d.o.Store)
	if err != nil {
		return err
	}
	d.standing = standing{open, map[string]*rollout.Rollout{}}
	for _, r := range all {
		if last := d.standing.latest[r.Plan.Kind]; r.Phase == rollout.Complete && (last == nil || r.Since.After(last.Since)) {
			d.standing.latest[r.Plan.Kind] = r
		}
	}
	return nil
}

// behind is the standing rollout that a box has never been offered, of a kind that no rollout under way holds it for.
func (s standing) behind(b store.Box, held map[string]bool, lives bool) []*rollout.Rollout {
	var out []*rollout.Rollout
	for kind, r := range s.latest {
		m := r.Members[b.ID]
		_, pending := b.Earlier[kind]
		if lives && !held[kind] && !pending && b.Assigned[kind] != r.Plan.Path && (m == nil || m.State == rollout.Untouched) {
			out = append(out, r)
		}
	}
	return out
}

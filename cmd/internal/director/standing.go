// SPDX-License-Identifier: Apache-2.0

package director

import (
	"context"
	"slices"
	"strings"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
)

// standing are the complete rollouts, by kind, the one that was begun last first: what the fleet runs. A box that came later, or that could not be reached then, is brought
// to the newest that covers it, without a rollout of its own.
type standing struct {
	open string // ids of the rollouts that had not ended when it was read
	done map[string][]*rollout.Rollout
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
	if d.standing.done != nil && d.standing.open == open {
		return nil
	}
	all, err := book.All(ctx, d.o.Store)
	if err != nil {
		return err
	}
	slices.SortFunc(all, func(a, b *rollout.Rollout) int { return b.Began().Compare(a.Began()) })
	d.standing = standing{open, map[string][]*rollout.Rollout{}}
	for _, r := range all {
		newer := d.standing.done[r.Plan.Kind]
		if r.Phase == rollout.Complete && !slices.ContainsFunc(newer, func(n *rollout.Rollout) bool { return n.Shadows(r) }) {
			d.standing.done[r.Plan.Kind] = append(newer, r)
		}
	}
	return nil
}

// behind is the standing rollout that a box has never been offered, of a kind that no rollout under way holds it for.
func (s standing) behind(b store.Box, board string, held map[string]bool, lives bool) []*rollout.Rollout {
	var out []*rollout.Rollout
	for kind, done := range s.done {
		i := slices.IndexFunc(done, func(r *rollout.Rollout) bool {
			return r.Covers(rollout.Device{ID: b.ID, Office: b.Office, Board: board})
		})
		if i < 0 {
			continue
		}
		r := done[i]
		m := r.Members[b.ID]
		_, pending := b.Earlier[kind]
		if lives && !held[kind] && !pending && b.Assigned[kind] != r.Plan.Path && (m == nil || m.State == rollout.Untouched || m.State == rollout.Taken) {
			out = append(out, r)
		}
	}
	return out
}

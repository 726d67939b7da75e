// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"errors"
	"fmt"
	"slices"
	"time"
)

func (r *Rollout) reachable(m *Member, now time.Time) bool {
	return !m.Heard.IsZero() && now.Sub(m.Heard) <= r.Plan.Reachable
}

// Away counts the boxes of the waves so far that cannot be reached and have not been offered anything, and how many boxes these waves have. While they are more than half
// a wave does not end: that so many are away says more of the line than of them, and few boxes prove little.
func (r *Rollout) Away(now time.Time) (away, of int) {
	for _, m := range r.Members {
		if m.Gone || m.Wave > r.Wave {
			continue
		}
		of++
		if m.State == Untouched && !r.reachable(m, now) {
			away++
		}
	}
	return away, of
}

// ErrNotOffered says that a box was not due.
var ErrNotOffered = errors.New("not due in this rollout")

// offices counts the boxes of each office: all, those that may be out of service (on it, or silent), and the silent ones.
func (r *Rollout) offices() (size, busy, silent map[string]int) {
	size, busy, silent = map[string]int{}, map[string]int{}, map[string]int{}
	for _, m := range r.Members {
		if m.Gone {
			continue
		}
		size[m.Office]++
		switch m.State {
		case Silent:
			silent[m.Office]++
			busy[m.Office]++
		case Offered, Working:
			busy[m.Office]++
		}
	}
	return size, busy, silent
}

// half is how many boxes of an office may be out of service at a time.
func half(n int) int { return max(1, n/2) }

// Beside says how many boxes of each office other rollouts of the kind have out of service: together they take no more of an office than one alone. It is not stored.
func (r *Rollout) Beside(busy map[string]int) { r.beside = busy }

// Busy counts the boxes of each office that may be out of service for this rollout.
func (r *Rollout) Busy() map[string]int {
	_, busy, _ := r.offices()
	return busy
}

// Due are the boxes to be offered the object now, sorted. At most half the boxes of an office are on it at a time, and at least one may be; a box that cannot be
// reached waits.
func (r *Rollout) Due(now time.Time) []string {
	if r.Phase != Running {
		return nil
	}
	size, busy, _ := r.offices()
	var due []string
	for _, id := range r.sorted() {
		m := r.Members[id]
		if m.Wave > r.Wave || m.State != Untouched || m.Gone || !r.reachable(m, now) || busy[m.Office]+r.beside[m.Office] >= half(size[m.Office]) {
			continue
		}
		busy[m.Office]++
		due = append(due, id)
	}
	return due
}

// Offer notes that a box was offered the object.
func (r *Rollout) Offer(id string, now time.Time) error {
	m := r.Members[id]
	if r.Phase != Running || m == nil || m.Wave > r.Wave || m.State != Untouched {
		return fmt.Errorf("offering to %s: %w", id, ErrNotOffered)
	}
	m.State, m.Offered = Offered, now
	return nil
}

// Holds tells whether a box's offer holds: it was made, and the rollout is under way. Once the rollout is final an offer that has not led to a commit is withdrawn,
// also from a box that failed: another assignment would make it try again.
func (r *Rollout) Holds(id string) bool {
	m := r.Members[id]
	return m != nil && !m.Gone && m.State != Untouched && !r.Final()
}

// Withdrawn are the boxes whose offer was made and holds no longer, sorted.
func (r *Rollout) Withdrawn() []string {
	var out []string
	for _, id := range r.sorted() {
		if s := r.Members[id].State; r.Final() && s != Untouched && s != Done {
			out = append(out, id)
		}
	}
	return out
}

// Laggards are the boxes that do not have the object, sorted.
func (r *Rollout) Laggards() []string {
	var out []string
	for _, id := range r.sorted() {
		if m := r.Members[id]; m.State != Done && !m.Gone {
			out = append(out, id)
		}
	}
	return out
}

// Tally counts the boxes of a wave by their step.
func (r *Rollout) Tally(wave int) map[Step]int {
	n := map[Step]int{}
	for _, m := range r.Members {
		if m.Wave == wave {
			n[m.State]++
		}
	}
	return n
}

func (r *Rollout) sorted() []string {
	ids := make([]string, 0, len(r.Members))
	for id := range r.Members {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// SPDX-License-Identifier: Apache-2.0

package director

import (
	"context"
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// running is a rollout under way.
type running struct {
	*rollout.Rollout
	rev     int64
	entries int // of the history, when it was read
	print   [sha256.Size]byte
}

// fingerprint is what of a rollout is worth storing: signs of life alone are not.
func fingerprint(r *rollout.Rollout) (sum [sha256.Size]byte) {
	h := sha256.New()
	fmt.Fprintln(h, r.Phase, r.Wave, r.Reason, r.Approver, len(r.History))
	for _, id := range slices.Sorted(maps.Keys(r.Members)) {
		m := r.Members[id]
		fmt.Fprintln(h, id, m.State, m.Code, m.Cases, m.Gone, m.Offered.UnixNano())
	}
	h.Sum(sum[:0])
	return sum
}

// rollouts moves the rollouts on by what was heard, and stores them.
func (d *Director) rollouts(ctx context.Context, boxes []store.Box, since, now time.Time) ([]running, error) {
	rows, err := d.o.Store.Rollouts(ctx, false)
	if err != nil {
		return nil, err
	}
	var active []running
	for _, row := range rows {
		doc, err := book.Read(row)
		if err != nil {
			return nil, err
		}
		r := running{Rollout: doc, rev: row.Rev}
		r.entries, r.print = len(r.History), fingerprint(r.Rollout)
		active = append(active, r)
	}
	supersede(active, now)
	for i, r := range active {
		r.Beside(beside(active, i))
		if !since.IsZero() && !r.Final() { // without a line nothing can be judged or offered
			if err := d.move(r, boxes, since, now); err != nil {
				return nil, err
			}
		}
		if fingerprint(r.Rollout) == r.print {
			continue
		}
		if err := book.Put(ctx, d.o.Store, r.Rollout, r.rev); err != nil {
			return nil, err
		}
		for _, e := range r.History[r.entries:] {
			d.o.Log.Info("rollout", "id", r.Plan.ID, "what", e.What, "text", e.Text)
			if err := d.o.Store.Note(ctx, "director", "rollout "+e.What, r.Plan.ID+" "+e.Text); err != nil {
				return nil, err
			}
		}
	}
	return active, nil
}

// supersede gives the newer of two rollouts of a kind that have begun the boxes that both have; an older one that has no others ends.
func supersede(active []running, now time.Time) {
	for _, a := range active {
		for _, b := range active {
			if a.Plan.Kind == b.Plan.Kind && !a.Began().IsZero() && b.Began().After(a.Began()) && !b.Final() {
				a.Yield(b.Rollout, now)
			}
		}
	}
}

// beside counts the boxes of each office that the other rollouts of the kind of the i-th have out of service.
func beside(active []running, i int) map[string]int {
	sum := map[string]int{}
	for k, r := range active {
		if k == i || r.Plan.Kind != active[i].Plan.Kind || r.Final() {
			continue
		}
		for office, n := range r.Busy() {
			sum[office] += n
		}
	}
	return sum
}

// move lets one rollout know what its boxes said, lets time act on it, and makes its offers.
func (d *Director) move(r running, boxes []store.Box, since, now time.Time) error {
	sum, err := d.payload(r.Plan.Path)
	if err != nil {
		return fmt.Errorf("rollout %s: %w", r.Plan.ID, err)
	}
	r.Listen(since)
	if r.Plan.Author.By == rollout.ByKey && (r.Phase == rollout.Running || r.Phase == rollout.Soaking) {
		err := d.o.Depot.With(nil, func(repo *signer.Repository) error { return r.Proved(repo.Verify) })
		if err != nil { // somebody has changed the database past the tool
			return r.Abort("the director", err.Error(), now)
		}
	}
	known := map[string]bool{}
	d.mu.Lock()
	for _, b := range boxes {
		known[b.ID] = true
		if m := r.Members[b.ID]; m != nil {
			r.Report(d.voices[b.ID].report(b, m, r.Plan, sum, now))
		}
	}
	d.mu.Unlock()
	for _, id := range slices.Sorted(maps.Keys(r.Members)) {
		if !known[id] {
			r.Retire(id, now)
		}
	}
	r.Tick(now)
	for _, id := range r.Due(now) {
		if err := r.Offer(id, now); err != nil {
			return err
		}
	}
	return nil
}

// passing are the codes of a failure that passes by itself: the box tries again.
var passing = []string{"line", "refused.clock", "refused.early"}

// report is what a voice says of a rollout's object. That it is committed is believed of what the box says it runs, whatever else it says.
func (v *voice) report(b store.Box, m *rollout.Member, p rollout.Plan, sum update.Digest, now time.Time) rollout.Report {
	kind, s := update.Kind(p.Kind), v.said
	rep := rollout.Report{Device: b.ID, Board: s.Board, At: v.lived(now), Cases: v.said.Cases}
	switch {
	case s.Installed[kind].SHA256 == sum:
		rep.Path, rep.State = p.Path, string(update.Committed)
		if rep.At.Before(m.Heard) {
			rep.At = m.Heard
		}
	case b.Assigned[p.Kind] != p.Path:
		// The offer is not signed yet.
	case s.Gen == b.Gen && s.Kind != kind && s.Failed[kind] != "": // it speaks of another kind, and says in passing what became of this one
		rep.Path, rep.State, rep.Code = p.Path, string(update.Failed), s.Failed[kind]
		if slices.Contains(passing, rep.Code) {
			rep.State, rep.Code = string(update.Waiting), ""
		}
	case s.Gen == b.Gen && s.Kind == kind, s.Kind == "" && s.State == update.Failed && v.at.After(m.Offered):
		rep.Path, rep.State, rep.Code = p.Path, string(s.State), s.Code
		if rep.State == string(update.Committed) { // of another payload than this one: it is not
			rep.Path, rep.State = "", ""
		}
		if slices.Contains(passing, s.Code) {
			rep.State, rep.Code = string(update.Waiting), ""
		}
	}
	return rep
}

// reconcile signs an assignment for every box that should run something else than it was told.
func (d *Director) reconcile(ctx context.Context, boxes []store.Box, active []running, orders map[string]wiping, now time.Time) ([]order, error) {
	type change struct {
		box   store.Box
		order update.Order
		was   int64 // the generation before
	}
	var changes []change
	for _, b := range boxes {
		next := b
		next.Assigned, next.Earlier = maps.Clone(b.Assigned), maps.Clone(b.Earlier)
		o := update.Order{Device: b.ID}
		held := map[string]bool{}
		for _, r := range active {
			if !r.Holds(b.ID) {
				continue
			}
			kind := r.Plan.Kind
			held[kind] = true
			if _, pending := next.Earlier[kind]; !pending && next.Assigned[kind] != r.Plan.Path {
				next.Earlier[kind] = next.Assigned[kind]
			}
			next.Assigned[kind] = r.Plan.Path
			if o.Wave == "" || kind == string(update.Firmware) {
				o = r.Plan.Order
				o.Device, o.Wave = b.ID, r.Plan.ID+"/"+r.Plan.Waves[r.Members[b.ID].Wave].Name
			}
		}
		for _, r := range d.standing.behind(b, d.board(b.ID), held, d.lives(b.ID, now)) {
			next.Assigned[r.Plan.Kind] = r.Plan.Path
			if o.Wave == "" {
				o = r.Plan.Order
				o.Device, o.Wave = b.ID, r.Plan.ID+"/later"
			}
		}
		if err := d.decide(&next, held); err != nil {
			d.o.Log.Error("offer not decided", "device", b.ID, "err", err)
			continue
		}
		told := d.generation(b.ID)
		w := orders[b.ID]
		o.Wipe = w.wants
		switch {
		case !maps.Equal(next.Assigned, b.Assigned), w.Order != nil && w.what != w.Told.What, b.Gen > 0 && b.Expires.Sub(now) < d.o.Expire/2, b.Gen > 0 && told > b.Gen:
			// A box never goes back: after the database was restored it may have come further than is written here.
			next.Gen, next.Expires = max(b.Gen, told)+1, now.Add(d.o.Expire).Truncate(time.Second)
			changes = append(changes, change{next, o, b.Gen})
		case !maps.Equal(next.Earlier, b.Earlier):
			if err := d.o.Store.Decided(ctx, next); err != nil {
				return nil, err
			}
		}
	}
	if len(changes) == 0 {
		return nil, nil
	}
	var list []store.Assigned
	var out []order
	err := d.o.Depot.With(d.o.Keys, func(r *signer.Repository) error {
		for _, c := range changes {
			raw, err := r.Assign(c.box.Gen, c.order, slices.Sorted(maps.Values(c.box.Assigned)), c.box.Expires)
			if err != nil {
				return fmt.Errorf("box %s: %w", c.box.ID, err)
			}
			list = append(list, store.Assigned{Box: c.box, Was: c.was, Desired: raw})
			out = append(out, order{c.box.ID, raw})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if err := d.o.Store.Assign(ctx, list); err != nil {
		return nil, err
	}
	return out, d.told(ctx, list, orders)
}

// maxGen bounds the generation that is believed of a box: there is room above it for as many assignments.
const maxGen = 1 << 53

// generation is that of the assignment that a box says it follows; 0: it has not said.
func (d *Director) generation(id string) int64 {
	d.mu.Lock()
	defer d.mu.Unlock()
	return min(d.voices[id].said.Gen, maxGen)
}

// board is what a box says that it is; "": nothing yet.
func (d *Director) board(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.voices[id].said.Board
}

// lives tells whether a box was heard of lately.
func (d *Director) lives(id string, now time.Time) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	at := d.voices[id].lived(now)
	return !at.IsZero() && now.Sub(at) <= time.Hour
}

// decide settles offers: one that the box runs is its own from now on, one that no rollout holds is taken back.
func (d *Director) decide(b *store.Box, held map[string]bool) error {
	for kind, earlier := range maps.Clone(b.Earlier) {
		sum, err := d.payload(b.Assigned[kind])
		if err != nil {
			return err
		}
		d.mu.Lock()
		runs := d.voices[b.ID].said.Installed[update.Kind(kind)].SHA256 == sum
		d.mu.Unlock()
		switch {
		case runs:
			delete(b.Earlier, kind)
		case !held[kind]:
			delete(b.Earlier, kind)
			if b.Assigned[kind] = earlier; earlier == "" {
				delete(b.Assigned, kind)
			}
		}
	}
	return nil
}

// remind adds the assignments of connected boxes that report an older generation: the broker forgot it, or a message was lost.
func (d *Director) remind(ctx context.Context, boxes []store.Box, out []order, now time.Time) ([]order, error) {
	fresh := map[string]bool{}
	for _, o := range out {
		fresh[o.device] = true
	}
	var behind []string
	d.mu.Lock()
	for _, b := range boxes {
		v := d.voices[b.ID]
		if fresh[b.ID] {
			v.told = now
			continue
		}
		if b.Gen > 0 && v.online && v.said.Gen < b.Gen && now.Sub(v.told) >= d.o.Again {
			v.told = now
			behind = append(behind, b.ID)
		}
	}
	d.mu.Unlock()
	for _, id := range behind {
		raw, err := d.o.Store.Desired(ctx, id)
		if err != nil {
			return nil, err
		}
		if raw != nil {
			out = append(out, order{id, raw})
		}
	}
	return out, nil
}

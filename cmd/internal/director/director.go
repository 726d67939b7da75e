// SPDX-License-Identifier: Apache-2.0

package director

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// Boxes is where the boxes of the fleet are kept.
type Boxes interface {
	Boxes(ctx context.Context) ([]store.Box, error)
	Assign(ctx context.Context, list []store.Assigned) error
	Decided(ctx context.Context, b store.Box) error
	Desired(ctx context.Context, id string) ([]byte, error)
	Heard(ctx context.Context, list []store.Box) error
}

// Rollouts is where the rollouts are kept, and who did what.
type Rollouts interface {
	Rollouts(ctx context.Context, every bool) ([]store.Rollout, error)
	PutRollout(ctx context.Context, r store.Rollout) error
	Note(ctx context.Context, who, action, what string) error
}

// Store is all of it, in one database.
type Store interface {
	Boxes
	Rollouts
	Wipes
}

var _ Store = (*store.Store)(nil)

// Enrol answers a device's request for a certificate; *registrar.Registrar does. Without an answer the box asks again.
type Enrol interface {
	Handle(ctx context.Context, device string, request []byte) ([]byte, error)
}

// Opts is what a director needs.
type Opts struct {
	Store  Store
	Depot  *depot.Depot
	Keys   []signer.Key // of director, timestamp and snapshot: those that sign every day
	Line   Line
	Enrol  Enrol            // answers requests for certificates; nil: nobody does
	Serve  depot.ServeOpts  // Office is filled from Store
	Every  time.Duration    // between ticks; default 10 s
	Again  time.Duration    // until a box that is behind is told again; default 1 min
	Expire time.Duration    // life of an assignment, renewed at half of it; default 30 days
	Now    func() time.Time // default time.Now
	Log    *slog.Logger     // nil: silent
}

// Director is one city's. Its methods may be called from any goroutine.
type Director struct {
	o      Opts
	server *depot.Server
	poke   chan struct{} // something was heard

	standing standing  // of the goroutine that ticks
	renewed  time.Time // when the depot's metadata were last found good; of the same

	mu        sync.Mutex
	voices    map[string]*voice
	strangers map[string]*voice // not of the fleet so far
	offices   map[string]string
	since     time.Time // nothing is missed since; zero: there is no line
	payloads  map[string]update.Digest
	notedAt   time.Time // when what boxes said was last stored as a whole
}

// New checks the keys and makes a director. Nothing happens before Run.
func New(o Opts) (*Director, error) {
	o.Every, o.Again, o.Expire = cmp.Or(o.Every, 10*time.Second), cmp.Or(o.Again, time.Minute), cmp.Or(o.Expire, 30*24*time.Hour)
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if err := o.Depot.With(o.Keys, func(r *signer.Repository) error { return r.CanSign(signer.Director, "timestamp", "snapshot") }); err != nil {
		return nil, fmt.Errorf("starting director: %w", err)
	}
	d := &Director{o: o, poke: make(chan struct{}, 1), voices: map[string]*voice{}, strangers: map[string]*voice{}, offices: map[string]string{}, payloads: map[string]update.Digest{}}
	o.Serve.Office, o.Serve.Log = d.office, o.Log
	d.server = depot.NewServer(o.Depot, o.Serve)
	return d, nil
}

// Served is what the depot has handed out.
func (d *Director) Served() depot.Served { return d.server.Served() }

func (d *Director) office(id string) string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.offices[id]
}

// tick does what is due and returns the assignments to be published. Who was overtaken by an admin, or by another director, begins anew.
func (d *Director) tick(ctx context.Context) ([]order, error) {
	const tries = 4
	for n := 1; ; n++ {
		out, err := d.once(ctx)
		if errors.Is(err, store.ErrStale) && n < tries {
			continue
		}
		return out, err
	}
}

// An order is an assignment on its way to its box.
type order struct {
	device string
	raw    []byte // nil: the one that was sent is taken away
}

func (d *Director) once(ctx context.Context) ([]order, error) {
	now := d.o.Now()
	if err := d.renew(now); err != nil {
		d.o.Log.Error("metadata not renewed", "err", err) // boxes bear a week of it
	}
	all, err := d.o.Store.Boxes(ctx)
	if err != nil {
		return nil, err
	}
	boxes := all[:0]
	d.mu.Lock()
	clear(d.offices)
	for _, b := range all {
		if b.Retired {
			continue
		}
		d.offices[b.ID] = b.Office
		boxes = append(boxes, b)
		if d.voices[b.ID] == nil {
			d.voices[b.ID] = d.meet(b)
		}
	}
	since := d.since
	d.mu.Unlock()
	active, err := d.rollouts(ctx, boxes, since, now)
	if err != nil {
		return nil, err
	}
	if err := d.note(ctx, boxes, now); err != nil {
		return nil, err
	}
	if err := d.stand(ctx, active); err != nil {
		return nil, err
	}
	orders, gone, err := d.wipes(ctx, boxes, now)
	if err != nil {
		return nil, err
	}
	for _, g := range gone {
		boxes = slices.DeleteFunc(boxes, func(b store.Box) bool { return b.ID == g.device })
	}
	out, err := d.reconcile(ctx, boxes, active, orders, now)
	if err != nil {
		return nil, err
	}
	out, err = d.remind(ctx, boxes, out, now)
	return append(out, gone...), err
}

// payload is the digest of what a path installs.
func (d *Director) payload(path string) (update.Digest, error) {
	d.mu.Lock()
	sum, ok := d.payloads[path]
	d.mu.Unlock()
	if ok {
		return sum, nil
	}
	m, err := d.o.Depot.Manifest(path)
	if err != nil {
		return sum, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.payloads[path] = m.SHA256
	return m.SHA256, nil
}

// renewEvery is how often the depot's metadata are looked at: each look verifies all of them, and they last for days.
const renewEvery = 10 * time.Minute

// renew signs the timestamp again when it is a day old, and the snapshot when it has a third of its life left.
func (d *Director) renew(now time.Time) error {
	if since := now.Sub(d.renewed); since >= 0 && since < renewEvery {
		return nil
	}
	if err := d.sign(now); err != nil {
		return err // the next tick tries again
	}
	d.renewed = now
	return nil
}

func (d *Director) sign(now time.Time) error {
	return d.o.Depot.With(d.o.Keys, func(r *signer.Repository) error {
		for _, s := range r.States() {
			left := s.Expires.Sub(now)
			switch {
			case s.Name == "snapshot" && left < 10*24*time.Hour:
				return r.Publish(now)
			case s.Name == "timestamp" && left < 6*24*time.Hour:
				return r.Renew(now)
			}
		}
		return nil
	})
}

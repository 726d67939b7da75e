// SPDX-License-Identifier: Apache-2.0

package director

import (
	"context"
	"errors"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
	"madoguchi/sync/enrol"
)

// Wipes is where the orders to wipe boxes are kept.
type Wipes interface {
	wipe.Rows
	RevokeBox(ctx context.Context, device string, now time.Time) error
}

// wiping is what a box is to be told of the order for it.
type wiping struct {
	wipe.Kept
	wants *update.Wipe
	what  string
}

// wipes settles the orders of boxes that said their last word, and returns what the others are to be told. A box that was wiped is out of the fleet: its certificates are revoked.
func (d *Director) wipes(ctx context.Context, boxes []store.Box, now time.Time) (map[string]wiping, []order, error) {
	all, err := wipe.All(ctx, d.o.Store)
	if err != nil {
		return nil, nil, err
	}
	here := map[string]bool{}
	for _, b := range boxes {
		here[b.ID] = true
	}
	open := map[string]wiping{}
	var out []order
	for _, k := range all {
		if !here[k.Device] {
			continue
		}
		if k.Wiped == nil {
			if err := d.lastWord(ctx, &k, now); err != nil {
				return nil, nil, err
			}
		}
		if k.Wiped != nil {
			if err := d.o.Store.RevokeBox(ctx, k.Device, now); err != nil && !errors.Is(err, store.ErrStale) {
				return nil, nil, err
			}
			out = append(out, order{k.Device, nil}) // nobody is to hear its orders again
			continue
		}
		err := d.o.Depot.With(nil, func(r *signer.Repository) error { return k.Proved(string(update.Config), r.Verify) })
		if err != nil { // somebody has changed the database past the tool
			d.o.Log.Error("order to wipe", "device", k.Device, "err", err)
		}
		w := wiping{Kept: k}
		w.wants, w.what = k.Wants(now, err == nil)
		open[k.Device] = w
	}
	return open, out, nil
}

// lastWord notes that a box has been wiped, if it says so of this order: also of one that was taken back when the box had begun.
func (d *Director) lastWord(ctx context.Context, k *wipe.Kept, now time.Time) error {
	d.mu.Lock()
	v := d.voices[k.Device]
	var last enrol.Wiped
	said := false
	if v != nil {
		last, said = enrol.ReadWiped(v.raw)
	}
	d.mu.Unlock()
	if !said || last.Serial != k.Serial {
		return nil
	}
	k.Wiped = &wipe.Outcome{At: now.UTC().Truncate(time.Second), Lost: last.Lost, Kept: last.Kept, Claims: last.Claims}
	if err := wipe.Put(ctx, d.o.Store, *k); err != nil {
		return err
	}
	k.Rev++
	what := k.Device + " " + k.Wiped.String() + "; ordered by " + k.By.String()
	if w := k.Override; w != nil && !w.Approved.IsZero() {
		what += ", even unsent by " + w.By.String() + " and " + w.Approver.String()
	}
	if k.Cancelled != nil {
		what += "; it had begun when it was cancelled"
	}
	d.o.Log.Info("wiped", "device", k.Device, "lost", last.Lost)
	return d.o.Store.Note(ctx, "director", "wiped", what)
}

// told notes what the boxes' newest assignments say of their orders.
func (d *Director) told(ctx context.Context, list []store.Assigned, orders map[string]wiping) error {
	for _, a := range list {
		w, ok := orders[a.Box.ID]
		if !ok || w.what == w.Told.What && w.what == "" {
			continue
		}
		w.Told = wipe.Told{What: w.what, Gen: a.Box.Gen}
		if err := wipe.Put(ctx, d.o.Store, w.Kept); err != nil {
			return err
		}
	}
	return nil
}

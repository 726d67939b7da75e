// SPDX-License-Identifier: Apache-2.0

package wipe

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"madoguchi/cmd/internal/store"
)

// Rows is where the orders lie; *store.Store is one.
type Rows interface {
	Wipes(ctx context.Context) ([]store.Wipe, error)
	PutWipe(ctx context.Context, w store.Wipe) error
}

var _ Rows = (*store.Store)(nil)

// Kept is an order as it was read.
type Kept struct {
	*Order
	Rev int64
}

// All are all orders by box.
func All(ctx context.Context, rows Rows) ([]Kept, error) {
	list, err := rows.Wipes(ctx)
	if err != nil {
		return nil, err
	}
	out := make([]Kept, len(list))
	for i, row := range list {
		out[i] = Kept{new(Order), row.Rev}
		if err := json.Unmarshal(row.Doc, out[i].Order); err != nil {
			return nil, fmt.Errorf("reading order to wipe %s: %w", row.Device, err)
		}
	}
	return out, nil
}

// Of is the order of a box; its Order is nil if there is none.
func Of(ctx context.Context, rows Rows, device string) (Kept, error) {
	all, err := All(ctx, rows)
	for _, k := range all {
		if k.Device == device {
			return k, err
		}
	}
	return Kept{}, err
}

// Put stores an order over the revision that was read, 0: none was; store.ErrStale if somebody was faster.
func Put(ctx context.Context, rows Rows, k Kept) error {
	doc, err := json.Marshal(k.Order)
	if err != nil {
		return fmt.Errorf("storing order to wipe %s: %w", k.Device, err)
	}
	return rows.PutWipe(ctx, store.Wipe{Device: k.Device, Rev: k.Rev, Doc: doc})
}

// Change reads the order of a box, lets do change it and stores it; as often as somebody else was faster. With dry it stores nothing.
func Change(ctx context.Context, rows Rows, device string, dry bool, do func(*Kept) error) (*Order, error) {
	for {
		k, err := Of(ctx, rows, device)
		if err != nil {
			return nil, err
		}
		if err := do(&k); err != nil || dry {
			return k.Order, err
		}
		err = Put(ctx, rows, k)
		if errors.Is(err, store.ErrStale) && ctx.Err() == nil {
			continue
		}
		return k.Order, err
	}
}

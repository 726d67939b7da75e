// SPDX-License-Identifier: Apache-2.0

package store

import "context"

// Wipe is a stored order to wipe a box: the newest for that box.
type Wipe struct {
	Device string
	Rev    int64 // as it was read; 0: new
	Doc    []byte
}

// Wipes lists the orders by box, those that have ended too.
func (s *Store) Wipes(ctx context.Context) ([]Wipe, error) {
	return all(ctx, s.read, `SELECT device, rev, doc FROM wipe ORDER BY device`, func(w *Wipe) []any { return []any{&w.Device, &w.Rev, &w.Doc} })
}

// PutWipe stores an order; ErrStale if it is not of the revision that is there.
func (s *Store) PutWipe(ctx context.Context, w Wipe) error {
	what := "storing order to wipe " + w.Device
	if w.Rev == 0 {
		return s.one(ctx, what, `INSERT INTO wipe (device, rev, doc) VALUES ($1, 1, $2) ON CONFLICT (device) DO NOTHING`, w.Device, string(w.Doc))
	}
	return s.one(ctx, what, `UPDATE wipe SET rev = rev + 1, doc = $3 WHERE device = $1 AND rev = $2`, w.Device, w.Rev, string(w.Doc))
}

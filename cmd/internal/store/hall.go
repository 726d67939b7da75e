// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"strconv"
)

// hallSetting numbers the lives of the database.
const hallSetting = "hall"

// Hall is the number of this life of the database. It stands in every
// acknowledgement: a box that sees a higher one than before sends again what
// this database does not have.
func (s *Store) Hall(ctx context.Context) (uint32, error) { return s.hall(ctx, false) }

// Restored begins a new life: call it once after a backup was put back. Boxes
// then send again what they still keep and the backup has not.
func (s *Store) Restored(ctx context.Context) (uint32, error) { return s.hall(ctx, true) }

func (s *Store) hall(ctx context.Context, raise bool) (uint32, error) {
	var n uint64
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, hallSetting); err != nil {
			return err
		}
		old, err := setting(ctx, tx, hallSetting)
		if err != nil {
			return err
		}
		n = 0
		if old != "" {
			if n, err = strconv.ParseUint(old, 10, 32); err != nil {
				return err
			}
		}
		if n > 0 && !raise {
			return nil
		}
		// The clock's seconds, so that a life after a restored backup is above
		// those that the backup does not know of; and never back.
		n = max(n+1, uint64(max(1, s.opts.Now().Unix())))
		return setSetting(ctx, tx, hallSetting, strconv.FormatUint(n, 10))
	})
	if err != nil {
		return 0, fmt.Errorf("numbering the database's life: %w", err)
	}
	return uint32(n), nil
}

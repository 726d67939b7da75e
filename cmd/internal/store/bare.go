// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"sync"
	"time"
)

// Bare writes the facets of batches into the table as the driver does it, each
// batch one durable transaction, Writers of them side by side, without numbers,
// digests, watermarks or counters, and returns how long it took. It is the
// yardstick of the figures, on a database of its own, and nothing else.
func (s *Store) Bare(ctx context.Context, batches []Batch) (time.Duration, error) {
	next := make(chan []Facet)
	failed := make(chan error, s.Writers())
	began := time.Now()
	var writers sync.WaitGroup
	for range s.Writers() {
		writers.Go(func() {
			for list := range next {
				if err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
					_, err := s.engine.addFacets(ctx, tx, list)
					return err
				}); err != nil {
					failed <- err
					return
				}
			}
		})
	}
	var err error
	for _, b := range batches {
		var list []Facet
		for _, item := range b.Items {
			list = append(list, item.Facet)
		}
		select {
		case next <- list:
		case err = <-failed:
		}
		if err != nil {
			break
		}
	}
	close(next)
	writers.Wait()
	if err == nil && len(failed) > 0 {
		err = <-failed
	}
	return time.Since(began), err
}

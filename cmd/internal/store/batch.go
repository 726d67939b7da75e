// SPDX-License-Identifier: Apache-2.0

package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// Facet is one anonymised facet of a case, as city hall keeps it. A and B are
// its (at most two) attributes; what they mean depends on Kind. For "po" they
// are procedure and outcome.
type Facet struct {
	ID    [16]byte
	Kind  string
	Week  string // ISO week, "2026-W47"
	Group string // office group
	A, B  string
}

// Item is one numbered record of a batch: the facet and its canonical bytes, of
// which only a keyed digest is kept.
type Item struct {
	Facet Facet
	Body  []byte
	// Reject is the code of the gate when the record is not acceptable; empty
	// otherwise. Facet is not looked at then.
	Reject string
}

// Batch is what a device sent: items with the numbers First, First+1, ….
// Numbers must lie between 1 and 2^62.
type Batch struct {
	Device string
	Epoch  uint64
	First  uint64
	Items  []Item
}

// Rejection is one number and the code it was refused with.
type Rejection struct {
	Seq  uint64
	Code string
}

// RejectConflict is the code of rejections that the store itself finds: the
// number, or the facet's random id, came before with other content.
const RejectConflict = "conflicting_duplicate"

// Result is what an acknowledgement needs to say after a batch.
type Result struct {
	Upto     uint64      // every number from 1 to it is done
	Durable  uint64      // the same in a verified backup (BackedUp)
	Missing  []uint64    // the first numbers (at most 32) between Upto and the highest seen that are not done
	Rejected []Rejection // numbers of this batch that were refused, now or earlier, ascending
	Earlier  []Rejection // the last (at most 4) refused numbers of the epoch that are not in this batch, ascending
	New      int         // facets stored by this batch
	Repeated int         // items that were there already
}

// maxMissing is the length of Result.Missing; more would not fit into an
// acknowledgement of 512 bytes.
const maxMissing = 32

// ErrRange says that a batch's numbers are outside 1 … 2^62.
var ErrRange = errors.New("numbers outside 1 to 2^62")

// Apply stores a batch in one transaction. When it returns nil, everything is
// on disk and may be acknowledged. Applying a batch again changes nothing.
func (s *Store) Apply(ctx context.Context, b Batch) (Result, error) {
	list, err := s.ApplyAll(ctx, []Batch{b})
	if err != nil {
		return Result{}, err
	}
	return list[0], nil
}

// ApplyAll stores several batches in one transaction, all or none: one sync of
// the disk for many devices. Batches of one outbox are applied in their order.
func (s *Store) ApplyAll(ctx context.Context, batches []Batch) ([]Result, error) {
	for _, b := range batches {
		last := b.First + uint64(len(b.Items)) - 1
		if b.First == 0 || b.First > 1<<62 || last > 1<<62 {
			return nil, fmt.Errorf("applying batch: %w", ErrRange)
		}
	}
	var results []Result
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		results = make([]Result, len(batches))
		for _, round := range rounds(batches) {
			a := applier{s: s, ctx: ctx, tx: tx, alarms: map[alarmKey]int{}}
			for _, i := range round {
				a.runs = append(a.runs, &run{b: batches[i]})
			}
			if err := a.apply(); err != nil {
				return err
			}
			for n, i := range round {
				results[i] = a.runs[n].result
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("applying batch: %w", err)
	}
	s.notify()
	return results, nil
}

// rounds splits batches so that none has two of one outbox, and orders each by
// outbox: who waits for whom is then the same everywhere.
func rounds(batches []Batch) [][]int {
	seen := map[key]int{}
	var all [][]int
	for i, b := range batches {
		k := key{b.Device, int64(b.Epoch)}
		n := seen[k]
		seen[k]++
		if n == len(all) {
			all = append(all, nil)
		}
		all[n] = append(all[n], i)
	}
	for _, round := range all {
		slices.SortFunc(round, func(x, y int) int {
			return cmp.Or(cmp.Compare(batches[x].Device, batches[y].Device), cmp.Compare(int64(batches[x].Epoch), int64(batches[y].Epoch)))
		})
	}
	return all
}

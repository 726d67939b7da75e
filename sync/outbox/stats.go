// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"os"
	"syscall"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// Stats is the outbox in numbers, for the screen, the state document and city hall's audit: Created − Acked − DeadTotal − Hold = Out, always.
type Stats struct {
	Hold, Out, Sent, Dead int         // records waiting, queued, confirmed and kept, rejected
	Oldest                record.Week // week of the oldest queued record; zero: none
	Epoch                 uint64
	Created, Released     uint64 // since the epoch began
	Acked, DeadTotal      uint64
	Upto, Durable         uint64 // city hall's receipts
	Forged                uint64 // receipts refused
	Stale                 uint64 // receipts overtaken or replayed, since this opening
	Hall                  uint64 // city hall's database, see record.Ack
	Used, Limit           int64  // bytes
	Amber                 bool   // 80 % full: say so
	Full                  bool   // no new case may be opened (Room)
	Quarantined           int    // damaged files lying beside this one
}

// Stats counts. It also works on a broken or closed outbox, with what was last known.
func (o *Outbox) Stats() Stats {
	o.mu.Lock()
	defer o.mu.Unlock()
	s := Stats{
		Hold: o.n.hold, Out: o.n.out, Sent: o.n.sent, Dead: o.n.dead,
		Epoch: o.st.Epoch, Created: o.st.Created, Released: o.st.Released, Acked: o.st.Acked, DeadTotal: o.st.Dead,
		Upto: o.st.Upto, Durable: o.st.Durable, Forged: o.st.Forged,
		Stale: o.stale, Hall: o.st.Hall,
		Used: o.used(), Limit: int64(o.opts.MaxSize), Quarantined: o.bad,
	}
	s.Full = s.Used > s.Limit-2*o.reserve()
	s.Amber = s.Full || s.Used > s.Limit*8/10
	_ = o.view(func(tx *bolt.Tx) error {
		if _, v := tx.Bucket(bOut).Cursor().First(); v != nil {
			if r, err := openRecord(v); err == nil {
				s.Oldest = r.Week()
			}
		}
		return nil
	})
	return s
}

// Cases is of how many cases the records wait that city hall does not have, held or queued: each leaves one po. If only other facets wait it is 1, for then something does.
func (o *Outbox) Cases() int {
	o.mu.Lock()
	defer o.mu.Unlock()
	n, all := 0, 0
	_ = o.view(func(tx *bolt.Tx) error {
		for _, b := range [][]byte{bHold, bOut} {
			if err := tx.Bucket(b).ForEach(func(_, v []byte) error {
				all++
				if r, err := openRecord(v); err == nil && r.Kind() == record.PO {
					n++
				}
				return nil
			}); err != nil {
				return err
			}
		}
		return nil
	})
	return max(n, min(all, 1))
}

// Room is nil if a new case may be opened: its records will find room. Else it is a *FullError, or what is wrong with the file.
func (o *Outbox) Room() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.usable(); err != nil {
		return fmt.Errorf("looking for room: %w", err)
	}
	if used := o.used(); used > int64(o.opts.MaxSize)-2*o.reserve() {
		return &FullError{Used: used, Limit: int64(o.opts.MaxSize)}
	}
	// What else lies on the partition may have filled it. Pages that the file has already are sure, new ones are not.
	if lacks := casePages - int64(o.db.Stats().FreePageN); lacks > 0 {
		free, err := diskFree(o.file)
		if err != nil {
			return fmt.Errorf("looking for room: %w", err)
		}
		if free < lacks*pageSize {
			return &FullError{Used: o.used(), Limit: int64(o.opts.MaxSize), Cause: syscall.ENOSPC}
		}
	}
	return nil
}

// casePages are more than the records of one case take, with what a copy-on-write file moves around them.
const casePages = 64

// diskFree is how many bytes the disk of an open file still gives to this user. Tests fill it.
var diskFree = func(f *os.File) (int64, error) {
	var st syscall.Statfs_t
	if err := syscall.Fstatfs(int(f.Fd()), &st); err != nil {
		return 0, fmt.Errorf("asking the disk of %s: %w", f.Name(), err)
	}
	return int64(st.Bavail) * int64(st.Bsize), nil
}

// reserve is kept free in bytes for what empties the queue: a copy-on-write file needs room also to delete. Finish stops one reserve before the limit and new cases two.
func (o *Outbox) reserve() int64 { return max(int64(o.opts.MaxSize)/16, 16*pageSize) }

// used is how many bytes of the file hold something. The caller holds mu.
func (o *Outbox) used() int64 {
	if o.usable() != nil {
		return 0
	}
	var size int64
	err := guarded(func() error {
		return o.db.View(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	})
	if err != nil {
		return 0
	}
	st := o.db.Stats()
	return size - int64(st.FreePageN+st.PendingPageN)*pageSize
}

// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// restored is a city hall that keeps records by their own random number, as the database does, and loses its newest ones in a restore.
type restored struct {
	hall   uint32
	epochs map[uint64]map[uint64]record.ID
	ids    map[record.ID]int
	bad    map[record.ID]bool // is rejected
}

func newRestored() *restored {
	return &restored{hall: 100, epochs: map[uint64]map[uint64]record.ID{}, ids: map[record.ID]int{}, bad: map[record.ID]bool{}}
}

func (h *restored) take(b record.Batch) record.Ack {
	m := h.epochs[b.Epoch]
	if m == nil {
		m = map[uint64]record.ID{}
		h.epochs[b.Epoch] = m
	}
	a := record.Ack{Device: "box-1", Epoch: b.Epoch, Hall: h.hall}
	for i, r := range b.Records {
		seq := b.First + uint64(i)
		m[seq] = r.ID()
		if h.bad[r.ID()] {
			a.Rejected = append(a.Rejected, record.Reject{Seq: seq, Code: record.BadRecord})
			continue
		}
		h.ids[r.ID()] = 1
	}
	for m[a.Upto+1] != (record.ID{}) {
		a.Upto++
	}
	return a
}

// restore goes back to the records up to number upto of an epoch.
func (h *restored) restore(epoch, upto uint64) {
	h.hall++
	old := h.epochs[epoch]
	h.epochs = map[uint64]map[uint64]record.ID{epoch: {}}
	h.ids = map[record.ID]int{}
	for seq := uint64(1); seq <= upto; seq++ {
		h.epochs[epoch][seq] = old[seq]
		if !h.bad[old[seq]] {
			h.ids[old[seq]] = 1
		}
	}
}

func (h *restored) drain(t testing.TB, ob *Outbox, batch int) {
	t.Helper()
	for range 1000 {
		b, ok := ob.Next(batch)
		if !ok {
			return
		}
		must(t, ob.Apply(h.take(b)))
	}
	t.Fatalf("the queue does not empty itself: %+v", ob.Stats())
}

// City hall's database is restored from an older backup: what it lacks is sent again and nothing is lost or doubled, also what it once rejected, and also when the box does not keep
// all of it any more.
func TestRestoredCityHall(t *testing.T) {
	for _, tc := range []struct {
		name    string
		durable uint64 // what city hall had said was in a backup
		upto    uint64 // what the backup really holds
		keep    time.Duration
		wait    time.Duration
		lost    int // what city hall promised to have in a backup and has not, or what was too old: told by an alarm, a fresh epoch
	}{
		{name: "everything is kept", upto: 11},
		{name: "nothing at all is left", upto: 0},
		{name: "the backup is as good as promised", durable: 11, upto: 11},
		{name: "the backup is worse than promised", durable: 20, upto: 11, lost: 9},
		{name: "too old", upto: 11, keep: 24 * time.Hour, wait: 72 * time.Hour, lost: 19},
	} {
		t.Run(tc.name, func(t *testing.T) {
			now := testDay
			ob := mustOpen(t, tempPath(t), Opts{Device: "box-1", Keep: tc.keep, Now: func() time.Time { return now }})
			h := newRestored()
			first := newRecords(t, 30)
			h.bad[first[3].ID()], h.bad[first[17].ID()] = true, true
			must(t, ob.Finish(first...))
			_, err := ob.Release(All)
			must(t, err)
			h.drain(t, ob, 10)
			epoch := ob.Stats().Epoch
			if s := ob.Stats(); s.Upto != 30 || s.Dead != 2 || s.Hall != 100 {
				t.Fatalf("before: %+v", s)
			}
			if tc.durable > 0 {
				must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: epoch, Hall: 100, Upto: 30, Durable: tc.durable}))
			}
			now = now.Add(tc.wait)
			late := newRecords(t, 6)
			must(t, ob.Finish(late...))
			_, err = ob.Release(4)
			must(t, err)
			if tc.wait > 0 { // a receipt on a later day prunes what is too old
				b, _ := ob.Next(1)
				must(t, ob.Apply(h.take(b)))
			}

			old := record.Ack{Device: "box-1", Epoch: epoch, Hall: 100, Upto: ob.Stats().Upto, Durable: 0}
			h.restore(epoch, tc.upto)
			b, _ := ob.Next(1)
			must(t, ob.Apply(h.take(b)))
			if s := ob.Stats(); (s.Epoch != epoch) != (tc.lost > 0) {
				t.Errorf("epoch %x after %x: %+v", s.Epoch, epoch, s)
			}
			must(t, ob.Check())
			if err := ob.Apply(old); tc.lost == 0 && err != nil { // replayed from the time before: must not confirm what city hall lacks
				t.Error(err)
			} else if tc.lost > 0 && !errors.As(err, new(*ForgedError)) {
				t.Errorf("receipt of an epoch that is no more: %v", err)
			}
			_, err = ob.Release(All)
			must(t, err)
			h.drain(t, ob, 7)
			missing := 0
			for _, r := range append(first, late...) {
				if !h.bad[r.ID()] && h.ids[r.ID()] == 0 {
					missing++
				}
			}
			// Of those that neither side has, the two that were rejected are none.
			if missing > tc.lost || (tc.lost == 0) != (missing == 0) {
				t.Errorf("%d records are missing, want at most %d", missing, tc.lost)
			}
			if s := ob.Stats(); s.Out != 0 || s.Hold != 0 || s.Dead > 2 || s.Hall != 101 {
				t.Errorf("after: %+v", s)
			}
		})
	}
}

// A receipt of a database that is no more is stale, however high it speaks.
func TestReplayedHall(t *testing.T) {
	ob := mustOpen(t, tempPath(t), Opts{Device: "box-1"})
	must(t, ob.Finish(newRecords(t, 10)...))
	_, err := ob.Release(All)
	must(t, err)
	b, _ := ob.Next(10)
	must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Hall: 7, Upto: 2}))
	must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Hall: 6, Upto: 10}))
	must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Upto: 10}))
	must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: b.Epoch, Hall: 7, Upto: 1}))
	if s := ob.Stats(); s.Upto != 2 || s.Out != 8 || s.Stale != 3 || s.Forged != 0 {
		t.Errorf("%+v", s)
	}
}

// A file of the program before: no count bucket, a state of version 1. It is opened, completed, and keeps what it held.
func TestOlderFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	ob, _, err := Open(path, Opts{})
	must(t, err)
	must(t, ob.Finish(newRecords(t, 5)...))
	must(t, ob.SetJournal([]byte("open")))
	st := ob.st
	must(t, ob.db.Update(func(tx *bolt.Tx) error {
		old := st.encode()[4:]
		old[0] = 1
		if err := tx.Bucket(bMeta).Put(kState, seal(old[:len(old)-8])); err != nil {
			return err
		}
		return tx.DeleteBucket(bCount)
	}))
	must(t, ob.Close())
	ob = mustOpen(t, path, Opts{})
	if s := ob.Stats(); s.Hold != 5 || s.Epoch != st.Epoch || string(ob.Journal()) != "open" {
		t.Errorf("%+v", s)
	}
	must(t, ob.Count(record.DefaultRules(1).Look()))
	must(t, ob.Check())
}

// TestEpochInDoubt: a numbering that begins anew and whose last sync fails may be in the file all the same. What was handed out of the old one says nothing of the new one: the file is
// sound afterwards, and its records are there.
func TestEpochInDoubt(t *testing.T) {
	path := tempPath(t)
	ob := mustOpen(t, path, Opts{Device: "box-1"})
	h := newRestored()
	must(t, ob.Finish(newRecords(t, 30)...))
	_, err := ob.Release(All)
	must(t, err)
	h.drain(t, ob, 10)
	must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: ob.Stats().Epoch, Hall: 100, Upto: 30, Durable: 20}))
	must(t, ob.Finish(newRecords(t, 5)...))
	_, err = ob.Release(All)
	must(t, err)
	before := ob.st
	must(t, ob.Apply(record.Ack{Device: "box-1", Epoch: before.Epoch, Hall: 101, Upto: 11}))
	if ob.st.Epoch == before.Epoch {
		t.Fatal("the numbering did not begin anew")
	}
	// As after a commit whose last sync failed.
	ob.st, ob.doubt, ob.sure = before, true, numbers{before.Epoch, before.Released}
	must(t, ob.reload())
	must(t, ob.Finish(newRecords(t, 1)...))
	records := ob.n.out
	must(t, ob.Close())
	ob, q, err := Open(path, Opts{Device: "box-1"})
	must(t, err)
	defer ob.Close()
	if q != nil || ob.n.out != records || records < 15 {
		t.Errorf("set aside: %+v; %d records, want %d", q, ob.n.out, records)
	}
}

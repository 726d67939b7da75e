// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"path/filepath"
	"slices"
	"testing"
	"time"

	bolt "go.etcd.io/bbolt"
)

// BenchmarkFinish is a case's end: one record stored, synced, journal cleared. Beside it, in the same run and folder, the same bytes are put into a bare bbolt file with the
// same settings and synced. Ratio is the one median over the other: what bookkeeping, checksum, gate and journal cost. Which of the two goes first changes with every round.
func BenchmarkFinish(b *testing.B) {
	dir := b.TempDir()
	ob, _, err := Open(filepath.Join(dir, "outbox.db"), Opts{})
	must(b, err)
	defer ob.Close()
	bare, err := bolt.Open(filepath.Join(dir, "bare.db"), 0o600, boltOptions(DefaultOpts))
	must(b, err)
	defer bare.Close()
	must(b, bare.Update(func(tx *bolt.Tx) error { _, err := tx.CreateBucket(bHold); return err }))
	records := newRecords(b, 1000)

	var ours, theirs []time.Duration
	n := 0
	for b.Loop() {
		r := records[n%len(records)]
		if n%len(records) == 0 && n > 0 { // keep the files small, as in service
			b.StopTimer()
			drain(b, ob)
			must(b, bare.Update(func(tx *bolt.Tx) error {
				if err := tx.DeleteBucket(bHold); err != nil {
					return err
				}
				_, err := tx.CreateBucket(bHold)
				return err
			}))
			records = newRecords(b, 1000)
			r = records[0]
			b.StartTimer()
		}
		n++
		id, value := r.ID(), seal(r.Encode())
		timed := func(to *[]time.Duration, do func() error) {
			t0 := time.Now()
			must(b, do())
			*to = append(*to, time.Since(t0))
		}
		finish := func() { timed(&ours, func() error { return ob.Finish(r) }) }
		put := func() {
			timed(&theirs, func() error {
				return bare.Update(func(tx *bolt.Tx) error { return tx.Bucket(bHold).Put(id[:], value) })
			})
		}
		if n%2 == 0 {
			finish()
			put()
		} else {
			put()
			finish()
		}
	}
	slices.Sort(ours)
	slices.Sort(theirs)
	o, t := ours[len(ours)/2], theirs[len(theirs)/2]
	b.ReportMetric(float64(o)/float64(t), "ratio")
	b.ReportMetric(float64(o), "finish-ns")
	b.ReportMetric(float64(t), "bare-ns")
}

// BenchmarkOpen is the start of the box with 10,000 records in the file, every value of which is read and checked.
func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "outbox.db")
	ob, _, err := Open(path, Opts{})
	must(b, err)
	for range 100 {
		must(b, ob.Finish(newRecords(b, 100)...))
	}
	must(b, ob.Close())
	for b.Loop() {
		ob, q, err := Open(path, Opts{})
		if err != nil || q != nil {
			b.Fatal(q, err)
		}
		must(b, ob.Close())
	}
}

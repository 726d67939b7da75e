// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// checkFile checks the structure of a closed file with our reader.
func checkFile(t testing.TB, path string) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Error(err)
		return
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Error(err)
		return
	}
	if err := checkStructure(f, info.Size()); err != nil {
		t.Errorf("structure of %s: %v", path, err)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func TestOneCaseFromJournalToReceipt(t *testing.T) {
	path := tempPath(t)
	ob := mustOpen(t, path, Opts{})
	must(t, ob.SetJournal([]byte("step 5")))
	if got := string(ob.Journal()); got != "step 5" {
		t.Errorf("journal is %q", got)
	}
	r := newRecord(t)
	must(t, ob.Finish(r))
	if got := ob.Journal(); got != nil {
		t.Errorf("journal after Finish is %q", got)
	}
	if _, ok := ob.Next(64); ok {
		t.Error("a record that was not released is handed out")
	}
	if n, err := ob.Release(All); n != 1 || err != nil {
		t.Fatalf("released %d, %v", n, err)
	}
	b, ok := ob.Next(64)
	if want := (record.Batch{Epoch: ob.Stats().Epoch, First: 1, Records: []record.Record{r}}); !ok || !cmp.Equal(want, b, cmp.Comparer(func(a, b record.Record) bool { return a == b })) {
		t.Errorf("batch is %+v, want %+v", b, want)
	}
	if again, _ := ob.Next(64); again.First != 1 || again.Records[0] != r {
		t.Errorf("the repeat differs: %+v", again)
	}
	must(t, ob.Apply(ackAll(ob)))
	if _, ok := ob.Next(64); ok {
		t.Error("a confirmed record is handed out")
	}
	got := ob.Stats()
	want := Stats{Epoch: got.Epoch, Created: 1, Released: 1, Acked: 1, Upto: 1, Durable: 1, Used: got.Used, Limit: 16 << 20}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReopenKeepsAll(t *testing.T) {
	path := tempPath(t)
	ob := mustOpen(t, path, Opts{})
	must(t, ob.Finish(newRecords(t, 5)...))
	if n, err := ob.Release(2); n != 2 || err != nil {
		t.Fatal(n, err)
	}
	b, _ := ob.Next(1)
	must(t, ob.SetJournal([]byte{1, 2, 3}))
	must(t, ob.PutThrottle(Throttle{Misses: 5, Until: testDay}))
	must(t, ob.RaiseFloor(testDay.Add(17*time.Minute)))
	before := ob.Stats()
	must(t, ob.Close())
	if err := ob.Finish(newRecord(t)); !errors.Is(err, ErrClosed) {
		t.Errorf("Finish on a closed outbox: %v", err)
	}

	again := mustOpen(t, path, Opts{})
	if d := cmp.Diff(before, again.Stats()); d != "" {
		t.Error(d)
	}
	if b2, _ := again.Next(1); b2.Records[0] != b.Records[0] || b2.First != b.First {
		t.Errorf("oldest record changed: %+v, %+v", b, b2)
	}
	th, err := again.Throttle()
	if want := (Throttle{5, testDay}); err != nil || th != want {
		t.Errorf("throttle is %+v, %v", th, err)
	}
	if f, err := again.Floor(); err != nil || !f.Equal(testDay) {
		t.Errorf("floor is %v, %v", f, err)
	}
	if !slices.Equal(again.Journal(), []byte{1, 2, 3}) {
		t.Error("journal is lost")
	}
}

func TestFinishTwiceStoresOnce(t *testing.T) {
	ob := mustOpen(t, tempPath(t), Opts{})
	r := newRecord(t)
	must(t, ob.Finish(r, r))
	must(t, ob.Finish(r))
	if s := ob.Stats(); s.Hold != 1 || s.Created != 1 {
		t.Errorf("%+v", s)
	}
	if err := ob.Finish(record.Record{}); err == nil {
		t.Error("the zero record was stored")
	}
}

func TestReleaseShuffles(t *testing.T) {
	// The order of release must say nothing about the order of Finish: over 200 runs of three records each of the six orders comes up.
	orders := map[[3]int]int{}
	ob := mustOpen(t, tempPath(t), Opts{})
	for range 120 {
		rs := newRecords(t, 3)
		for _, r := range rs {
			must(t, ob.Finish(r))
		}
		if _, err := ob.Release(All); err != nil {
			t.Fatal(err)
		}
		b, _ := ob.Next(3)
		var o [3]int
		for i, r := range b.Records {
			o[i] = slices.Index(rs, r)
		}
		orders[o]++
		must(t, ob.Apply(ackAll(ob)))
	}
	if len(orders) != 6 {
		t.Errorf("%d of 6 orders in 120 runs (a fair shuffle misses one in 2·10⁹): %v", len(orders), orders)
	}
}

func TestApply(t *testing.T) {
	const n = 10
	for _, tc := range []struct {
		name                  string
		ack                   record.Ack // epoch and device are filled in
		forged                bool
		out, sent, dead       int
		next                  []uint64 // first numbers of the next batches without a further receipt
		otherEpoch, otherName bool
	}{
		{name: "nothing", ack: record.Ack{}, out: n, next: []uint64{1, 1}},
		{name: "stored", ack: record.Ack{Upto: 4}, out: 6, sent: 4, next: []uint64{5, 5}},
		{name: "stored and in a backup", ack: record.Ack{Upto: 4, Durable: 3}, out: 6, sent: 1, next: []uint64{5}},
		{name: "everything", ack: record.Ack{Upto: n, Durable: n}, next: []uint64{0}},
		{name: "gaps", ack: record.Ack{Upto: 2, Missing: []uint64{3, 4, 7}}, out: 8, sent: 2, next: []uint64{3, 7, 3}},
		{name: "rejected in the queue", ack: record.Ack{Upto: 2, Rejected: []record.Reject{{Seq: 5, Code: record.BadRecord}}}, out: 7, sent: 2, dead: 1, next: []uint64{3}},
		{name: "rejected below upto", ack: record.Ack{Upto: 5, Rejected: []record.Reject{{Seq: 5, Code: record.BadRecord}}}, out: 5, sent: 4, dead: 1, next: []uint64{6}},
		{name: "above the highest sent", ack: record.Ack{Upto: n + 1}, forged: true, out: n, next: []uint64{1}},
		{name: "gap above the highest sent", ack: record.Ack{Upto: 1, Missing: []uint64{n + 1}}, forged: true, out: n, next: []uint64{1}},
		{name: "rejection above the highest sent", ack: record.Ack{Rejected: []record.Reject{{Seq: n + 1, Code: record.BadRecord}}}, forged: true, out: n, next: []uint64{1}},
		{name: "another epoch", ack: record.Ack{Upto: 1}, otherEpoch: true, forged: true, out: n, next: []uint64{1}},
		{name: "another box", ack: record.Ack{Upto: 1}, otherName: true, forged: true, out: n, next: []uint64{1}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			ob := mustOpen(t, tempPath(t), Opts{Device: "box-1"})
			must(t, ob.Finish(newRecords(t, n+3)...)) // three are released and never sent
			if _, err := ob.Release(n); err != nil {
				t.Fatal(err)
			}
			if b, ok := ob.Next(64); !ok || len(b.Records) != n {
				t.Fatalf("first batch: %+v", b)
			}
			if _, err := ob.Release(All); err != nil {
				t.Fatal(err)
			}
			tc.ack.Epoch, tc.ack.Device = ob.Stats().Epoch, "box-1"
			if tc.otherEpoch {
				tc.ack.Epoch++
			}
			if tc.otherName {
				tc.ack.Device = "box-2"
			}
			for range 2 { // a receipt is retained by the broker: it arrives again
				err := ob.Apply(tc.ack)
				var f *ForgedError
				if errors.As(err, &f) != tc.forged || (err != nil && !tc.forged) {
					t.Fatalf("Apply: %v", err)
				}
			}
			s := ob.Stats()
			if s.Out != tc.out+3 || s.Sent != tc.sent || s.Dead != tc.dead || (s.Forged > 0) != tc.forged {
				t.Errorf("%+v", s)
			}
			for _, want := range tc.next {
				b, ok := ob.Next(n)
				if want == 0 {
					want = n + 1 // the three
				}
				if !ok || b.First != want {
					t.Errorf("next batch begins at %d, want %d", b.First, want)
				}
			}
		})
	}
}

func TestOldReceiptsAndRejections(t *testing.T) {
	ob := mustOpen(t, tempPath(t), Opts{})
	must(t, ob.Finish(newRecords(t, 6)...))
	_, err := ob.Release(All)
	must(t, err)
	ob.Next(64)
	epoch := ob.Stats().Epoch
	must(t, ob.Apply(record.Ack{Device: "b", Epoch: epoch, Upto: 4}))
	must(t, ob.Apply(record.Ack{Device: "b", Epoch: epoch, Upto: 2, Durable: 2})) // overtaken: nothing
	if s := ob.Stats(); s.Upto != 4 || s.Durable != 0 || s.Sent != 4 {
		t.Errorf("an old receipt changed something: %+v", s)
	}
	// A rejection whose own receipt was lost comes with a later one, when its record is among the confirmed.
	must(t, ob.Apply(record.Ack{Device: "b", Epoch: epoch, Upto: 4, Rejected: []record.Reject{{Seq: 3, Code: record.UnknownValue}}}))
	d, err := ob.Dead(10)
	if err != nil || len(d) != 1 || d[0].Seq != 3 || d[0].Code != record.UnknownValue || !d[0].Record.Week().Valid() {
		t.Errorf("dead list: %+v, %v", d, err)
	}
	if s := ob.Stats(); s.Acked != 3 || s.DeadTotal != 1 || s.Sent != 3 || s.Out != 2 {
		t.Errorf("%+v", s)
	}
}

func TestSentIsKeptTwoWeeks(t *testing.T) {
	now := testDay
	ob := mustOpen(t, tempPath(t), Opts{Now: func() time.Time { return now }})
	for day := range 20 {
		must(t, ob.Finish(newRecord(t)))
		_, err := ob.Release(All)
		must(t, err)
		b, _ := ob.Next(64)
		must(t, ob.Apply(record.Ack{Device: "b", Epoch: b.Epoch, Upto: b.Last()}))
		if got, want := ob.Stats().Sent, min(day+1, 15); got != want {
			t.Errorf("day %d: %d records kept, want %d", day, got, want)
		}
		now = now.Add(24 * time.Hour)
	}
	b := ackAll(ob)
	must(t, ob.Apply(b)) // a backup at last
	if s := ob.Stats(); s.Sent != 0 {
		t.Errorf("%d records kept though they are in a backup", s.Sent)
	}
}

func TestSmallThings(t *testing.T) {
	ob := mustOpen(t, tempPath(t), Opts{})
	if ob.Journal() != nil {
		t.Error("a fresh outbox has a journal")
	}
	if th, err := ob.Throttle(); th != (Throttle{}) || err != nil {
		t.Error(th, err)
	}
	if f, err := ob.Floor(); !f.IsZero() || err != nil {
		t.Error(f, err)
	}
	if err := ob.SetJournal(make([]byte, MaxJournal+1)); err == nil {
		t.Error("a journal of 513 bytes was taken")
	}
	must(t, ob.SetJournal(make([]byte, MaxJournal)))
	must(t, ob.SetJournal(nil))
	if ob.Journal() != nil {
		t.Error("journal was not cleared")
	}
	must(t, ob.PutThrottle(Throttle{Misses: 1}))
	must(t, ob.PutThrottle(Throttle{}))

	writes := func(fn func()) int64 {
		before := ob.db.Stats()
		fn()
		after := ob.db.Stats()
		return after.TxStats.GetWrite() - before.TxStats.GetWrite()
	}
	must(t, ob.RaiseFloor(testDay))
	if n := writes(func() {
		for i := range 60 {
			must(t, ob.RaiseFloor(testDay.Add(time.Duration(i)*time.Minute)))
		}
		must(t, ob.RaiseFloor(testDay.Add(-time.Hour)))
		must(t, ob.SetJournal(nil))
		must(t, ob.PutThrottle(Throttle{}))
	}); n != 0 {
		t.Errorf("%d page writes for nothing new", n)
	}
	if n := writes(func() { must(t, ob.RaiseFloor(testDay.Add(time.Hour))) }); n == 0 {
		t.Error("a new hour was not stored")
	}
}

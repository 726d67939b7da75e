// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/sync/record"
)

// newRecord draws a record of a fixed cell.
func newRecord(t testing.TB) record.Record {
	t.Helper()
	w, err := record.NewWeek(2026, 47)
	if err != nil {
		t.Fatal(err)
	}
	r, err := record.NewPO(record.PinChange, record.Done, w, 7)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func newRecords(t testing.TB, n int) []record.Record {
	t.Helper()
	all := make([]record.Record, n)
	for i := range all {
		all[i] = newRecord(t)
	}
	return all
}

// mustOpen opens an outbox that must not be damaged and checks it after the test.
func mustOpen(t testing.TB, path string, opts Opts) *Outbox {
	t.Helper()
	ob, q, err := Open(path, opts)
	if err != nil {
		t.Fatal(err)
	}
	if q != nil {
		t.Fatalf("file was set aside: %v", q.Cause)
	}
	checkAtEnd(t, ob, path)
	return ob
}

// checkAtEnd runs bbolt's check and ours when the test is over.
func checkAtEnd(t testing.TB, ob *Outbox, path string) {
	t.Helper()
	t.Cleanup(func() {
		if err := ob.Check(); err != nil && err.Error() != fmt.Errorf("checking outbox: %w", ErrClosed).Error() {
			t.Error(err)
		}
		if err := ob.Close(); err != nil {
			t.Error(err)
		}
		checkFile(t, path)
	})
}

func tempPath(t testing.TB) string { return filepath.Join(t.TempDir(), "outbox.db") }

// ackAll is a good receipt for everything handed out.
func ackAll(ob *Outbox) record.Ack {
	return record.Ack{Device: "box-1", Epoch: ob.st.Epoch, Upto: ob.st.Sent, Durable: ob.st.Sent}
}

var testDay = time.Date(2026, time.November, 18, 3, 0, 0, 0, time.UTC)

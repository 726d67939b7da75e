// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestOperation: it survives a restart and the end of its case, and goes only when it is settled.
func TestOperation(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	o, _, err := Open(path, Opts{})
	if err != nil {
		t.Fatal(err)
	}
	want := bytes.Repeat([]byte{7}, MaxJournal)
	if err := o.SetOperation(append(want, 0)); err == nil {
		t.Error("a journal over the limit was stored")
	}
	for _, f := range []func() error{func() error { return o.SetJournal([]byte("case")) }, func() error { return o.SetOperation(want) }, func() error { return o.SetJournal(nil) }, o.Close} {
		if err := f(); err != nil {
			t.Fatal(err)
		}
	}
	if o, _, err = Open(path, Opts{}); err != nil {
		t.Fatal(err)
	}
	defer o.Close()
	if !bytes.Equal(o.Operation(), want) || o.Journal() != nil {
		t.Errorf("%d bytes of an operation, %d of a case", len(o.Operation()), len(o.Journal()))
	}
	if err := o.SetOperation(nil); err != nil || o.Operation() != nil {
		t.Errorf("settled, and it is still there: %v", err)
	}
}

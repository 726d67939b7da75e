// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bytes"
	"path/filepath"
	"testing"
)

// TestUpdateDocuments: what updates have verified is there after a start, and an outbox is not filled by them.
func TestUpdateDocuments(t *testing.T) {
	path := filepath.Join(t.TempDir(), "outbox.db")
	for start := range 2 {
		o, q, err := Open(path, Opts{Device: "box-1"})
		if err != nil || q != nil {
			t.Fatal(q, err)
		}
		if got, err := o.Update("root"); err != nil || (start == 1) != bytes.Equal(got, []byte("signed")) {
			t.Errorf("start %d: %q, %v", start, got, err)
		}
		if err := o.PutUpdate("root", []byte("signed")); err != nil {
			t.Error(err)
		}
		if err := o.PutUpdate("targets", make([]byte, MaxUpdate+1)); err == nil {
			t.Error("too long a document was stored")
		}
		if err := o.PutUpdate("targets", make([]byte, MaxUpdate)); err != nil {
			t.Error(err)
		}
		if err := o.PutUpdate("targets", nil); err != nil {
			t.Error(err)
		}
		if got, err := o.Update("targets"); err != nil || got != nil {
			t.Errorf("%d bytes of a document that was taken away, %v", len(got), err)
		}
		if err := o.Check(); err != nil {
			t.Error(err)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

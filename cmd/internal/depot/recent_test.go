// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"bytes"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/update"
)

// TestList: a request for several chunks is answered by a part for each, as if each had been asked for, also by that what is not there.
func TestList(t *testing.T) {
	d, _ := create(t)
	one, other := []byte("one chunk"), bytes.Repeat([]byte("x"), update.MaxPart)
	for _, b := range [][]byte{one, other} {
		if err := d.Put(update.ChunkName(update.Sum(b)), b); err != nil {
			t.Fatal(err)
		}
	}
	gone := update.Sum([]byte("gone"))
	body, err := update.Want{Chunks: []update.Digest{update.Sum(one), gone, update.Sum(other)}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	s := NewServer(d, ServeOpts{})
	for range 2 { // the second time out of memory
		var got []update.Part
		s.Ask("a", body, func(b []byte) {
			p, err := update.ParsePart(b)
			if err != nil {
				t.Error(err)
			}
			got = append(got, p)
		})
		want := []update.Part{
			{Name: update.ChunkName(update.Sum(one)), Size: uint64(len(one)), Data: one},
			{Name: update.ChunkName(gone), Absent: true, Data: []byte{}},
			{Name: update.ChunkName(update.Sum(other)), Size: uint64(len(other)), Data: other},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
}

// TestRecent: an answer is read once for boxes that ask within seconds, and anew afterwards; metadata, which change, are read each time; a part of a chunk that is kept
// whole is a part.
func TestRecent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := create(t)
		chunk := update.ChunkName(update.Sum([]byte("chunk")))
		for name, blob := range map[string]string{chunk: "chunk", "policy/7": "first"} {
			if err := d.Put(name, []byte(blob)); err != nil {
				t.Fatal(err)
			}
		}
		s := NewServer(d, ServeOpts{})
		ask := func(device string, w update.Want) (got string) {
			t.Helper()
			body, err := w.Encode()
			if err != nil {
				t.Fatal(err)
			}
			s.Ask(device, body, func(b []byte) {
				p, err := update.ParsePart(b)
				if err != nil {
					t.Error(err)
				}
				got = string(p.Data)
			})
			return got
		}
		change := func(name, blob string) {
			t.Helper()
			path, err := d.path(name)
			if err == nil {
				err = os.WriteFile(path, []byte(blob), 0o644)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		whole := update.Want{Name: chunk, Len: update.MaxPart}
		for _, step := range []struct {
			name, spoil string // written to the chunk before
			wait        time.Duration
			want        update.Want
			got         string
		}{
			{"first", "", 0, whole, "chunk"},
			{"within seconds", "spoil", recentFor - 1, whole, "chunk"},
			{"a part, from the disk", "", 0, update.Want{Name: chunk, Offset: 2, Len: 2}, "oi"},
			{"less than the whole", "", 0, update.Want{Name: chunk, Len: 3}, "spo"},
			{"later", "", 1, whole, "spoil"},
			{"written anew", "chunk", recentFor, whole, "chunk"},
			{"metadata", "", 0, update.Want{Name: "policy/7", Len: 100}, "first"},
		} {
			if step.spoil != "" {
				change(chunk, step.spoil)
			}
			time.Sleep(step.wait)
			if got := ask("a", step.want); got != step.got {
				t.Errorf("%s: %q, want %q", step.name, got, step.got)
			}
		}
		change("policy/7", "second")
		if got := ask("b", update.Want{Name: "policy/7", Len: 100}); got != "second" {
			t.Errorf("metadata that changed: %q", got)
		}
		for i := range 2 * recentBytes / update.MaxPart {
			name := update.ChunkName(update.Sum(fmt.Append(nil, i)))
			s.recent.put(update.Want{Name: name, Len: update.MaxPart}, update.MaxPart, answered{make([]byte, update.MaxPart), update.MaxPart, time.Now()})
		}
		sum := 0
		for _, a := range s.recent.kept {
			sum += len(a.body)
		}
		if sum != s.recent.bytes || sum > recentBytes || sum < recentBytes-2*update.MaxPart || len(s.recent.order) != len(s.recent.kept) {
			t.Errorf("%d bytes of %d answers are kept, %d of %d are counted", sum, len(s.recent.kept), s.recent.bytes, len(s.recent.order))
		}
	})
}

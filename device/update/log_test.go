// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"strings"
	"testing"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// blobs is a depot.
type blobs map[string][]byte

func (b blobs) get(name string) ([]byte, error) {
	if raw, ok := b[name]; ok {
		return raw, nil
	}
	return nil, update.ErrAbsent
}

func (b blobs) put(name string, raw []byte) error {
	if err := update.CheckName(name); err != nil {
		return err
	}
	b[name] = bytes.Clone(raw)
	return nil
}

func (b blobs) fetch(_ context.Context, name string, limit int) ([]byte, error) {
	raw, err := b.get(name)
	if err == nil && len(raw) > limit {
		err = fmt.Errorf("%s has %d bytes, at most %d", name, len(raw), limit)
	}
	return raw, err
}

func newLogSigner(t testing.TB) *signer.LogSigner {
	t.Helper()
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := signer.NewLogSigner("madoguchi/nabari", key)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func releases(from, to int, what string) []signer.Released {
	var list []signer.Released
	for n := from; n < to; n++ {
		list = append(list, signer.Released{Path: fmt.Sprintf("policy/%d/manifest.json", n), Digest: update.Sum(fmt.Appendf(nil, "%s %d", what, n))})
	}
	return list
}

func grow(t testing.TB, s *signer.LogSigner, b blobs, list []signer.Released) {
	t.Helper()
	if err := signer.NewLog(s, b.get, b.put).Append(list); err != nil {
		t.Fatal(err)
	}
}

// TestLogGrows: at every size over the edge of two tiles every release is proved, by one box that sees all checkpoints and by one that sees only now and then.
func TestLogGrows(t *testing.T) {
	s, depot := newLogSigner(t), blobs{}
	open := func() *update.Log {
		l, err := update.OpenLog(s.Public(), memory{})
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	daily, weekly := open(), open()
	all := releases(0, 530, "rules")
	for n := 1; n <= len(all); n++ {
		if n > 20 && n < 250 || n > 262 && n < 508 {
			continue // the middle of a tile is like any other
		}
		grow(t, s, depot, all[:n])
		for i, l := range []*update.Log{daily, weekly} {
			if i == 1 && n%7 != 0 {
				continue
			}
			for _, at := range []int{0, n / 2, n - 1} {
				if err := l.Check(t.Context(), depot.fetch, all[at].Path, all[at].Digest); err != nil {
					t.Fatalf("%d of %d: %v", at, n, err)
				}
			}
		}
		if n < len(all) {
			if err := daily.Check(t.Context(), depot.fetch, all[n].Path, all[n].Digest); !errors.Is(err, update.ErrNotLogged) {
				t.Fatalf("a release that is not in the log of %d: %v", n, err)
			}
		}
	}
	before := len(depot)
	grow(t, s, depot, all)
	if len(depot) != before {
		t.Error("releases that are in the log were added again")
	}
}

// TestForgedLog: what a depot, a mirror, or the log's own keeper can try.
func TestForgedLog(t *testing.T) {
	s := newLogSigner(t)
	seen := releases(0, 9, "rules")
	next := releases(0, 12, "rules")
	last := next[11]
	for name, c := range map[string]struct {
		want  error // nil: any
		depot func(honest blobs) blobs
	}{
		"another history, as long": {update.ErrSplitView, func(blobs) blobs {
			b := blobs{}
			grow(t, s, b, append(releases(0, 8, "other"), last))
			return b
		}},
		"another history, longer": {update.ErrSplitView, func(blobs) blobs {
			b := blobs{}
			grow(t, s, b, append(releases(0, 20, "other"), last))
			return b
		}},
		"an older checkpoint": {update.ErrSplitView, func(blobs) blobs {
			b := blobs{}
			grow(t, s, b, append(releases(0, 3, "rules"), last))
			return b
		}},
		"a checkpoint of another key": {nil, func(blobs) blobs {
			b := blobs{}
			grow(t, newLogSigner(t), b, next)
			return b
		}},
		"no checkpoint": {update.ErrAbsent, func(b blobs) blobs { delete(b, update.CheckpointName); return b }},
		"a checkpoint with a bit turned": {nil, func(b blobs) blobs {
			b[update.CheckpointName][25] ^= 1
			return b
		}},
		"an endless checkpoint": {nil, func(b blobs) blobs { b[update.CheckpointName] = make([]byte, 1<<20); return b }},
		"a tile with a bit turned": {nil, func(b blobs) blobs {
			for name, raw := range b {
				if strings.HasPrefix(name, "log/tile/") {
					raw[len(raw)-1] ^= 1
				}
			}
			return b
		}},
		"a tile cut off": {nil, func(b blobs) blobs {
			for name, raw := range b {
				if strings.HasPrefix(name, "log/tile/") {
					b[name] = raw[:len(raw)-1]
				}
			}
			return b
		}},
		"the place of another release": {update.ErrNotLogged, func(b blobs) blobs { b[update.IndexName(last.Digest)] = []byte("3"); return b }},
		"a place beyond the end":       {update.ErrNotLogged, func(b blobs) blobs { b[update.IndexName(last.Digest)] = []byte("12"); return b }},
		"no number":                    {update.ErrNotLogged, func(b blobs) blobs { b[update.IndexName(last.Digest)] = []byte("-1"); return b }},
		"a release that is not in it": {update.ErrNotLogged, func(blobs) blobs {
			b := blobs{}
			grow(t, s, b, next[:11])
			return b
		}},
	} {
		t.Run(name, func(t *testing.T) {
			honest, kept := blobs{}, memory{}
			grow(t, s, honest, seen)
			l, err := update.OpenLog(s.Public(), kept)
			if err != nil {
				t.Fatal(err)
			}
			if err := l.Check(t.Context(), honest.fetch, seen[4].Path, seen[4].Digest); err != nil {
				t.Fatal(err)
			}
			grow(t, s, honest, next)
			good := blobs{}
			for k, v := range honest {
				good[k] = bytes.Clone(v)
			}
			err = l.Check(t.Context(), c.depot(honest).fetch, last.Path, last.Digest)
			if err == nil || c.want != nil && !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			// The attack over, the box goes on; after a split view it still holds to what it saw.
			if err := l.Check(t.Context(), good.fetch, last.Path, last.Digest); err != nil {
				t.Errorf("afterwards: %v", err)
			}
		})
	}
}

// TestLogCut: the power goes after any write of an append. The checkpoint before still holds, and the next append repairs the rest.
func TestLogCut(t *testing.T) {
	s := newLogSigner(t)
	all := releases(0, 300, "rules")
	begun := blobs{}
	grow(t, s, begun, all[:250])
	cut := errors.New("the power went")
	for writes := 0; ; writes++ {
		b := maps.Clone(begun)
		left := writes
		err := signer.NewLog(s, b.get, func(name string, raw []byte) error {
			if left--; left < 0 {
				return cut
			}
			return b.put(name, raw)
		}).Append(all)
		if err != nil && !errors.Is(err, cut) {
			t.Fatal(err)
		}
		l, openErr := update.OpenLog(s.Public(), memory{})
		if openErr != nil {
			t.Fatal(openErr)
		}
		if err := l.Check(t.Context(), b.fetch, all[100].Path, all[100].Digest); err != nil {
			t.Fatalf("after %d writes: %v", writes, err)
		}
		grow(t, s, b, all)
		if err := l.Check(t.Context(), b.fetch, all[299].Path, all[299].Digest); err != nil {
			t.Fatalf("after %d writes and a repair: %v", writes, err)
		}
		if err == nil {
			t.Logf("%d writes", writes)
			return
		}
	}
}

// TestChangedDepot: somebody changes the history on the depot's disk. Nothing is signed over it.
func TestChangedDepot(t *testing.T) {
	s, b := newLogSigner(t), blobs{}
	grow(t, s, b, releases(0, 5, "rules"))
	for name, raw := range b {
		if strings.HasPrefix(name, "log/tile/") {
			raw[0] ^= 1
		}
	}
	if err := signer.NewLog(s, b.get, b.put).Append(releases(0, 6, "rules")); err == nil {
		t.Error("a changed history was signed")
	}
}

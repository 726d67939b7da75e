// SPDX-License-Identifier: Apache-2.0

package update

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/sync/wall"
)

// FuzzParse holds that a message that is read is written again as the same bytes, and that anything else is refused.
func FuzzParse(f *testing.F) {
	w, _ := Want{Name: ChunkName(Sum(nil)), Len: MaxPart}.Encode()
	p, _ := Part{Name: "root/2", Offset: 3, Size: 9, Data: []byte("data")}.Encode()
	a, _ := Part{Name: "root/2", Absent: true}.Encode()
	l, _ := Want{Chunks: []Digest{Sum(nil), Sum([]byte{1})}}.Encode()
	for _, b := range [][]byte{w, l, p, a, {}, l[:33], {200}, {3, 'a', '/', '/'}} {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		if w, err := ParseWant(b); err == nil {
			if again, err := w.Encode(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("want %+v: %x, %v; read from %x", w, again, err, b)
			}
			if len(b) > wall.Want.Limit(wall.Counter) {
				t.Errorf("want of %d bytes does not pass the wall", len(b))
			}
		}
		if p, err := ParsePart(b); err == nil {
			if again, err := p.Encode(); err != nil || !bytes.Equal(again, b) {
				t.Errorf("part %+v: %x, %v; read from %x", p, again, err, b)
			}
			if len(b) > wall.Bytes.Limit(wall.Network) {
				t.Errorf("part of %d bytes does not pass the wall", len(b))
			}
		}
	})
}

// TestWantChunks: a list of chunks is that many requests for one whole chunk each, fits the wall, and has one form.
func TestWantChunks(t *testing.T) {
	var list []Digest
	for i := range maxWanted + 1 {
		list = append(list, Sum([]byte{byte(i)}))
	}
	for n, ok := range map[int]bool{0: false, 1: false, 2: true, maxWanted: true, maxWanted + 1: false} {
		b, err := Want{Chunks: list[:n]}.Encode()
		if (err == nil) != ok {
			t.Errorf("%d chunks: %v", n, err)
		}
		if !ok {
			continue
		}
		if len(b) > wall.Want.Limit(wall.Counter) {
			t.Errorf("%d chunks are %d bytes: too long for the wall", n, len(b))
		}
		w, err := ParseWant(b)
		if err != nil {
			t.Fatal(err)
		}
		each := w.Each()
		if len(each) != n {
			t.Fatalf("%d requests for %d chunks", len(each), n)
		}
		for i, one := range each {
			if d := cmp.Diff(Want{Name: ChunkName(list[i]), Len: MaxPart}, one); d != "" {
				t.Error(d)
			}
		}
		for _, cut := range []int{1, 1 + len(Digest{}), len(b) - 1} {
			if _, err := ParseWant(b[:cut]); err == nil {
				t.Errorf("%d of %d bytes were read", cut, len(b))
			}
		}
	}
	if _, err := (Want{Name: "timestamp", Len: 1, Chunks: list[:2]}).Encode(); err == nil {
		t.Error("a name and chunks in one request were taken")
	}
}

func TestNames(t *testing.T) {
	for name, ok := range map[string]bool{
		"timestamp": true, "root/12": true, "firmware/1.4.2/rpi4.json": true, ChunkName(Sum(nil)): true,
		"": false, "/root": false, "root/": false, "a//b": false, "../x": false, "a/../b": false, "a/.b": false, "a.": false, "A": false, "a b": false, "a+": false, "a#": false,
		strings.Repeat("a", maxName+1): false,
	} {
		if err := checkName(name); (err == nil) != ok {
			t.Errorf("%q: %v, want ok = %v", name, err, ok)
		}
	}
}

func TestPolynomial(t *testing.T) {
	if !polynomial.Irreducible() {
		t.Error("the polynomial of the cut is reducible: chunks would end where they should not")
	}
}

func TestManifest(t *testing.T) {
	m := Manifest{Schema: ManifestSchema, Kind: Firmware, Product: "counter", Version: "1", Seq: 1, Size: 1, Chunks: ChunkRef{Count: 1},
		NotBefore: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Expires: time.Date(2027, 11, 22, 0, 0, 0, 0, time.UTC)}
	b, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	again, err := ParseManifest(b)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(m, again); d != "" {
		t.Error(d)
	}
	change := func(k string, v any) []byte {
		var fields map[string]any
		if err := json.Unmarshal(b, &fields); err != nil {
			t.Fatal(err)
		}
		fields[k] = v
		out, err := json.Marshal(fields)
		if err != nil {
			t.Fatal(err)
		}
		return out
	}
	for name, bad := range map[string][]byte{
		"an unknown field": change("extra", 1), "a newer schema": change("schema", "madoguchi.manifest/2"), "an unknown kind": change("kind", "keys"),
		"no seq": change("seq", 0), "no size": change("size", 0), "too large": change("size", int64(1)<<40), "spaces": append([]byte(" "), b...),
		"two documents": append(bytes.Clone(b), b...), "expired before it begins": change("expires", "2020-01-01T00:00:00Z"), "too long": make([]byte, MaxManifest+1),
	} {
		if _, err := ParseManifest(bad); err == nil {
			t.Errorf("a manifest with %s was taken", name)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

var day = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)

func newKey(t *testing.T) ed25519.PrivateKey {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// create makes a depot with one key for every role.
func create(t *testing.T) (*Depot, []signer.Key) {
	t.Helper()
	roles, keys := map[string]signer.Role{}, []signer.Key{}
	for _, name := range signer.Roles {
		k := newKey(t)
		keys = append(keys, k)
		roles[name] = signer.Role{Keys: []signer.Key{k}, Threshold: 1}
	}
	d, err := Create(filepath.Join(t.TempDir(), "nabari"), "nabari", roles, day, nil)
	if err != nil {
		t.Fatal(err)
	}
	return d, keys
}

func manifest(version string, seq uint64) update.Manifest {
	return update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", Version: version, Seq: seq,
		NotBefore: day, Expires: day.AddDate(1, 0, 0)}
}

func TestDepot(t *testing.T) {
	d, keys := create(t)
	if _, err := Create(d.dir, "nabari", nil, day, nil); err == nil {
		t.Error("a city was created over another")
	}
	payload := bytes.Repeat([]byte("rules "), 40<<10)
	err := d.With(keys, func(r *signer.Repository) error {
		if _, err := r.Release("policy/1/manifest.json", manifest("1", 1), bytes.NewReader(payload)); err != nil {
			return err
		}
		return r.Publish(day)
	})
	if err != nil {
		t.Fatal(err)
	}
	again, err := Open(d.dir)
	if err != nil {
		t.Fatal(err)
	}
	m, err := again.Manifest("policy/1/manifest.json")
	if err != nil || m.Size != int64(len(payload)) || again.City() != "nabari" {
		t.Fatalf("manifest %+v: %v", m, err)
	}
	if _, err := again.Manifest("policy/2/manifest.json"); !errors.Is(err, ErrNotReleased) {
		t.Errorf("manifest of nothing: %v", err)
	}
	// A box's trust walks it.
	root, err := again.Root()
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Contains(root, []byte(`"root"`)) {
		t.Error("the root is none")
	}
}

// TestTwoAdmins: two programs release at the same moment. Both releases are there afterwards.
func TestTwoAdmins(t *testing.T) {
	d, keys := create(t)
	var both sync.WaitGroup
	for _, version := range []string{"1", "2", "3", "4"} {
		both.Go(func() {
			other, err := Open(d.dir)
			if err != nil {
				t.Error(err)
				return
			}
			if err := other.With(keys, func(r *signer.Repository) error {
				if _, err := r.Release("policy/"+version+"/manifest.json", manifest(version, 1), strings.NewReader(version)); err != nil {
					return err
				}
				return r.Publish(day)
			}); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	if err := d.With(nil, func(r *signer.Repository) error {
		if n := len(r.Releases()); n != 4 {
			t.Errorf("%d releases, want 4", n)
		}
		return nil
	}); err != nil {
		t.Error(err)
	}
}

func TestPut(t *testing.T) {
	d, _ := create(t)
	sum := update.Sum([]byte("a"))
	tests := map[string]struct {
		name string
		blob string
		ok   bool
	}{
		"metadata":                {"policy/7", "x", true},
		"metadata again":          {"policy/7", "y", true},
		"a chunk":                 {update.ChunkName(sum), "a", true},
		"a chunk of another name": {update.ChunkName(sum), "b", false},
		"the same root":           {"root/1", "", true},
		"another first root":      {"root/1", "x", false},
		"out of the folder":       {"../city.json", "x", false},
		"an absolute path":        {"/etc/passwd", "x", false},
		"a hidden file":           {"policy/.x", "x", false},
		"no name":                 {"", "x", false},
		"capital letters":         {"Policy/1", "x", false},
	}
	root, err := d.Get("root/1")
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			blob := []byte(tt.blob)
			if name == "the same root" {
				blob = root
			}
			if err := d.Put(tt.name, blob); (err == nil) != tt.ok {
				t.Errorf("put: %v, want it taken: %v", err, tt.ok)
			}
		})
	}
	if now, err := d.Get("root/1"); err != nil || !bytes.Equal(now, root) {
		t.Error("the first root was changed")
	}
	// A chunk whose file a power cut has spoilt is written anew.
	path, err := d.path(update.ChunkName(sum))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(update.ChunkName(sum), []byte("a")); err != nil {
		t.Fatal(err)
	}
	if b, err := d.Get(update.ChunkName(sum)); err != nil || string(b) != "a" {
		t.Errorf("chunk %q: %v", b, err)
	}
	left, err := filepath.Glob(filepath.Join(d.dir, blobs, "*", ".new-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %v %v", left, err)
	}
}

func TestPart(t *testing.T) {
	d, _ := create(t)
	if err := d.Put("policy/7", []byte("0123456789")); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		want   update.Want
		data   string
		absent bool
	}{
		"all":             {update.Want{Name: "policy/7", Len: 100}, "0123456789", false},
		"a middle":        {update.Want{Name: "policy/7", Offset: 3, Len: 4}, "3456", false},
		"the end":         {update.Want{Name: "policy/7", Offset: 10, Len: 4}, "", false},
		"past the end":    {update.Want{Name: "policy/7", Offset: 11, Len: 4}, "", true},
		"nothing":         {update.Want{Name: "policy/8", Len: 4}, "", true},
		"a folder":        {update.Want{Name: "policy", Len: 4}, "", true},
		"the keys' place": {update.Want{Name: "../keys/root-1.key", Len: 4}, "", true},
	} {
		p, err := d.Part(tt.want)
		if err != nil || p.Absent != tt.absent || string(p.Data) != tt.data {
			t.Errorf("%s: %+v, %v", name, p, err)
		}
	}
}

func TestKeyFiles(t *testing.T) {
	dir := t.TempDir()
	key := newKey(t)
	plain, sealed := filepath.Join(dir, "plain"), filepath.Join(dir, "sealed")
	if err := WriteKey(plain, key, "", 0); err != nil {
		t.Fatal(err)
	}
	if err := WriteKey(sealed, key, "a long sentence for tests", 8); err != nil {
		t.Fatal(err)
	}
	if err := WriteKey(plain, key, "", 0); err == nil {
		t.Error("a key was written over another")
	}
	if err := WriteKey(filepath.Join(dir, "short"), key, "short", 8); err == nil {
		t.Error("a short passphrase was taken")
	}
	say := func(s string) Passphrase { return func(string) (string, error) { return s, nil } }
	for name, tt := range map[string]struct {
		path string
		ask  Passphrase
		ok   bool
	}{
		"plain":            {plain, nil, true},
		"sealed":           {sealed, say("a long sentence for tests"), true},
		"wrong passphrase": {sealed, say("another sentence for tests"), false},
		"nobody to ask":    {sealed, nil, false},
		"no file":          {filepath.Join(dir, "none"), nil, false},
	} {
		k, err := ReadKey(tt.path, tt.ask)
		if (err == nil) != tt.ok || err == nil && !key.Equal(k) {
			t.Errorf("%s: %v", name, err)
		}
	}
	text, err := os.ReadFile(sealed)
	if err != nil || bytes.Contains(text, []byte("PRIVATE KEY")) {
		t.Errorf("the sealed file shows its key: %v", err)
	}
	if err := os.Chmod(plain, 0o640); err != nil {
		t.Fatal(err)
	}
	if _, err := ReadKey(plain, nil); err == nil {
		t.Error("a plain key that a group may read was taken")
	}
}

// TestPace: two boxes of one office share its line, a third elsewhere does not feel it; no answer comes later than a box waits.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d, _ := create(t)
		if err := d.Put("policy/7", make([]byte, update.MaxPart)); err != nil {
			t.Fatal(err)
		}
		offices := map[string]string{"a": "north", "b": "north", "c": "south"}
		s := NewServer(d, ServeOpts{DeviceBPS: 64 << 10, OfficeBPS: 96 << 10, Office: func(id string) string { return offices[id] }})
		var mu sync.Mutex
		got := map[string]int{}
		ask := func(id string, n int) {
			for i := range n {
				w := update.Want{Name: "policy/7", Len: uint32(update.MaxPart - i)} // no two alike
				body, err := w.Encode()
				if err != nil {
					t.Fatal(err)
				}
				there := false
				send := func([]byte) { mu.Lock(); got[id]++; there = true; mu.Unlock() }
				s.Ask(id, body, send)
				mu.Lock()
				again := !there
				mu.Unlock()
				if again {
					s.Ask(id, body, send) // asked twice while it waits: answered once
				}
			}
		}
		ask("a", 40)
		ask("b", 40)
		ask("c", 10)
		time.Sleep(time.Millisecond)
		synctest.Wait()
		mu.Lock()
		if got["a"] < 8 || got["a"] > 9 || got["c"] < 8 || got["c"] > 9 || got["b"] != 0 {
			t.Errorf("at once %v, want the burst of eight for a and c, and none for b: its office's is used up", got)
		}
		mu.Unlock()
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		// 15 s at 96 KiB/s and the burst are 30 parts for the office; c has its ten.
		if n := got["a"] + got["b"]; n < 28 || n > 32 || got["c"] != 10 {
			t.Errorf("in all %v, want about 30 for the office and 10 for c", got)
		}
		if c := s.Served(); c.Late == 0 || c.Bytes == 0 {
			t.Errorf("served %+v", c)
		}
		s.Ask("a", []byte("nonsense"), nil)
		if c := s.Served(); c.Refused != 1 {
			t.Errorf("served %+v, want one refused", c)
		}
	})
}

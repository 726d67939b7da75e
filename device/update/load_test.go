// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"errors"
	"testing"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

func (m memory) get(name string) ([]byte, error) {
	raw, ok := m[name]
	if !ok {
		return nil, update.ErrAbsent
	}
	return raw, nil
}

// keysOf are keys of roles, the first n of each.
func (c *city) keysOf(n int, names ...string) []signer.Key {
	var keys []signer.Key
	for _, name := range names {
		keys = append(keys, c.roles[name].Keys[:min(n, len(c.roles[name].Keys))]...)
	}
	return keys
}

// reload opens the city's repository from its documents, as the next start of the fleet's side does.
func (c *city) reload(t *testing.T, keys []signer.Key) {
	t.Helper()
	var err error
	if c.Repository, err = signer.Load(keys, c.depot.get, c.depot.put); err != nil {
		t.Fatal(err)
	}
}

func TestLoad(t *testing.T) {
	c := newCity(t)
	c.release(t, update.Policy, "1", 1, []byte("rules"))
	c.mustRefresh(t)

	c.reload(t, c.keysOf(3, signer.Roles...))
	path, _ := c.release(t, update.Policy, "2", 2, []byte("newer rules"))
	c.mustRefresh(t)
	if _, err := c.trust.Assignment(c.assign(t, "box", 1, path, "policy/1/any.json"), "box", 0, known); err == nil {
		t.Error("two policies in one assignment were taken")
	}
	if _, err := c.trust.Assignment(c.assign(t, "box", 1, path), "box", 0, known); err != nil {
		t.Error(err)
	}
	if n := len(c.Releases()); n != 2 {
		t.Errorf("%d releases, want 2", n)
	}
	if err := c.Rotate("timestamp", signer.Role{Keys: []signer.Key{key(t)}, Threshold: 1}, day); err != nil {
		t.Fatal(err)
	}
	if _, err := signer.Load(c.keysOf(1, "timestamp"), c.depot.get, c.depot.put); !errors.Is(err, signer.ErrStranger) {
		t.Errorf("a key that was rotated away: %v", err)
	}
	c.mustRefresh(t)
}

// TestLoadFewKeys: who holds few keys can do little, and a threshold is counted in keys, not in files.
func TestLoadFewKeys(t *testing.T) {
	c := newCity(t)
	online := []string{"snapshot", "timestamp", "director"}
	tests := map[string]struct {
		keys []signer.Key
		kind update.Kind
		want string // the role that lacks keys
	}{
		"no key":                      {nil, update.Policy, "policy"},
		"the policy's":                {c.keysOf(1, append(online, "policy")...), update.Policy, ""},
		"the policy's for a firmware": {c.keysOf(1, append(online, "policy")...), update.Firmware, "firmware"},
		"one of two":                  {c.keysOf(1, append(online, "firmware")...), update.Firmware, "firmware"},
		"one of two, twice":           {append(c.keysOf(1, "firmware"), c.keysOf(1, append(online, "firmware")...)...), update.Firmware, "firmware"},
		"two of two":                  {c.keysOf(2, append(online, "firmware")...), update.Firmware, ""},
		"no timestamp":                {c.keysOf(2, "firmware", "snapshot"), update.Firmware, "timestamp"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c.reload(t, tt.keys)
			_, err := c.Release(string(tt.kind)+"/"+t.Name()+"/any.json", manifest(tt.kind, "9", 9), bytes.NewReader([]byte("x")))
			if err != nil {
				t.Fatal(err)
			}
			stored := len(c.depot)
			err = c.Publish(day)
			var few *signer.KeysError
			if errors.As(err, &few) != (tt.want != "") || tt.want != "" && few.Role != tt.want {
				t.Fatalf("publish: %v, want it refused for %q", err, tt.want)
			}
			if err != nil && len(c.depot) != stored {
				t.Error("a refused publication left something in the depot")
			}
			if err := c.refresh(); err != nil {
				t.Errorf("a box: %v", err)
			}
		})
	}
	if _, err := signer.Load([]signer.Key{key(t)}, c.depot.get, c.depot.put); !errors.Is(err, signer.ErrStranger) {
		t.Errorf("a stranger's key: %v", err)
	}
}

// TestLoadDamaged: a depot whose documents were changed, cut or lost is not signed again.
func TestLoadDamaged(t *testing.T) {
	c := newCity(t)
	c.release(t, update.Policy, "1", 1, []byte("rules"))
	keys := c.keysOf(3, signer.Roles...)
	for name := range c.depot {
		if len(name) > 6 && (name[:6] == "chunk/" || name[:6] == "object") {
			continue
		}
		for what, change := range map[string]func(d memory){
			"lost":    func(d memory) { delete(d, name) },
			"cut":     func(d memory) { d[name] = d[name][:len(d[name])/2] },
			"changed": func(d memory) { d[name] = bytes.Replace(d[name], []byte(`"expires":"20`), []byte(`"expires":"21`), 1) },
		} {
			d := c.frozen()
			change(d)
			_, err := signer.Load(keys, d.get, d.put)
			newest := map[string]bool{"root/1": true, "timestamp": true, "snapshot/2": true, "targets/1": true, "policy/2": true, "firmware/1": true, "config/1": true}
			if (err != nil) != newest[name] {
				t.Errorf("%s %s: %v", name, what, err)
			}
		}
	}
}

// TestPublishCut: the fleet's machine loses its power at each document of a publication. What is loaded then is the state before, boxes see the state before, and the
// publication can be made again.
func TestPublishCut(t *testing.T) {
	cuts := 0
	for n := 1; ; n++ {
		c := newCity(t)
		c.release(t, update.Policy, "1", 1, []byte("rules"))
		c.mustRefresh(t)
		left := n
		keys := c.keysOf(3, signer.Roles...)
		repo, err := signer.Load(keys, c.depot.get, func(name string, blob []byte) error {
			if left--; left == 0 {
				return errPower
			}
			return c.depot.put(name, blob)
		})
		if err != nil {
			t.Fatal(err)
		}
		if _, err = repo.Release("policy/2/any.json", manifest(update.Policy, "2", 2), bytes.NewReader([]byte("newer"))); err == nil {
			err = repo.Publish(day)
		}
		if err == nil {
			break
		}
		cuts++
		if !errors.Is(err, errPower) {
			t.Fatal(err)
		}
		c.mustRefresh(t)
		c.reload(t, keys)
		if n := len(c.Releases()); n != 1 {
			t.Errorf("cut %d: %d releases, want the one before", cuts, n)
		}
		path, _ := c.release(t, update.Policy, "2", 2, []byte("newer"))
		c.mustRefresh(t)
		if _, err := c.trust.Assignment(c.assign(t, "box", 1, path), "box", 0, known); err != nil {
			t.Errorf("cut %d: %v", cuts, err)
		}
	}
	t.Logf("%d cuts", cuts)
	if cuts < 6 {
		t.Errorf("only %d documents were cut", cuts)
	}
}

// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// TestAttacks holds the attacks that TUF names, one row each: what the attacker can do, and that the box ends with what it had.
func TestAttacks(t *testing.T) {
	tests := map[string]struct {
		attack func(t *testing.T, c *city) memory // what the box sees next
		want   string                             // in the error
	}{
		"arbitrary software: a blob in place of metadata": {func(t *testing.T, c *city) memory {
			d := c.frozen()
			d["timestamp"] = []byte(`{"signed":{},"signatures":[]}`)
			return d
		}, "timestamp"},
		"stranger: a whole repository of other keys": {func(t *testing.T, c *city) memory {
			other := newCity(t)
			return other.depot
		}, "verifying timestamp"},
		"rollback: yesterday's timestamp": {func(t *testing.T, c *city) memory {
			old := c.frozen()
			c.release(t, update.Policy, "2", 2, []byte("new"))
			c.mustRefresh(t)
			return old
		}, "must be >="},
		"freeze: the same metadata after they expired": {func(t *testing.T, c *city) memory {
			return nil // the clock goes on
		}, "expired"},
		"mix and match: a new snapshot with an old role": {func(t *testing.T, c *city) memory {
			d := c.frozen()
			old := d["policy/1"]
			c.release(t, update.Policy, "2", 2, []byte("new"))
			d = c.frozen()
			for name := range d {
				if strings.HasPrefix(name, "policy/") {
					d[name] = old
				}
			}
			return d
		}, "verifying policy"},
		"endless data: metadata longer than said": {func(t *testing.T, c *city) memory {
			c.release(t, update.Policy, "2", 2, []byte("new"))
			d := c.frozen()
			d["snapshot/3"] = append(d["snapshot/3"], make([]byte, 1<<20)...)
			return d
		}, "verifying snapshot"},
		"replayed root: the old root as the next one": {func(t *testing.T, c *city) memory {
			d := c.frozen()
			d["root/2"] = d["root/1"]
			return d
		}, "verifying root 2"},
		"key compromise: one of two needed root keys": {func(t *testing.T, c *city) memory {
			thief := map[string]signer.Role{}
			for name, r := range c.roles {
				thief[name] = r
			}
			thief["root"] = signer.Role{Keys: c.roles["root"].Keys[:1], Threshold: 1}
			d := memory{}
			repo, err := signer.New(thief, day, d.put)
			if err != nil {
				t.Fatal(err)
			}
			if err := repo.Rotate("timestamp", signer.Role{Keys: []signer.Key{key(t)}, Threshold: 1}, day); err != nil {
				t.Fatal(err)
			}
			return d
		}, "verifying root 2"},
		"withholding: the roles' metadata are not given": {func(t *testing.T, c *city) memory {
			c.release(t, update.Firmware, "2", 2, []byte("new"))
			d := c.frozen()
			for name := range d {
				if strings.HasPrefix(name, "firmware/") {
					delete(d, name)
				}
			}
			return d
		}, "no such object"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			c := newCity(t)
			path, _ := c.release(t, update.Policy, "1", 1, []byte("rules"))
			c.mustRefresh(t)
			now := known
			if d := tt.attack(t, c); d != nil {
				c.depot = d
			} else {
				now.At = now.At.AddDate(0, 0, 8)
			}
			c.open(t) // also over a restart
			err := c.trust.Refresh(context.Background(), c.depot.fetch, now)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("refresh: %v, want an error with %q", err, tt.want)
			}
			if _, err := c.trust.Assignment(c.assign(t, "box", 1, path), "box", 0, now); err == nil {
				t.Error("an assignment was taken after a failed refresh")
			}
		})
	}
}

// TestRotation: keys change, and the box follows over several versions at once; what the old keys sign counts no more.
func TestRotation(t *testing.T) {
	c := newCity(t)
	c.mustRefresh(t)
	if err := c.Rotate("root", signer.Role{Keys: []signer.Key{key(t), key(t), key(t)}, Threshold: 2}, day); err != nil {
		t.Fatal(err)
	}
	old := c.roles["timestamp"]
	if err := c.Rotate("timestamp", signer.Role{Keys: []signer.Key{key(t)}, Threshold: 1}, day); err != nil {
		t.Fatal(err)
	}
	c.mustRefresh(t)
	if got := c.trust.Root(); got != 3 {
		t.Fatalf("root %d, want 3", got)
	}
	// A thief of the old timestamp key signs far ahead: not believed, and it does not stop the city.
	thief := map[string]signer.Role{}
	for name, r := range c.roles {
		thief[name] = r
	}
	thief["timestamp"] = old
	d := memory{}
	repo, err := signer.New(thief, day, d.put)
	if err != nil {
		t.Fatal(err)
	}
	for range 9 {
		if err := repo.Renew(day); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.trust.Refresh(context.Background(), d.fetch, known); err == nil {
		t.Error("a timestamp of the old key was taken")
	}
	if err := c.Renew(day); err != nil {
		t.Fatal(err)
	}
	c.mustRefresh(t)
}

// TestRecovery: a stolen timestamp key that signed far ahead is replaced, and the box takes the lower version of the new key.
func TestRecovery(t *testing.T) {
	c := newCity(t)
	for range 50 {
		if err := c.Renew(day); err != nil {
			t.Fatal(err)
		}
	}
	c.mustRefresh(t)
	ahead := c.depot["timestamp"]
	fresh := newCityWith(t, c) // the same root, versions begin anew: what a restored backup looks like
	if err := c.trust.Refresh(context.Background(), fresh.depot.fetch, known); err == nil {
		t.Fatal("a lower version of the same key was taken")
	}
	if err := fresh.Rotate("timestamp", signer.Role{Keys: []signer.Key{key(t)}, Threshold: 1}, day); err != nil {
		t.Fatal(err)
	}
	if err := fresh.Rotate("snapshot", signer.Role{Keys: []signer.Key{key(t)}, Threshold: 1}, day); err != nil {
		t.Fatal(err)
	}
	if err := c.trust.Refresh(context.Background(), fresh.depot.fetch, known); err != nil {
		t.Fatalf("after the rotation: %v", err)
	}
	if string(c.store["timestamp"]) == string(ahead) {
		t.Error("the old timestamp is still in force")
	}
}

func newCityWith(t *testing.T, like *city) *city {
	t.Helper()
	c := &city{roles: like.roles, depot: memory{}, store: like.store, first: like.first}
	var err error
	if c.Repository, err = signer.New(c.roles, day, c.depot.put); err != nil {
		t.Fatal(err)
	}
	return c
}

// TestClock: without a trusted clock nothing expires, versions still count, and nothing may be installed.
func TestClock(t *testing.T) {
	c := newCity(t)
	path, m := c.release(t, update.Policy, "1", 1, []byte("rules"))
	for name, at := range map[string]time.Time{"1970": time.Unix(0, 0), "2038": time.Date(2038, 1, 19, 3, 14, 8, 0, time.UTC)} {
		t.Run(name, func(t *testing.T) {
			untrusted := update.Moment{At: at}
			if err := c.trust.Refresh(context.Background(), c.depot.fetch, untrusted); err != nil {
				t.Fatal(err)
			}
			if _, err := c.trust.Assignment(c.assign(t, "box", 1, path), "box", 0, untrusted); err != nil {
				t.Errorf("assignment: %v", err)
			}
			var refused *update.RefusedError
			if err := m.Fits(update.Box{Product: "counter"}, untrusted); !errors.As(err, &refused) || refused.Code != "clock" {
				t.Errorf("fits: %v, want it refused for the clock", err)
			}
		})
	}
}

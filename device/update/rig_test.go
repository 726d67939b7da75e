// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"maps"
	mathrand "math/rand/v2"
	"testing"
	"time"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

var (
	day   = time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)
	known = update.Moment{At: day, Trusted: true}
)

// memory is an update.Store and a depot of named blobs.
type memory map[string][]byte

func (m memory) Load(name string) ([]byte, error) { return m[name], nil }

func (m memory) Save(name string, raw []byte) error {
	m[name] = bytes.Clone(raw)
	if raw == nil {
		delete(m, name)
	}
	return nil
}

func (m memory) put(name string, raw []byte) error { m[name] = bytes.Clone(raw); return nil }

func (m memory) fetch(_ context.Context, name string, limit int) ([]byte, error) {
	raw, ok := m[name]
	if !ok {
		return nil, update.ErrAbsent
	}
	return raw[:min(len(raw), limit)], nil
}

func key(t *testing.T) signer.Key {
	t.Helper()
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// roles are keys for every role: two of three for root and firmware, one for the others.
func roles(t *testing.T) map[string]signer.Role {
	t.Helper()
	all := map[string]signer.Role{}
	for _, name := range signer.Roles {
		all[name] = signer.Role{Keys: []signer.Key{key(t)}, Threshold: 1}
	}
	for _, name := range []string{"root", "firmware"} {
		all[name] = signer.Role{Keys: []signer.Key{key(t), key(t), key(t)}, Threshold: 2}
	}
	return all
}

// A city has a repository, a depot and one box.
type city struct {
	*signer.Repository
	roles map[string]signer.Role
	depot memory
	store memory
	first []byte
	trust *update.Trust
}

func newCity(t *testing.T) *city {
	t.Helper()
	c := &city{roles: roles(t), depot: memory{}, store: memory{}}
	var err error
	if c.Repository, err = signer.New(c.roles, day, c.depot.put); err != nil {
		t.Fatal(err)
	}
	c.first = c.Root()
	c.open(t)
	return c
}

// open starts the box anew.
func (c *city) open(t *testing.T) {
	t.Helper()
	var err error
	if c.trust, err = update.OpenTrust(c.first, c.store); err != nil {
		t.Fatal(err)
	}
}

func (c *city) refresh() error { return c.trust.Refresh(context.Background(), c.depot.fetch, known) }

func (c *city) mustRefresh(t *testing.T) {
	t.Helper()
	if err := c.refresh(); err != nil {
		t.Fatal(err)
	}
}

// release publishes a payload as a version of a kind and returns path and manifest.
func (c *city) release(t *testing.T, kind update.Kind, version string, seq uint64, payload []byte) (string, update.Manifest) {
	t.Helper()
	path := string(kind) + "/" + version + "/any.json"
	m, err := c.Release(path, manifest(kind, version, seq), bytes.NewReader(payload))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Publish(day); err != nil {
		t.Fatal(err)
	}
	return path, m
}

func manifest(kind update.Kind, version string, seq uint64) update.Manifest {
	return update.Manifest{Schema: update.ManifestSchema, Kind: kind, Product: "counter", Version: version, Seq: seq,
		Health:    update.Health{Profile: "full", SoakS: 900, WithinS: 1200, MaxBoots: 3},
		NotBefore: day.Add(-time.Hour), Expires: day.AddDate(1, 0, 0)}
}

func (c *city) assign(t *testing.T, device string, gen int64, paths ...string) []byte {
	t.Helper()
	raw, err := c.Assign(gen, update.Order{Device: device}, paths, day.AddDate(0, 0, 14))
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

// frozen is a copy of the depot as it is now.
func (c *city) frozen() memory { return maps.Clone(c.depot) }

// noise is a payload that no chunk repeats in, from a printed seed.
func noise(t *testing.T, n int) []byte {
	t.Helper()
	seed := mathrand.Uint64()
	t.Logf("seed %d", seed)
	r := mathrand.New(mathrand.NewPCG(seed, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

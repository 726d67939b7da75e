// SPDX-License-Identifier: Apache-2.0

package signer

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"

	"madoguchi/device/update"
)

// Get returns a named blob of the depot; update.ErrAbsent if there is none.
type Get func(name string) ([]byte, error)

// ErrStranger says that a key belongs to no role of the repository.
var ErrStranger = errors.New("key belongs to no role of this city")

// Load opens a repository from its own documents, verified from the first root on: what somebody changed on the depot's disk is not signed again. The keys find their
// roles by themselves; a role that they do not fill is verified and served, and not signed. Expiry does not count: an expired repository is loaded to be renewed.
func Load(keys []Key, get Get, put Put) (*Repository, error) {
	tm, raw, err := verify(get)
	if err != nil {
		return nil, fmt.Errorf("loading repository: %w", err)
	}
	r := &Repository{put: put, roles: map[string]Role{}, root: tm.Root, rootRaw: raw, targets: tm.Targets, snapshot: tm.Snapshot, timestamp: tm.Timestamp, changed: map[string]bool{}}
	for name, role := range tm.Root.Signed.Roles {
		r.roles[name] = Role{Threshold: role.Threshold}
	}
	d := tm.Targets[metadata.TARGETS].Signed.Delegations
	if d == nil {
		return nil, errors.New("loading repository: targets delegate to nobody")
	}
	for _, role := range d.Roles {
		r.roles[role.Name] = Role{Threshold: role.Threshold}
	}
	seen := map[string]bool{}
	for _, k := range keys {
		id, err := KeyID(k)
		if err != nil {
			return nil, fmt.Errorf("loading repository: %w", err)
		}
		if seen[id] {
			continue // one key twice is one signature
		}
		seen[id] = true
		if err := r.seat(k, id); err != nil {
			return nil, fmt.Errorf("loading repository: %w", err)
		}
	}
	return r, nil
}

// verify walks the documents as a box does, with no clock.
func verify(get Get) (*trustedmetadata.TrustedMetadata, []byte, error) {
	raw, err := get(versioned(metadata.ROOT, 1))
	if err != nil {
		return nil, nil, fmt.Errorf("root 1: %w", err)
	}
	tm, err := trustedmetadata.New(raw)
	if err != nil {
		return nil, nil, fmt.Errorf("root 1: %w", err)
	}
	tm.RefTime = time.Time{}
	for {
		next, err := get(versioned(metadata.ROOT, tm.Root.Signed.Version+1))
		if errors.Is(err, update.ErrAbsent) {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("root %d: %w", tm.Root.Signed.Version+1, err)
		}
		if _, err := tm.UpdateRoot(next); err != nil {
			return nil, nil, fmt.Errorf("root %d: %w", tm.Root.Signed.Version+1, err)
		}
		raw = next
	}
	blob, err := get(metadata.TIMESTAMP)
	if err == nil {
		_, err = tm.UpdateTimestamp(blob)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("timestamp: %w", err)
	}
	if blob, err = get(versioned(metadata.SNAPSHOT, tm.Timestamp.Signed.Meta["snapshot.json"].Version)); err == nil {
		_, err = tm.UpdateSnapshot(blob, false)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("snapshot: %w", err)
	}
	names := []string{metadata.TARGETS}
	for _, k := range update.Kinds {
		names = append(names, string(k))
	}
	for _, name := range names {
		by := metadata.TARGETS
		if name == metadata.TARGETS {
			by = metadata.ROOT
		}
		m := tm.Snapshot.Signed.Meta[name+".json"]
		if m == nil {
			return nil, nil, fmt.Errorf("%s: not in the snapshot", name)
		}
		if blob, err = get(versioned(name, m.Version)); err == nil {
			_, err = tm.UpdateDelegatedTargets(blob, name, by)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return tm, raw, nil
}

// seat gives a key its place in every role that names it.
func (r *Repository) seat(k Key, id string) error {
	found := false
	for name := range r.roles {
		if slices.Contains(r.keyIDs(name), id) {
			role := r.roles[name]
			role.Keys = append(role.Keys, k)
			r.roles[name], found = role, true
		}
	}
	if !found {
		return fmt.Errorf("%.8s…: %w", id, ErrStranger)
	}
	return nil
}

// keyIDs are the keys that a role's delegator names.
func (r *Repository) keyIDs(name string) []string {
	if role := r.root.Signed.Roles[name]; role != nil {
		return role.KeyIDs
	}
	if d := r.targets[metadata.TARGETS].Signed.Delegations; d != nil {
		for _, role := range d.Roles {
			if role.Name == name {
				return role.KeyIDs
			}
		}
	}
	return nil
}

// KeyID is the name that TUF gives a key: the SHA-256 of its public half in canonical JSON.
func KeyID(k Key) (string, error) {
	key, err := metadata.KeyFromPublicKey(k.Public())
	if err != nil {
		return "", fmt.Errorf("naming key: %w", err)
	}
	id, err := key.ID()
	if err != nil {
		return "", fmt.Errorf("naming key: %w", err)
	}
	return id, nil
}

// RoleState is a role as the newest documents have it.
type RoleState struct {
	Name      string
	Threshold int
	KeyIDs    []string
	Here      int // keys that this repository was opened with
	Version   int64
	Expires   time.Time // of the role's newest document; zero for the director, whose documents are the assignments
}

// States lists the roles in the order of Roles.
func (r *Repository) States() []RoleState {
	var list []RoleState
	for _, name := range Roles {
		s := RoleState{Name: name, Threshold: r.roles[name].Threshold, KeyIDs: r.keyIDs(name), Here: len(r.roles[name].Keys)}
		switch name {
		case metadata.ROOT:
			s.Version, s.Expires = r.root.Signed.Version, r.root.Signed.Expires
		case metadata.SNAPSHOT:
			s.Version, s.Expires = r.snapshot.Signed.Version, r.snapshot.Signed.Expires
		case metadata.TIMESTAMP:
			s.Version, s.Expires = r.timestamp.Signed.Version, r.timestamp.Signed.Expires
		case Director:
		default:
			s.Version, s.Expires = r.targets[name].Signed.Version, r.targets[name].Signed.Expires
		}
		list = append(list, s)
	}
	return list
}

// Released is one object that a role has signed.
type Released struct {
	Path   string
	Kind   update.Kind
	Digest update.Digest // of the manifest
}

// Releases lists what the roles have signed, by kind and path.
func (r *Repository) Releases() []Released {
	var list []Released
	for _, kind := range update.Kinds {
		var paths []string
		files := r.targets[string(kind)].Signed.Targets
		for path := range files {
			paths = append(paths, path)
		}
		slices.Sort(paths)
		for _, path := range paths {
			if sum := files[path].Hashes["sha256"]; len(sum) == len(update.Digest{}) {
				list = append(list, Released{path, kind, update.Digest(sum)})
			}
		}
	}
	return list
}

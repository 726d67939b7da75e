// SPDX-License-Identifier: Apache-2.0

package update

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"
	"github.com/theupdateframework/go-tuf/v2/metadata/trustedmetadata"
)

// Limits of metadata documents, in bytes, and of the roots that are followed in one go.
const (
	maxRoot      = 64 << 10
	maxTimestamp = 16 << 10
	maxSnapshot  = 64 << 10
	maxTargets   = 512 << 10
	maxRoots     = 64
)

// director is the role in root whose key signs assignments. TUF itself knows only the other four.
const director = "director"

// Store keeps what was verified, over restarts. Names are those of metadata: "root", "timestamp", "snapshot", "targets", a Kind.
type Store interface {
	Load(name string) ([]byte, error) // nil: nothing is stored
	Save(name string, raw []byte) error
}

// Fetch asks the depot for a whole object of at most limit bytes; ErrAbsent if there is none.
type Fetch func(ctx context.Context, name string, limit int) ([]byte, error)

// Trust is the verified metadata of the city's repository. It is not safe for concurrent use.
type Trust struct {
	store Store
	first []byte
	tm    *trustedmetadata.TrustedMetadata
	fresh bool // the last Refresh went to its end
}

// OpenTrust begins from the newest root that was verified before, else from first, the root of the provisioning file. No other metadata is believed before Refresh.
func OpenTrust(first []byte, store Store) (*Trust, error) {
	raw, err := store.Load(metadata.ROOT)
	if err != nil {
		return nil, fmt.Errorf("opening trust: %w", err)
	}
	if raw == nil {
		raw = first
	}
	tm, err := trustedmetadata.New(raw)
	if err != nil {
		return nil, fmt.Errorf("opening trust: root: %w", err)
	}
	return &Trust{store: store, first: raw, tm: tm}, nil
}

// Root is the version of the root in force.
func (t *Trust) Root() int64 { return t.tm.Root.Signed.Version }

// Refresh walks from the root in force to the newest metadata, as the TUF specification 5.3–5.6 orders the steps. What was verified is stored step by step, so that
// a refresh that is cut off loses no protection against rollback. After an error nothing may be installed: the metadata in force are not known to be the newest.
//
// Without a trusted clock nothing counts as expired; versions still do.
func (t *Trust) Refresh(ctx context.Context, fetch Fetch, now Moment) error {
	t.fresh = false
	raw, err := t.store.Load(metadata.ROOT)
	if err != nil {
		return fmt.Errorf("loading root: %w", err)
	}
	if raw == nil {
		raw = t.first
	}
	if t.tm, err = trustedmetadata.New(raw); err != nil {
		return fmt.Errorf("loading root: %w", err)
	}
	t.tm.RefTime = time.Time{}
	if now.Trusted {
		t.tm.RefTime = now.At.UTC()
	}
	if err := t.roots(ctx, fetch); err != nil {
		return err
	}
	if err := t.timestamp(ctx, fetch); err != nil {
		return err
	}
	if err := t.snapshot(ctx, fetch); err != nil {
		return err
	}
	if err := t.targets(ctx, fetch, metadata.TARGETS, metadata.ROOT); err != nil {
		return err
	}
	for _, k := range Kinds {
		if _, ok := t.tm.Snapshot.Signed.Meta[string(k)+".json"]; !ok {
			continue // a city without this role yet
		}
		if err := t.targets(ctx, fetch, string(k), metadata.TARGETS); err != nil {
			return err
		}
	}
	t.fresh = true
	return nil
}

// roots follows new roots one by one. A change of the timestamp's or snapshot's keys drops what those keys signed: that is how a city recovers from a stolen key
// that signed a version far ahead.
func (t *Trust) roots(ctx context.Context, fetch Fetch) error {
	for range maxRoots {
		old := t.tm.Root
		raw, err := fetch(ctx, fmt.Sprintf("root/%d", old.Signed.Version+1), maxRoot)
		if errors.Is(err, ErrAbsent) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("fetching root %d: %w", old.Signed.Version+1, err)
		}
		if _, err := t.tm.UpdateRoot(raw); err != nil {
			return fmt.Errorf("verifying root %d: %w", old.Signed.Version+1, err)
		}
		for _, role := range []string{metadata.TIMESTAMP, metadata.SNAPSHOT} {
			if sameKeys(old.Signed.Roles[role], t.tm.Root.Signed.Roles[role]) {
				continue
			}
			for _, name := range []string{metadata.TIMESTAMP, metadata.SNAPSHOT} {
				if err := t.store.Save(name, nil); err != nil {
					return fmt.Errorf("dropping %s of old keys: %w", name, err)
				}
			}
		}
		if err := t.store.Save(metadata.ROOT, raw); err != nil {
			return fmt.Errorf("storing root: %w", err)
		}
	}
	return fmt.Errorf("fetching roots: more than %d at once", maxRoots)
}

func sameKeys(a, b *metadata.Role) bool {
	if a == nil || b == nil || a.Threshold != b.Threshold || len(a.KeyIDs) != len(b.KeyIDs) {
		return a == b
	}
	has := map[string]bool{}
	for _, id := range a.KeyIDs {
		has[id] = true
	}
	for _, id := range b.KeyIDs {
		if !has[id] {
			return false
		}
	}
	return true
}

func (t *Trust) timestamp(ctx context.Context, fetch Fetch) error {
	stored, err := t.store.Load(metadata.TIMESTAMP)
	if err != nil {
		return fmt.Errorf("loading timestamp: %w", err)
	}
	if stored != nil {
		// An expired one is loaded all the same, for its versions. Any other error means that its keys are no longer those of the root: then it protects nothing.
		_, _ = t.tm.UpdateTimestamp(stored)
	}
	raw, err := fetch(ctx, metadata.TIMESTAMP, maxTimestamp)
	if err != nil {
		return fmt.Errorf("fetching timestamp: %w", err)
	}
	_, err = t.tm.UpdateTimestamp(raw)
	if same := (&metadata.ErrEqualVersionNumber{}); errors.As(err, &same) {
		return nil // the stored one stays; that it has not expired is checked with the snapshot
	}
	if err != nil {
		return fmt.Errorf("verifying timestamp: %w", err)
	}
	return t.save(metadata.TIMESTAMP, raw)
}

func (t *Trust) snapshot(ctx context.Context, fetch Fetch) error {
	stored, err := t.store.Load(metadata.SNAPSHOT)
	if err != nil {
		return fmt.Errorf("loading snapshot: %w", err)
	}
	if stored != nil {
		if _, err := t.tm.UpdateSnapshot(stored, true); err == nil {
			return nil // it is the one that the timestamp names
		}
	}
	raw, err := fetch(ctx, versioned(metadata.SNAPSHOT, t.tm.Timestamp.Signed.Meta["snapshot.json"]), maxSnapshot)
	if err != nil {
		return fmt.Errorf("fetching snapshot: %w", err)
	}
	if _, err := t.tm.UpdateSnapshot(raw, false); err != nil {
		return fmt.Errorf("verifying snapshot: %w", err)
	}
	return t.save(metadata.SNAPSHOT, raw)
}

func (t *Trust) targets(ctx context.Context, fetch Fetch, role, delegator string) error {
	stored, err := t.store.Load(role)
	if err != nil {
		return fmt.Errorf("loading %s: %w", role, err)
	}
	if stored != nil {
		if _, err := t.tm.UpdateDelegatedTargets(stored, role, delegator); err == nil {
			return nil
		}
	}
	raw, err := fetch(ctx, versioned(role, t.tm.Snapshot.Signed.Meta[role+".json"]), maxTargets)
	if err != nil {
		return fmt.Errorf("fetching %s: %w", role, err)
	}
	if _, err := t.tm.UpdateDelegatedTargets(raw, role, delegator); err != nil {
		return fmt.Errorf("verifying %s: %w", role, err)
	}
	return t.save(role, raw)
}

func (t *Trust) save(name string, raw []byte) error {
	if err := t.store.Save(name, raw); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}

// versioned is the depot's name of one version of a role; of the version 0 that nobody signs if the delegating document does not name the role.
func versioned(role string, m *metadata.MetaFiles) string {
	if m == nil {
		return role + "/0"
	}
	return role + "/" + strconv.FormatInt(m.Version, 10)
}

// target finds the signed description of a path in the role of its kind, and in no other: a policy key cannot sign a firmware.
func (t *Trust) target(kind Kind, path string) (*metadata.TargetFiles, error) {
	role := t.tm.Targets[string(kind)]
	if !t.fresh || role == nil {
		return nil, fmt.Errorf("no verified metadata of role %s", kind)
	}
	allowed := false
	if d := t.tm.Targets[metadata.TARGETS].Signed.Delegations; d != nil {
		for _, r := range d.GetRolesForTarget(path) {
			allowed = allowed || r.Name == string(kind)
		}
	}
	file := role.Signed.Targets[path]
	if !allowed || file == nil {
		return nil, fmt.Errorf("role %s has signed no %q", kind, path)
	}
	return file, nil
}

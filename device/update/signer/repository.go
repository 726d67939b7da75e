// SPDX-License-Identifier: Apache-2.0

package signer

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/theupdateframework/go-tuf/v2/metadata"

	"madoguchi/device/update"
)

// Lifetimes of metadata. The timestamp is signed again every day; a box that sees none for two weeks is reported by city hall.
const (
	rootLife      = 2 * 365 * 24 * time.Hour
	targetsLife   = 365 * 24 * time.Hour
	snapshotLife  = 30 * 24 * time.Hour
	timestampLife = 7 * 24 * time.Hour
)

// Put stores a named blob of the depot: metadata, manifests, chunk lists, chunks.
type Put func(name string, blob []byte) error

// Repository is the metadata of one city. It is not safe for concurrent use.
type Repository struct {
	put       Put
	roles     map[string]Role
	root      *metadata.Metadata[metadata.RootType]
	targets   map[string]*metadata.Metadata[metadata.TargetsType]
	snapshot  *metadata.Metadata[metadata.SnapshotType]
	timestamp *metadata.Metadata[metadata.TimestampType]
	rootRaw   []byte
	changed   map[string]bool // roles to be signed at the next Publish
	log       *Log            // nil: none
}

// New begins a repository: root version 1, empty roles, all published. roles must name all of Roles.
func New(roles map[string]Role, now time.Time, put Put) (*Repository, error) {
	r := &Repository{put: put, roles: maps.Clone(roles), targets: map[string]*metadata.Metadata[metadata.TargetsType]{}, changed: map[string]bool{metadata.TARGETS: true}}
	r.root = metadata.Root(now.Add(rootLife))
	r.root.Signed.Roles[Director] = &metadata.Role{Threshold: 1}
	for _, name := range []string{metadata.ROOT, metadata.TARGETS, metadata.SNAPSHOT, metadata.TIMESTAMP, Director} {
		if err := r.admit(name); err != nil {
			return nil, err
		}
	}
	top := metadata.Targets(now.Add(targetsLife))
	top.Signed.Delegations = &metadata.Delegations{Keys: map[string]*metadata.Key{}}
	r.targets[metadata.TARGETS] = top
	for _, kind := range update.Kinds {
		if err := r.delegate(string(kind), now); err != nil {
			return nil, err
		}
	}
	r.snapshot = metadata.Snapshot(now.Add(snapshotLife))
	r.timestamp = metadata.Timestamp(now.Add(timestampLife))
	r.snapshot.Signed.Version, r.timestamp.Signed.Version = 0, 0 // Publish raises them
	if err := r.signRoot(roles[metadata.ROOT].Keys); err != nil {
		return nil, err
	}
	return r, r.Publish(now)
}

// admit writes a role's keys and threshold into root.
func (r *Repository) admit(name string) error {
	role := r.roles[name]
	if err := role.check(name); err != nil {
		return err
	}
	for _, k := range role.Keys {
		key, err := metadata.KeyFromPublicKey(k.Public())
		if err != nil {
			return fmt.Errorf("role %s: %w", name, err)
		}
		if err := r.root.Signed.AddKey(key, name); err != nil {
			return fmt.Errorf("role %s: %w", name, err)
		}
	}
	r.root.Signed.Roles[name].Threshold = role.Threshold
	return nil
}

// delegate lets the keys of a kind sign paths of that kind, and no other.
func (r *Repository) delegate(kind string, now time.Time) error {
	role := r.roles[kind]
	if err := role.check(kind); err != nil {
		return err
	}
	d := r.targets[metadata.TARGETS].Signed.Delegations
	entry := metadata.DelegatedRole{Name: kind, Threshold: role.Threshold, Terminating: true, Paths: []string{kind + "/*/*"}}
	for _, k := range role.Keys {
		key, err := metadata.KeyFromPublicKey(k.Public())
		if err != nil {
			return fmt.Errorf("role %s: %w", kind, err)
		}
		id, err := key.ID()
		if err != nil {
			return fmt.Errorf("role %s: %w", kind, err)
		}
		d.Keys[id] = key
		entry.KeyIDs = append(entry.KeyIDs, id)
	}
	d.Roles = append(d.Roles, entry)
	r.targets[kind] = metadata.Targets(now.Add(targetsLife))
	r.changed[kind] = true
	return nil
}

// signRoot signs root by keys (the old ones too after a rotation) and stores it under its version.
func (r *Repository) signRoot(keys []Key) error {
	if err := sign(r.root, keys); err != nil {
		return fmt.Errorf("root: %w", err)
	}
	raw, err := r.root.ToBytes(false)
	if err != nil {
		return fmt.Errorf("root: %w", err)
	}
	r.rootRaw = raw
	return r.put(versioned(metadata.ROOT, r.root.Signed.Version), raw)
}

// Root is the newest root document: what a provisioning file carries.
func (r *Repository) Root() []byte { return r.rootRaw }

// A KeysError says that too few keys of a role are at hand.
type KeysError struct {
	Role       string
	Have, Need int
}

func (e *KeysError) Error() string {
	return fmt.Sprintf("role %s: %d of its keys are needed to sign, %d given", e.Role, e.Need, e.Have)
}

// CanSign tells whether the keys at hand fill roles; a *KeysError names the first that they do not.
func (r *Repository) CanSign(names ...string) error {
	slices.Sort(names)
	for _, name := range names {
		if role := r.roles[name]; role.Threshold < 1 || len(role.Keys) < role.Threshold {
			return &KeysError{name, len(role.Keys), role.Threshold}
		}
	}
	return nil
}

// Rotate gives a role of root other keys. The new root is signed by the old root keys and, if root itself changes, by the new ones too.
func (r *Repository) Rotate(name string, to Role, now time.Time) error {
	if r.root.Signed.Roles[name] == nil {
		return fmt.Errorf("rotating %s: not a role of root", name)
	}
	if err := r.CanSign(metadata.ROOT); err != nil {
		return fmt.Errorf("rotating %s: %w", name, err)
	}
	signers := r.roles[metadata.ROOT].Keys
	for _, id := range append([]string(nil), r.root.Signed.Roles[name].KeyIDs...) {
		if err := r.root.Signed.RevokeKey(id, name); err != nil {
			return fmt.Errorf("rotating %s: %w", name, err)
		}
	}
	r.roles[name] = to
	if err := r.admit(name); err != nil {
		return fmt.Errorf("rotating %s: %w", name, err)
	}
	if name == metadata.ROOT {
		signers = append(append([]Key(nil), signers...), to.Keys...)
	}
	r.root.Signed.Version++
	r.root.Signed.Expires = now.Add(rootLife)
	if err := r.signRoot(signers); err != nil {
		return fmt.Errorf("rotating %s: %w", name, err)
	}
	return r.Publish(now)
}

// Release cuts a payload, completes the manifest (size, digests, chunks), stores all of it, and adds the manifest's path to the role of its kind. Publish makes it visible.
func (r *Repository) Release(path string, m update.Manifest, payload io.Reader) (update.Manifest, error) {
	var list []update.Chunk
	size, sum, err := update.Cut(payload, func(c update.Chunk, data []byte) error {
		list = append(list, c)
		return r.put(update.ChunkName(c.SHA256), append([]byte(nil), data...))
	})
	if err != nil {
		return m, fmt.Errorf("releasing %s: %w", path, err)
	}
	chunks := update.EncodeChunks(list)
	m.Size, m.SHA256 = size, sum
	m.Chunks = update.ChunkRef{Count: len(list), SHA256: sha256.Sum256(chunks)}
	raw, err := m.Encode()
	if err != nil {
		return m, fmt.Errorf("releasing %s: %w", path, err)
	}
	file, err := metadata.TargetFile().FromBytes(path, raw, "sha256")
	if err != nil {
		return m, fmt.Errorf("releasing %s: %w", path, err)
	}
	role := r.targets[string(m.Kind)]
	if role == nil {
		return m, fmt.Errorf("releasing %s: no role %q", path, m.Kind)
	}
	if !strings.HasPrefix(path, string(m.Kind)+"/") {
		return m, fmt.Errorf("releasing %s: the path of a %s begins with %q", path, m.Kind, m.Kind)
	}
	if role.Signed.Targets[path] != nil {
		return m, fmt.Errorf("releasing %s: there is one already, and a release is never changed", path)
	}
	if err := r.put(update.ObjectName(m.Chunks.SHA256), chunks); err != nil {
		return m, err
	}
	if err := r.put(update.ObjectName(update.Sum(raw)), raw); err != nil {
		return m, err
	}
	role.Signed.Targets[path] = file
	r.changed[string(m.Kind)] = true
	return m, nil
}

// Publish makes what was released visible: the roles that changed, snapshot and timestamp get new versions. The keys of a role are used only if it changed. The
// timestamp is stored last, so that a publication that is cut off was none. After an error the repository must be loaded again.
func (r *Repository) Publish(now time.Time) error {
	need := []string{metadata.SNAPSHOT, metadata.TIMESTAMP}
	for name := range r.changed {
		need = append(need, name)
	}
	if err := r.CanSign(need...); err != nil {
		return fmt.Errorf("publishing: %w", err)
	}
	meta := maps.Clone(r.snapshot.Signed.Meta)
	for name := range r.changed {
		doc := r.targets[name]
		if old := meta[name+".json"]; old != nil && r.snapshot.Signed.Version > 0 {
			doc.Signed.Version = old.Version + 1
		}
		doc.Signed.Expires = now.Add(targetsLife)
		raw, err := seal(doc, r.roles[name].Keys)
		if err != nil {
			return fmt.Errorf("publishing %s: %w", name, err)
		}
		meta[name+".json"] = describe(doc.Signed.Version, raw)
		if err := r.put(versioned(name, doc.Signed.Version), raw); err != nil {
			return err
		}
	}
	clear(r.changed)
	if r.log != nil { // before the timestamp: no box sees a release that is not in the log
		if err := r.log.Append(r.Releases()); err != nil {
			return fmt.Errorf("publishing: %w", err)
		}
	}
	r.snapshot.Signed.Version++
	r.snapshot.Signed.Expires = now.Add(snapshotLife)
	r.snapshot.Signed.Meta = meta
	raw, err := seal(r.snapshot, r.roles[metadata.SNAPSHOT].Keys)
	if err != nil {
		return fmt.Errorf("publishing snapshot: %w", err)
	}
	if err := r.put(versioned(metadata.SNAPSHOT, r.snapshot.Signed.Version), raw); err != nil {
		return err
	}
	r.timestamp.Signed.Meta = map[string]*metadata.MetaFiles{"snapshot.json": describe(r.snapshot.Signed.Version, raw)}
	return r.Renew(now)
}

// Renew signs the timestamp again, every day: it tells the boxes that nothing newer is kept from them.
func (r *Repository) Renew(now time.Time) error {
	if err := r.CanSign(metadata.TIMESTAMP); err != nil {
		return fmt.Errorf("signing timestamp: %w", err)
	}
	r.timestamp.Signed.Version++
	r.timestamp.Signed.Expires = now.Add(timestampLife)
	raw, err := seal(r.timestamp, r.roles[metadata.TIMESTAMP].Keys)
	if err != nil {
		return fmt.Errorf("signing timestamp: %w", err)
	}
	return r.put(metadata.TIMESTAMP, raw)
}

// describe is what a document's delegator says of it.
func describe(version int64, raw []byte) *metadata.MetaFiles {
	sum := sha256.Sum256(raw)
	return &metadata.MetaFiles{Version: version, Length: int64(len(raw)), Hashes: metadata.Hashes{"sha256": sum[:]}}
}

// versioned is the name of one version of a document.
func versioned(name string, version int64) string { return name + "/" + strconv.FormatInt(version, 10) }

// Assign signs an assignment of released objects for one device. gen must rise with every assignment for that device.
func (r *Repository) Assign(gen int64, o update.Order, paths []string, expires time.Time) ([]byte, error) {
	if err := r.CanSign(Director); err != nil {
		return nil, fmt.Errorf("assigning: %w", err)
	}
	doc := metadata.Targets(expires)
	doc.Signed.Version = gen
	doc.Signed.UnrecognizedFields = map[string]any{"madoguchi": o}
	for _, path := range paths {
		file := r.find(path)
		if file == nil {
			return nil, fmt.Errorf("assigning %s: not released", path)
		}
		doc.Signed.Targets[path] = file
	}
	raw, err := seal(doc, r.roles[Director].Keys)
	if err == nil && len(raw) > update.MaxAssignment {
		err = fmt.Errorf("%d bytes, at most %d", len(raw), update.MaxAssignment)
	}
	if err != nil {
		return nil, fmt.Errorf("assigning: %w", err)
	}
	return raw, nil
}

func (r *Repository) find(path string) *metadata.TargetFiles {
	for _, kind := range update.Kinds {
		if f := r.targets[string(kind)].Signed.Targets[path]; f != nil {
			return f
		}
	}
	return nil
}

// seal signs a document and returns its bytes.
func seal[T metadata.Roles](doc *metadata.Metadata[T], keys []Key) ([]byte, error) {
	if err := sign(doc, keys); err != nil {
		return nil, err
	}
	raw, err := doc.ToBytes(false)
	if err != nil {
		return nil, errors.Join(errors.New("encoding"), err)
	}
	return raw, nil
}

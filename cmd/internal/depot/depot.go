// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// Names in a depot's folder.
const (
	about   = "city.json"
	blobs   = "blobs"
	keysDir = "keys"
	lock    = "lock"
)

// maxDocument is the largest blob that is read whole, in bytes: metadata or a chunk list.
const maxDocument = 16 << 20

// Depot is one city's folder. Its methods may be called from any goroutine, and from several programs at once.
type Depot struct {
	dir  string
	city string

	mu    sync.Mutex
	dirty bool // chunks were written that are not on disk for certain
}

// Create makes a city's folder with an empty repository signed by roles. The folder must not exist; it appears whole or not at all. fill, if not nil, puts more into
// it first: the key files, below the folder that it is given.
func Create(dir, city string, roles map[string]signer.Role, now time.Time, fill func(keys string) error) (*Depot, error) {
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("creating depot: %s is there already", dir)
	}
	parent := filepath.Dir(filepath.Clean(dir))
	if err := os.MkdirAll(parent, 0o700); err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	tmp, err := os.MkdirTemp(parent, "."+filepath.Base(dir)+"-")
	if err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	defer os.RemoveAll(tmp) // of no effect once it is renamed
	d := &Depot{dir: tmp, city: city}
	text, err := json.Marshal(struct {
		City string `json:"city"`
	}{city})
	if err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	if err := os.Mkdir(filepath.Join(tmp, keysDir), 0o700); err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	if err := write(filepath.Join(tmp, about), text, 0o644); err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	if fill != nil {
		if err := fill(filepath.Join(tmp, keysDir)); err != nil {
			return nil, fmt.Errorf("creating depot: %w", err)
		}
	}
	if _, err := signer.New(roles, now, d.Put); err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	if err := os.Rename(tmp, dir); err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	if err := syncDir(parent); err != nil {
		return nil, fmt.Errorf("creating depot: %w", err)
	}
	return Open(dir)
}

// Open opens a folder that Create made.
func Open(dir string) (*Depot, error) {
	text, err := os.ReadFile(filepath.Join(dir, about))
	if err != nil {
		return nil, fmt.Errorf("opening depot: %w", err)
	}
	var w struct {
		City string `json:"city"`
	}
	if err := json.Unmarshal(text, &w); err != nil || w.City == "" {
		return nil, fmt.Errorf("opening depot: %s names no city", filepath.Join(dir, about))
	}
	return &Depot{dir: dir, city: w.City}, nil
}

// City is the city's code in topics.
func (d *Depot) City() string { return d.city }

// Keys is the folder of the key files.
func (d *Depot) Keys() string { return filepath.Join(d.dir, keysDir) }

// String names the depot by its folder.
func (d *Depot) String() string { return "depot " + d.dir }

// path is where a blob lies. Chunks and objects are spread over 256 folders each.
func (d *Depot) path(name string) (string, error) {
	if err := update.CheckName(name); err != nil {
		return "", err
	}
	first, rest, ok := strings.Cut(name, "/")
	if ok && content(name) && len(rest) > 2 {
		return filepath.Join(d.dir, blobs, first, rest[:2], rest), nil
	}
	return filepath.Join(d.dir, blobs, filepath.FromSlash(name)), nil
}

// content tells whether a blob's name is the digest of its bytes.
func content(name string) bool {
	return strings.HasPrefix(name, "chunk/") || strings.HasPrefix(name, "object/")
}

// digest is the name's part that is the digest, for a content name.
func digest(name string) string { return name[strings.IndexByte(name, '/')+1:] }

// Put stores a blob. Metadata are on disk when it returns, and so is every chunk and object that was put before them; chunks alone may wait until then, for syncing
// each of 2,000 would take longer than sending them. A content name must be that of the bytes; a root is never replaced by another.
func (d *Depot) Put(name string, blob []byte) error {
	if err := d.put(name, blob); err != nil {
		return fmt.Errorf("storing %s: %w", name, err)
	}
	return nil
}

func (d *Depot) put(name string, blob []byte) error {
	path, err := d.path(name)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(path)
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	case err == nil && bytes.Equal(old, blob):
		return nil
	case err == nil && strings.HasPrefix(name, "root/"):
		return errors.New("there is another one of that version, and boxes may have seen it")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	if content(name) {
		if sum := sha256.Sum256(blob); update.Digest(sum).String() != digest(name) {
			return errors.New("its name is not the digest of its bytes")
		}
		d.mu.Lock()
		d.dirty = true
		d.mu.Unlock()
		return replace(path, blob, 0o644, false)
	}
	if err := d.settle(); err != nil {
		return err
	}
	return replace(path, blob, 0o644, true)
}

// settle brings everything that was written to the disk.
func (d *Depot) settle() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.dirty {
		return nil
	}
	f, err := os.Open(d.dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.Syncfs(int(f.Fd())); err != nil {
		return os.NewSyscallError("syncfs", err)
	}
	d.dirty = false
	return nil
}

// Get reads a blob; update.ErrAbsent if there is none.
func (d *Depot) Get(name string) ([]byte, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading %s: %w", name, update.ErrAbsent)
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxDocument+1))
	if err == nil && len(b) > maxDocument {
		err = fmt.Errorf("%s has more than %d bytes", name, maxDocument)
	}
	if err != nil {
		return nil, fmt.Errorf("reading blob: %w", err)
	}
	return b, nil
}

// Part answers a request. A name that no blob can have is absent like any other.
func (d *Depot) Part(w update.Want) (update.Part, error) {
	if update.CheckName(w.Name) != nil {
		return update.Part{Name: w.Name, Offset: w.Offset, Absent: true}, nil
	}
	a, _, err := d.answer(w)
	if err != nil {
		return update.Part{}, err
	}
	return update.ParsePart(a.body)
}

// answer is what answers a request for one part, and how many bytes the blob has.
func (d *Depot) answer(w update.Want) (a answered, size uint64, err error) {
	f, size, err := d.open(w.Name)
	if err != nil {
		return a, 0, fmt.Errorf("answering %s: %w", w.Name, err)
	}
	if f != nil {
		defer f.Close()
	}
	if f == nil || w.Offset > size {
		a.body, err = update.Part{Name: w.Name, Offset: w.Offset, Absent: true}.Encode()
		return a, 0, err
	}
	a.n = int(min(uint64(w.Len), size-w.Offset))
	a.body, err = update.ReadPart(w, size, a.n, f)
	return a, size, err
}

// open opens a blob's file; nil: there is none.
func (d *Depot) open(name string) (*os.File, uint64, error) {
	path, err := d.path(name)
	if err != nil {
		return nil, 0, nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, 0, err
	}
	return f, uint64(info.Size()), nil
}

// cost is how many bytes the answer to a request will have, with the least that is counted.
func (d *Depot) cost(w update.Want) int64 {
	path, err := d.path(w.Name)
	if err != nil {
		return atLeast
	}
	info, err := os.Stat(path)
	if err != nil || int64(w.Offset) > info.Size() {
		return atLeast
	}
	return max(atLeast, min(int64(w.Len), info.Size()-int64(w.Offset)))
}

// Root is the newest root.
func (d *Depot) Root() ([]byte, error) {
	var root []byte
	err := d.With(nil, func(r *signer.Repository) error { root = r.Root(); return nil })
	return root, err
}

// With loads the repository with the keys at hand and hands it to f, while no other program signs here.
func (d *Depot) With(keys []signer.Key, f func(*signer.Repository) error) error {
	l, err := os.OpenFile(filepath.Join(d.dir, lock), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("locking depot: %w", err)
	}
	defer l.Close() // and with it the lock
	if err := unix.Flock(int(l.Fd()), unix.LOCK_EX); err != nil {
		return fmt.Errorf("locking depot: %w", os.NewSyscallError("flock", err))
	}
	r, err := signer.Load(keys, d.Get, d.Put)
	if err != nil {
		return err
	}
	return f(r)
}

// ErrNotReleased says that no role has signed a path.
var ErrNotReleased = errors.New("not released")

// Manifest is the manifest of a released path.
func (d *Depot) Manifest(path string) (m update.Manifest, err error) {
	err = d.With(nil, func(r *signer.Repository) error {
		for _, rel := range r.Releases() {
			if rel.Path != path {
				continue
			}
			raw, err := d.Get(update.ObjectName(rel.Digest))
			if err != nil {
				return err
			}
			m, err = update.ParseManifest(raw)
			return err
		}
		return fmt.Errorf("%s: %w", path, ErrNotReleased)
	})
	return m, err
}

// replace writes a file whole, under its name or not at all.
func replace(path string, text []byte, mode os.FileMode, durable bool) error {
	f, err := os.CreateTemp(filepath.Dir(path), ".new-")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name()) // of no effect once it is renamed
	_, err = f.Write(text)
	if err == nil {
		err = f.Chmod(mode)
	}
	if err == nil && durable {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil || !durable {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// write writes a file that must not exist, durably.
func write(path string, text []byte, mode os.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}

// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// Quarantined says that the file found was damaged and lies beside the fresh one. Nothing of it was deleted; what it held and city hall lacked has to be counted by hand.
type Quarantined struct {
	Path  string // where the damaged file lies now
	Cause error  // what was wrong with it
}

// DamagedError means that a file is no sound outbox.
type DamagedError struct {
	Path  string
	Cause error
}

// Error says which file and what is wrong.
func (e *DamagedError) Error() string { return fmt.Sprintf("outbox file %s: %v", e.Path, e.Cause) }

// Unwrap gives the cause.
func (e *DamagedError) Unwrap() error { return e.Cause }

// Open opens the outbox file at path, or begins one. A damaged file is renamed to path.bad-<n>, a fresh one with a fresh epoch is begun, and Quarantined says so; that is not an
// error. An error is what stops the outbox from being used: another process has the file, the folder cannot be written, the disk is full.
func Open(path string, opts Opts) (*Outbox, *Quarantined, error) {
	o := opts.withDefaults()
	var q *Quarantined
	ob, err := openExisting(path, o)
	var damaged *DamagedError
	if errors.As(err, &damaged) {
		if q, err = quarantine(path, damaged); err == nil {
			err = fs.ErrNotExist
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		if err = create(path, o); err == nil {
			ob, err = openExisting(path, o)
		}
	}
	if err != nil {
		return nil, q, fmt.Errorf("opening outbox: %w", err)
	}
	if ob.sparse() {
		if ob, err = pack(path, ob, o); err != nil {
			return nil, q, fmt.Errorf("opening outbox: %w", err)
		}
	}
	ob.bad = countBad(path)
	return ob, q, nil
}

// boltOptions are the settings of fleet practice: the freelist is synced, for certainty counts more than the time of a commit; the page size is fixed, for a card may
// move to a board whose kernel has other pages.
func boltOptions(o Opts) *bolt.Options {
	return &bolt.Options{FreelistType: bolt.FreelistMapType, Timeout: o.Timeout, MaxSize: o.MaxSize, PageSize: pageSize}
}

// openExisting opens a file that is there, or gives fs.ErrNotExist, or a *DamagedError.
func openExisting(path string, opts Opts) (*Outbox, error) {
	o := &Outbox{opts: opts}
	bo := boltOptions(opts)
	bo.OpenFile = func(name string, _ int, _ os.FileMode) (*os.File, error) {
		f, err := os.OpenFile(name, os.O_RDWR, 0) // no O_CREATE: a file begins in create only
		if err != nil {
			return nil, err
		}
		o.file = f
		// Lock before looking: a file that another process is writing would look damaged. bbolt's own lock on the same descriptor then succeeds at once.
		if err := lock(f, opts.Timeout); err != nil {
			return f, err
		}
		info, err := f.Stat()
		if err != nil {
			return f, err
		}
		if err := checkStructure(f, info.Size()); err != nil {
			return f, &DamagedError{path, err}
		}
		return f, nil
	}
	var c contents
	err := guarded(func() (err error) {
		if o.db, err = bolt.Open(path, 0o600, bo); err != nil {
			return err
		}
		return o.db.View(func(tx *bolt.Tx) (err error) {
			if c, err = readAll(tx); err != nil {
				return &DamagedError{path, err}
			}
			return nil
		})
	})
	if err == nil {
		o.st, o.n = c.st, c.n
		o.doubt = true // of the process before
		if err = o.complete(); err == nil {
			return o, nil
		}
	}
	var b *BrokenError
	if errors.As(err, &b) || errors.Is(err, berrors.ErrInvalid) || errors.Is(err, berrors.ErrVersionMismatch) || errors.Is(err, berrors.ErrChecksum) {
		err = &DamagedError{path, err}
	}
	if o.db != nil {
		// Close may meet the same damage.
		_ = guarded(o.db.Close)
	}
	if o.file != nil {
		_ = giveBack(o.file) // closed already after an orderly failure
	}
	return nil, err
}

// complete makes the buckets that an older program did not know.
func (o *Outbox) complete() error {
	missing := false
	if err := o.view(func(tx *bolt.Tx) error { missing = tx.Bucket(bCount) == nil; return nil }); err != nil || !missing {
		return err
	}
	return o.update("complete", func(tx *bolt.Tx, _ *state, _ *counts) error {
		_, err := tx.CreateBucket(bCount)
		return err
	})
}

// lock takes the file's lock, waiting up to limit.
func lock(f *os.File, limit time.Duration) error {
	for end := time.Now().Add(limit); ; time.Sleep(20 * time.Millisecond) {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err == nil {
			return nil
		}
		if err != syscall.EWOULDBLOCK {
			return fmt.Errorf("locking %s: %w", f.Name(), err)
		}
		if time.Now().After(end) {
			return fmt.Errorf("locking %s: another process has it: %w", f.Name(), berrors.ErrTimeout)
		}
	}
}

// giveBack unlocks and closes a file that bbolt could not close. Closing alone is not enough: a mapping that bbolt left behind keeps the lock alive.
func giveBack(f *os.File) error {
	return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
}

// create begins a file: temporary name, synced, renamed, folder synced. A cut at any point leaves either no file or a whole one.
func create(path string, opts Opts) error {
	tmp := path + ".tmp"
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("removing unfinished file: %w", err)
	}
	if err := fill(tmp, opts); err != nil {
		os.Remove(tmp)
		return fmt.Errorf("creating file: %w", err)
	}
	failpoint("create:before rename")
	if err := os.Rename(tmp, path); err != nil {
		return fmt.Errorf("creating file: %w", err)
	}
	failpoint("create:after rename")
	if err := syncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("creating file: %w", err)
	}
	return nil
}

func fill(tmp string, opts Opts) error {
	db, err := bolt.Open(tmp, 0o600, boltOptions(opts))
	if err != nil {
		return err
	}
	err = db.Update(func(tx *bolt.Tx) error {
		for _, name := range buckets {
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		return tx.Bucket(bMeta).Put(kState, state{Epoch: drawEpoch()}.encode())
	})
	if err == nil {
		err = db.Sync()
	}
	return errors.Join(err, db.Close())
}

// drawEpoch draws 64 random bits that are not all 0.
func drawEpoch() uint64 {
	for {
		var b [8]byte
		rand.Read(b[:])
		if e := binary.BigEndian.Uint64(b[:]); e != 0 {
			return e
		}
	}
}

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// quarantine sets a damaged file aside under the first free number.
func quarantine(path string, damaged *DamagedError) (*Quarantined, error) {
	for n := 1; ; n++ {
		bad := fmt.Sprintf("%s.bad-%d", path, n)
		if _, err := os.Lstat(bad); err == nil {
			continue
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("setting aside damaged file: %w", err)
		}
		if err := os.Rename(path, bad); err != nil {
			return nil, fmt.Errorf("setting aside damaged file: %w", err)
		}
		failpoint("quarantine:after rename")
		q := &Quarantined{Path: bad, Cause: damaged.Cause}
		if err := syncDir(filepath.Dir(path)); err != nil {
			return q, fmt.Errorf("setting aside damaged file: %w", err)
		}
		return q, nil
	}
}

// countBad counts the files set aside beside path.
func countBad(path string) int {
	all, _ := filepath.Glob(path + ".bad-*")
	return len(all)
}

// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
)

// packFrom is the size from which a file that is mostly free is worth writing anew. bbolt's files grow and never shrink; a box whose line was down for weeks keeps the size of
// that time, and each opening reads it.
const packFrom = 1 << 20

// sparse says whether more than three quarters of a large file are free.
func (o *Outbox) sparse() bool {
	info, err := o.file.Stat()
	return err == nil && info.Size() >= packFrom && o.used() < info.Size()/4
}

// pack writes what ob holds into a fresh file and puts it in the old one's place: temporary name, synced, renamed, folder synced, as in create. If that fails for want of room or
// for anything else, the old file stays as it is and is used. ob is closed unless it is what is returned.
func pack(path string, ob *Outbox, opts Opts) (*Outbox, error) {
	tmp := path + ".tmp"
	if err := copyTo(tmp, ob, opts); err != nil {
		os.Remove(tmp)
		return ob, nil
	}
	// The old file is closed before the new one takes its name, and locked by nobody between: Open is called once, at the start.
	if err := ob.Close(); err != nil {
		return nil, err
	}
	failpoint("pack:before rename")
	if err := os.Rename(tmp, path); err != nil {
		return nil, fmt.Errorf("packing file: %w", err)
	}
	failpoint("pack:after rename")
	if err := syncDir(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("packing file: %w", err)
	}
	packed, err := openExisting(path, opts)
	if err != nil {
		return nil, fmt.Errorf("opening packed file: %w", err)
	}
	packed.packed = true
	return packed, nil
}

// packStep is how many bytes one transaction of the copy takes.
const packStep = 256 << 10

func copyTo(tmp string, ob *Outbox, opts Opts) error {
	if err := os.Remove(tmp); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	dst, err := bolt.Open(tmp, 0o600, boltOptions(opts))
	if err != nil {
		return err
	}
	err = guarded(func() error { return bolt.Compact(dst, ob.db, packStep) })
	if err == nil {
		err = dst.Sync()
	}
	return errors.Join(err, dst.Close())
}

// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
)

// A Disk is where a box keeps what it was told, one folder of its own. Each method is one step that a power cut leaves done or not begun.
type Disk interface {
	Read(name string) ([]byte, error) // fs.ErrNotExist: it is not there
	Keep(name string, b []byte) error // in place of what is there
	Erase(name string) error          // the bytes before the name; no error if it is not there
	List() ([]string, error)          // every name, those inside a folder before the folder
}

// Folder is a Disk. Its files are readable by their owner alone.
type Folder string

var _ Disk = Folder("")

// Read implements Disk.
func (d Folder) Read(name string) ([]byte, error) {
	b, err := os.ReadFile(filepath.Join(string(d), name))
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", name, err)
	}
	return b, nil
}

// Keep implements Disk: a temporary file, sync, rename, folder sync.
func (d Folder) Keep(name string, b []byte) error {
	path := filepath.Join(string(d), name)
	f, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	if err := os.Rename(path+".tmp", path); err != nil {
		return fmt.Errorf("keeping %s: %w", name, err)
	}
	return d.sync()
}

// Erase implements Disk. Over the same blocks first: on a card that moves blocks this helps little, and costs nothing.
func (d Folder) Erase(name string) error {
	path := filepath.Join(string(d), name)
	st, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && st.Mode().IsRegular() {
		err = zero(path, st.Size())
	}
	if err := errors.Join(err, os.Remove(path)); err != nil {
		return fmt.Errorf("erasing %s: %w", name, err)
	}
	return d.sync()
}

// zero writes zeros over a file's bytes.
func zero(path string, size int64) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	block := make([]byte, 64<<10)
	for at := int64(0); at < size && err == nil; at += int64(len(block)) {
		_, err = f.WriteAt(block[:min(int64(len(block)), size-at)], at)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// List implements Disk.
func (d Folder) List() ([]string, error) {
	var names []string
	err := filepath.WalkDir(string(d), func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, err := filepath.Rel(string(d), path)
		if name != "." {
			names = append(names, name)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing folder: %w", err)
	}
	slices.Reverse(names) // a folder is walked before what lies in it
	return names, nil
}

func (d Folder) sync() error {
	f, err := os.Open(string(d))
	if err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fmt.Errorf("syncing folder: %w", err)
	}
	return nil
}

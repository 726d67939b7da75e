// SPDX-License-Identifier: Apache-2.0

package link

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// sessionFile keeps the number of the last connection, as decimal text.
const sessionFile = "session"

// maxSession is what a JSON number carries safely.
const maxSession = 1 << 53

// nextSession counts the connections of this box over restarts: temporary file, sync, rename, folder sync. Where the file is missing (a new box, or one set up anew under its
// old name) or damaged it goes on from the clock's seconds, which no count of connections reaches: from 1, city hall would ignore the box's presence until it has caught up.
func nextSession(dir string, now time.Time) (uint64, error) {
	path := filepath.Join(dir, sessionFile)
	last := uint64(max(0, now.Unix()))
	text, err := os.ReadFile(path)
	switch {
	case err == nil:
		if n, err := strconv.ParseUint(strings.TrimSuffix(string(text), "\n"), 10, 64); err == nil && n < maxSession {
			last = n
		}
	case !errors.Is(err, fs.ErrNotExist):
		return 0, fmt.Errorf("counting connection: %w", err)
	}
	last++
	if err := writeFile(path, fmt.Appendf(nil, "%d\n", last)); err != nil {
		return 0, fmt.Errorf("counting connection: %w", err)
	}
	return last, nil
}

// writeFile replaces a small file so that a cut leaves the old or the new one.
func writeFile(path string, b []byte) error {
	tmp := path + ".tmp"
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(tmp, path); err != nil {
		return err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

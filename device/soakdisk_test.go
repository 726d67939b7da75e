// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"

	"golang.org/x/sys/unix"
)

// spoilDisk lets every write to the outbox fail from now on, as on a card that has gone read-only, until the disk is mended or the power goes. Under bbolt's descriptor lies one of the same
// file that may be read only; the lock stays with the first.
func (s *soak) spoilDisk() {
	s.t.Helper()
	path, err := filepath.EvalSymlinks(filepath.Join(s.dir, "outbox.db"))
	if err != nil {
		s.t.Fatal(err)
	}
	under, err := descriptor(path, unix.O_RDWR)
	if err != nil {
		s.t.Fatal(err)
	}
	first, err := unix.FcntlInt(uintptr(under), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	readOnly, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		s.t.Fatal(err)
	}
	if err := unix.Dup3(readOnly, under, unix.O_CLOEXEC); err != nil {
		s.t.Fatal(err)
	}
	unix.Close(readOnly)
	s.did("disk refuses")
	s.spoil(true)
	s.mend = append(s.mend, func() {
		defer s.spoil(false)
		defer unix.Close(first)
		if n, err := descriptor(path, unix.O_RDONLY); err != nil || n != under {
			return // the box has ended, and its descriptor with it
		}
		if err := unix.Dup3(first, under, unix.O_CLOEXEC); err != nil {
			s.t.Fatal(err)
		}
	})
}

func (s *soak) spoil(yes bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.spoiled = yes
}

// descriptor is the lowest of this process for a file that was opened in a mode.
func descriptor(path string, mode int) (int, error) {
	all, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		return 0, err
	}
	lowest := -1
	for _, e := range all {
		n, err := strconv.Atoi(e.Name())
		if err != nil {
			return 0, err
		}
		if to, err := os.Readlink("/proc/self/fd/" + e.Name()); err != nil || to != path {
			continue
		}
		if flags, err := unix.FcntlInt(uintptr(n), unix.F_GETFL, 0); err == nil && flags&unix.O_ACCMODE == mode && (lowest < 0 || n < lowest) {
			lowest = n
		}
	}
	if lowest < 0 {
		return 0, fmt.Errorf("%s is not open", path)
	}
	return lowest, nil
}

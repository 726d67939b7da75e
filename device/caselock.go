// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// caseFile, in the data folder, is locked (flock, shared) while a case is open. Nothing is ever in it. Whoever is to start the board anew, and is not of this program, asks
// it first; a program that has died locks nothing.
const caseFile = "case"

// caseLock is the lock. Its zero value is open.
type caseLock struct{ file *os.File }

// set follows the case.
func (l *caseLock) set(dir string, open bool) error {
	switch {
	case open == (l.file != nil):
		return nil
	case !open:
		err := l.file.Close()
		l.file = nil
		return err
	}
	f, err := os.OpenFile(filepath.Join(dir, caseFile), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return fmt.Errorf("locking case: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB); err != nil { // somebody asks at this moment: the next step tries again
		return errors.Join(fmt.Errorf("locking case: %w", os.NewSyscallError("flock", err)), f.Close())
	}
	l.file = f
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// Harden closes the process to core dumps and to tracers without privilege:
// PR_SET_DUMPABLE 0 (prctl(2)) and RLIMIT_CORE 0. The firmware's main calls it
// before the first key is read. It does not keep root out of /proc/pid/mem, and
// it makes /proc/self belong to root.
func Harden() error {
	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		return fmt.Errorf("setting RLIMIT_CORE to 0: %w", err)
	}
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		return fmt.Errorf("setting PR_SET_DUMPABLE to 0: %w", err)
	}
	return nil
}

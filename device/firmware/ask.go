// SPDX-License-Identifier: Apache-2.0

package firmware

import (
	"fmt"
	"os"
	"path/filepath"
)

// AskRestart asks for a start of the board into the slot in force, for a reason that has nothing to do with a slot: a unit waits for the file in dir, which must not outlive a start.
func AskRestart(dir string) error {
	if err := os.WriteFile(filepath.Join(dir, restartFile), nil, 0o600); err != nil {
		return fmt.Errorf("asking for a start: %w", err)
	}
	return nil
}

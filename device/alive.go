// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
)

// errLoop says that the loop is not at its place: in one step for too long, or not running.
var errLoop = errors.New("the box's loop does not answer")

// Alive asks the loop for an answer: nil is the proof that it takes events. It waits until ctx ends at most. A watchdog that is fed by
// anything else would keep a box alive that no longer hears its keys.
func (d *Device) Alive(ctx context.Context) error {
	select {
	case d.asked <- struct{}{}:
		return nil
	case <-ctx.Done():
		return errLoop
	}
}

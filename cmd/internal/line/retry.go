// SPDX-License-Identifier: Apache-2.0

package line

import (
	"context"
	"math/rand/v2"
	"time"
)

// Backoff is the wait before try number n (from 0): a random time up to a limit
// that doubles. Without the jitter all who lost the same broker come back at
// the same moment.
func Backoff(least, most time.Duration, n int) time.Duration {
	limit := least << min(n, 16)
	if limit <= 0 || limit > most {
		limit = most
	}
	return rand.N(limit) + 1
}

// Sleep waits for d and says true, or says false as soon as ctx ends.
func Sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

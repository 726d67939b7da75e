// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"errors"
	"sync/atomic"
)

// A Probe, given in Opts, answers for a Run: whether what both of its sides share still moves. It says nothing about the line: a broker that is
// away is no reason to start the program again.
type Probe struct{ hub atomic.Pointer[hub] }

// Alive is nil when the shared state could be taken and given back before ctx ended.
func (p *Probe) Alive(ctx context.Context) error {
	h := p.hub.Load()
	if h == nil {
		return errors.New("the link has not begun")
	}
	taken := make(chan struct{})
	go func() {
		h.mu.Lock()
		_ = h.open // to have had it is all
		h.mu.Unlock()
		close(taken)
	}()
	select {
	case <-taken:
		return nil
	case <-ctx.Done():
		return errors.New("wall and broker wait for each other")
	}
}

// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"testing"
	"time"
)

// TestProbe: a link that holds its own lock for ever is not alive, and one that gives it back is.
func TestProbe(t *testing.T) {
	var p Probe
	ask := func(within time.Duration) error {
		ctx, cancel := context.WithTimeout(t.Context(), within)
		defer cancel()
		return p.Alive(ctx)
	}
	if ask(time.Minute) == nil {
		t.Error("a link that has not begun is alive")
	}
	h := newHub(&Counts{}, "", time.Now())
	p.hub.Store(h)
	if err := ask(time.Minute); err != nil {
		t.Errorf("a link at work: %v", err)
	}
	h.mu.Lock()
	if ask(20*time.Millisecond) == nil {
		t.Error("a link whose two sides wait for each other is alive")
	}
	h.mu.Unlock()
	if err := ask(time.Minute); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}

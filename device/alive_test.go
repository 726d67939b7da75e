// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"madoguchi/device"
	"madoguchi/pinpad"
)

// TestAlive: the loop answers at once while it takes events, and not while one of its steps does not return.
func TestAlive(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		ask := func() error {
			ctx, cancel := context.WithTimeout(context.Background(), time.Second)
			defer cancel()
			return r.box.Alive(ctx)
		}
		r.until("idle")
		if err := ask(); err != nil {
			t.Errorf("at rest: %v", err)
		}
		var once sync.Once
		hung, release := make(chan struct{}), make(chan struct{})
		r.mu.Lock()
		r.watch = func(device.Observed) { once.Do(func() { close(hung); <-release }) }
		r.mu.Unlock()
		r.press(pinpad.KeyMenu)
		<-hung
		if err := ask(); err == nil {
			t.Error("while a step hangs the loop answers")
		}
		close(release)
		if err := ask(); err != nil {
			t.Errorf("after it: %v", err)
		}
	})
}

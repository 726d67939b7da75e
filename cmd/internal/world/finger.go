// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"sync"
	"time"

	"madoguchi/pinpad"
)

// fingers are the keys that are closed now. A closure reaches the box as one
// mask and counts as done when the box's key-pad has scanned it, so a press is
// never lost on a loaded machine; without power it is done at once.
type fingers struct {
	send func(mask uint16) bool // false: there is no box to feel it

	mu      sync.Mutex
	mask    uint16
	owed    int // masks sent and not yet scanned
	settled chan struct{}
	up      map[pinpad.Key]time.Time // when the box felt a key come up

	pressing sync.Mutex // one whole press at a time
}

// How long a finger waits.
const (
	// scanLimit is how long a closure may take to be scanned: a box that boots
	// has no key-pad yet.
	scanLimit = 5 * time.Second
	// sameKey is the pause before the same key goes down again: the key-pad's
	// guard of 120 ms against double presses, and a little.
	sameKey = 140 * time.Millisecond
)

func newFingers(send func(uint16) bool) *fingers {
	return &fingers{send: send, up: map[pinpad.Key]time.Time{}}
}

// move closes and opens keys at one moment and waits until it was felt.
func (f *fingers) move(ctx context.Context, down, up uint16) {
	f.mu.Lock()
	next := f.mask&^up | down
	if next == f.mask {
		f.mu.Unlock()
		return
	}
	was := f.mask
	f.mask = next
	if f.settled == nil {
		f.settled = make(chan struct{})
	}
	settled := f.settled
	if f.send(next) {
		f.owed++
	} else if f.owed == 0 {
		close(f.settled)
		f.settled = nil
	}
	f.mu.Unlock()
	t := time.NewTimer(scanLimit)
	defer t.Stop()
	select {
	case <-settled:
	case <-t.C:
	case <-ctx.Done():
	}
	now := time.Now()
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, k := range pinpad.Keys() {
		if was&^next&k.Bit() != 0 {
			f.up[k] = now
		}
	}
}

// scanned is the box's answer to one mask.
func (f *fingers) scanned() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.owed > 0 {
		f.owed--
	}
	f.settle()
}

// lost forgets what was owed by a box that is gone.
func (f *fingers) lost() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.owed = 0
	f.settle()
}

// since sends the closures again if they are no longer those that a box was
// told when it started.
func (f *fingers) since(mask uint16) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.mask != mask && f.send(f.mask) {
		f.owed++
	}
}

func (f *fingers) settle() {
	if f.owed == 0 && f.settled != nil {
		close(f.settled)
		f.settled = nil
	}
}

// closed returns the mask of closed keys.
func (f *fingers) closed() uint16 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mask
}

// press closes one key, holds it and opens it again. Presses wait for each
// other, and for the pause that the key-pad wants between two of one key. The
// key comes up even if ctx ends.
func (f *fingers) press(ctx context.Context, k pinpad.Key, hold time.Duration) {
	f.pressing.Lock()
	defer f.pressing.Unlock()
	f.mu.Lock()
	wait := time.Until(f.up[k].Add(sameKey))
	f.mu.Unlock()
	sleep(ctx, wait)
	f.move(ctx, k.Bit(), 0)
	sleep(ctx, hold)
	f.move(context.WithoutCancel(ctx), 0, k.Bit())
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

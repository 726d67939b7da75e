// SPDX-License-Identifier: Apache-2.0

package world

import "sync"

// Event is one change that somebody who watches the world is told.
type Event struct {
	Name string // "state", "panel", "world" or "cityhall"
	Data any    // what the event's JSON holds
}

// hub tells every watcher every change.
type hub struct {
	mu       sync.Mutex
	watchers map[chan Event]struct{}
	closed   bool
}

// backlog is how many events a watcher may leave lying. One that lets more pile
// up is dropped: its channel is closed and it may watch anew.
const backlog = 512

// Watch returns a channel of changes and a function that ends it. The channel
// is closed when the watcher is too slow or the world ends.
func (h *hub) Watch() (<-chan Event, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := make(chan Event, backlog)
	if h.closed {
		close(c)
		return c, func() {}
	}
	if h.watchers == nil {
		h.watchers = map[chan Event]struct{}{}
	}
	h.watchers[c] = struct{}{}
	return c, func() { h.drop(c) }
}

func (h *hub) drop(c chan Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, ok := h.watchers[c]; ok {
		delete(h.watchers, c)
		close(c)
	}
}

func (h *hub) tell(e Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for c := range h.watchers {
		select {
		case c <- e:
		default:
			delete(h.watchers, c)
			close(c)
		}
	}
}

func (h *hub) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.closed = true
	for c := range h.watchers {
		close(c)
	}
	h.watchers = nil
}

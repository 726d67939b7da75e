// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"sync"
)

// queue holds what waits for the line, at most one for each key: a newer
// acknowledgement says all that an older one did.
type queue[T any] struct {
	mu    sync.Mutex
	wait  map[string]T
	order []string
	ready chan struct{}
}

func newQueue[T any]() *queue[T] {
	return &queue[T]{wait: map[string]T{}, ready: make(chan struct{}, 1)}
}

func (q *queue[T]) put(key string, v T) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, waits := q.wait[key]; !waits {
		q.order = append(q.order, key)
	}
	q.wait[key] = v
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take waits for the next; false: ctx ended.
func (q *queue[T]) take(ctx context.Context) (v T, ok bool) {
	for ctx.Err() == nil { // first: what is taken for a lost line is lost
		if v, ok = q.next(); ok {
			return v, true
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
		}
	}
	return v, false
}

func (q *queue[T]) next() (v T, ok bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return v, false
	}
	key := q.order[0]
	q.order = q.order[1:]
	v = q.wait[key]
	delete(q.wait, key)
	return v, true
}

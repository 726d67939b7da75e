// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"sync"
	"time"

	"madoguchi/device/update"
)

// Bounds of what is kept of recent answers.
const (
	recentBytes = 16 << 20
	// recentFor ends before a box asks again for a chunk that was spoilt: one that was written anew is read anew.
	recentFor = 10 * time.Second
)

// recent keeps the answers of the last seconds that were a whole chunk or object, whose name is its digest: the boxes of a wave ask for the same at about the same time.
type recent struct {
	mu    sync.Mutex
	kept  map[string]answered
	order []string // oldest first
	bytes int
}

// answered is an answer: the body of a part, and how much of it is the blob's.
type answered struct {
	body []byte
	n    int
	at   time.Time
}

// get is the answer to a want, if it was given lately.
func (r *recent) get(w update.Want, now time.Time) (answered, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, ok := r.kept[w.Name]
	return a, ok && w.Offset == 0 && a.n <= int(w.Len) && now.Sub(a.at) < recentFor
}

// put keeps an answer to a want, if the whole blob is in it.
func (r *recent) put(w update.Want, size uint64, a answered) {
	if w.Offset != 0 || uint64(a.n) != size || !content(w.Name) {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if _, ok := r.kept[w.Name]; ok {
		r.kept[w.Name] = a // its place in the order stays: it is dropped a little early
		return
	}
	r.kept[w.Name] = a
	r.order = append(r.order, w.Name)
	r.bytes += len(a.body)
	for r.bytes > recentBytes || a.at.Sub(r.kept[r.order[0]].at) >= recentFor {
		r.bytes -= len(r.kept[r.order[0]].body)
		delete(r.kept, r.order[0])
		r.order = r.order[1:]
	}
}

// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"slices"
	"sync"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

// ackFor writes what the store did as an acknowledgement. There is room for few
// rejections: if a batch has more, it is acknowledged up to the first that finds
// none, and the device, which sends the rest again, is told then.
func ackFor(b store.Batch, r store.Result) record.Ack {
	a := record.Ack{Device: b.Device, Epoch: b.Epoch, Upto: r.Upto}
	for _, rej := range r.Rejected {
		switch {
		case len(a.Rejected) < record.MaxRejected:
			a.Rejected = append(a.Rejected, record.Reject{Seq: rej.Seq, Code: code(rej.Code)})
		case rej.Code != store.RejectConflict: // the number itself is stored, with its first content
			a.Upto = min(a.Upto, rej.Seq-1)
		}
	}
	if room := record.MaxRejected - len(a.Rejected); room > 0 {
		for _, rej := range r.Earlier[max(0, len(r.Earlier)-room):] {
			a.Rejected = append(a.Rejected, record.Reject{Seq: rej.Seq, Code: code(rej.Code)})
		}
	}
	slices.SortFunc(a.Rejected, func(x, y record.Reject) int { return cmp.Compare(x.Seq, y.Seq) })
	a.Durable = min(r.Durable, a.Upto)
	for _, seq := range r.Missing {
		if len(a.Missing) < record.MaxMissing && seq <= a.Upto+record.MaxMissingGap {
			a.Missing = append(a.Missing, seq)
		}
	}
	return a
}

// code finds the code of a name that the store keeps.
func code(name string) record.Code {
	for c := record.BadRecord; c.Valid(); c++ {
		if c.String() == name {
			return c
		}
	}
	return record.BadRecord
}

// ackQueue holds the acknowledgements that wait for the line, at most one for
// each device: a newer one says all that an older one did.
type ackQueue struct {
	mu    sync.Mutex
	wait  map[string]record.Ack
	order []string
	ready chan struct{}
}

func newAckQueue() *ackQueue {
	return &ackQueue{wait: map[string]record.Ack{}, ready: make(chan struct{}, 1)}
}

func (q *ackQueue) put(a record.Ack) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if _, waits := q.wait[a.Device]; !waits {
		q.order = append(q.order, a.Device)
	}
	q.wait[a.Device] = a
	select {
	case q.ready <- struct{}{}:
	default:
	}
}

// take waits for an acknowledgement; false: ctx ended.
func (q *ackQueue) take(ctx context.Context) (record.Ack, bool) {
	for ctx.Err() == nil { // first: what is taken for a lost line is lost
		if a, ok := q.next(); ok {
			return a, true
		}
		select {
		case <-q.ready:
		case <-ctx.Done():
		}
	}
	return record.Ack{}, false
}

func (q *ackQueue) next() (record.Ack, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.order) == 0 {
		return record.Ack{}, false
	}
	device := q.order[0]
	q.order = q.order[1:]
	a := q.wait[device]
	delete(q.wait, device)
	return a, true
}

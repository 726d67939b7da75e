// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"

	"madoguchi/cmd/internal/store"
)

// tries is how often one job is tried at the database before the next has its
// turn. What is given up was not acknowledged, so its device sends it again.
const tries = 5

// job is one write to the database and what follows it.
type job struct {
	do   func(context.Context) error
	done chan struct{} // closed when it is written or given up
}

// write is the one goroutine that writes. It runs over all connections.
func (c *Collector) write(ctx context.Context) {
	for {
		select {
		case j := <-c.jobs:
			c.try(ctx, j)
			close(j.done)
		case <-ctx.Done():
			return
		}
	}
}

func (c *Collector) try(ctx context.Context, j job) {
	for n := range tries {
		err := j.do(ctx)
		if ctx.Err() != nil {
			return
		}
		c.setStatus(func(s *Status) { s.Database = err == nil })
		if err == nil {
			return
		}
		wait := backoff(c.opts.RetryMin, c.opts.RetryMax, n)
		if total := c.counts.unsaved.Add(1); powerOfTwo(total) {
			c.opts.Log.Error("database away", "err", err, "retry_in", wait, "failures", total)
		}
		if !sleep(ctx, wait) {
			return
		}
	}
}

// records stores a batch and puts the acknowledgement into the queue, in this
// order.
func (c *Collector) records(b store.Batch) func(context.Context) error {
	return func(ctx context.Context) error {
		r, err := c.store.Apply(ctx, b)
		if err != nil {
			return err
		}
		c.acks.put(ackFor(b, r))
		return nil
	}
}

func (c *Collector) presence(p store.Presence) func(context.Context) error {
	return func(ctx context.Context) error { return c.store.SetPresence(ctx, p) }
}

// malformed counts a message that did not pass the gate. reason quotes nothing
// of it.
func (c *Collector) malformed(device, what string, size int, reason error) func(context.Context) error {
	if total := c.counts.malformed.Add(1); powerOfTwo(total) {
		c.opts.Log.Warn("malformed message refused", "device", device, "what", what, "bytes", size, "reason", reason, "refused", total)
	}
	return func(ctx context.Context) error { return c.store.Malformed(ctx, device) }
}

// powerOfTwo thins a log: the 1st, 2nd, 4th, 8th … event is written.
func powerOfTwo(n uint64) bool { return n&(n-1) == 0 }

// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"
	"strings"

	"madoguchi/cmd/internal/line"
	"madoguchi/cmd/internal/store"
)

const (
	// tries is how often one job is tried at the database before the next has its
	// turn. What is given up was not acknowledged, so its device sends it again.
	tries = 5
	// together is how many batches share one transaction, and so one sync of the
	// disk, when so many wait. More would let the first wait for the last.
	together = 16
)

// job is one write to the database and what follows it: a batch of records, or
// something else to do.
type job struct {
	batch *store.Batch
	do    func(context.Context) error
	done  chan struct{} // closed when it is written or given up
}

// lane is the writer of a topic's device: were its batches spread, they would wait
// for each other in the database, and come out of order.
func (c *Collector) lane(topic string) chan job {
	h := fnv.New32a()
	if level := strings.Split(topic, "/"); len(level) > 4 {
		h.Write([]byte(level[4])) // mg/1/<city>/d/<device>/…
	}
	return c.jobs[h.Sum32()%uint32(len(c.jobs))]
}

// write is one of the goroutines that write. They run over all connections.
func (c *Collector) write(ctx context.Context, lane chan job) {
	for {
		select {
		case j := <-lane:
			c.serve(ctx, gather(lane, j))
		case <-ctx.Done():
			return
		}
	}
}

// gather takes what waits behind j already; it waits for nothing.
func gather(lane chan job, j job) []job {
	list := []job{j}
	for len(list) < together {
		select {
		case next := <-lane:
			list = append(list, next)
		default:
			return list
		}
	}
	return list
}

// serve writes the batches among list in one transaction, and does the rest
// after it, one by one.
func (c *Collector) serve(ctx context.Context, list []job) {
	var batches []store.Batch
	var jobs []job
	for _, j := range list {
		if j.batch != nil {
			batches, jobs = append(batches, *j.batch), append(jobs, j)
		}
	}
	if len(batches) > 0 {
		batches = merge(batches)
		c.try(ctx, func(ctx context.Context) error { return c.records(ctx, batches) })
		for _, j := range jobs {
			close(j.done)
		}
	}
	for _, j := range list {
		if j.batch == nil {
			c.try(ctx, j.do)
			close(j.done)
		}
	}
}

// merge puts batches of one outbox that follow each other together: they are one
// step for the database, and one acknowledgement.
func merge(batches []store.Batch) []store.Batch {
	slices.SortStableFunc(batches, func(x, y store.Batch) int {
		return cmp.Or(cmp.Compare(x.Device, y.Device), cmp.Compare(x.Epoch, y.Epoch), cmp.Compare(x.First, y.First))
	})
	var list []store.Batch
	for _, b := range batches {
		if n := len(list) - 1; n >= 0 && list[n].Device == b.Device && list[n].Epoch == b.Epoch &&
			b.First == list[n].First+uint64(len(list[n].Items)) {
			list[n].Items = append(slices.Clip(list[n].Items), b.Items...)
			continue
		}
		list = append(list, b)
	}
	return list
}

func (c *Collector) try(ctx context.Context, do func(context.Context) error) {
	for n := range tries {
		err := do(ctx)
		if ctx.Err() != nil {
			return
		}
		c.setStatus(func(s *Status) { s.Database = err == nil })
		if err == nil {
			return
		}
		wait := line.Backoff(c.opts.RetryMin, c.opts.RetryMax, n)
		if total := c.counts.unsaved.Add(1); powerOfTwo(total) {
			c.opts.Log.Error("database away", "err", err, "retry_in", wait, "failures", total)
		}
		if !line.Sleep(ctx, wait) {
			return
		}
	}
}

// records stores batches and puts the acknowledgements into the queue, in this
// order.
func (c *Collector) records(ctx context.Context, batches []store.Batch) error {
	began := c.opts.Now()
	results, err := c.store.ApplyAll(ctx, batches)
	if err != nil {
		return err
	}
	c.counts.commit.add(c.opts.Now().Sub(began))
	for i, b := range batches {
		c.acks.put(b.Device, ackFor(c.hall.Load(), b, results[i]))
	}
	return nil
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

// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"sync/atomic"
	"time"
)

// Figures count what one collector did since it started.
type Figures struct {
	Malformed uint64 // messages that did not pass the gate
	Unsaved   uint64 // writes that failed and were tried again
	Unsent    uint64 // answers that could not be signed
	Commits   uint64 // transactions with records
	// CommitSeconds is how long these took together, the sync of the disk in it.
	CommitSeconds float64
	Dropped       uint64 // the broker's own count of messages that it dropped
}

// Figures are those of now.
func (c *Collector) Figures() Figures {
	return Figures{
		Malformed: c.counts.malformed.Load(), Unsaved: c.counts.unsaved.Load(), Unsent: c.counts.unsent.Load(),
		Commits: c.counts.commit.n.Load(), CommitSeconds: time.Duration(c.counts.commit.sum.Load()).Seconds(),
		Dropped: c.dropped.Load(),
	}
}

// latency adds up how long something took.
type latency struct {
	n   atomic.Uint64
	sum atomic.Int64
}

func (l *latency) add(d time.Duration) {
	l.n.Add(1)
	l.sum.Add(int64(d))
}

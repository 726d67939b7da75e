// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"net"
	"time"
)

// bucket is a token bucket over frames and bytes for one direction. It is used by one goroutine at a time.
type bucket struct {
	rate, byteRate   float64
	burst, byteBurst float64
	frames, bytes    float64
	last             time.Time
}

func newBucket(o Opts) bucket {
	// The byte bucket holds at least the largest frame, or that frame would never pass.
	bb := max(o.ByteRate, MaxBody)
	return bucket{rate: o.Rate, byteRate: o.ByteRate, burst: float64(o.Burst), byteBurst: bb,
		frames: float64(o.Burst), bytes: bb, last: time.Now()}
}

// wait takes the tokens of a frame with n body bytes and waits until they are there, or until closed.
func (b *bucket) wait(n int, closed <-chan struct{}) error {
	d := b.take(n, time.Now())
	if d <= 0 {
		return nil
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-closed:
		return net.ErrClosed
	}
}

// take books a frame and says how long its sender has to wait.
func (b *bucket) take(n int, now time.Time) time.Duration {
	if dt := now.Sub(b.last).Seconds(); dt > 0 {
		b.frames = min(b.burst, b.frames+dt*b.rate)
		b.bytes = min(b.byteBurst, b.bytes+dt*b.byteRate)
	}
	b.last = now
	b.frames--
	b.bytes -= float64(n)
	wait := max(-b.frames/b.rate, -b.bytes/b.byteRate)
	if wait <= 0 {
		return 0
	}
	return time.Duration(wait * float64(time.Second))
}

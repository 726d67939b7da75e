// SPDX-License-Identifier: Apache-2.0

package depot

import (
	"cmp"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"madoguchi/device/update"
)

// ServeOpts say how fast boxes are answered.
type ServeOpts struct {
	DeviceBPS int64                      // bytes a second to one box; default 1 MiB
	OfficeBPS int64                      // bytes a second to all boxes of one office, whose line they share; default 1 MiB: most of a branch's 10 Mbit/s
	Office    func(device string) string // the office of a box; boxes of no known office share one; nil: every box is an office of its own
	Log       *slog.Logger               // nil: silent
}

const (
	// burst is what a rested box gets at once: a transfer's window of eight parts.
	burst = 8 * update.MaxPart
	// longest is the longest that an answer is held back. A box asks again after 20 s, so a later answer would be sent twice.
	longest = 15 * time.Second
	// atLeast is what the smallest answer costs, in bytes: reading a disk is not free.
	atLeast = 512
)

// A Server answers boxes from a depot. It keeps nothing of a transfer: a box that asks again is answered again. Its methods may be called from any goroutine.
type Server struct {
	depot *Depot
	o     ServeOpts

	mu      sync.Mutex
	buckets map[string]*bucket
	waiting map[string]bool // requests whose answer is held back

	answered, bytes, refused, late atomic.Int64
}

// NewServer serves a depot.
func NewServer(d *Depot, o ServeOpts) *Server {
	o.DeviceBPS, o.OfficeBPS = cmp.Or(o.DeviceBPS, 1<<20), cmp.Or(o.OfficeBPS, 1<<20)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{depot: d, o: o, buckets: map[string]*bucket{}, waiting: map[string]bool{}}
}

// Served is what a server has done so far.
type Served struct {
	Answered, Bytes int64
	Refused         int64 // requests that are none
	Late            int64 // requests over the pace, which their boxes make again
}

// Served counts.
func (s *Server) Served() Served {
	return Served{s.answered.Load(), s.bytes.Load(), s.refused.Load(), s.late.Load()}
}

// Ask takes the body of a request and hands its answer to send, at once or when the pace of the box and of its office allows it. A request that is no request, one
// that waits already, and one that would wait too long are dropped: the box asks again.
func (s *Server) Ask(device string, body []byte, send func(body []byte)) {
	w, err := update.ParseWant(body)
	if err != nil {
		s.refused.Add(1)
		return
	}
	key := device + "\x00" + string(body)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waiting[key] {
		return
	}
	wait, ok := s.book(device, float64(s.depot.cost(w)), time.Now())
	if !ok {
		s.late.Add(1)
		return
	}
	s.waiting[key] = true
	// Only the request waits, not the bytes: 10,000 boxes behind slow lines cost little memory.
	time.AfterFunc(wait, func() {
		s.mu.Lock()
		delete(s.waiting, key)
		s.mu.Unlock()
		s.answer(device, w, send)
	})
}

func (s *Server) answer(device string, w update.Want, send func([]byte)) {
	p, err := s.depot.Part(w)
	if err == nil {
		var body []byte
		if body, err = p.Encode(); err == nil {
			s.answered.Add(1)
			s.bytes.Add(int64(len(p.Data)))
			send(body)
			return
		}
	}
	// The disk's trouble is not the box's "there is no such object": it gets no answer and asks again.
	s.o.Log.Error("depot", "device", device, "object", w.Name, "err", err)
}

// book takes n bytes from the buckets of a box and of its office, and says how long the answer waits; false: too long, nothing was taken.
func (s *Server) book(device string, n float64, now time.Time) (time.Duration, bool) {
	list := []*bucket{s.bucket("d/"+device, s.o.DeviceBPS, now)}
	if s.o.Office != nil {
		list = append(list, s.bucket("o/"+s.o.Office(device), s.o.OfficeBPS, now))
	}
	var wait time.Duration
	for _, b := range list {
		wait = max(wait, b.wait(n, now))
	}
	if wait > longest {
		return 0, false
	}
	for _, b := range list {
		b.tokens -= n
	}
	return wait, true
}

func (s *Server) bucket(name string, rate int64, now time.Time) *bucket {
	b := s.buckets[name]
	if b == nil {
		b = &bucket{rate: float64(rate), tokens: burst, last: now}
		s.buckets[name] = b
	}
	return b
}

// bucket is a token bucket of bytes that may be in debt: what is owed is waited for.
type bucket struct {
	rate, tokens float64
	last         time.Time
}

func (b *bucket) wait(n float64, now time.Time) time.Duration {
	b.tokens = min(burst, b.tokens+now.Sub(b.last).Seconds()*b.rate)
	b.last = now
	if b.tokens >= n {
		return 0
	}
	return time.Duration((n - b.tokens) / b.rate * float64(time.Second))
}

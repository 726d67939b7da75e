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
	// burst is what a rested box gets at once: half a transfer's window.
	burst = 8 * update.MaxPart
	// longest is the longest that an answer is held back. A box asks again after 20 s, so a later answer would be sent twice.
	longest = 15 * time.Second
	// atOnce is how many answers are in memory at a time.
	atOnce = 32
	// atLeast is what the smallest answer costs, in bytes: reading a disk is not free.
	atLeast = 512
)

// A Server answers boxes from a depot. It keeps nothing of a transfer: a box that asks again is answered again. Its methods may be called from any goroutine.
type Server struct {
	depot *Depot
	o     ServeOpts

	mu      sync.Mutex
	buckets map[string]*bucket
	waiting map[request]bool // requests whose answer is held back

	hands  chan struct{} // answers that are being given
	recent recent

	answered, bytes, refused, late atomic.Int64
}

// NewServer serves a depot.
func NewServer(d *Depot, o ServeOpts) *Server {
	o.DeviceBPS, o.OfficeBPS = cmp.Or(o.DeviceBPS, 1<<20), cmp.Or(o.OfficeBPS, 1<<20)
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return &Server{depot: d, o: o, buckets: map[string]*bucket{}, waiting: map[request]bool{}, hands: make(chan struct{}, atOnce), recent: recent{kept: map[string]answered{}}}
}

// request is what one box asks for in one part.
type request struct {
	device, name string
	offset       uint64
	len          uint32
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
	for _, one := range w.Each() {
		s.one(device, one, send)
	}
}

// one takes a request that one part answers.
func (s *Server) one(device string, w update.Want, send func(body []byte)) {
	now := time.Now()
	key := request{device, w.Name, w.Offset, w.Len}
	// On a rested box nobody has to know beforehand how long the answer will be: what it lacks of the request's length is given back.
	most := float64(max(atLeast, w.Len))
	s.mu.Lock()
	if s.waiting[key] {
		s.mu.Unlock()
		return
	}
	s.waiting[key] = true
	wait, ok := s.book(device, most, now)
	if wait > 0 || !ok {
		if ok {
			s.give(device, most)
		}
		s.mu.Unlock()
		cost := float64(s.cost(w, now))
		s.mu.Lock()
		wait, ok = s.book(device, cost, now)
		most = cost
	}
	if !ok {
		delete(s.waiting, key)
		s.mu.Unlock()
		s.late.Add(1)
		return
	}
	s.mu.Unlock()
	answer := func() {
		n := s.answer(device, w, send)
		s.mu.Lock()
		defer s.mu.Unlock()
		s.give(device, most-float64(max(atLeast, n)))
		delete(s.waiting, key)
	}
	if wait <= 0 {
		answer()
		return
	}
	// Only the request waits, not the bytes: 10,000 boxes behind slow lines cost little memory.
	time.AfterFunc(wait, answer)
}

// cost is how many bytes the answer to a request will have, with the least that is counted.
func (s *Server) cost(w update.Want, now time.Time) int64 {
	if a, ok := s.recent.get(w, now); ok {
		return int64(max(atLeast, a.n))
	}
	return s.depot.cost(w)
}

// answer reads a part, hands it to send, and returns how many bytes were sent. Few do so at a time: the line takes one after the other, and what waits for it lies in
// memory.
func (s *Server) answer(device string, w update.Want, send func([]byte)) int {
	s.hands <- struct{}{}
	defer func() { <-s.hands }()
	now := time.Now()
	a, ok := s.recent.get(w, now)
	var err error
	if !ok {
		var size uint64
		if a, size, err = s.depot.answer(w); err == nil {
			a.at = now
			s.recent.put(w, size, a)
		}
	}
	if err == nil {
		s.answered.Add(1)
		s.bytes.Add(int64(a.n))
		send(a.body)
		return a.n
	}
	// The disk's trouble is not the box's "there is no such object": it gets no answer and asks again.
	s.o.Log.Error("depot", "device", device, "object", w.Name, "err", err)
	return 0
}

// book takes n bytes from the buckets of a box and of its office, and says how long the answer waits; false: too long, nothing was taken.
func (s *Server) book(device string, n float64, now time.Time) (time.Duration, bool) {
	list := s.list(device, now)
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

// give puts back what was taken too much.
func (s *Server) give(device string, n float64) {
	for _, b := range s.list(device, time.Now()) {
		b.tokens = min(burst, b.tokens+n)
	}
}

// list is the buckets that a box takes from.
func (s *Server) list(device string, now time.Time) []*bucket {
	list := []*bucket{s.bucket("d/"+device, s.o.DeviceBPS, now)}
	if s.o.Office != nil {
		list = append(list, s.bucket("o/"+s.o.Office(device), s.o.OfficeBPS, now))
	}
	return list
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

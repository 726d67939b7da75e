// SPDX-License-Identifier: Apache-2.0

package link

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// cutter is a wire to the broker that is cut at random moments.
type cutter struct {
	l     net.Listener
	to    string
	mean  time.Duration // 0: never
	cuts  atomic.Int64
	down  atomic.Bool
	mu    sync.Mutex
	lines map[net.Conn]bool
	rng   *rand.Rand
}

func newCutter(t testing.TB, to string, mean time.Duration) *cutter {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &cutter{l: l, to: to, mean: mean, lines: map[net.Conn]bool{}, rng: rand.New(rand.NewPCG(seed, 6))}
	go w.run()
	t.Cleanup(func() { l.Close(); w.cut() })
	return w
}

func (w *cutter) run() {
	for {
		a, err := w.l.Accept()
		if err != nil {
			return
		}
		if w.down.Load() {
			a.Close()
			continue
		}
		b, err := net.Dial("tcp", w.to)
		if err != nil {
			a.Close()
			continue
		}
		w.mu.Lock()
		w.lines[a], w.lines[b] = true, true
		var after time.Duration
		if w.mean > 0 {
			after = time.Duration(w.rng.ExpFloat64() * float64(w.mean))
		}
		w.mu.Unlock()
		shut := func() { a.Close(); b.Close() }
		if after > 0 {
			time.AfterFunc(after, func() { w.cuts.Add(1); shut() })
		}
		for _, p := range [][2]net.Conn{{a, b}, {b, a}} {
			go func() { io.Copy(p[0], p[1]); shut() }()
		}
	}
}

// cut ends every line now.
func (w *cutter) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for c := range w.lines {
		c.Close()
	}
	clear(w.lines)
}

func (w *cutter) url() string { return "tcp://" + w.l.Addr().String() }

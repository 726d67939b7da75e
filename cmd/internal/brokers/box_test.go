// SPDX-License-Identifier: Apache-2.0

package brokers

import (
	"context"
	"crypto/ed25519"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
	"madoguchi/sync/link"
	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// limit is how long any test waits for something to happen.
const limit = 4 * time.Minute

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// memoryDir is a folder where a sync costs nothing, if this machine has one: a hundred boxes have a hundred cards, and share one disk here.
func memoryDir(t testing.TB) string {
	t.Helper()
	at := ""
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		at = "/dev/shm"
	}
	dir, err := os.MkdirTemp(at, "brokers")
	must(t, err)
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// hall is city hall: the collector as it is, over a database.
type hall struct {
	t     testing.TB
	store *store.Store
	key   ed25519.PrivateKey
	alive context.CancelFunc
}

// startHall runs a collector until the test ends.
func startHall(t testing.TB, opts collector.Opts) *hall {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s, err := store.Open(ctx, filepath.Join(memoryDir(t), "city.db"), store.Opts{DigestKey: []byte("0123456789abcdef")})
	must(t, err)
	h := &hall{t: t, store: s, key: ed25519.NewKeyFromSeed(make([]byte, 32)), alive: cancel}
	opts.SignKey, opts.City = h.key, "nabari"
	opts.Timeout, opts.RetryMin, opts.RetryMax = 5*time.Second, 20*time.Millisecond, 500*time.Millisecond
	c, err := collector.New(s, opts)
	must(t, err)
	done := make(chan struct{})
	go func() { defer close(done); must(t, c.Run(ctx)) }()
	t.Cleanup(func() {
		cancel()
		<-done
		must(t, s.Close())
	})
	await(t, "city hall reaches the broker", c.Changed, func() bool { return c.Status().Broker })
	return h
}

// await waits for something that is announced on a channel.
func await(t testing.TB, what string, changed func() <-chan struct{}, is func() bool) {
	t.Helper()
	end := time.After(limit)
	for {
		ch := changed()
		if is() {
			return
		}
		select {
		case <-ch:
		case <-time.After(time.Second): // what is asked may change unannounced
		case <-end:
			t.Fatalf("it never came that %s", what)
		}
	}
}

// box is the PIN side of one box: outbox, wall, and the loop that sends and applies, beside a link of its own.
type box struct {
	t      testing.TB
	id     string
	ob     *outbox.Outbox
	key    ed25519.PublicKey
	batch  int
	want   []record.Record
	counts link.Counts
	empty  chan struct{} // closed when everything is confirmed

	hostile bool         // somebody sends it false receipts
	refused atomic.Int64 // receipts that were none
	bad     error        // of the loop
}

// startBox fills an outbox with n released records and runs a link until the test ends.
func startBox(t testing.TB, h *hall, cfg link.Config, n, batch int, change ...func(*link.Opts)) *box {
	t.Helper()
	dir := memoryDir(t)
	ob, q, err := outbox.Open(filepath.Join(dir, "outbox.db"), outbox.Opts{Device: cfg.Device})
	if err != nil || q != nil {
		t.Fatal(q, err)
	}
	b := &box{t: t, id: cfg.Device, ob: ob, key: h.key.Public().(ed25519.PublicKey), batch: batch, empty: make(chan struct{})}
	week := thisWeek(t)
	for range n {
		r, err := record.NewPE(record.SigningPIN, record.NewEntry(record.Verify, record.EntryOK), week, 1)
		must(t, err)
		b.want = append(b.want, r)
	}
	must(t, ob.Finish(b.want...))
	_, err = ob.Release(outbox.All)
	must(t, err)
	cfg.Wall, cfg.DataDir, cfg.City = filepath.Join(dir, "wall.sock"), dir, "nabari"
	l, err := net.Listen("unix", cfg.Wall)
	must(t, err)
	wl := wall.NewListener(l, os.Getuid(), wall.Opts{})
	ctx, cancel := context.WithCancel(context.Background())
	var all sync.WaitGroup
	all.Go(func() {
		for {
			c, err := wl.Accept()
			if err != nil {
				return
			}
			b.serve(ctx, c)
		}
	})
	all.Go(func() {
		opts := &link.Opts{Timeout: 10 * time.Second, PubackTimeout: 10 * time.Second, AckTimeout: 8 * time.Second, RetryMin: 100 * time.Millisecond, RetryMax: 5 * time.Second, Counts: &b.counts}
		for _, c := range change {
			c(opts)
		}
		if err := link.Run(ctx, cfg, opts); err != nil {
			t.Errorf("link of %s: %v", cfg.Device, err)
		}
	})
	t.Cleanup(func() {
		cancel()
		wl.Close()
		all.Wait()
		if b.bad != nil {
			t.Errorf("%s: %v", b.id, b.bad)
		}
		if err := ob.Check(); err != nil {
			t.Error(err)
		}
		must(t, ob.Close())
	})
	return b
}

// thisWeek is the week of today: city hall holds records of weeks to come back.
func thisWeek(t testing.TB) record.Week {
	t.Helper()
	year, n := time.Now().UTC().ISOWeek()
	w, err := record.NewWeek(year, n)
	must(t, err)
	return w
}

// soon lets a box come back at once after every cut: in service it waits longer the more often it is cut.
func soon(o *link.Opts) { o.RetryMin, o.RetryMax = 10*time.Millisecond, 50*time.Millisecond }

// serve is one wall connection: the oldest batch is sent when the line is up, when a receipt moves the queue on, and again when none comes.
func (b *box) serve(ctx context.Context, c *wall.Conn) {
	defer c.Close()
	stop := context.AfterFunc(ctx, func() { c.Close() })
	defer stop()
	in := make(chan wall.Frame)
	go func() {
		defer close(in)
		for {
			f, err := c.Read()
			if err != nil {
				return
			}
			select {
			case in <- f:
			case <-ctx.Done():
				return
			}
		}
	}()
	resend := time.NewTicker(500*time.Millisecond + rand.N(500*time.Millisecond))
	defer resend.Stop()
	up := false
	push := func() {
		batch, ok := b.ob.Next(b.batch)
		if !ok {
			select {
			case <-b.empty:
			default:
				close(b.empty)
			}
			return
		}
		if text, err := batch.Encode(); err == nil {
			_ = c.Write(wall.Records, text) // the next try sends it again
		}
	}
	for {
		select {
		case f, ok := <-in:
			if !ok {
				return
			}
			switch f.Type {
			case wall.Link:
				s, err := wall.DecodeLinkState(f.Body)
				b.bad = errors.Join(b.bad, err)
				if up = s.State == wall.Up; up {
					push()
				}
			case wall.Ack:
				before := b.ob.Stats().Upto
				a, err := record.OpenAck(b.key, f.Body)
				if err == nil {
					err = b.ob.Apply(a)
				}
				if err != nil {
					b.refused.Add(1)
				}
				if b.ob.Stats().Upto > before {
					push()
				}
			}
		case <-resend.C:
			if up {
				push()
			}
		case <-ctx.Done():
			return
		}
	}
}

// drained waits until every box is empty and compares what city hall has.
func drained(t testing.TB, h *hall, boxes ...*box) {
	t.Helper()
	want := map[record.ID]bool{}
	for _, b := range boxes {
		for _, r := range b.want {
			want[r.ID()] = true
		}
	}
	end := time.After(limit + time.Duration(len(want))*time.Millisecond)
	for _, b := range boxes {
		if n := b.refused.Load(); n != 0 && !b.hostile {
			t.Errorf("%s refused %d receipts", b.id, n)
		}
		select {
		case <-b.empty:
		case <-end:
			t.Fatalf("%s: not everything was confirmed: %+v", b.id, b.ob.Stats())
		}
	}
	have := map[record.ID]int{}
	for f, err := range h.store.Facets(context.Background(), [16]byte{}) {
		must(t, err)
		have[f.ID]++
	}
	lost, doubled := 0, 0
	for id := range want {
		if have[id] == 0 {
			lost++
		}
	}
	for id, n := range have {
		if n > 1 || !want[id] {
			doubled++
		}
	}
	counters, err := h.store.Counters(context.Background())
	must(t, err)
	if lost+doubled > 0 || len(have) != len(want) {
		t.Errorf("%d lost, %d doubled or of nobody, %d of %d records at city hall", lost, doubled, len(have), len(want))
	}
	t.Logf("%d records of %d boxes: %d lost, %d doubled; %d came again and were known", len(want), len(boxes), lost, doubled, counters[store.CountRepeated])
}

// proxy is the way to the brokers: it can be cut, at random too, be slow, and lead to whichever broker answers.
type proxy struct {
	l   net.Listener
	to  []string
	own func(from io.Reader, to io.Writer) // how bytes go on; nil: at once

	mu    sync.Mutex
	lines map[net.Conn]bool
	cuts  int
	rng   *rand.Rand
	mean  time.Duration // between cuts of one line; 0: none
}

func startProxy(t testing.TB, p *proxy, to ...string) string {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	p.rng, p.lines, p.to = rand.New(rand.NewPCG(seed, 13)), map[net.Conn]bool{}, to
	var err error
	p.l, err = net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	go p.run()
	t.Cleanup(func() { p.l.Close(); p.cut() })
	return "tls://" + p.l.Addr().String()
}

func (p *proxy) run() {
	for {
		a, err := p.l.Accept()
		if err != nil {
			return
		}
		var b net.Conn
		for _, to := range p.to {
			if b, err = net.Dial("tcp", to); err == nil {
				break
			}
		}
		if b == nil {
			a.Close()
			continue
		}
		p.mu.Lock()
		p.lines[a], p.lines[b] = true, true
		after := time.Duration(p.rng.ExpFloat64() * float64(p.mean))
		p.mu.Unlock()
		shut := func() { a.Close(); b.Close() }
		if p.mean > 0 {
			time.AfterFunc(after, func() { p.mu.Lock(); p.cuts++; p.mu.Unlock(); shut() })
		}
		for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
			go func() {
				if p.own != nil {
					p.own(way[0], way[1])
				} else {
					io.Copy(way[1], way[0])
				}
				shut()
			}()
		}
	}
}

func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for c := range p.lines {
		c.Close()
	}
	clear(p.lines)
}

// slow carries bytes as a line of so many bits a second with so much delay does, and stalls for a while where a packet is lost, as TCP does.
func slow(bits int, delay time.Duration, loss float64, seed uint64) func(io.Reader, io.Writer) {
	return func(from io.Reader, to io.Writer) {
		rng := rand.New(rand.NewPCG(seed, 14))
		buf := make([]byte, 1400) // one packet
		for {
			n, err := from.Read(buf)
			if n > 0 {
				wait := time.Duration(n*8) * time.Second / time.Duration(bits)
				if rng.Float64() < loss {
					wait += 200 * time.Millisecond // the least time after which TCP sends again
				}
				time.Sleep(wait + delay)
				if _, err := to.Write(buf[:n]); err != nil {
					return
				}
			}
			if err != nil {
				return
			}
		}
	}
}

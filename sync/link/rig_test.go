// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"madoguchi/sync/outbox"
	"madoguchi/sync/record"
	"madoguchi/sync/wall"

	mochi "github.com/mochi-mqtt/server/v2"
	"github.com/mochi-mqtt/server/v2/listeners"
	"github.com/mochi-mqtt/server/v2/packets"
)

// limit is how long any test waits for something to happen.
const limit = 60 * time.Second

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// hall is a city hall that keeps every record once, by device, epoch and number.
type hall struct {
	t   testing.TB
	key ed25519.PrivateKey

	mu      sync.Mutex
	stored  map[uint64]map[uint64]record.Record
	arrived int // records, repeated ones too
}

func newHall(t testing.TB) *hall {
	return &hall{t: t, key: ed25519.NewKeyFromSeed(bytes.Repeat([]byte{3}, 32)), stored: map[uint64]map[uint64]record.Record{}}
}

func (h *hall) public() ed25519.PublicKey { return h.key.Public().(ed25519.PublicKey) }

// take stores a batch and gives the signed receipt.
func (h *hall) take(payload []byte) []byte {
	b, err := record.DecodeBatch(payload)
	if err != nil {
		h.t.Errorf("city hall got: %v", err)
		return nil
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	m := h.stored[b.Epoch]
	if m == nil {
		m = map[uint64]record.Record{}
		h.stored[b.Epoch] = m
	}
	for i, r := range b.Records {
		seq := b.First + uint64(i)
		if old, ok := m[seq]; ok && old != r {
			h.t.Errorf("number %d came with two records", seq)
		}
		m[seq] = r
		h.arrived++
	}
	var upto uint64
	for _, ok := m[upto+1]; ok; _, ok = m[upto+1] {
		upto++
	}
	text, err := record.SignAck(h.key, record.Ack{Device: "box-1", Epoch: b.Epoch, Upto: upto, Durable: upto})
	if err != nil {
		h.t.Error(err)
	}
	return text
}

// counter is the PIN side: an outbox, the wall, and the loop that sends and applies.
type counter struct {
	t      testing.TB
	ob     *outbox.Outbox
	socket string
	public ed25519.PublicKey
	batch  int
	want   []record.Record
	states chan wall.LinkState
	frames chan wall.Frame // what is no receipt and no state
	send   chan wall.Frame // what the test wants to send
	empty  chan struct{}   // closed when everything is confirmed
	done   chan struct{}
}

// newCounter fills an outbox with n released records and serves the wall until the test ends.
func newCounter(t testing.TB, public ed25519.PublicKey, n, batch int) *counter {
	t.Helper()
	dir := t.TempDir()
	ob, q, err := outbox.Open(filepath.Join(dir, "outbox.db"), outbox.Opts{Device: "box-1"})
	if err != nil || q != nil {
		t.Fatal(q, err)
	}
	c := &counter{t: t, ob: ob, socket: filepath.Join(dir, "wall.sock"), public: public, batch: batch,
		states: make(chan wall.LinkState, 1000), frames: make(chan wall.Frame, 100), send: make(chan wall.Frame),
		empty: make(chan struct{}), done: make(chan struct{})}
	week, _ := record.NewWeek(2026, 47)
	for range n {
		r, err := record.NewPO(record.PinCheck, record.Done, week, 1)
		must(t, err)
		c.want = append(c.want, r)
	}
	must(t, ob.Finish(c.want...))
	_, err = ob.Release(outbox.All)
	must(t, err)
	l, err := net.Listen("unix", c.socket)
	must(t, err)
	wl := wall.NewListener(l, os.Getuid(), wall.Opts{})
	var conns sync.WaitGroup
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		defer close(c.done)
		for {
			conn, err := wl.Accept()
			if err != nil {
				return
			}
			conns.Go(func() { c.serve(ctx, conn) })
		}
	}()
	t.Cleanup(func() {
		cancel()
		wl.Close()
		<-c.done
		conns.Wait()
		if err := ob.Check(); err != nil {
			t.Error(err)
		}
		must(t, ob.Close())
	})
	return c
}

func (c *counter) serve(ctx context.Context, conn *wall.Conn) {
	defer conn.Close()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	in := make(chan wall.Frame)
	go func() {
		defer close(in)
		for {
			f, err := conn.Read()
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
	up := false
	resend := time.NewTicker(100 * time.Millisecond)
	defer resend.Stop()
	push := func() {
		b, ok := c.ob.Next(c.batch)
		if !ok {
			select {
			case <-c.empty:
			default:
				close(c.empty)
			}
			return
		}
		text, err := b.Encode()
		if err != nil {
			c.t.Error(err)
			return
		}
		conn.Write(wall.Records, text)
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
				if err != nil {
					c.t.Error(err)
				}
				if up = s.State == wall.Up; up {
					push()
				}
				c.states <- s
			case wall.Ack:
				a, err := record.OpenAck(c.public, f.Body)
				if err != nil {
					c.t.Errorf("receipt: %v", err)
					continue
				}
				before := c.ob.Stats().Upto
				if err := c.ob.Apply(a); err != nil {
					c.t.Errorf("receipt: %v", err)
				}
				if c.ob.Stats().Upto > before {
					resend.Reset(100 * time.Millisecond)
					push()
				}
			default:
				c.frames <- f
			}
		case f := <-c.send:
			if err := conn.Write(f.Type, f.Body); err != nil {
				c.t.Error(err)
			}
		case <-resend.C:
			if up {
				push()
			}
		}
	}
}

// await waits for a state of the line.
func (c *counter) await(want wall.State) wall.LinkState {
	c.t.Helper()
	for {
		select {
		case s := <-c.states:
			if s.State == want {
				return s
			}
		case <-time.After(limit):
			c.t.Fatalf("the line was never %s", want)
		}
	}
}

// drained waits until the outbox is empty and compares what city hall has.
func (c *counter) drained(h *hall) {
	c.t.Helper()
	select {
	case <-c.empty:
	case <-time.After(limit):
		c.t.Fatalf("not everything was confirmed: %+v", c.ob.Stats())
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	times := map[record.ID]int{}
	for _, m := range h.stored {
		for _, r := range m {
			times[r.ID()]++
		}
	}
	lost, doubled := 0, 0
	for _, r := range c.want {
		switch n := times[r.ID()]; {
		case n == 0:
			lost++
		case n > 1:
			doubled++
		}
	}
	if lost+doubled != 0 || len(times) != len(c.want) || len(h.stored) != 1 {
		c.t.Errorf("%d lost, %d doubled, %d of %d records at city hall, %d epochs", lost, doubled, len(times), len(c.want), len(h.stored))
	}
	c.t.Logf("%d records, %d arrived, %d lost, %d doubled", len(c.want), h.arrived, lost, doubled)
}

// quick are options with waits in milliseconds.
func quick(counts *Counts) *Opts {
	return &Opts{
		Timeout: 2 * time.Second, PubackTimeout: 300 * time.Millisecond, RetryMin: 5 * time.Millisecond, RetryMax: 50 * time.Millisecond,
		Stable: time.Second, Counts: counts,
	}
}

// start runs a link until the test ends.
func start(t testing.TB, cfg Config, o *Opts) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, cfg, o) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			select {
			case err := <-done:
				if err != nil {
					t.Errorf("Run: %v", err)
				}
			case <-time.After(limit):
				t.Error("Run does not end")
			}
		})
	}
	t.Cleanup(stop)
	return stop
}

// startBroker runs mochi on a free port with the settings that it needs, and a city hall inside.
func startBroker(t testing.TB, h *hall, hooks ...mochi.Hook) (s *mochi.Server, addr string) {
	t.Helper()
	caps := mochi.NewDefaultServerCapabilities()
	caps.MaximumMessageExpiryInterval = 0 // else retained messages go after a day
	caps.MinimumProtocolVersion = 4
	s = mochi.New(&mochi.Options{InlineClient: true, Capabilities: caps, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if len(hooks) == 0 {
		hooks = []mochi.Hook{new(spy)}
	}
	for _, hook := range hooks {
		must(t, s.AddHook(hook, nil))
	}
	l := listeners.NewTCP(listeners.Config{ID: "tcp", Address: "127.0.0.1:0"})
	must(t, s.AddListener(l))
	must(t, s.Serve())
	t.Cleanup(func() { s.Close() })
	if h != nil {
		topics := NewTopics("nabari", "box-1")
		must(t, s.Subscribe(topics.Rec, 1, func(_ *mochi.Client, _ packets.Subscription, pk packets.Packet) {
			if ack := h.take(pk.Payload); ack != nil {
				go s.Publish(topics.Ack, ack, true, 1)
			}
		}))
	}
	return s, l.Address()
}

// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// pair is both ends of a wall in memory.
func pair(t testing.TB, counts *Counts) (counter, network *Conn) {
	t.Helper()
	a, b := net.Pipe()
	counter, network = New(a, Counter, Opts{Counts: counts}), New(b, Network, Opts{})
	t.Cleanup(func() { counter.Close(); network.Close() })
	return counter, network
}

// The table of the house: which frame runs which way, and how long it may be.
func TestLimits(t *testing.T) {
	want := map[Type][2]int{ // out, in
		Records: {32 << 10, 0}, Reported: {4 << 10, 0}, Ack: {0, 512}, Link: {0, 512}, Want: {256, 0}, Bytes: {0, 64<<10 + 128},
		Desired: {0, 8 << 10}, Issuer: {4 << 10, 4 << 10}, ClaimPut: {512, 0}, ClaimGet: {512, 0}, Claim: {0, 512}, Enrol: {4 << 10, 4 << 10},
		Wipe: {1 << 10, 64},
	}
	got := map[Type][2]int{}
	for n := range 256 {
		if l := [2]int{Type(n).Limit(Counter), Type(n).Limit(Network)}; l != [2]int{} {
			got[Type(n)] = l
		}
		if Type(n).Limit(Side(0)) != 0 || Type(n).Limit(Side(3)) != 0 {
			t.Errorf("%v has a limit for no side", Type(n))
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if len(Types()) != len(want) {
		t.Errorf("%d types listed, want %d", len(Types()), len(want))
	}
	for _, typ := range Types() {
		if max(typ.Limit(Counter), typ.Limit(Network)) > MaxBody {
			t.Errorf("%v is longer than MaxBody", typ)
		}
		if strings.HasPrefix(typ.String(), "type(") {
			t.Errorf("type %d has no name", typ)
		}
	}
}

// Every type, each way, at its limits: what passes one end passes the other, what does not is sent by neither.
func TestFramesBothWays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, typ := range append(Types(), 0, 200) {
			for _, from := range []Side{Counter, Network} {
				limit := typ.Limit(from)
				for _, n := range []int{0, 1, limit, limit + 1} {
					counter, network := pair(t, nil)
					w, r := counter, network
					if from == Network {
						w, r = network, counter
					}
					ok := n > 0 && n <= limit
					body := bytes.Repeat([]byte{byte(typ)}, n)
					if !ok {
						var refused *RefusedError
						if err := w.Write(typ, body); !errors.As(err, &refused) || refused.From != from || int(refused.Len) != n {
							t.Errorf("%v %v of %d bytes: %v", from, typ, n, err)
						}
						continue
					}
					go func() {
						if err := w.Write(typ, body); err != nil {
							t.Errorf("%v %v of %d bytes: %v", from, typ, n, err)
						}
					}()
					f, err := r.Read()
					if err != nil || f.Type != typ || !bytes.Equal(f.Body, body) {
						t.Errorf("%v %v of %d bytes: read %v of %d, %v", from, typ, n, f.Type, len(f.Body), err)
					}
				}
			}
		}
	})
}

// A refused frame closes the connection and is counted; nothing of its body is read.
func TestRefusedFrameCloses(t *testing.T) {
	for _, tc := range []struct {
		name   string
		n      uint32
		typ    Type
		reason Reason
	}{
		{"unknown type", 10, 77, WrongType},
		{"no type", 10, 0, WrongType},
		{"runs the other way", 10, Records, WrongType},
		{"empty", 0, Ack, WrongSize},
		{"over its limit", 513, Ack, WrongSize},
		{"4 GiB", 1<<32 - 1, Bytes, WrongSize},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a, b := net.Pipe()
			defer b.Close()
			var counts Counts
			c := New(a, Counter, Opts{Counts: &counts})
			go b.Write(append(binary.BigEndian.AppendUint32(nil, tc.n), byte(tc.typ)))
			_, err := c.Read()
			want := &RefusedError{From: Network, Type: tc.typ, Len: tc.n, Reason: tc.reason}
			var got *RefusedError
			if !errors.As(err, &got) || *got != *want {
				t.Fatalf("read gave %v, want %v", err, want)
			}
			if strings.Contains(got.Error(), "reason(") {
				t.Error(got)
			}
			if _, err := b.Write([]byte("body")); err == nil {
				t.Error("the connection is still open")
			}
			if counts.Frames() != 1 {
				t.Errorf("%d refusals counted", counts.Frames())
			}
			if err := c.Write(Records, []byte("x")); err == nil {
				t.Error("a write after the refusal went through")
			}
		})
	}
}

func TestEnds(t *testing.T) {
	counter, network := pair(t, nil)
	network.Close()
	if _, err := counter.Read(); !errors.Is(err, io.EOF) {
		t.Errorf("read after the peer's end: %v", err)
	}
	if err := errors.Join(network.Close(), counter.Close(), counter.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	a, b := net.Pipe()
	c := New(a, Counter, Opts{})
	go func() { b.Write([]byte{0, 0, 0}); b.Close() }()
	if _, err := c.Read(); err == nil || errors.Is(err, io.EOF) {
		t.Errorf("read of a cut head: %v", err)
	}
}

// A peer that announces a body and does not send it, or does not read, is cut off after the deadline.
func TestDeadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		c := New(a, Counter, Opts{BodyTimeout: 3 * time.Second, WriteTimeout: 2 * time.Second})
		go b.Write([]byte{0, 0, 0, 10, byte(Ack), 'x'})
		start := time.Now()
		if _, err := c.Read(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 3*time.Second {
			t.Errorf("read: %v after %v", err, time.Since(start))
		}
		for n := 1; n < headLen; n++ { // one that stops inside a head would keep the only place
			a, b = net.Pipe()
			c = New(a, Counter, Opts{BodyTimeout: 3 * time.Second})
			go func() {
				time.Sleep(24 * time.Hour) // between frames a peer may be silent
				b.Write([]byte{0, 0, 0, 10}[:n])
			}()
			start = time.Now()
			if _, err := c.Read(); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 24*time.Hour+3*time.Second {
				t.Errorf("read of %d bytes of a head: %v after %v", n, err, time.Since(start))
			}
		}
		a, b = net.Pipe()
		defer b.Close()
		c = New(a, Counter, Opts{WriteTimeout: 2 * time.Second})
		start = time.Now()
		if err := c.Write(Records, []byte("x")); !errors.Is(err, os.ErrDeadlineExceeded) || time.Since(start) != 2*time.Second {
			t.Errorf("write: %v after %v", err, time.Since(start))
		}
	})
}

// Both ways are rate-limited: a flood takes as long as the limit says, however fast it is sent.
func TestRateLimit(t *testing.T) {
	for _, tc := range []struct {
		name   string
		opts   Opts
		frames int
		body   int
		least  time.Duration
	}{
		{"frames", Opts{Rate: 10, Burst: 5, ByteRate: 1 << 30}, 105, 1, 10 * time.Second},
		{"bytes", Opts{Rate: 1e6, Burst: 1e6, ByteRate: 100 << 10}, 21, MaxBody, 12 * time.Second}, // 21 bodies of 64 KiB less one second's burst at 100 KiB/s
		{"no wait below the limit", Opts{Rate: 10, Burst: 200, ByteRate: 1 << 30}, 105, 1, 0},
	} {
		for _, side := range []string{"reading", "writing"} {
			t.Run(tc.name+" "+side, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					fast := Opts{Rate: 1e9, Burst: 1e9, ByteRate: 1e12, WriteTimeout: time.Hour}
					in, out := tc.opts, fast
					if side == "writing" {
						in, out = fast, tc.opts
					}
					out.WriteTimeout = time.Hour
					a, b := net.Pipe()
					counter, network := New(a, Counter, in), New(b, Network, out)
					start := time.Now()
					go func() {
						for range tc.frames {
							if err := network.Write(Bytes, make([]byte, tc.body)); err != nil {
								t.Error(err)
								return
							}
						}
					}()
					for range tc.frames {
						if _, err := counter.Read(); err != nil {
							t.Fatal(err)
						}
					}
					took := time.Since(start)
					if took < tc.least || took > tc.least+tc.least/5 {
						t.Errorf("%d frames took %v, want %v", tc.frames, took, tc.least)
					}
				})
			})
		}
	}
}

// A flooded reader that waits for its tokens can be closed.
func TestCloseWhileWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := net.Pipe()
		defer b.Close()
		c := New(a, Counter, Opts{Rate: 0.001, Burst: 1})
		go func() {
			for range 3 {
				b.Write([]byte{0, 0, 0, 1, byte(Ack), 'x'})
			}
		}()
		if _, err := c.Read(); err != nil {
			t.Fatal(err)
		}
		time.AfterFunc(time.Second, func() { c.Close() })
		start := time.Now()
		if _, err := c.Read(); !errors.Is(err, net.ErrClosed) || time.Since(start) != time.Second {
			t.Errorf("%v after %v", err, time.Since(start))
		}
	})
}

func TestLinkState(t *testing.T) {
	at := time.Date(2026, 11, 18, 1, 2, 3, 0, time.UTC)
	for _, s := range []LinkState{
		{State: Down},
		{State: Up, Since: at, Fingerprint: "0123456789abcdef", TimeHint: at},
		{State: NoHost, Since: at},
		{State: Untrusted, Since: at},
		{State: Refused},
	} {
		body, err := s.Encode()
		if err != nil || len(body) > Link.Limit(Network) {
			t.Fatalf("%d bytes, %v", len(body), err)
		}
		back, err := DecodeLinkState(body)
		if d := cmp.Diff(s, back); d != "" || err != nil {
			t.Error(d, err)
		}
	}
	const good = `{"fingerprint":"","s":"madoguchi.link/1","since":5,"state":"up","time_hint":0}`
	if _, err := DecodeLinkState([]byte(good)); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{
		"", "{}", good + " ", strings.Replace(good, "up", "UP", 1), strings.Replace(good, "link/1", "link/2", 1), strings.Replace(good, "5", "-5", 1),
		strings.Replace(good, "5", "99999999999", 1), strings.Replace(good, `{`, `{"x":1,`, 1), strings.Replace(good, `"since":5`, `"since":5,"since":5`, 1),
		strings.Replace(good, `""`, `"0123"`, 1), strings.Replace(good, `""`, `"0123456789ABCDEF"`, 1),
	} {
		if s, err := DecodeLinkState([]byte(bad)); err == nil {
			t.Errorf("%s was read as %+v", bad, s)
		}
	}
	if _, err := (LinkState{State: "sideways"}).Encode(); err == nil {
		t.Error("an unknown state was encoded")
	}
}

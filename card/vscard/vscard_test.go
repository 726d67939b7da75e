// SPDX-License-Identifier: Apache-2.0

package vscard_test

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card/simcard"
	"madoguchi/card/vscard"
)

var _ vscard.Card = (*simcard.Card)(nil)

// qemu is the other end of the line, as QEMU 7.2 was seen to speak.
type qemu struct {
	t *testing.T
	c net.Conn
}

func (q qemu) send(typ, reader uint32, data []byte) {
	q.t.Helper()
	b := binary.BigEndian.AppendUint32(nil, typ)
	b = binary.BigEndian.AppendUint32(b, reader)
	b = binary.BigEndian.AppendUint32(b, uint32(len(data)))
	if _, err := q.c.Write(append(b, data...)); err != nil {
		q.t.Fatal(err)
	}
}

func (q qemu) want(typ, reader uint32, data string) {
	q.t.Helper()
	var head [12]byte
	if _, err := io.ReadFull(q.c, head[:]); err != nil {
		q.t.Fatal(err)
	}
	body := make([]byte, binary.BigEndian.Uint32(head[8:]))
	if _, err := io.ReadFull(q.c, body); err != nil {
		q.t.Fatal(err)
	}
	got := []any{binary.BigEndian.Uint32(head[0:]), binary.BigEndian.Uint32(head[4:]), hex.EncodeToString(body)}
	if diff := cmp.Diff([]any{typ, reader, data}, got); diff != "" {
		q.t.Errorf("message (-want +got):\n%s", diff)
	}
}

const undefined = 0xFFFFFFFF

func start(ctx context.Context, t *testing.T, c vscard.Card) (qemu, chan error) {
	t.Helper()
	far, near := net.Pipe()
	t.Cleanup(func() { far.Close() })
	done := make(chan error, 1)
	go func() { done <- vscard.Serve(ctx, near, c) }()
	return qemu{t, far}, done
}

// insert walks through the greeting up to the card.
func (q qemu) insert() {
	q.t.Helper()
	q.want(1, undefined, "56534344"+"00000002"+"00000000")
	q.send(1, undefined, []byte("VSCD\x00\x00\x00\x02\x00\x00\x00\x00"))
	q.want(3, undefined, hex.EncodeToString([]byte("Madoguchi simulated card")))
	q.send(2, 0, make([]byte, 4))
	q.want(5, 0, hex.EncodeToString(vscard.ATR))
	q.send(2, 0, make([]byte, 4))
}

func adult(t testing.TB) *simcard.Card {
	s, ok := simcard.SampleByID("adult", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	if !ok {
		t.Fatal("no sample")
	}
	return simcard.New(s.Spec)
}

func TestServe(t *testing.T) {
	c := adult(t)
	q, done := start(t.Context(), t, c)
	q.insert()
	q.send(7, 0, []byte("\x00\xA4\x04\x0C\x0A\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01"))
	q.want(7, 0, "9000")
	q.send(7, 0, []byte("\x00\xA4\x02\x0C\x02\x00\x18"))
	q.want(7, 0, "9000")
	q.send(7, 0, []byte{0x00, 0x20, 0x00, 0x80})
	q.want(7, 0, "63c3")
	q.send(7, 0, []byte{0x00, 0x20, 0x00, 0x80, 0x00}) // as T=0 has it
	q.want(7, 0, "63c3")
	q.send(8, 0, nil)
	q.want(9, 0, "")
	q.send(7, 0, []byte{0x00, 0x84, 0x00, 0x00, 0x00})
	var head [12]byte
	if _, err := io.ReadFull(q.c, head[:]); err != nil {
		t.Fatal(err)
	}
	n := binary.BigEndian.Uint32(head[8:])
	if n != 258 {
		t.Errorf("answer of %d bytes, want 258", n)
	}
	if _, err := io.CopyN(io.Discard, q.c, int64(n)); err != nil {
		t.Fatal(err)
	}
	q.c.Close()
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if c.Powered() {
		t.Error("the card has power after the machine has gone")
	}
}

// TestPull: the end of the context takes the card out before the line ends.
func TestPull(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	c := adult(t)
	q, done := start(ctx, t, c)
	q.insert()
	cancel()
	q.want(6, 0, "")
	if err := <-done; err != nil {
		t.Errorf("ended with %v", err)
	}
	if c.Powered() {
		t.Error("a card that was pulled has power")
	}

	// Before it was in, and an end that listens no more.
	for _, insert := range []bool{false, true} {
		ctx, cancel := context.WithCancel(context.Background())
		q, done := start(ctx, t, adult(t))
		q.want(1, undefined, "56534344"+"00000002"+"00000000")
		if insert {
			q.send(1, undefined, []byte("VSCD\x00\x00\x00\x02\x00\x00\x00\x00"))
			q.want(3, undefined, hex.EncodeToString([]byte("Madoguchi simulated card")))
			q.send(2, 0, make([]byte, 4))
			q.want(5, 0, hex.EncodeToString(vscard.ATR))
		}
		cancel()
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
	}
}

// TestRefused: what QEMU may not say ends the line with a typed error.
func TestRefused(t *testing.T) {
	for name, send := range map[string]func(q qemu){
		"wrong greeting": func(q qemu) { q.send(1, undefined, []byte("VSCX\x00\x00\x00\x02")) },
		"short greeting": func(q qemu) { q.send(1, undefined, []byte("VSCD")) },
		"refusal":        func(q qemu) { q.send(2, 0, []byte{0, 0, 0, 1}) },
		"short error":    func(q qemu) { q.send(2, 0, nil) },
		"unknown type":   func(q qemu) { q.send(77, 0, nil) },
		"card from afar": func(q qemu) { q.send(5, 0, vscard.ATR) },
		"endless":        func(q qemu) { _, _ = q.c.Write([]byte{0, 0, 0, 7, 0, 0, 0, 0, 0xFF, 0xFF, 0xFF, 0xFF}) },
	} {
		t.Run(name, func(t *testing.T) {
			q, done := start(t.Context(), t, adult(t))
			q.want(1, undefined, "56534344"+"00000002"+"00000000")
			send(q)
			if err := <-done; !errors.Is(err, vscard.ErrProtocol) {
				t.Errorf("ended with %v", err)
			}
		})
	}
}

// wide answers more than QEMU's reader can take, or is gone.
type wide struct {
	*simcard.Card
	gone bool
}

func (w wide) Transmit([]byte) ([]byte, error) {
	if w.gone {
		return nil, errors.New("pulled")
	}
	return make([]byte, 514), nil
}

func TestLimits(t *testing.T) {
	q, _ := start(t.Context(), t, wide{Card: adult(t)})
	q.insert()
	q.send(7, 0, []byte{0x00, 0xCA, 0x7F, 0x21, 0x00, 0x00, 0x00})
	q.want(7, 0, "6700")

	q, done := start(t.Context(), t, wide{Card: adult(t), gone: true})
	q.insert()
	q.send(7, 0, []byte{0x00, 0xA4, 0x00, 0x00})
	q.want(6, 0, "")
	if err := <-done; err == nil {
		t.Error("a pulled card ended without an error")
	}
}

// FuzzServe: whatever comes, Serve ends when the line does, the card unpowered.
func FuzzServe(f *testing.F) {
	f.Add([]byte{0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 8, 'V', 'S', 'C', 'D', 0, 0, 0, 2})
	f.Add([]byte{0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0x20, 0, 0x80})
	f.Fuzz(func(t *testing.T, in []byte) {
		far, near := net.Pipe()
		c := adult(t)
		done := make(chan error, 1)
		go func() { done <- vscard.Serve(context.Background(), near, c) }()
		go func() { _, _ = io.Copy(io.Discard, far) }()
		_, _ = far.Write(in)
		far.Close()
		<-done
		if c.Powered() {
			t.Error("the card has power after the line has gone")
		}
	})
}

func Example() {
	s, _ := simcard.SampleByID("adult", time.Now())
	conn, err := net.Dial("tcp", "127.0.0.1:7816") // QEMU's chardev
	if err != nil {
		return
	}
	_ = vscard.Serve(context.Background(), conn, simcard.New(s.Spec))
}

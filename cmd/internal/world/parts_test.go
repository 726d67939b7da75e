// SPDX-License-Identifier: Apache-2.0

package world

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/pinpad"
)

// TestFingers: a press is two closures, each felt before the next.
func TestFingers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		var sent []uint16
		var f *fingers
		f = newFingers(func(mask uint16) bool {
			mu.Lock()
			sent = append(sent, mask)
			mu.Unlock()
			go func() {
				time.Sleep(40 * time.Millisecond) // the key-pad scans
				f.scanned()
			}()
			return true
		})
		began := time.Now()
		f.press(t.Context(), pinpad.Key5, 0)
		if d := time.Since(began); d != 80*time.Millisecond {
			t.Errorf("a press took %v, want two scans of 40 ms", d)
		}
		f.press(t.Context(), pinpad.Key5, 2*time.Second)
		if d := time.Since(began); d != 80*time.Millisecond+sameKey+2080*time.Millisecond {
			t.Errorf("the same key, held for 2 s, ended after %v", d)
		}
		five := pinpad.Key5.Bit()
		f.move(t.Context(), five|pinpad.Key1.Bit(), 0)
		f.move(t.Context(), five, 0) // nothing moves
		f.move(t.Context(), 0, five|pinpad.Key1.Bit())
		if d := cmp.Diff([]uint16{five, 0, five, 0, five | pinpad.Key1.Bit(), 0}, sent); d != "" {
			t.Errorf("closures (-want +got):\n%s", d)
		}
	})
}

// TestFingersWithoutBox: nobody waits for a box that is not there, and a key
// comes up although its caller has gone.
func TestFingersWithoutBox(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		there := false
		f := newFingers(func(uint16) bool { return there })
		began := time.Now()
		f.press(t.Context(), pinpad.KeyEnter, 0)
		if d := time.Since(began); d != 0 {
			t.Errorf("without a box a press took %v", d)
		}
		there = true // a box that boots and has no key-pad yet
		f.move(t.Context(), pinpad.KeyUp.Bit(), 0)
		if d := time.Since(began); d != scanLimit {
			t.Errorf("a box that does not scan was waited for %v", d)
		}
		f.lost()
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		f.press(ctx, pinpad.KeyDown, time.Hour)
		if got := f.closed(); got != pinpad.KeyUp.Bit() {
			t.Errorf("closed keys %#x", got)
		}
	})
}

func TestLine(t *testing.T) {
	broker, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer broker.Close()
	go func() {
		for {
			c, err := broker.Accept()
			if err != nil {
				return
			}
			go io.Copy(c, c)
		}
	}()
	n, err := newLine(broker.Addr().String(), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	defer n.close()
	echo := func() (net.Conn, error) {
		c, err := net.Dial("tcp", n.addr())
		if err != nil {
			return nil, err
		}
		c.SetDeadline(time.Now().Add(10 * time.Second))
		if _, err := c.Write([]byte("mg")); err != nil {
			return c, err
		}
		var b [2]byte
		_, err = io.ReadFull(c, b[:])
		return c, err
	}
	c, err := echo()
	if err != nil {
		t.Fatalf("over a whole line: %v", err)
	}
	defer c.Close()
	n.set(false)
	if _, err := io.ReadFull(c, make([]byte, 1)); err == nil || errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cut: the open connection goes on: %v", err)
	}
	if c, err := echo(); err == nil {
		c.Close()
		t.Error("cut: a new connection works")
	}
	n.set(true)
	if c, err = echo(); err != nil {
		t.Fatalf("mended: %v", err)
	}
	c.Close()
}

// TestPocket: counters and PINs outlive the program, until the card is fresh.
func TestPocket(t *testing.T) {
	f, err := openFolder(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	defer f.close()
	today := time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC)
	p, err := newPocket(f, today)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.remove(); !errors.Is(err, errEmpty) {
		t.Errorf("removing from an empty slot: %v", err)
	}
	if _, _, err := p.connect(); !errors.Is(err, card.ErrNoCard) {
		t.Errorf("connecting an empty slot: %v", err)
	}
	if err := p.insert("adult"); err != nil {
		t.Fatal(err)
	}
	if err := p.insert("locked"); !errors.Is(err, errTaken) {
		t.Errorf("second card: %v", err)
	}
	if err := p.refresh("adult"); !errors.Is(err, errTaken) {
		t.Errorf("making the card in the slot fresh: %v", err)
	}
	session, atr, err := p.connect()
	if err != nil || len(atr) == 0 {
		t.Fatalf("connecting: %v, ATR % x", err, atr)
	}
	tell := func(apdu ...byte) uint16 {
		t.Helper()
		out, err := p.transmit(session, apdu)
		if err != nil || len(out) < 2 {
			t.Fatalf("% x: % x, %v", apdu[:4], out, err)
		}
		return uint16(out[len(out)-2])<<8 | uint16(out[len(out)-1])
	}
	ref := card.KindLogin.Info().Refs[0]
	tell(append([]byte{0, 0xa4, 4, 0x0c, byte(len(ref.AP))}, ref.AP...)...)
	tell(0, 0xa4, 2, 0x0c, 2, byte(ref.EF>>8), byte(ref.EF))
	if sw := tell(0, 0x20, 0, 0x80, 4, '9', '9', '9', '9'); sw != 0x63c2 {
		t.Errorf("a wrong PIN answers %04x, want 63C2", sw)
	}
	if d := cmp.Diff(map[string][]string{"adult": {}}, p.usedCards()); d != "" {
		t.Errorf("used (-want +got):\n%s", d)
	}
	if _, err := p.transmit(session+1, []byte{0, 0x20, 0, 0x80}); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("another session: %v", err)
	}
	if err := p.remove(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.transmit(session, []byte{0, 0x20, 0, 0x80}); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("after removal: %v", err)
	}

	again, err := newPocket(f, today)
	if err != nil {
		t.Fatal(err)
	}
	left := func(p *pocket) int { return p.cards["adult"].Left(card.KindLogin) }
	if got := left(again); got != 2 {
		t.Errorf("after a restart %d tries are left, want 2", got)
	}
	if err := again.refresh("adult"); err != nil {
		t.Fatal(err)
	}
	if got := left(again); got != 3 {
		t.Errorf("a fresh card has %d tries, want 3", got)
	}
	last, err := newPocket(f, today)
	if err != nil {
		t.Fatal(err)
	}
	if used := last.usedCards(); len(used) != 0 {
		t.Errorf("after a restart used %v", used)
	}
	if got, want := len(last.list()), len(simcard.Samples(today))+len(simcard.IssuerSamples(today)); got != want {
		t.Errorf("%d cards, want %d", got, want)
	}
}

func TestSlowWatcherIsDropped(t *testing.T) {
	var h hub
	slow, _ := h.Watch()
	quick, stop := h.Watch()
	for range backlog + 1 {
		h.tell(Event{Name: "state"})
		<-quick
	}
	n := 0
	for range slow {
		n++
	}
	if n != backlog {
		t.Errorf("the slow one got %d events before it was dropped, want %d", n, backlog)
	}
	stop()
	stop()
	if _, open := <-quick; open {
		t.Error("a watcher that stopped is told on")
	}
	h.close()
	if c, _ := h.Watch(); func() bool { _, open := <-c; return open }() {
		t.Error("an ended world can be watched")
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/qemu"
)

// said is one message of VSCard as it went by.
type said struct {
	from string
	typ  uint32
	data string
}

// eavesdrop carries what two ends say to each other and tells every message.
func eavesdrop(card, reader net.Conn, heard chan<- said) {
	carry := func(from string, src, dst net.Conn) {
		defer func() { _ = dst.(*net.TCPConn).CloseWrite() }()
		for {
			var head [12]byte
			if _, err := io.ReadFull(src, head[:]); err != nil {
				return
			}
			body := make([]byte, binary.BigEndian.Uint32(head[8:]))
			if _, err := io.ReadFull(src, body); err != nil {
				return
			}
			heard <- said{from, binary.BigEndian.Uint32(head[0:]), fmt.Sprintf("%x", body)}
			_, _ = dst.Write(append(head[:], body...)) // an end may have gone
		}
	}
	go carry("card", card, reader)
	go carry("qemu", reader, card)
}

// TestCardQEMU: the real QEMU takes "simulator card --vscard" for its reader's
// card: it greets, adds a reader, and finds nothing wrong with the card's answer to
// reset. Ctrl-C takes it out, and put in again it goes through the same. (What a guest does
// with it is tried in cmd/internal/interop.)
func TestCardQEMU(t *testing.T) {
	m, err := qemu.Start(qemu.Opts{})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 2 {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		root := command(io.Discard, io.Discard)
		root.SetArgs([]string{"card", "--vscard", l.Addr().String(), "--card", "adult"})
		done := make(chan error, 1)
		go func() { done <- root.ExecuteContext(ctx) }()
		card, err := l.Accept()
		if err != nil {
			t.Fatal(err)
		}
		reader, err := net.Dial("tcp", m.Card())
		if err != nil {
			t.Fatalf("%v%s", err, m.Said())
		}
		heard := make(chan said, 16)
		eavesdrop(card, reader, heard)
		// By sender: their order between the two is the line's.
		got := map[string][]said{}
		for limit := time.After(patience); len(got["card"]) < 3 || len(got["qemu"]) < 3; {
			select {
			case s := <-heard:
				got[s.from] = append(got[s.from], s)
			case <-limit:
				t.Fatalf("after %v: %+v%s", patience, got, m.Said())
			}
		}
		want := map[string][]said{
			"card": {{"card", 1, "565343440000000200000000"}, {"card", 3, fmt.Sprintf("%x", "Madoguchi simulated card")}, {"card", 5, "3b6500000102030405"}},
			"qemu": {{"qemu", 1, "565343440000000200000000"}, {"qemu", 2, "00000000"}, {"qemu", 2, "00000000"}},
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(said{})); diff != "" {
			t.Errorf("said (-want +got):\n%s", diff)
		}
		cancel() // Ctrl-C pulls the card
		if err := <-done; err != nil {
			t.Errorf("ended with %v", err)
		}
		for _, want := range []said{{"card", 6, ""}, {"qemu", 2, "00000000"}} {
			select {
			case s := <-heard:
				if s != want {
					t.Errorf("after Ctrl-C %+v, want %+v", s, want)
				}
			case <-time.After(patience):
				t.Fatalf("after Ctrl-C nobody says %+v%s", want, m.Said())
			}
		}
	}
	if s := m.Said(); s != "" {
		t.Errorf("QEMU complains:%s", s)
	}
}

// SPDX-License-Identifier: Apache-2.0

package vpcd_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card/simcard"
	"madoguchi/card/vpcd"
)

var _ vpcd.Card = (*simcard.Card)(nil)

// notes is a card that notes what is done to it.
type notes struct {
	did  []string
	gone bool
}

func (n *notes) ATR() []byte     { n.did = append(n.did, "atr"); return []byte{0x3B, 0x00} }
func (n *notes) Reset(warm bool) { n.did = append(n.did, fmt.Sprintf("reset %v", warm)) }
func (n *notes) PowerOff()       { n.did = append(n.did, "off") }
func (n *notes) Transmit(apdu []byte) ([]byte, error) {
	n.did = append(n.did, fmt.Sprintf("apdu %x", apdu))
	if n.gone {
		return nil, errors.New("pulled")
	}
	if apdu[1] == 0xFF {
		return make([]byte, 1<<16), nil
	}
	return append(bytes.Clone(apdu[:1]), 0x90, 0x00), nil
}

func TestServe(t *testing.T) {
	rows := []struct {
		name, in string // what the driver writes, hex
		gone     bool
		out      string // what it gets
		did      string
		err      error
	}{
		{name: "power on", in: "0001 01", did: "reset true,off"},
		{name: "reset", in: "0001 02", did: "reset true,off"},
		{name: "power off", in: "0001 00", did: "off,off"},
		{name: "answer to reset", in: "0001 04", out: "00023b00", did: "atr,off"},
		{name: "unknown control", in: "0001 07", did: "off"},
		{name: "command", in: "0001 01 0004 00200080", out: "0003009000", did: "reset true,apdu 00200080,off"},
		{name: "two bytes are a command", in: "0002 00a4", out: "0003009000", did: "apdu 00a4,off"},
		{name: "frame cut", in: "0004 0020", did: "off"},
		{name: "frame of no bytes", in: "0000", did: "off", err: vpcd.ErrFrame},
		{name: "answer too long", in: "0004 00ff0000", did: "apdu 00ff0000,off", err: vpcd.ErrFrame},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			in, err := hex.DecodeString(strings.ReplaceAll(r.in, " ", ""))
			if err != nil {
				t.Fatal(err)
			}
			driver, conn := net.Pipe()
			n := &notes{gone: r.gone}
			done := make(chan error, 1)
			go func() { done <- vpcd.Serve(conn, n) }()
			go func() {
				// A pipe has no half close: the driver goes when the answer it waits for has come.
				_, _ = driver.Write(in)
				if r.out == "" {
					driver.Close()
				}
			}()
			if r.out != "" {
				got := make([]byte, len(r.out)/2)
				if _, err := io.ReadFull(driver, got); err != nil {
					t.Fatal(err)
				}
				if diff := cmp.Diff(r.out, hex.EncodeToString(got)); diff != "" {
					t.Errorf("answer (-want +got):\n%s", diff)
				}
				driver.Close()
			}
			if err := <-done; !errors.Is(err, r.err) {
				t.Errorf("ended with %v, want %v", err, r.err)
			}
			if diff := cmp.Diff(r.did, strings.Join(n.did, ",")); diff != "" {
				t.Errorf("done to the card (-want +got):\n%s", diff)
			}
		})
	}
}

// TestPulled: a card that is gone in the middle of a command closes the line.
func TestPulled(t *testing.T) {
	driver, conn := net.Pipe()
	done := make(chan error, 1)
	go func() { done <- vpcd.Serve(conn, &notes{gone: true}) }()
	if _, err := driver.Write([]byte{0, 2, 0, 0xA4}); err != nil {
		t.Fatal(err)
	}
	if n, err := driver.Read(make([]byte, 1)); err != io.EOF {
		t.Errorf("driver read %d bytes, %v; want the end", n, err)
	}
	if err := <-done; err == nil {
		t.Error("no error")
	}
}

// TestDialWaits: the card may be there before the reader.
func TestDialWaits(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	if _, err := vpcd.Dial(ctx, addr); err == nil {
		t.Error("reached a reader that is not there")
	}
	cancel()
	got := make(chan error, 1)
	ctx, cancel = context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	go func() {
		conn, err := vpcd.Dial(ctx, addr)
		if err == nil {
			conn.Close()
		}
		got <- err
	}()
	if l, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	if err := <-got; err != nil {
		t.Error(err)
	}
}

// FuzzServe: whatever a driver writes, Serve ends when the driver does, and
// leaves a card without power.
func FuzzServe(f *testing.F) {
	f.Add([]byte{0, 1, 1, 0, 1, 4, 0, 4, 0, 0x20, 0, 0x80})
	f.Add([]byte{0, 0})
	f.Add([]byte{0xFF, 0xFF, 1})
	s, _ := simcard.SampleByID("adult", time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC))
	f.Fuzz(func(t *testing.T, in []byte) {
		driver, conn := net.Pipe()
		c := simcard.New(s.Spec)
		done := make(chan error, 1)
		go func() { done <- vpcd.Serve(conn, c) }()
		go func() { _, _ = io.Copy(io.Discard, driver) }()
		_, _ = driver.Write(in)
		driver.Close()
		<-done
		if c.Powered() {
			t.Error("the card has power after its reader has gone")
		}
	})
}

func Example() {
	s, _ := simcard.SampleByID("adult", time.Now())
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()
	conn, err := vpcd.Dial(ctx, fmt.Sprintf("127.0.0.1:%d", vpcd.Port)) // pcscd with vpcd
	if err != nil {
		return
	}
	defer conn.Close() // pulls the card
	_ = vpcd.Serve(conn, simcard.New(s.Spec))
}

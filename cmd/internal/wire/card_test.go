// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/card"
)

func TestCardOverWire(t *testing.T) {
	var got []byte
	p := &panel{}
	b, w := join(t, p, Hello{Presence: card.Empty}, nil)
	r := b.Reader()
	if e := <-r.Events(); e.Presence != card.Empty {
		t.Errorf("first presence = %v", e.Presence)
	}
	if _, err := r.Connect(t.Context()); !errors.Is(err, card.ErrNoCard) {
		t.Errorf("connecting an empty slot: %v", err)
	}
	p.mu.Lock()
	p.card = func(apdu []byte) ([]byte, error) {
		got = slices.Clone(apdu)
		return []byte{0x63, 0xc3}, nil
	}
	p.mu.Unlock()
	if err := w.Presence(card.Present); err != nil {
		t.Fatal(err)
	}
	if e := <-r.Events(); e.Presence != card.Present || e.Err != nil {
		t.Errorf("after insertion: %+v", e)
	}
	l, err := r.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]byte{0x3b, 0x80}, l.(*link).ATR()); d != "" {
		t.Errorf("ATR (-want +got):\n%s", d)
	}
	apdu := []byte{0x00, 0x20, 0x00, 0x80}
	res, err := l.Transmit(apdu)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff([]byte{0x63, 0xc3}, res); d != "" {
		t.Errorf("response (-want +got):\n%s", d)
	}
	if d := cmp.Diff(apdu, got); d != "" {
		t.Errorf("APDU (-want +got):\n%s", d)
	}
	if _, err := l.Transmit(make([]byte, MaxAPDU+1)); err == nil {
		t.Error("an APDU over 261 bytes was sent")
	}
	again, err := r.Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := l.Transmit(apdu); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("old link after a new session: %v, want ErrRemoved", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := again.Transmit(apdu); !errors.Is(err, card.ErrRemoved) {
		t.Errorf("after Close: %v, want ErrRemoved", err)
	}
	r.Close()
	if _, open := <-r.Events(); open {
		t.Error("events go on after Close")
	}
}

func TestSlowCardLeavesPanelAlone(t *testing.T) {
	p := &panel{waiting: make(chan struct{}), card: func([]byte) ([]byte, error) { return []byte{0x90, 0}, nil }}
	b, _ := join(t, p, Hello{}, nil)
	l, err := b.Reader().Connect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answered := make(chan error, 1)
	go func() {
		_, err := l.Transmit([]byte{0, 0x20, 0, 0x80})
		answered <- err
	}()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	moved := make(chan error, 1)
	go func() { moved <- b.Out(LineReset).Out(gpio.High) }()
	select {
	case err := <-moved:
		if err != nil {
			t.Error(err)
		}
	case <-ctx.Done():
		t.Error("the panel waits for the card")
	}
	close(p.waiting)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}

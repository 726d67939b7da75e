// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package interop

import (
	"context"
	"errors"
	"strings"
	"testing"

	"madoguchi/card"
	"madoguchi/card/pcsc"
)

// TestServiceRestart: pcscd dies while a session runs and comes back. The
// session is lost, no PIN is sent again, and the next card is found without a
// restart of ours.
func TestServiceRestart(t *testing.T) {
	s := throughPCSCD(t)
	c := sample(t, "adult")
	s.put(c)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	s.session(func(cd *card.Card, l card.Link) {
		if err := cd.Verify(card.KindLogin, typed(t, "1234")); err != nil {
			t.Fatal(err)
		}
		if err := daemon.Kill(ctx); err != nil {
			t.Fatal(err)
		}
		before := len(c.Log())
		err := cd.Verify(card.KindLogin, typed(t, "1234"))
		if err == nil {
			t.Error("a PIN was checked without a card service")
		}
		if again := cd.Verify(card.KindLogin, typed(t, "1234")); again == nil {
			t.Error("a lost session was used again")
		}
		if n := len(c.Log()); n != before {
			t.Errorf("%d commands reached the card after the service had gone", n-before)
		}
	})
	s.await(card.NoReader)
	s.remove()
	if err := daemon.Restart(ctx); err != nil {
		t.Fatal(err)
	}
	s.await(card.Empty)
	s.put(c)
	s.session(func(cd *card.Card, _ card.Link) {
		if err := cd.Verify(card.KindLogin, typed(t, "1234")); err != nil {
			t.Errorf("after the restart: %v", err)
		}
	})
}

// TestSlots: two slots of one reader; a part of the name chooses, and with
// none the slot that holds a card is taken.
func TestSlots(t *testing.T) {
	first, second := newSlot(t, 0), newSlot(t, 1)
	for _, r := range []struct{ name, want string }{{"00 00", "00 00"}, {"00 01", "00 01"}, {"", "00 01"}} {
		rd, err := pcsc.Open(&pcsc.Opts{Reader: r.name})
		if err != nil {
			t.Fatal(err)
		}
		s := &stage{t: t, reader: rd}
		s.await(card.Empty)
		second.insert(sample(t, "expired"))
		if r.want == "00 00" {
			first.insert(sample(t, "adult"))
		}
		s.await(card.Present)
		if got := rd.String(); !strings.HasSuffix(got, r.want) {
			t.Errorf("reader %q: the card is in %s", r.name, got)
		}
		s.session(func(cd *card.Card, _ card.Link) {
			b, err := cd.Board()
			want := map[string]int{"00 00": 2029, "00 01": 2026}[r.want]
			if err != nil || b.AuthEnds.Year() != want {
				t.Errorf("reader %q: a card that ends %v, %v", r.name, b.AuthEnds, err)
			}
		})
		first.remove()
		second.remove()
		s.await(card.Empty)
		rd.Close()
	}
}

// TestOtherProgram: a card that another program has is busy, and free again
// when that program has gone.
func TestOtherProgram(t *testing.T) {
	s := throughPCSCD(t)
	s.put(sample(t, "adult"))
	other, err := pcsc.Open(&pcsc.Opts{Reader: "00 00"})
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	o := &stage{t: t, reader: other}
	o.await(card.Present)
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := other.Connect(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.reader.Connect(ctx); !errors.Is(err, card.ErrBusy) {
		t.Errorf("a card in use: %v", err)
	}
	tool(t, nil, "opensc-tool", "--reader", "0", "--name").fails()
	l.Close()
	s.session(func(cd *card.Card, _ card.Link) {
		if _, err := cd.Tries(card.KindLogin); err != nil {
			t.Error(err)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// TestSigningEnds: the card tells the end of the signing certificate only while
// its password is verified, and it is forgotten with the session.
func TestSigningEnds(t *testing.T) {
	ends := date(2029, 12, 1)
	for _, r := range []struct {
		name string
		do   func(c *card.Card) error
		want time.Time
	}{
		{"nothing typed", func(c *card.Card) error { _, err := c.Board(); return err }, time.Time{}},
		{"tries asked", func(c *card.Card) error { _, err := c.Tries(card.KindSigning); return err }, time.Time{}},
		{"another PIN", func(c *card.Card) error { return c.Verify(card.KindLogin, typed(t, "1234")) }, time.Time{}},
		{"right", func(c *card.Card) error { return c.Verify(card.KindSigning, typed(t, "ABC123")) }, ends},
		{"changed", func(c *card.Card) error {
			return c.Change(card.KindSigning, typed(t, "ABC123"), typed(t, "XYZ789"))
		}, ends},
		{"right, and other things after it", func(c *card.Card) error {
			if err := c.Verify(card.KindSigning, typed(t, "ABC123")); err != nil {
				return err
			}
			_, err := c.Board()
			return err
		}, ends},
		{"right, session ended", func(c *card.Card) error {
			if err := c.Verify(card.KindSigning, typed(t, "ABC123")); err != nil {
				return err
			}
			return c.End()
		}, time.Time{}},
		{"wrong", func(c *card.Card) error {
			var try *card.TryError
			if err := c.Verify(card.KindSigning, typed(t, "ABC124")); !errors.As(err, &try) {
				return fmt.Errorf("error %w, want a wrong password", err)
			}
			return nil
		}, time.Time{}},
	} {
		t.Run(r.name, func(t *testing.T) {
			sim := sample(t, "adult")
			c := card.New(connect(t, sim))
			if err := r.do(c); err != nil {
				t.Fatal(err)
			}
			if got := c.SigningEnds(); !got.Equal(r.want) {
				t.Errorf("ends %v, want %v", got, r.want)
			}
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("flagged: %v", m)
			}
		})
	}
}

// TestSigningEndsHolder: of the signing certificate no byte behind its end is
// read: the name, address, birth date and sex of the holder follow there.
func TestSigningEndsHolder(t *testing.T) {
	l := connect(t, sample(t, "adult"))
	var got []byte
	file := ""
	c := card.New(linkFunc(func(apdu []byte) ([]byte, error) {
		resp, err := l.Transmit(apdu)
		switch {
		case apdu[1] == 0xA4:
			file = string(apdu[5:])
		case apdu[1] == 0xB0 && file == "\x00\x01":
			got = append(got, resp[:len(resp)-2]...)
		case apdu[1] == 0xB0 && apdu[2] == 0x81:
			t.Error("read by short id")
		}
		return resp, err
	}))
	if err := c.Verify(card.KindSigning, typed(t, "ABC123")); err != nil {
		t.Fatal(err)
	}
	if c.SigningEnds().IsZero() || !bytes.Contains(got, []byte("Fake JPKI for digital signature")) || bytes.Contains(got, []byte("FAKE")) {
		t.Errorf("%d bytes were read, end %v: %q", len(got), c.SigningEnds(), got)
	}
}

// TestSigningEndsFaults: the password was right, so it stays right whatever
// happens to the date; a card that is gone is told by the next command.
func TestSigningEndsFaults(t *testing.T) {
	const reads = 4 // SELECT, SELECT, question, VERIFY before them
	for at := reads + 1; at <= reads+3; at++ {
		for _, f := range []simcard.Fault{
			{At: at, Pull: simcard.PullBefore}, {At: at, Pull: simcard.PullAfter}, {At: at, SW: 0x6982}, {At: at, SW: 0x6F00}, {At: at, Answer: []byte{0x90}},
			{At: at, Answer: make([]byte, 1<<16)}, {At: at, Answer: []byte{0x90, 0x00}}, {At: at, Answer: []byte{0xFF, 0xFF, 0x90, 0x00}},
		} {
			sim := sample(t, "adult")
			l := connect(t, sim)
			sim.Inject(f)
			c := card.New(l)
			p := typed(t, "ABC123")
			if err := c.Verify(card.KindSigning, p); err != nil {
				t.Errorf("command %d, %+v: %v", at, f, err)
			}
			wiped(t, "password", p)
			lost := f.Pull != 0 // after the last read of them the date is known
			if got := c.SigningEnds(); !got.IsZero() && !got.Equal(date(2029, 12, 1)) || lost && !got.IsZero() {
				t.Errorf("command %d, %+v: ends %v", at, f, got)
			}
			_, err := c.Tries(card.KindSigning)
			if errors.Is(err, card.ErrRemoved) != lost {
				t.Errorf("command %d, %+v: next command: %v", at, f, err)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"testing"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// shortForm tells a command that names its file by short id.
func shortForm(apdu []byte) bool {
	return apdu[1] == 0xB0 && apdu[2] >= 0x80 || apdu[1] == 0x20 && apdu[3] != 0x80
}

// without answers every command that names its file by short id with sw.
func without(l card.Link, sw ...byte) card.Link {
	return linkFunc(func(apdu []byte) ([]byte, error) {
		if shortForm(apdu) {
			return bytes.Clone(sw), nil
		}
		return l.Transmit(apdu)
	})
}

// longIDs makes a card that knows whole file names only.
func longIDs(l card.Link) card.Link { return without(l, 0x6A, 0x86) }

// TestShortQuestions: short ids save commands and nothing hangs on them. Whatever
// a card says to one, or if it takes one for another file, the board is the same.
func TestShortQuestions(t *testing.T) {
	for _, s := range simcard.Samples(today) {
		want, err := card.New(connect(t, simcard.New(s.Spec))).Board()
		if err != nil {
			t.Fatal(err)
		}
		if !want.MyNumber() {
			continue // nothing is read from it
		}
		links := map[string]func(l card.Link) card.Link{}
		for _, sw := range [][]byte{{0x6A, 0x86}, {0x6A, 0x82}, {0x6A, 0x88}, {0x6B, 0x00}, {0x69, 0x81}, {0x69, 0x86}, {0x67, 0x00}, {0x6D, 0x00},
			{0x6F, 0x00}, {0x63, 0x00}, {0x90, 0x00}, {0x00, 0x00}} {
			links[string(sw)] = func(l card.Link) card.Link { return without(l, sw...) }
		}
		// Only the files, or only the questions, by short id.
		links["questions not"] = func(l card.Link) card.Link {
			return linkFunc(func(apdu []byte) ([]byte, error) {
				if apdu[1] == 0x20 && apdu[3] != 0x80 {
					return []byte{0x6A, 0x86}, nil
				}
				return l.Transmit(apdu)
			})
		}
		links["taken for an offset"] = func(l card.Link) card.Link {
			return linkFunc(func(apdu []byte) ([]byte, error) {
				if apdu[1] == 0xB0 && apdu[2] >= 0x80 {
					return append(bytes.Repeat([]byte{0xFF}, 1+int(apdu[4]-1)), 0x90, 0x00), nil // Le 0 is 256
				}
				return l.Transmit(apdu)
			})
		}
		for name, link := range links {
			sim := simcard.New(s.Spec)
			rec := &recorder{Link: link(connect(t, sim))}
			got, err := card.New(rec).Board()
			if err != nil || got != want {
				t.Errorf("%s, %q: board %+v, error %v, want %+v", s.ID, name, got, err, want)
			}
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("%s, %q: flagged: %v", s.ID, name, m)
			}
		}
	}
	// A PIN goes to a file that was selected by its whole name, always.
	l := connect(t, sample(t, "adult"))
	c := card.New(linkFunc(func(apdu []byte) ([]byte, error) {
		if shortForm(apdu) && len(apdu) > 5 {
			t.Errorf("a PIN was sent by short id: %s", card.Mask(apdu))
		}
		return l.Transmit(apdu)
	}))
	if _, err := c.Board(); err != nil {
		t.Fatal(err)
	}
	for _, k := range card.Kinds() {
		p := map[card.Kind]string{card.KindSigning: "ABC123"}[k]
		if p == "" {
			p = "1234"
		}
		if err := c.Verify(k, typed(t, p)); err != nil {
			t.Errorf("%v: %v", k, err)
		}
	}
}

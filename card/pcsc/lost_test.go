// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"context"
	"errors"
	"testing"
	"time"

	"madoguchi/card"
)

// TestNoAnswer: a command that failed for want of an answer says whether the
// card was pulled, and waits a moment to know.
func TestNoAnswer(t *testing.T) {
	odd := errors.New("some code of the driver")
	for _, r := range []struct {
		name  string
		resp  []byte
		err   error
		after time.Duration // the card is pulled so long after the command; 0: it is not
		want  error
	}{
		{"answer", []byte{0x90, 0x00}, nil, 0, nil},
		{"one byte is the card's affair", []byte{0x90}, nil, 0, nil},
		{"no byte, card stays", []byte{}, nil, 0, card.ErrMute},
		{"no byte, card pulled", []byte{}, nil, 300 * time.Millisecond, card.ErrRemoved},
		{"odd code, card stays", nil, odd, 0, card.ErrMute},
		{"odd code, card pulled", nil, odd, 300 * time.Millisecond, card.ErrRemoved},
		{"odd code, card pulled too late", nil, odd, 2 * time.Second, card.ErrMute},
		{"no card", nil, card.ErrNoCard, 0, card.ErrRemoved},
		{"mute, card pulled", nil, card.ErrMute, 300 * time.Millisecond, card.ErrRemoved},
		{"removed", nil, card.ErrRemoved, 0, card.ErrRemoved},
		{"reset", nil, card.ErrReset, 300 * time.Millisecond, card.ErrReset},
		{"reader gone", nil, card.ErrNoReader, 300 * time.Millisecond, card.ErrNoReader},
	} {
		t.Run(r.name, func(t *testing.T) {
			s := newService("A")
			s.flags["A"] = flagPresent
			s.answer = func([]byte) ([]byte, error) {
				if r.after > 0 {
					time.AfterFunc(r.after, func() { s.set("A", 0x10, 1) })
				}
				return r.resp, r.err
			}
			bench(t, s, nil, func(t *testing.T, rd *Reader) {
				expect(t, rd, "card", card.Present)
				l, err := rd.Connect(context.Background())
				if err != nil {
					t.Fatal(err)
				}
				defer l.Close()
				_, err = l.Transmit([]byte{0x00, 0x20, 0x00, 0x80})
				if !errors.Is(err, r.want) {
					t.Errorf("error %v, want %v", err, r.want)
				}
				if r.err != nil && !errors.Is(err, r.err) {
					t.Errorf("error %v hides %v", err, r.err)
				}
				pass(3 * time.Second)
				told(rd)
			})
		})
	}
}

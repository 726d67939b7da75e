// SPDX-License-Identifier: Apache-2.0

//go:build cgo

package interop

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"madoguchi/card"
	"madoguchi/card/pcsc"
	"madoguchi/card/simcard"
	"madoguchi/pinpad/pin"
)

// stage is a reader and a hand that puts cards into it.
type stage struct {
	t      testing.TB
	reader reader
	insert func(*simcard.Card)
	remove func()
	script []string // what was seen
}

// onBoth runs one scenario in process and through pcscd.
func onBoth(t *testing.T, scenario func(s *stage)) {
	t.Helper()
	var scripts [2][]string
	for i, name := range []string{"in process", "pcscd"} {
		t.Run(name, func(t *testing.T) {
			s := inProcess(t)
			if i == 1 {
				s = throughPCSCD(t)
			}
			scenario(s)
			scripts[i] = s.script
		})
	}
	equal(t, scripts[0], scripts[1])
}

func inProcess(t testing.TB) *stage {
	r := simcard.NewReader()
	t.Cleanup(func() { r.Close() })
	s := &stage{t: t, reader: r, insert: r.Insert, remove: r.Remove}
	s.await(card.Empty)
	return s
}

func throughPCSCD(t testing.TB) *stage {
	r, err := pcsc.Open(&pcsc.Opts{Reader: "00 00"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close() })
	slot := newSlot(t, 0)
	s := &stage{t: t, reader: r, insert: func(c *simcard.Card) { slot.insert(c) }, remove: slot.remove}
	s.await(card.Empty)
	return s
}

// await takes events until the reader is in this state.
func (s *stage) await(want card.Presence) {
	s.t.Helper()
	present(s.t, s.reader, want)
}

// put inserts a card and waits until the reader has it.
func (s *stage) put(c *simcard.Card) {
	s.t.Helper()
	s.insert(c)
	s.await(card.Present)
}

// take removes the card and waits until the reader knows.
func (s *stage) take() {
	s.t.Helper()
	s.remove()
	s.await(card.Empty)
}

// session opens one powered session and closes it after do.
func (s *stage) session(do func(c *card.Card, l card.Link)) {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	l, err := s.reader.Connect(ctx)
	if err != nil {
		s.t.Fatal(err)
	}
	defer l.Close()
	c := card.New(l)
	do(c, l)
	_ = c.End()
}

// note writes down what was seen; both stages must see the same.
func (s *stage) note(format string, args ...any) {
	s.script = append(s.script, fmt.Sprintf(format, args...))
}

// fate says of an error what a caller can act on; its text may differ.
func fate(err error) string {
	var try *card.TryError
	var locked *card.LockedError
	var cut *card.InterruptedError
	var status *card.StatusError
	var malformed *card.MalformedError
	out := "error"
	switch {
	case err == nil:
		return "ok"
	case errors.As(err, &try):
		return fmt.Sprintf("wrong, %d left", try.Left)
	case errors.As(err, &locked):
		return "locked"
	case errors.As(err, &status):
		return fmt.Sprintf("status %04X", status.SW)
	case errors.As(err, &cut):
		out = "no answer to " + cut.Step
	}
	if errors.As(err, &malformed) {
		out += ", malformed"
	}
	for _, c := range []struct {
		cause error
		name  string
	}{{card.ErrRemoved, "removed"}, {card.ErrReset, "reset"}, {card.ErrMute, "mute"}, {card.ErrNoReader, "no reader"}, {card.ErrBusy, "busy"},
		{card.ErrNoCard, "no card"}, {card.ErrUnsupported, "unsupported"}} {
		if errors.Is(err, c.cause) {
			out += ", " + c.name
		}
	}
	return out
}

// typed makes a PIN as the pad would.
func typed(t testing.TB, s string) *pin.PIN {
	t.Helper()
	p, err := pin.New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Wipe)
	for i := range len(s) {
		if !p.Append(s[i]) {
			t.Fatalf("character %d is refused", i)
		}
	}
	return p
}

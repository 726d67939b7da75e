// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"madoguchi/card"
)

// traced tells every command by class and instruction, its status word and how
// long it took. The bodies of commands that carry a PIN are one fixed mask;
// no other body is shown either: certificates and serial numbers name a person.
type traced struct {
	card.Link
	t *cardTool
}

// shownCommand is one line of "trace".
type shownCommand struct {
	Command string  `json:"command"`
	SW      string  `json:"sw,omitempty"`
	Bytes   int     `json:"bytes"` // of the answer, without its status word
	Millis  float64 `json:"ms"`
	Error   string  `json:"error,omitempty"`
}

// Transmit implements card.Link.
func (l traced) Transmit(apdu []byte) ([]byte, error) {
	s := shownCommand{Command: card.Mask(apdu)}
	start := time.Now()
	resp, err := l.Link.Transmit(apdu)
	s.Millis = float64(time.Since(start).Microseconds()) / 1000
	if n := len(resp); n >= 2 {
		s.SW, s.Bytes = fmt.Sprintf("%02X%02X", resp[n-2], resp[n-1]), n-2
	}
	if err != nil {
		s.Error = err.Error()
	}
	l.t.print(s, fmt.Sprintf("%-12s %4s %4d bytes %8.2f ms %s", s.Command, s.SW, s.Bytes, s.Millis, s.Error))
	return resp, err
}

// ATR hands the hint on.
func (l traced) ATR() []byte {
	if a, ok := l.Link.(interface{ ATR() []byte }); ok {
		return a.ATR()
	}
	return nil
}

func (t *cardTool) trace(ctx context.Context) error {
	l, err := t.connect(ctx)
	if err != nil {
		return err
	}
	defer l.Close()
	c := card.New(traced{l, t})
	_, err = c.Board()
	if e := c.End(); err == nil {
		err = e
	}
	return err
}

// shownCheck is one line of "selftest".
type shownCheck struct {
	Check string `json:"check"`
	OK    bool   `json:"ok"`
	Cause string `json:"cause,omitempty"`
}

// selftest goes on as far as it can and tells each step.
func (t *cardTool) selftest(ctx context.Context) error {
	bad := false
	check := func(what string, err error) bool {
		s := shownCheck{Check: what, OK: err == nil}
		line := fmt.Sprintf("ok    %s", what)
		if err != nil {
			bad, s.Cause = true, err.Error()
			line = fmt.Sprintf("FAIL  %s: %v", what, err)
		}
		t.print(s, line)
		return err == nil
	}
	_, err := t.until(ctx, func(ev card.Event) bool { return ev.Err == nil })
	ok := check("reader", err)
	var l card.Link
	if ok {
		// The reader's first news has been taken: what it holds is asked for by connecting.
		l, err = t.reader.Connect(ctx)
		if errors.Is(err, card.ErrNoCard) {
			l, err = t.connect(ctx)
		}
		ok = check("card", err)
	}
	if ok {
		ok = t.answers(l, check)
	}
	if ok { // a second session starts from nothing, because the first ended without power
		ctx, cancel := context.WithTimeout(ctx, t.wait)
		defer cancel()
		if l, err = t.reader.Connect(ctx); check("card again after its power was off", err) {
			check("ends the session", l.Close())
		}
	}
	if bad {
		return errSelftest
	}
	return nil
}

// answers checks what the card says.
func (t *cardTool) answers(l card.Link, check func(string, error) bool) bool {
	defer l.Close()
	quiet := cardTool{out: io.Discard}
	c := card.New(l)
	b, err := c.Board()
	if err == nil && !b.MyNumber() {
		err = fmt.Errorf("%w, but %s", card.ErrNotMyNumber, b.Species)
	}
	if !check("answers of a My Number Card", err) {
		return false
	}
	for _, k := range card.Kinds() {
		var err error
		if tr := b.Of(k); !tr.Known {
			err = errors.New("not told")
		}
		check("tries of "+k.String(), err)
	}
	if b.HasAuth {
		if b.AuthEnds.IsZero() {
			err = errors.New("not readable")
		}
		check("end of the login certificate", err)
	}
	check("applications", quiet.show(l))
	return check("powers the card off", l.Close())
}

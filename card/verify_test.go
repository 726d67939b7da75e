// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/pinpad/pin"
)

// recorder keeps commands as they were when they went out, and whether any was
// a PIN's.
type recorder struct {
	card.Link
	lens  []int
	ins   []byte
	pages [][]byte // the PIN commands themselves, not copied
	pin   int      // commands that carried a PIN
}

func (r *recorder) Transmit(apdu []byte) ([]byte, error) {
	r.lens, r.ins = append(r.lens, len(apdu)), append(r.ins, apdu[1])
	if len(apdu) > 5 && (apdu[1] == 0x20 || apdu[1] == 0x24 || apdu[1] == 0x32) {
		r.pin++
		r.pages = append(r.pages, apdu)
	}
	return r.Link.Transmit(apdu)
}

func TestVerify(t *testing.T) {
	rows := []struct {
		name, sample string
		kind         card.Kind
		pins         []string // the last one is judged
		want         error
		left         int
	}{
		{"right", "adult", card.KindLogin, []string{"1234"}, nil, 3},
		{"right password", "adult", card.KindSigning, []string{"ABC123"}, nil, 5},
		{"right in the text application", "adult", card.KindCardInfo, []string{"1234"}, nil, 3},
		{"wrong", "adult", card.KindLogin, []string{"9999"}, &card.TryError{Kind: card.KindLogin, Left: 2}, 2},
		{"wrong then right", "adult", card.KindLogin, []string{"9999", "1234"}, nil, 3},
		{"last try", "one_try_left", card.KindLogin, []string{"9999"}, &card.TryError{Kind: card.KindLogin, Left: 0}, 0},
		{"last try right", "one_try_left", card.KindLogin, []string{"1234"}, nil, 3},
		{"after the last try", "one_try_left", card.KindLogin, []string{"9999", "1234"}, &card.LockedError{Kind: card.KindLogin}, 0},
		{"locked", "locked", card.KindLogin, []string{"1234"}, &card.LockedError{Kind: card.KindLogin}, 0},
		{"wrong password", "adult", card.KindSigning, []string{"ABC124"}, &card.TryError{Kind: card.KindSigning, Left: 4}, 4},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			sim := sample(t, r.sample)
			c := card.New(connect(t, sim))
			var err error
			for _, s := range r.pins {
				p := typed(t, s)
				err = c.Verify(r.kind, p)
				wiped(t, r.name, p)
			}
			if diff := cmp.Diff(r.want, cause(err)); diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
			if n := sim.Left(r.kind); n != r.left {
				t.Errorf("%d tries left, want %d", n, r.left)
			}
			var locked *card.LockedError
			if errors.As(err, &locked) != (err != nil && r.left == 0) {
				t.Errorf("locked is %v with %d tries left", locked, r.left)
			}
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("flagged: %v", m)
			}
		})
	}
}

// cause returns the innermost error in err that carries facts.
func cause(err error) error {
	var try *card.TryError
	var split *card.SplitError
	var locked *card.LockedError
	var form *card.FormError
	var status *card.StatusError
	switch {
	case errors.As(err, &try):
		return try
	case errors.As(err, &split):
		return split
	case errors.As(err, &locked):
		return locked
	case errors.As(err, &form):
		return form
	case errors.As(err, &status):
		return status
	}
	return err
}

// TestRulesFirst: a PIN that breaks its kind's rules costs no try because
// nothing at all is sent.
func TestRulesFirst(t *testing.T) {
	rows := []struct {
		kind      card.Kind
		now, next string // next "" is a verify
		want      *card.FormError
	}{
		{card.KindLogin, "123", "", &card.FormError{Kind: card.KindLogin, Fault: pin.FaultTooShort}},
		{card.KindLogin, "", "", &card.FormError{Kind: card.KindLogin, Fault: pin.FaultTooShort}},
		{card.KindLogin, "12345", "", &card.FormError{Kind: card.KindLogin, Fault: pin.FaultTooLong}},
		{card.KindLogin, "12A4", "", &card.FormError{Kind: card.KindLogin, Fault: pin.FaultOnlyDigits}},
		{card.KindCardInfo, "12", "", &card.FormError{Kind: card.KindCardInfo, Fault: pin.FaultTooShort}},
		{card.KindSigning, "ABC12", "", &card.FormError{Kind: card.KindSigning, Fault: pin.FaultTooShort}},
		{card.KindLogin, "123", "5678", &card.FormError{Kind: card.KindLogin, Fault: pin.FaultTooShort}},
		{card.KindLogin, "1234", "567", &card.FormError{Kind: card.KindLogin, Fault: pin.FaultTooShort, New: true}},
		{card.KindSigning, "ABC123", "111111", &card.FormError{Kind: card.KindSigning, Fault: pin.FaultNeedsLetter, New: true}},
		{card.KindSigning, "ABC123", "AAAAAA", &card.FormError{Kind: card.KindSigning, Fault: pin.FaultNeedsDigit, New: true}},
	}
	for _, r := range rows {
		t.Run(fmt.Sprintf("%v %q %q", r.kind, r.now, r.next), func(t *testing.T) {
			sent := 0
			c := card.New(linkFunc(func([]byte) ([]byte, error) { sent++; return []byte{0x90, 0}, nil }))
			now, err := typed(t, r.now), error(nil)
			if r.next == "" {
				err = c.Verify(r.kind, now)
			} else {
				next := typed(t, r.next)
				err = c.Change(r.kind, now, next)
				wiped(t, "new PIN", next)
			}
			wiped(t, "PIN", now)
			if diff := cmp.Diff(error(r.want), cause(err)); diff != "" {
				t.Errorf("error %v (-want +got):\n%s", err, diff)
			}
			if sent != 0 {
				t.Errorf("%d commands were sent", sent)
			}
		})
	}
	for _, k := range []card.Kind{0, 9} {
		p, q := typed(t, "1234"), typed(t, "5678")
		c := card.New(linkFunc(func([]byte) ([]byte, error) { t.Errorf("%v: sent", k); return nil, nil }))
		if err := c.Verify(k, p); !errors.Is(err, card.ErrUnsupported) {
			t.Errorf("%v: %v", k, err)
		}
		if err := c.Change(k, p, q); !errors.Is(err, card.ErrUnsupported) {
			t.Errorf("%v: %v", k, err)
		}
		wiped(t, k.String(), p, q)
	}
}

// TestStatusWords: what every word means as the answer to VERIFY and CHANGE.
func TestStatusWords(t *testing.T) {
	login := func(n int) error { return &card.TryError{Kind: card.KindLogin, Left: n} }
	locked := &card.LockedError{Kind: card.KindLogin}
	odd := func(sw uint16, step string) error { return &card.StatusError{SW: sw, Step: step} }
	rows := []struct {
		sw             uint16
		verify, change error
	}{
		{0x9000, nil, nil},
		{0x63C2, login(2), odd(0x63C2, "changing PIN")},
		{0x63C1, login(1), odd(0x63C1, "changing PIN")},
		{0x63C0, login(0), odd(0x63C0, "changing PIN")},
		{0x6983, locked, odd(0x6983, "changing PIN")},
		{0x6984, locked, odd(0x6984, "changing PIN")},
	}
	for _, sw := range []uint16{0x6300, 0x6110, 0x6200, 0x6400, 0x6581, 0x66F1, 0x6700, 0x6881, 0x6882, 0x6981, 0x6982, 0x6985, 0x6986, 0x6987,
		0x69FC, 0x6A80, 0x6A81, 0x6A82, 0x6A83, 0x6A86, 0x6A88, 0x6B00, 0x6C04, 0x6D00, 0x6E00, 0x6F00, 0x0000, 0xFFFF, 0x9001} {
		rows = append(rows, struct {
			sw             uint16
			verify, change error
		}{sw, odd(sw, "verifying PIN"), odd(sw, "changing PIN")})
	}
	for _, r := range rows {
		for _, ins := range []byte{0x20, 0x24} {
			t.Run(fmt.Sprintf("%04X to %02X", r.sw, ins), func(t *testing.T) {
				sim := sample(t, "adult")
				sim.Reset(false)
				rec := &recorder{Link: linkFunc(func(apdu []byte) ([]byte, error) {
					if apdu[1] == ins && len(apdu) > 5 {
						return []byte{byte(r.sw >> 8), byte(r.sw)}, nil
					}
					return sim.Transmit(apdu)
				})}
				c := card.New(rec)
				p, q := typed(t, "1234"), typed(t, "5678")
				want, sent := r.verify, 1
				var err error
				if ins == 0x20 {
					err = c.Verify(card.KindLogin, p)
					q.Wipe()
				} else {
					want, sent = r.change, 2
					err = c.Change(card.KindLogin, p, q)
				}
				if diff := cmp.Diff(want, cause(err)); diff != "" {
					t.Errorf("error %v (-want +got):\n%s", err, diff)
				}
				if rec.pin != sent {
					t.Errorf("%d PIN commands, want %d", rec.pin, sent)
				}
				wiped(t, "PINs", p, q)
			})
		}
	}
}

// TestEmptyVerifyWords: what the question for the tries may answer, and that
// nothing follows an answer that is not understood.
func TestEmptyVerifyWords(t *testing.T) {
	for _, r := range []struct {
		sw   uint16
		left int
		want error
	}{
		{0x63C3, 3, nil}, {0x63C1, 1, nil}, {0x63CF, 15, nil}, {0x63C0, 0, nil}, {0x6983, 0, nil}, {0x6984, 0, nil},
		{0x9000, 0, &card.StatusError{SW: 0x9000, Step: "asking for tries left"}},
		{0x6700, 0, &card.StatusError{SW: 0x6700, Step: "asking for tries left"}},
		{0x6300, 0, &card.StatusError{SW: 0x6300, Step: "asking for tries left"}},
		{0x6D00, 0, &card.StatusError{SW: 0x6D00, Step: "asking for tries left"}},
	} {
		rec := &recorder{Link: linkFunc(func(apdu []byte) ([]byte, error) {
			if apdu[1] == 0x20 && len(apdu) == 4 {
				return []byte{byte(r.sw >> 8), byte(r.sw)}, nil
			}
			return []byte{0x90, 0x00}, nil
		})}
		left, err := card.New(rec).Tries(card.KindLogin)
		if diff := cmp.Diff(r.want, cause(err)); diff != "" || left != r.left {
			t.Errorf("%04X: %d left, error %v, want %d (-want +got):\n%s", r.sw, left, err, r.left, diff)
		}
		_ = card.New(rec).Verify(card.KindLogin, typed(t, "1234"))
		if may := r.want == nil && r.left > 0; (rec.pin == 1) != may {
			t.Errorf("%04X: PIN sent %d times, may be sent: %v", r.sw, rec.pin, may)
		}
	}
}

// TestScrub: after the last PIN command another, at least as long as any of
// them, overwrites what held them; the page held the only copy and is zero.
func TestScrub(t *testing.T) {
	run := func(name string, want int, f func(*card.Card) error, link func(*simcard.Card) card.Link) {
		t.Run(name, func(t *testing.T) {
			sim := sample(t, "adult")
			rec := &recorder{Link: link(sim)}
			_ = f(card.New(rec))
			last, longest := 0, 0
			for i, ins := range rec.ins {
				if (ins == 0x20 || ins == 0x24) && rec.lens[i] > 5 {
					last, longest = i, max(longest, rec.lens[i])
				}
			}
			if rec.pin != want {
				t.Fatalf("%d PIN commands, want %d", rec.pin, want)
			}
			// The end of the signing certificate is read while its password is in force.
			for last+1 < len(rec.ins) && (rec.ins[last+1] == 0xB0 || rec.ins[last+1] == 0xA4 && rec.lens[last+1] == 7) {
				last++
			}
			if last == len(rec.ins)-1 || rec.lens[last+1] < longest || rec.ins[last+1] == 0x20 {
				t.Errorf("commands %X of lengths %v: nothing overwrites the PIN", rec.ins, rec.lens)
			}
			for _, b := range rec.pages {
				if !bytes.Equal(b, make([]byte, len(b))) {
					t.Error("the page still holds a PIN command")
				}
			}
		})
	}
	plain := func(sim *simcard.Card) card.Link { return connect(t, sim) }
	run("right", 1, func(c *card.Card) error { return c.Verify(card.KindLogin, typed(t, "1234")) }, plain)
	run("right password", 1, func(c *card.Card) error { return c.Verify(card.KindSigning, typed(t, "ABC123")) }, plain)
	run("wrong", 1, func(c *card.Card) error { return c.Verify(card.KindSigning, typed(t, "ABCDEFGH12345678")) }, plain)
	run("change", 2, func(c *card.Card) error {
		return c.Change(card.KindSigning, typed(t, "ABC123"), typed(t, "ABCDEFGH12345678"))
	}, plain)
	run("wrong current", 1, func(c *card.Card) error {
		return c.Change(card.KindSigning, typed(t, "ABCDEFGH12345678"), typed(t, "ABC123"))
	}, plain)
}

// TestPanic: a link that panics leaves no PIN behind.
func TestPanic(t *testing.T) {
	sim := sample(t, "adult")
	sim.Reset(false)
	for _, ins := range []byte{0x20, 0x24} {
		p, q := typed(t, "1234"), typed(t, "5678")
		func() {
			defer func() {
				if recover() == nil {
					t.Error("no panic")
				}
			}()
			_ = card.New(linkFunc(func(apdu []byte) ([]byte, error) {
				if apdu[1] == ins && len(apdu) > 5 {
					panic("reader driver")
				}
				return sim.Transmit(apdu)
			})).Change(card.KindLogin, p, q)
		}()
		wiped(t, "after panic", p, q)
	}
}

// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// broken are answers that no card of this kind gives.
var broken = map[string][]byte{
	"no byte":       {},
	"one byte":      {0x90},
	"64 KiB":        bytes.Repeat([]byte{0x90, 0x00}, 32<<10),
	"259 bytes":     append(make([]byte, 257), 0x90, 0x00),
	"endless 61":    {0x61, 0x00}, // answered to everything that follows
	"endless 61 1":  {0xAA, 0x61, 0x10},
	"endless 6C":    {0x6C, 0x10},
	"status 0000":   {0x00, 0x00},
	"data for none": {0xAA, 0xAA, 0x90, 0x00},
}

// TestMalformed gives each broken answer at each command of the board and of a
// PIN change. It ends, with a typed error or none, PINs wiped, no PIN twice.
func TestMalformed(t *testing.T) {
	for name, bad := range broken {
		for at := 1; at <= 40; at++ {
			sim := sample(t, "adult")
			sim.Reset(false)
			n := 0
			rec := &recorder{Link: linkFunc(func(apdu []byte) ([]byte, error) {
				n++
				if n == at || n > at && len(name) > 7 && name[:7] == "endless" {
					return bytes.Clone(bad), nil
				}
				return sim.Transmit(apdu)
			})}
			what := fmt.Sprintf("%s at %d", name, at)
			c := card.New(rec)
			_, err := c.Board()
			judge(t, what+", board", err)
			if n < at {
				p, q := typed(t, "1234"), typed(t, "5678")
				judge(t, what+", change", c.Change(card.KindLogin, p, q))
				wiped(t, what, p, q)
			}
			if rec.pin > 2 || n > 120 {
				t.Errorf("%s: %d commands, %d of them with a PIN", what, n, rec.pin)
			}
		}
	}
}

// judge fails unless err is one of the package's.
func judge(t testing.TB, what string, err error) {
	t.Helper()
	if err == nil {
		return
	}
	var (
		status  *card.StatusError
		bad     *card.MalformedError
		cut     *card.InterruptedError
		try     *card.TryError
		locked  *card.LockedError
		sentry  = []error{card.ErrRemoved, card.ErrReset, card.ErrMute, card.ErrNoReader, card.ErrNotMyNumber}
		isTyped = errors.As(err, &status) || errors.As(err, &bad) || errors.As(err, &cut) || errors.As(err, &try) || errors.As(err, &locked)
	)
	for _, s := range sentry {
		isTyped = isTyped || errors.Is(err, s)
	}
	if !isTyped {
		t.Errorf("%s: untyped error %v", what, err)
	}
}

// TestBadCertificate: EF 000A may hold anything; the rest of the board stands.
func TestBadCertificate(t *testing.T) {
	for _, r := range []struct {
		name  string
		file  []byte
		typed bool // an error; else only no date
	}{
		{"empty", nil, false},
		{"not DER", []byte("MADOGUCHI-TEST"), true},
		{"three bytes", []byte{0x30, 0x82, 0x05}, true},
		{"cut", append([]byte{0x30, 0x82, 0x05, 0x00}, make([]byte, 300)...), true},
		{"nothing in it", append([]byte{0x30, 0x82, 0x01, 0x00}, make([]byte, 256)...), true},
		{"64 KiB by its header", []byte{0x30, 0x82, 0xFF, 0xFF}, true},
		{"filler only", bytes.Repeat([]byte{0xFF}, 1500), true},
	} {
		sim := sample(t, "adult")
		sim.Reset(false)
		current := uint16(0)
		c := card.New(linkFunc(func(apdu []byte) ([]byte, error) {
			if apdu[1] == 0xA4 && apdu[2] == 0x02 {
				current = uint16(apdu[5])<<8 | uint16(apdu[6])
			}
			off := int(apdu[2])<<8 | int(apdu[3])
			if apdu[1] == 0xB0 && apdu[2] >= 0x80 {
				current, off = uint16(apdu[2]&0x1F), int(apdu[3])
			}
			if apdu[1] != 0xB0 || current != 0x000A {
				return sim.Transmit(apdu)
			}
			if off >= len(r.file) {
				return []byte{0x6B, 0x00}, nil
			}
			n := int(apdu[4])
			if n == 0 {
				n = 256
			}
			return append(bytes.Clone(r.file[off:min(len(r.file), off+n)]), 0x90, 0x00), nil
		}))
		b, err := c.Board()
		judge(t, r.name, err)
		if (err != nil) != r.typed || !b.AuthEnds.IsZero() {
			t.Errorf("%s: ends %v, error %v", r.name, b.AuthEnds, err)
		}
		if !b.Of(card.KindRegister).Known || !b.HasAuth || b.Species != card.SpeciesMyNumber {
			t.Errorf("%s: the rest of the board is lost: %+v", r.name, b)
		}
	}
}

// TestBadAvailability: a card that does not say which certificates it has is not
// taken for one without.
func TestBadAvailability(t *testing.T) {
	for _, bad := range [][]byte{{0x6A, 0x82}, {0x69, 0x82}, {0x8F, 0x90, 0x00}, {0x90, 0x00}, {}, {0x90}} {
		sim := sample(t, "adult")
		sim.Reset(false)
		b, err := card.New(linkFunc(func(apdu []byte) ([]byte, error) {
			if apdu[1] == 0xB0 && apdu[4] == 3 {
				return bytes.Clone(bad), nil
			}
			return sim.Transmit(apdu)
		})).Board()
		judge(t, "board", err)
		if err == nil || !b.HasSigning || !b.HasAuth || !b.Of(card.KindRegister).Known || b.AuthEnds.IsZero() {
			t.Errorf("% X: board %+v, error %v", bad, b, err)
		}
	}
}

// piecewise answers everything long by 61xx and asks for another Le at reads of
// n bytes by 6Cxx, as other cards of the norm do.
func piecewise(sim *simcard.Card, n, le byte) card.Link {
	var rest []byte
	return linkFunc(func(apdu []byte) ([]byte, error) {
		switch {
		case apdu[1] == 0xC0: // GET RESPONSE: at most what is asked
			k := min(len(rest), int(apdu[4]))
			out := append(bytes.Clone(rest[:k]), 0x90, 0x00)
			if rest = rest[k:]; len(rest) > 0 {
				out[k], out[k+1] = 0x61, byte(min(len(rest), 255))
			}
			return out, nil
		case apdu[1] == 0xB0 && apdu[4] == n:
			return []byte{0x6C, le}, nil
		}
		resp, err := sim.Transmit(apdu)
		if err != nil || len(resp) < 40 {
			return resp, err
		}
		rest = bytes.Clone(resp[:len(resp)-2])
		return []byte{0x61, 0x60}, nil
	})
}

// TestTolerated: such a card gives the same board. One that asks for fewer bytes
// than the label has leaves it unread: unknown, not guessed.
func TestTolerated(t *testing.T) {
	want, err := card.New(connect(t, sample(t, "adult"))).Board()
	if err != nil {
		t.Fatal(err)
	}
	sim := sample(t, "adult")
	sim.Reset(false)
	got, err := card.New(piecewise(sim, 3, 2)).Board()
	if err != nil || got != want {
		t.Errorf("board %+v, error %v, want %+v", got, err, want)
	}
	sim.Reset(false)
	got, err = card.New(piecewise(sim, 32, 12)).Board()
	if err != nil || got.Species != card.SpeciesUnknown {
		t.Errorf("board %+v, error %v, want an unknown card", got, err)
	}
}

// FuzzAnswers: whatever a card answers, the board and a PIN change end after a
// bounded number of commands, each PIN goes out at most once, and is wiped.
func FuzzAnswers(f *testing.F) {
	f.Add([]byte{0x90, 0x00}, uint8(0))
	f.Add([]byte{0x61, 0x10, 0x63, 0xC0}, uint8(3))
	f.Add([]byte{0x02, 0x30, 0x82, 0x90, 0x00}, uint8(9))
	// One card for all: its certificate takes longer than the rest.
	sim := simcard.New(simcard.Spec{PINs: map[card.Kind]string{card.KindLogin: "1234"}, Ends: today})
	whole := sim.State()
	f.Fuzz(func(t *testing.T, noise []byte, from uint8) {
		if err := sim.Restore(whole); err != nil {
			t.Fatal(err)
		}
		sim.PowerOff()
		sim.Reset(false)
		n := 0
		rec := &recorder{Link: linkFunc(func(apdu []byte) ([]byte, error) {
			if n++; n <= int(from) || len(noise) < 2 {
				return sim.Transmit(apdu)
			}
			// The first byte says how much data, two bytes of status follow.
			k := min(int(noise[0]), len(noise)-1)
			out := bytes.Clone(noise[1 : 1+k])
			noise = noise[1+k:]
			return out, nil
		})}
		c := card.New(rec)
		b, err := c.Board()
		judge(t, "board", err)
		for _, k := range card.Kinds() {
			if x := b.Of(k); x.Left < 0 || x.Left > x.Max || x.Left > 15 {
				t.Errorf("%v: %+v", k, x)
			}
		}
		if rec.pin != 0 {
			t.Error("the board sent a PIN")
		}
		p, q := typed(t, "1234"), typed(t, "5678")
		judge(t, "change", c.Change(card.KindLogin, p, q))
		wiped(t, "PINs", p, q)
		if rec.pin > 2 || n > 1000 {
			t.Errorf("%d commands, %d with a PIN", n, rec.pin)
		}
	})
}

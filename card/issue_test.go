// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

// everyIssuing runs every command of an issuer's operation.
func everyIssuing(t testing.TB, c *card.Card, result func(what string, err error)) {
	t.Helper()
	var n [16]byte
	_, err := c.Prove(n)
	result("proof", err)
	result("authentication", c.Authenticate(n, 1, 1, [32]byte{}))
	for _, k := range card.Kinds() {
		p := typed(t, map[card.Kind]string{card.KindSigning: "NEW456"}[k]+"9876")
		result("reset of "+k.String(), c.ResetPIN(k, p))
		wiped(t, "reset of "+k.String(), p)
	}
	_, err = c.Generate(card.KindLogin)
	result("key", err)
	result("certificate", c.PutCertificate(card.KindLogin, []byte{0x30, 0}))
	_, err = c.Activate(n, nil)
	result("activation", err)
}

// obedient is a sample card that obeys the simulated issuer, with the issuer's
// own arithmetic (card/simcard/issuer.go).
func obedient(t testing.TB, id string) (*simcard.Card, func(c *card.Card, op, kind byte, bond byte) error) {
	t.Helper()
	s, ok := simcard.SampleByID(id, today)
	if !ok {
		t.Fatalf("no sample %q", id)
	}
	s.Spec.Profile = simcard.SimulatedIssuer
	grant := func(c *card.Card, op, kind, bond byte) error {
		p, err := c.Prove([16]byte{1})
		if err != nil {
			return err
		}
		m := hmac.New(sha256.New, simcard.IssuerKey(s.Spec))
		m.Write([]byte("madoguchi card grant"))
		m.Write(p[8:24])
		m.Write(append(make([]byte, 15), bond, op, kind))
		return c.Authenticate([16]byte{15: bond}, op, kind, [32]byte(m.Sum(nil)))
	}
	return simcard.New(s.Spec), grant
}

// TestIssuingRefused: a card that is not simulated, or not of this issuer, sees
// nothing but reading, whatever is asked of it, and a PIN is wiped.
func TestIssuingRefused(t *testing.T) {
	for _, s := range simcard.Samples(today) {
		sim := simcard.New(s.Spec)
		c := card.New(connect(t, sim))
		if ok, err := c.Obeys(); ok || (err != nil) != (s.ID == "driving_licence") {
			t.Errorf("%s: obeys %v, %v", s.ID, ok, err)
		}
		sim.ClearLog()
		everyIssuing(t, c, func(what string, err error) {
			if !errors.Is(err, card.ErrNoIssuer) && !errors.Is(err, card.ErrNotMyNumber) {
				t.Errorf("%s: %s: %v", s.ID, what, err)
			}
		})
		if h := simcard.Beyond(append(sim.Log(), simcard.Header{CLA: 0, INS: 0x2C, P1: 2, P2: 0x80})); len(h) != 1 {
			t.Errorf("%s: %d commands are beyond the list, want the one that was put there", s.ID, len(h))
		}
		for _, h := range sim.Log() {
			if h.INS != 0xA4 && h.INS != 0xB0 {
				t.Errorf("%s: %02X %02X %02X %02X went to the card", s.ID, h.CLA, h.INS, h.P1, h.P2)
			}
		}
	}
}

// TestResetPIN: each of the four, on a locked card too; only with Activate.
func TestResetPIN(t *testing.T) {
	numbers := map[card.Kind]byte{card.KindLogin: 1, card.KindSigning: 2, card.KindCardInfo: 3, card.KindRegister: 4}
	for k, n := range numbers {
		t.Run(k.String(), func(t *testing.T) {
			sim, grant := obedient(t, "locked")
			c := card.New(connect(t, sim))
			next := map[card.Kind]string{card.KindSigning: "NEW456"}[k] + "9876"
			if err := grant(c, 1, n, 7); err != nil {
				t.Fatal(err)
			}
			before := sim.State()
			p := typed(t, next)
			if err := c.ResetPIN(k, p); err != nil {
				t.Fatal(err)
			}
			wiped(t, "reset", p)
			if d := cmp.Diff(before, sim.State()); d != "" {
				t.Errorf("changed before it was activated (-before +after):\n%s", d)
			}
			proof, err := c.Activate([16]byte{2}, nil)
			if err != nil || proof[39] != 7 || proof[43] != 1 {
				t.Fatalf("activating: bond % X, count %d, %v", proof[24:40], proof[43], err)
			}
			if err := c.Verify(k, typed(t, next)); err != nil {
				t.Errorf("the new PIN: %v", err)
			}
			if left := sim.Left(k); left != k.Info().Tries {
				t.Errorf("%d tries left", left)
			}
			if err := c.ResetPIN(k, typed(t, next)); err == nil {
				t.Error("one word of the issuer was good for two resets")
			}
		})
	}
}

// TestResetScope: the issuer's word for one PIN is none for another, and a PIN
// that breaks its rules is not sent.
func TestResetScope(t *testing.T) {
	sim, grant := obedient(t, "adult")
	c := card.New(connect(t, sim))
	if err := grant(c, 1, 1, 7); err != nil {
		t.Fatal(err)
	}
	var odd *card.StatusError
	if err := c.ResetPIN(card.KindCardInfo, typed(t, "9876")); !errors.As(err, &odd) || odd.SW != 0x6982 {
		t.Errorf("another PIN: %v", err)
	}
	sim.ClearLog()
	var form *card.FormError
	if err := c.ResetPIN(card.KindLogin, typed(t, "98765")); !errors.As(err, &form) || len(sim.Log()) > 0 {
		t.Errorf("against its rules: %v, %d commands", err, len(sim.Log()))
	}
	if _, err := c.Activate([16]byte{}, nil); !errors.As(err, &odd) || odd.SW != 0x6985 {
		t.Errorf("activating what is not whole: %v", err)
	}
	if err := c.Authenticate([16]byte{}, 1, 1, [32]byte{}); !errors.As(err, &odd) || odd.SW != 0x6985 {
		t.Errorf("a word over no challenge: %v", err)
	}
	if _, err := c.Prove([16]byte{}); err != nil {
		t.Fatal(err)
	}
	if err := c.Authenticate([16]byte{}, 1, 1, [32]byte{}); !errors.Is(err, card.ErrNotObeyed) {
		t.Errorf("a forged word: %v", err)
	}
}

// TestIssuingPulled takes the card out at each command of a reset, before and
// after it has the command: the PIN is the old one or the new one, never between,
// and only a lost answer to ACTIVATE leaves it open.
func TestIssuingPulled(t *testing.T) {
	const reset = 20 // commands of a reset of 住民基本台帳用, and some to spare
	for at := 1; at <= reset; at++ {
		for _, pull := range []simcard.Pull{simcard.PullBefore, simcard.PullAfter} {
			t.Run(fmt.Sprintf("command %d, pull %d", at, pull), func(t *testing.T) {
				sim, grant := obedient(t, "adult")
				c := card.New(connect(t, sim))
				if err := grant(c, 1, 4, 7); err != nil {
					t.Fatal(err)
				}
				sim.Inject(simcard.Fault{At: at, Pull: pull})
				p := typed(t, "9876")
				err := c.ResetPIN(card.KindRegister, p)
				wiped(t, "reset", p)
				if err == nil {
					_, err = c.Activate([16]byte{}, nil)
				}
				var in *card.InterruptedError
				open := errors.As(err, &in) && in.Step == card.StepActivate
				sim.ClearFaults()
				again := card.New(connect(t, sim))
				proof, perr := again.Prove([16]byte{})
				if perr != nil {
					t.Fatal(perr)
				}
				done := proof[39] == 7
				if !open && done != (err == nil) {
					t.Errorf("%v, and the card says done=%v", err, done)
				}
				pins := map[bool]string{false: "1234", true: "9876"}
				if err := again.Verify(card.KindRegister, typed(t, pins[done])); err != nil {
					t.Errorf("done=%v: %v", done, err)
				}
			})
		}
	}
}

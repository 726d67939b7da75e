// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"errors"
	"fmt"
	"testing"

	"madoguchi/card"
	"madoguchi/card/simcard"
)

func TestChange(t *testing.T) {
	for _, r := range []struct {
		kind      card.Kind
		now, next string
	}{
		{card.KindLogin, "1234", "5678"},
		{card.KindLogin, "1234", "1234"},
		{card.KindSigning, "ABC123", "ABCDEFGH12345678"},
		{card.KindCardInfo, "1234", "0000"},
	} {
		t.Run(fmt.Sprintf("%v to %s", r.kind, r.next), func(t *testing.T) {
			sim := sample(t, "adult")
			c := card.New(connect(t, sim))
			p, q := typed(t, r.now), typed(t, r.next)
			if err := c.Change(r.kind, p, q); err != nil {
				t.Fatal(err)
			}
			wiped(t, "PINs", p, q)
			// The leave-check: the new PIN in the same session.
			if err := c.Verify(r.kind, typed(t, r.next)); err != nil {
				t.Errorf("new PIN: %v", err)
			}
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("flagged: %v", m)
			}
		})
	}
}

// TestChangeWrong: a wrong current PIN costs one try and sends no change.
func TestChangeWrong(t *testing.T) {
	sim := sample(t, "adult")
	rec := &recorder{Link: connect(t, sim)}
	p, q := typed(t, "9999"), typed(t, "5678")
	err := card.New(rec).Change(card.KindLogin, p, q)
	var try *card.TryError
	if !errors.As(err, &try) || try.Left != 2 {
		t.Errorf("error %v, want two tries left", err)
	}
	for _, ins := range rec.ins {
		if ins == 0x24 {
			t.Error("a change was sent")
		}
	}
	wiped(t, "PINs", p, q)
}

// TestRemovalAtEveryCommand takes the card out before and after each command of
// a PIN change. The error says what may have happened; the card says that it did.
func TestRemovalAtEveryCommand(t *testing.T) {
	const verify, change, scrub = 4, 5, 6 // SELECT, SELECT, question, VERIFY, CHANGE, SELECT
	for at := 1; at <= scrub+1; at++ {
		for _, pull := range []simcard.Pull{simcard.PullBefore, simcard.PullAfter} {
			t.Run(fmt.Sprintf("command %d, pull %d", at, pull), func(t *testing.T) {
				sim := sample(t, "adult")
				l := connect(t, sim)
				sim.Inject(simcard.Fault{At: at, Pull: pull})
				p, q := typed(t, "1234"), typed(t, "5678")
				c := card.New(l)
				err := c.Change(card.KindLogin, p, q)
				wiped(t, "PINs", p, q)
				if at < scrub != errors.Is(err, card.ErrRemoved) || at >= scrub != (err == nil) {
					t.Errorf("error %v", err)
				}
				var in *card.InterruptedError
				step := ""
				if errors.As(err, &in) {
					step = in.Step
				}
				if want := map[int]string{verify: card.StepVerify, change: card.StepChange}[at]; step != want {
					t.Errorf("interrupted at %q, want %q", step, want)
				}
				if n := sim.Left(card.KindLogin); n != 3 {
					t.Errorf("%d tries left, want 3", n)
				}
				changed := at > change || at == change && pull == simcard.PullAfter
				sim.ClearFaults()
				want := map[bool]string{false: "1234", true: "5678"}[changed]
				if err := card.New(connect(t, sim)).Verify(card.KindLogin, typed(t, want)); err != nil {
					t.Errorf("the PIN in force is not the expected one: %v", err)
				}
				if err := c.End(); err != nil && at <= scrub {
					t.Errorf("ending a lost session: %v", err)
				}
			})
		}
	}
}

// TestResetByOthers: a card reset under us is never sent a PIN again.
func TestResetByOthers(t *testing.T) {
	for at := 1; at <= 5; at++ {
		sim := sample(t, "adult")
		sim.Reset(false)
		n := 0
		rec := &recorder{Link: linkFunc(func(apdu []byte) ([]byte, error) {
			if n++; n == at {
				return nil, fmt.Errorf("transmitting: %w", card.ErrReset)
			}
			return sim.Transmit(apdu)
		})}
		p, q := typed(t, "1234"), typed(t, "5678")
		err := card.New(rec).Change(card.KindLogin, p, q)
		var in *card.InterruptedError
		if !errors.Is(err, card.ErrReset) || errors.As(err, &in) {
			t.Errorf("command %d: %v, want a reset that interrupted nothing", at, err)
		}
		if n != at {
			t.Errorf("command %d: %d commands followed", at, n-at)
		}
		wiped(t, "PINs", p, q)
	}
}

// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"crypto/rand"
	"slices"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// A change is what a resident comes for: the kind of PIN, the clerk's key for it, and what is typed.
type change struct {
	kind      card.Kind
	id        string // of screens
	key       pinpad.Key
	now, next string
}

// drawn gives the change a new password that stands nowhere else: eight characters at random, letters and digits in turn, as both must occur.
func drawn(c change) change {
	sets := [2]string{"ACDEFGHJKLMNPQRTUVWXY", "34679"}
	b := make([]byte, 8)
	_, _ = rand.Read(b)
	for i := range b {
		from := sets[i%2]
		b[i] = from[int(b[i])%len(from)]
	}
	c.next = string(b)
	return c
}

// adult is an ordinary card: login 1234, signing ABC123.
func adult(t testing.TB) *simcard.Card {
	t.Helper()
	s, ok := simcard.SampleByID("adult", time.Now())
	if !ok {
		t.Fatal("no sample card adult")
	}
	return simcard.New(s.Spec)
}

// opens goes from rest to the resident's entry of the PIN in force, with an adult's card in each reader. It gives the machine's.
func (b *both) opens(ch change) *simcard.Card {
	b.t.Helper()
	b.until("idle")
	b.press(pinpad.KeyEnter)
	b.until("clerk.code")
	b.digits(clerkCode)
	b.press(pinpad.KeyEnter)
	b.until("clerk.procedure")
	b.press(pinpad.Key2)
	b.until("clerk.applicant")
	b.press(pinpad.Key1)
	b.until("clerk.kind")
	b.press(ch.key)
	for s := ""; s != "clerk.turn"; {
		switch s = b.settled(); s {
		case "clerk.turn":
		case "clerk.question", "clerk.documents":
			b.press(pinpad.Key1)
		default:
			b.press(pinpad.KeyEnter)
		}
	}
	b.press(pinpad.KeyEnter)
	b.until("resident.language")
	b.press(pinpad.Key1)
	b.until("resident.card.insert")
	b.card, b.twinCard = adult(b.t), adult(b.t)
	b.insert()
	b.until("resident.board")
	b.press(pinpad.KeyEnter)
	b.until("resident.about." + ch.id)
	b.press(pinpad.KeyEnter)
	if ch.kind == card.KindSigning {
		b.until("resident.letters")
		b.press(pinpad.KeyEnter)
	}
	b.until("resident.pin." + ch.id)
	return b.card
}

// types types the PIN in force and a new one twice, but for the last 確認.
func (b *both) types(ch change) {
	b.t.Helper()
	b.enters(ch, ch.now)
	b.press(pinpad.KeyEnter)
	b.until("resident.rules." + ch.id)
	b.press(pinpad.KeyEnter)
	b.until("resident.newpin." + ch.id)
	b.enters(ch, ch.next)
	b.press(pinpad.KeyEnter)
	if ch.kind == card.KindSigning {
		b.until("resident.lookalike")
		b.press(pinpad.KeyEnter)
	}
	b.until("resident.again." + ch.id)
	b.enters(ch, ch.next)
}

// changes goes from rest to the result of a change.
func (b *both) changes(ch change) {
	b.t.Helper()
	b.opens(ch)
	b.types(ch)
	b.press(pinpad.KeyEnter)
	b.until("resident.changed")
}

// enters types a PIN as its kind is typed.
func (b *both) enters(ch change, s string) {
	b.t.Helper()
	if ch.kind != card.KindSigning {
		b.digits(s)
		return
	}
	for _, c := range s {
		for g, row := range pin.Legend() {
			if i := slices.Index([]rune(row), c); i >= 0 {
				b.press(pinpad.Key0+pinpad.Key(g), pinpad.Key1+pinpad.Key(i))
			}
		}
	}
}

// pulled opens a case and pulls the card after the CHANGE, before its answer. The resident puts it back, does what the screens ask for, and has the new PIN.
func (b *both) pulled(ch change) {
	b.t.Helper()
	b.opens(ch)
	b.types(ch)
	for _, c := range []*simcard.Card{b.card, b.twinCard} {
		c.Inject(simcard.Fault{At: 1, INS: 0x24, Pull: simcard.PullAfter})
	}
	b.press(pinpad.KeyEnter)
	b.until("resident.card.removed")
	b.save("4-pulled.png")
	b.out()
	b.insert()
	b.leaves(ch)
	if n := b.card.Left(ch.kind); n != b.twinCard.Left(ch.kind) || n == 0 {
		b.t.Errorf("%d tries are left on the card, %d on the twin's", n, b.twinCard.Left(ch.kind))
	}
}

// leaves goes from a result to rest: it does what each screen asks for, but leaves out the check of the PIN where it is only offered.
func (b *both) leaves(ch change) {
	b.t.Helper()
	for range 40 {
		switch b.settled() {
		case "idle":
			b.out()
			return
		case "resident.card.take":
			b.out()
		case "resident.leavecheck.ask":
			b.press(pinpad.KeyCancel)
		case "resident.leavecheck." + ch.id, "resident.newpin." + ch.id, "resident.again." + ch.id:
			b.enters(ch, ch.next)
			b.press(pinpad.KeyEnter)
		case "resident.pin." + ch.id:
			b.enters(ch, ch.now)
			b.press(pinpad.KeyEnter)
		default:
			b.press(pinpad.KeyEnter)
		}
	}
	b.t.Fatalf("after 40 keys the box is not at rest but at %q", b.w.state().Screen)
}

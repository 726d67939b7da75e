// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/pinpad/pin"
)

var today = time.Date(2026, 11, 20, 9, 0, 0, 0, time.UTC)

func date(y, m, d int) time.Time { return time.Date(y, time.Month(m), d, 0, 0, 0, 0, time.UTC) }

func sample(t testing.TB, id string) *simcard.Card {
	t.Helper()
	s, ok := simcard.SampleByID(id, today)
	if !ok {
		t.Fatalf("no sample %q", id)
	}
	return simcard.New(s.Spec)
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

// wiped fails unless every PIN is gone.
func wiped(t testing.TB, what string, pins ...*pin.PIN) {
	t.Helper()
	for i, p := range pins {
		_, err := p.Send(0, 0, 0, 0, func([]byte) ([]byte, error) { return nil, nil })
		if !errors.Is(err, pin.ErrWiped) {
			t.Errorf("%s: PIN %d was not wiped: %v", what, i, err)
		}
	}
}

// connect puts a simulated card behind a link.
func connect(t testing.TB, sim *simcard.Card) card.Link {
	t.Helper()
	r := simcard.NewReader()
	t.Cleanup(func() { r.Close() })
	r.Insert(sim)
	l, err := r.Connect(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// linkFunc answers commands by a function.
type linkFunc func(apdu []byte) ([]byte, error)

func (f linkFunc) Transmit(apdu []byte) ([]byte, error) { return f(apdu) }
func (f linkFunc) Close() error                         { return nil }

func TestBoard(t *testing.T) {
	full := [5]card.Tries{
		card.KindLogin:    {Known: true, Left: 3, Max: 3},
		card.KindSigning:  {Known: true, Left: 5, Max: 5},
		card.KindCardInfo: {Known: true, Left: 3, Max: 3},
		card.KindRegister: {Known: true, Left: 3, Max: 3},
	}
	with := func(k card.Kind, t card.Tries) [5]card.Tries {
		out := full
		out[k] = t
		return out
	}
	none := full
	for i := range none {
		none[i].Left = 0
	}
	two := 2
	rows := []struct {
		name string
		spec simcard.Spec
		want card.Board
	}{
		{name: "adult", want: card.Board{Species: card.SpeciesMyNumber, Tries: full, HasSigning: true, HasAuth: true, AuthEnds: date(2029, 12, 1)}},
		{name: "one_try_left", want: card.Board{Species: card.SpeciesMyNumber, Tries: with(card.KindLogin, card.Tries{Known: true, Left: 1, Max: 3}), HasSigning: true, HasAuth: true, AuthEnds: date(2028, 12, 30)}},
		{name: "locked", want: card.Board{Species: card.SpeciesMyNumber, Tries: with(card.KindLogin, card.Tries{Known: true, Left: 0, Max: 3}), HasSigning: true, HasAuth: true, AuthEnds: date(2029, 2, 18)}},
		{name: "expiring", want: card.Board{Species: card.SpeciesMyNumber, Tries: full, HasSigning: true, HasAuth: true, AuthEnds: date(2026, 12, 30)}},
		{name: "expired", want: card.Board{Species: card.SpeciesMyNumber, Tries: full, HasSigning: true, HasAuth: true, AuthEnds: date(2026, 10, 31)}},
		{name: "under_15", want: card.Board{Species: card.SpeciesMyNumber, Tries: with(card.KindSigning, card.Tries{Known: true, Left: 0, Max: 5}), HasAuth: true, AuthEnds: date(2030, 10, 21)}},
		{name: "face_auth", want: card.Board{Species: card.SpeciesFaceAuth, Tries: none, HasAuth: true, AuthEnds: date(2029, 9, 21)}},
		{name: "driving_licence", want: card.Board{Species: card.SpeciesDrivingLicence}},
		{name: "register PIN in two states", spec: simcard.Spec{JukiLeft: &two, Ends: today, Seed: 20},
			want: card.Board{Species: card.SpeciesMyNumber, Tries: with(card.KindRegister, card.Tries{Known: true, Left: 2, Max: 3, Differ: true}), HasSigning: true, HasAuth: true, AuthEnds: date(2026, 11, 20)}},
		{name: "no certificates", spec: simcard.Spec{NoAuth: true, NoSigning: true, Seed: 21}, want: card.Board{Species: card.SpeciesMyNumber, Tries: full}},
		{name: "first command fails", spec: simcard.Spec{Sluggish: true, Ends: today, Seed: 22}, want: card.Board{Species: card.SpeciesMyNumber, Tries: full, HasSigning: true, HasAuth: true, AuthEnds: date(2026, 11, 20)}},
		{name: "juki card", spec: simcard.Spec{Label: "JPKIAPICCTOKEN"}, want: card.Board{Species: card.SpeciesJuki}},
		{name: "juki card by its answer to reset", spec: simcard.Spec{Profile: simcard.Licence, ATR: []byte("\x3B\x88\x80\x01\x00\x00\x14\xE0\xB3\x81\x91\x00\x5E")}, want: card.Board{Species: card.SpeciesJuki}},
		{name: "Android", spec: simcard.Spec{Label: "JPKIAPGPSETOKEN"}, want: card.Board{Species: card.SpeciesPhone}},
		{name: "iPhone", spec: simcard.Spec{Label: "JPKIAPIOSTOKEN"}, want: card.Board{Species: card.SpeciesPhone}},
		{name: "another label", spec: simcard.Spec{Label: "JPKIAPICCTOKEN3"}, want: card.Board{Species: card.SpeciesUnknown}},
		{name: "another card", spec: simcard.Spec{Profile: simcard.Licence}, want: card.Board{Species: card.SpeciesUnknown}},
		{name: "a licence's ATR proves nothing", spec: simcard.Spec{ATR: []byte("\x3B\x88\x80\x01\x00\x00\x00\x00\x91\x81\xC1\x00\xD8"), Ends: today, Seed: 23}, want: card.Board{Species: card.SpeciesMyNumber, Tries: full, HasSigning: true, HasAuth: true, AuthEnds: date(2026, 11, 20)}},
	}
	for _, r := range rows {
		t.Run(r.name, func(t *testing.T) {
			sim := simcard.New(r.spec)
			if s, ok := simcard.SampleByID(r.name, today); ok {
				sim = simcard.New(s.Spec)
			}
			r.want.Tries[0] = card.Tries{}
			before := sim.State()
			got, err := card.New(connect(t, sim)).Board()
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(r.want, got); diff != "" {
				t.Errorf("board (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(before, sim.State()); diff != "" {
				t.Errorf("reading the board changed the card (-before +after):\n%s", diff)
			}
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("flagged: %v", m)
			}
		})
	}
}

// TestTries: of the register PIN the lower counter counts.
func TestTries(t *testing.T) {
	one := 1
	sim := simcard.New(simcard.Spec{JukiLeft: &one, Left: map[card.Kind]int{card.KindSigning: 4}})
	c := card.New(connect(t, sim))
	got := map[card.Kind]int{}
	for _, k := range card.Kinds() {
		n, err := c.Tries(k)
		if err != nil {
			t.Fatal(err)
		}
		got[k] = n
	}
	want := map[card.Kind]int{card.KindLogin: 3, card.KindSigning: 4, card.KindCardInfo: 3, card.KindRegister: 1}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("tries (-want +got):\n%s", diff)
	}
	if _, err := c.Tries(card.Kind(9)); !errors.Is(err, card.ErrUnsupported) {
		t.Errorf("kind outside the table: %v", err)
	}
}

// TestAllowList runs everything there is on every sample and looks at what
// went out.
func TestAllowList(t *testing.T) {
	for _, s := range simcard.Samples(today) {
		sim := simcard.New(s.Spec)
		c := card.New(connect(t, sim))
		_, _ = c.Board()
		for _, k := range card.Kinds() {
			_, _ = c.Tries(k)
			if p := s.PINs[k]; p != "" {
				_ = c.Verify(k, typed(t, p))
				_ = c.Change(k, typed(t, p), typed(t, map[card.Kind]string{card.KindSigning: "NEW456"}[k]+"9876"))
				_ = c.Verify(k, typed(t, p))
			}
		}
		everyIssuing(t, c, func(what string, err error) {
			if err == nil {
				t.Errorf("%s: %s worked on a card that obeys nobody", s.ID, what)
			}
		})
		_ = c.End()
		for _, h := range simcard.Beyond(sim.Log()) {
			t.Errorf("%s: %02X %02X %02X %02X went to the card", s.ID, h.CLA, h.INS, h.P1, h.P2)
		}
		if s.ID == "adult" {
			if m := sim.Misuse(); len(m) > 0 {
				t.Errorf("%s: flagged: %v", s.ID, m)
			}
		}
	}
}

// TestEnd leaves the PINs' application, whatever came before, and is quiet on a
// session that is lost.
func TestEnd(t *testing.T) {
	sim := sample(t, "adult")
	c := card.New(connect(t, sim))
	if err := c.Verify(card.KindLogin, typed(t, "1234")); err != nil {
		t.Fatal(err)
	}
	if !sim.Verified(card.KindLogin) {
		t.Fatal("not verified")
	}
	if err := c.End(); err != nil {
		t.Fatal(err)
	}
	if sim.Verified(card.KindLogin) {
		t.Error("still verified after End")
	}
	n := 0
	c = card.New(linkFunc(func([]byte) ([]byte, error) { n++; return nil, card.ErrReset }))
	if _, err := c.Board(); !errors.Is(err, card.ErrReset) {
		t.Errorf("board: %v, want %v", err, card.ErrReset)
	}
	p := typed(t, "1234")
	if err := c.Verify(card.KindLogin, p); !errors.Is(err, card.ErrReset) {
		t.Errorf("verify after reset: %v, want %v", err, card.ErrReset)
	}
	wiped(t, "verify after reset", p)
	if err := c.End(); err != nil {
		t.Errorf("end after reset: %v", err)
	}
	if n != 1 {
		t.Errorf("%d commands after a reset by others, want none", n-1)
	}
}

// TestMask: class and instruction, and of a PIN not even its length.
func TestMask(t *testing.T) {
	for _, r := range []struct{ apdu, want string }{
		{"\x00\xA4\x04\x0C\x02\x00\x18", "00 A4"},
		{"\x00\x20\x00\x80\x041234", "00 20 [PIN]"},
		{"\x00\x20\x00\x80\x06ABC123", "00 20 [PIN]"},
		{"\x00\x24\x01\x80\x041234", "00 24 [PIN]"},
		{"\x80\x32\x00\x80\x041234", "80 32 [PIN]"},
		{"\x00\x2C\x02\x80\x041234", "00 2C [PIN]"},
		{"\x00", "--"},
		{"", "--"},
	} {
		if got := card.Mask([]byte(r.apdu)); got != r.want {
			t.Errorf("Mask(% X) = %q, want %q", r.apdu, got, r.want)
		}
	}
}

// TestKinds: ids go out and come back; the table's forms are the card's.
func TestKinds(t *testing.T) {
	for _, k := range card.Kinds() {
		b, err := k.MarshalText()
		if err != nil {
			t.Fatal(err)
		}
		var back card.Kind
		if err := back.UnmarshalText(bytes.Clone(b)); err != nil || back != k {
			t.Errorf("%v came back as %v, %v", k, back, err)
		}
	}
	if _, err := card.ParseKind("other"); err == nil {
		t.Error("an unknown id was read")
	}
	if card.Kind(0).Valid() || card.KindSigning.NewForm() != pin.FormNewPassword || card.KindSigning.Form() != pin.FormPassword {
		t.Error("the table is not as it should be")
	}
}

// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/x509"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/cmd/internal/authority"
	"madoguchi/device/issue"
	"madoguchi/pinpad/pin"
	"madoguchi/sync/issuer"
	"madoguchi/sync/outbox"
)

var morning = time.Date(2026, 11, 20, 0, 30, 0, 0, time.UTC)

const city, device = "nabari", "box-17"

var boxKey = ed25519.NewKeyFromSeed(bytes.Repeat([]byte{2}, 32))

// rig is a counter with its card, its disk and the authority. What a power cut takes is in box; the rest stays.
type rig struct {
	t    testing.TB
	now  time.Time
	dir  string
	auth *authority.Authority
	sim  *simcard.Card
	spec simcard.Spec
	seat *simcard.Reader
	line bool
	pins map[issuer.Kind]string // what the resident types
	wire [][]byte               // every frame, both ways
	seen []issuer.Message       // every message, both ways
	said func(step string)      // called before and after everything that a power cut may separate
	auto bool                   // the second person releases at once
	post func([]byte) []byte    // another way to the authority

	box box
}

// box is what lies in memory.
type box struct {
	disk   *outbox.Outbox
	state  issue.State
	line   *issuer.Line
	card   *card.Card
	link   card.Link
	queue  []issue.Event
	ended  *issue.End
	wantOf string // "pin", "card" or "other": what people are asked for
	wiped  int
	found  bool // a journal, at its start
}

func newRig(t testing.TB, s simcard.Spec) *rig {
	t.Helper()
	r := &rig{t: t, now: morning, dir: t.TempDir(), spec: s, sim: simcard.New(s), line: true, auto: true, said: func(string) {},
		pins: map[issuer.Kind]string{issuer.Login: "7391", issuer.Signing: "QX84KT", issuer.CardInfo: "7391", issuer.Register: "7391"}}
	r.openAuthority()
	ctx := context.Background()
	if err := errors.Join(r.auth.AddBox(ctx, device, boxKey.Public().(ed25519.PublicKey)), r.auth.SetReleaser(ctx, "B", "246810")); err != nil {
		t.Fatal(err)
	}
	r.seat = simcard.NewReader()
	r.seat.Insert(r.sim)
	r.start()
	t.Cleanup(func() { r.cut(); r.auth.Close(); r.seat.Close() })
	return r
}

func (r *rig) openAuthority() {
	r.t.Helper()
	var err error
	if r.auth, err = authority.Open(context.Background(), filepath.Join(r.dir, "issuer.db"), authority.Opts{City: city, Seed: [32]byte{1}, Now: func() time.Time { return r.now }}); err != nil {
		r.t.Fatal(err)
	}
}

// start is the box's power coming on.
func (r *rig) start() {
	r.t.Helper()
	disk, _, err := outbox.Open(filepath.Join(r.dir, "outbox.db"), outbox.Opts{})
	if err != nil {
		r.t.Fatal(err)
	}
	sign, to := r.auth.Keys()
	line, err := issuer.NewLine(city, device, boxKey, sign, to)
	if err != nil {
		r.t.Fatal(err)
	}
	r.box = box{disk: disk, line: line}
	if b := disk.Operation(); b != nil {
		r.box.found = true
		j, err := issue.DecodeJournal(b)
		if err != nil {
			r.t.Fatal(err)
		}
		r.do(issue.Recover{At: r.now, Opts: issue.Opts{City: city, Device: device}, Journal: j})
	}
}

// cut is the box's power going off, with the card's.
func (r *rig) cut() {
	if r.box.link != nil {
		r.box.link.Close()
	}
	if r.box.disk != nil {
		r.box.disk.Close()
	}
	r.box = box{}
}

// begin begins an operation.
func (r *rig) begin(o issuer.Order) { r.beginIn(issuer.NewCase(), o) }

// beginIn begins an operation of a case.
func (r *rig) beginIn(c issuer.Case, o issuer.Order) {
	o.Case, o.Opener = c, issuer.LabelOf("A")
	r.box.ended = nil
	r.do(issue.Begin{At: r.now, Opts: issue.Opts{City: city, Device: device}, Open: issuer.Open{Token: issuer.NewToken(), Order: o}, Ready: r.line})
}

// do takes an event and everything that follows at once.
func (r *rig) do(e issue.Event) {
	r.box.queue = append(r.box.queue, e)
	for len(r.box.queue) > 0 {
		e := r.box.queue[0]
		r.box.queue = r.box.queue[1:]
		var out []issue.Effect
		r.box.state, out = issue.Apply(r.box.state, e)
		for _, f := range out {
			r.effect(f)
		}
	}
}

// run lets time pass, second by second, with people who do what they are asked, until the operation has ended for both sides or limit is over.
func (r *rig) run(limit time.Duration) {
	for end := r.now.Add(limit); r.box.state.Open() && r.now.Before(end); {
		switch want := r.box.wantOf; {
		case want == "pin":
			r.box.wantOf = ""
			r.do(issue.Typed{At: r.now})
		case want == "card" && r.seat.Log() != nil:
			r.box.wantOf = ""
			r.do(issue.Here{At: r.now})
		case r.auto && r.box.state.Pending:
			if err := r.auth.Release(context.Background(), r.box.state.Check, "B", "246810", true); err != nil && !errors.Is(err, authority.ErrNothing) {
				r.t.Fatal(err)
			}
			fallthrough
		default:
			r.now = r.now.Add(time.Second)
			r.do(issue.Tick{At: r.now})
		}
	}
}

func (r *rig) happens(e issue.Event) { r.box.queue = append(r.box.queue, e) }

func (r *rig) send(m issuer.Message) {
	f, err := r.box.line.Seal(m)
	if err != nil {
		r.t.Fatal(err)
	}
	r.wire, r.seen = append(r.wire, f), append(r.seen, m)
	if !r.line {
		return
	}
	if r.post == nil {
		r.post = r.handed
	}
	answer := r.post(f)
	if answer == nil || !r.arrives() {
		return
	}
	r.wire = append(r.wire, answer)
	if m, err = r.box.line.Open(answer); err != nil {
		r.t.Fatal(err)
	}
	r.seen = append(r.seen, m)
	r.happens(issue.Heard{At: r.now, Message: m})
}

// handed hands a frame to the authority itself.
func (r *rig) handed(f []byte) []byte {
	answer, err := r.auth.Handle(context.Background(), device, f)
	if err != nil && !errors.Is(err, issuer.ErrOdd) {
		r.t.Fatal(err)
	}
	return answer
}

// arrives says whether an answer gets through; a power cut there is a panic of another sort.
func (r *rig) arrives() (ok bool) {
	defer func() {
		if p := recover(); p != nil {
			if _, is := p.(lost); !is {
				panic(p)
			}
			ok = false
		}
	}()
	r.said("authority has it")
	return true
}

// typed makes the PIN as the pad would.
func (r *rig) typed(k issuer.Kind) *pin.PIN {
	p, err := pin.New()
	if err != nil {
		r.t.Fatal(err)
	}
	for _, c := range []byte(r.pins[k]) {
		p.Append(c)
	}
	return p
}

var kinds = map[issuer.Kind]card.Kind{issuer.Login: card.KindLogin, issuer.Signing: card.KindSigning, issuer.CardInfo: card.KindCardInfo, issuer.Register: card.KindRegister}

// session is the powered card; it is powered anew when it was lost.
func (r *rig) session() (*card.Card, error) {
	if r.box.card == nil {
		l, err := r.seat.Connect(context.Background())
		if err != nil {
			return nil, err
		}
		r.box.link, r.box.card = l, card.New(l)
	}
	return r.box.card, nil
}

func (r *rig) command(seq uint32, f func(c *card.Card, e *issue.Card) error) {
	e := issue.Card{At: r.now, Seq: seq}
	c, err := r.session()
	if err == nil {
		err = f(c, &e)
	}
	var lost *card.InterruptedError
	switch {
	case err == nil:
	case errors.Is(err, card.ErrNoIssuer):
		e.Err = issue.NoIssuer
	case errors.As(err, &lost) && lost.Step == card.StepActivate:
		e.Err = issue.Lost
	default:
		e.Err = issue.Failed
	}
	if err != nil && r.box.link != nil {
		r.box.link.Close()
		r.box.link, r.box.card = nil, nil
	}
	r.happens(e)
}

func (r *rig) effect(f issue.Effect) {
	name := ""
	switch f := f.(type) {
	case issue.Send:
		name = "Send " + messageName(f.Message)
	case issue.Keep:
		name = "Keep journal " + map[issue.Mark]string{issue.Asked: "asked", issue.Sent: "sent", issue.Settled: "settled"}[f.Journal.Mark]
	default:
		name = typeName(f)
	}
	r.said("before " + name)
	switch f := f.(type) {
	case issue.Send:
		r.send(f.Message)
	case issue.Keep:
		if err := r.box.disk.SetOperation(f.Journal.Encode()); err != nil {
			r.t.Fatal(err)
		}
	case issue.Forget:
		if err := r.box.disk.SetOperation(nil); err != nil {
			r.t.Fatal(err)
		}
	case issue.Prove:
		r.command(f.Seq, func(c *card.Card, e *issue.Card) error {
			p, err := c.Prove(f.Nonce)
			e.Proof = issuer.ReadProof(p)
			return err
		})
	case issue.Authenticate:
		r.command(f.Seq, func(c *card.Card, _ *issue.Card) error {
			return c.Authenticate(f.Bond, byte(f.Operation), byte(f.Kind), f.MAC)
		})
	case issue.ResetPIN:
		p := r.typed(f.Kind)
		defer p.Wipe()
		r.command(f.Seq, func(c *card.Card, _ *issue.Card) error { return c.ResetPIN(kinds[f.Kind], p) })
	case issue.Generate:
		r.command(f.Seq, func(c *card.Card, e *issue.Card) (err error) {
			e.Modulus, err = c.Generate(kinds[f.Kind])
			return err
		})
	case issue.PutCertificate:
		r.command(f.Seq, func(c *card.Card, _ *issue.Card) error { return c.PutCertificate(kinds[f.Kind], f.Cert.Bytes()) })
	case issue.Activate:
		r.command(f.Seq, func(c *card.Card, e *issue.Card) error {
			var permit []byte
			if f.Permit != (issuer.MAC{}) {
				permit = f.Permit[:]
			}
			p, err := c.Activate(f.Nonce, permit)
			e.Proof = issuer.ReadProof(p)
			return err
		})
	case issue.WantPIN:
		r.box.wantOf = "pin"
	case issue.WantCard:
		r.box.wantOf = "card"
		if f.Other {
			r.box.wantOf = "other"
		}
	case issue.Wipe:
		r.box.wiped++
	case issue.End:
		r.box.ended = &f
	}
	r.said("after " + name)
}

// certificate reads what lies on the card.
func certificate(t testing.TB, sim *simcard.Card, k issuer.Kind) *x509.Certificate {
	t.Helper()
	for name, b := range sim.State().Files {
		if name == map[issuer.Kind]string{issuer.Login: "d392f000260100000001:000A", issuer.Signing: "d392f000260100000001:0001"}[k] {
			c, err := x509.ParseCertificate(b)
			if err != nil {
				t.Fatal(err)
			}
			return c
		}
	}
	return nil
}

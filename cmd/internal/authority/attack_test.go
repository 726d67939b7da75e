// SPDX-License-Identifier: Apache-2.0

package authority_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/card/simcard"
	"madoguchi/cmd/internal/authority"
	"madoguchi/device/issue"
	"madoguchi/sync/issuer"
)

var loginReset = operations[0].o

// TestPINStaysOffTheWire types random PINs and looks for them, in four writings, in every frame as it is sealed, in every message as it is opened, and in every file of both sides.
func TestPINStaysOffTheWire(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	for _, op := range operations[:2] {
		var first, r *rig
		// A PIN that stands in what an operation with another PIN leaves proves nothing: draw again.
		first = newRig(t, spec("locked"))
		first.pins[op.o.Kind] = "0000"
		first.begin(op.o)
		first.run(time.Minute)
		r = newRig(t, spec("locked"))
		r.pins[op.o.Kind] = fmt.Sprintf("%04d", random.IntN(10000))
		r.begin(op.o)
		r.run(time.Minute)
		if r.box.ended == nil || r.box.ended.Outcome != issue.Done {
			t.Fatalf("%+v", r.box.ended)
		}
		p := r.pins[op.o.Kind]
		utf16 := []byte{0, p[0], 0, p[1], 0, p[2], 0, p[3]}
		number := binary.BigEndian.AppendUint32(nil, uint32(p[0]-'0')<<24|uint32(p[1]-'0')<<16|uint32(p[2]-'0')<<8|uint32(p[3]-'0')) // a byte for each digit
		writings := map[string][]byte{"as typed": []byte(p), "in hex": []byte(hex.EncodeToString([]byte(p))), "wide": utf16, "as digits": number}
		plain := bytes.Buffer{}
		for _, m := range r.seen {
			if err := binary.Write(&plain, binary.BigEndian, m); err != nil {
				t.Fatal(err)
			}
		}
		if len(r.seen) < 6 || len(r.wire) != len(r.seen) || plain.Len() < 500 {
			t.Fatalf("%d messages, %d frames, %d bytes: the test looks past them", len(r.seen), len(r.wire), plain.Len())
		}
		found := func(r *rig, w []byte) (where string) {
			for i, f := range r.wire {
				if bytes.Contains(f, w) {
					return fmt.Sprintf("frame %d", i)
				}
			}
			return ""
		}
		for name, w := range writings {
			if name == "as typed" {
				continue // four characters stand in base64 by chance: below, in what base64 holds
			}
			if where := found(r, w); where != "" {
				t.Errorf("seed %d: the PIN %s stands in %s", seed, name, where)
			}
		}
		// Random bytes hold a given four of them with 1 in 4 billion for each place, ciphertext and keys included.
		if bytes.Contains(plain.Bytes(), writings["as typed"]) {
			t.Errorf("seed %d: the PIN stands in a message", seed)
		}
		if bytes.Contains(plain.Bytes(), number) {
			t.Errorf("seed %d: the PIN's digits stand in a message", seed)
		}
		r.cut()
		box, err := os.ReadFile(filepath.Join(r.dir, "outbox.db"))
		if err != nil {
			t.Fatal(err)
		}
		if bytes.Contains(box, []byte(p)) {
			t.Errorf("seed %d: the PIN lies on the box's disk", seed)
		}
		// The same operation with two PINs: the same kinds of message in the same order, each of the same size.
		if len(first.wire) != len(r.wire) {
			t.Fatalf("%d frames with one PIN, %d with another", len(first.wire), len(r.wire))
		}
		for i := range r.wire {
			if len(first.wire[i]) != len(r.wire[i]) || messageName(first.seen[i]) != messageName(r.seen[i]) {
				t.Errorf("frame %d: %d bytes with one PIN, %d with another", i, len(first.wire[i]), len(r.wire[i]))
			}
		}
	}
}

// TestReplayed sends every frame of an operation again, at once and after it, from its own box and from another: the book and the card do not move.
func TestReplayed(t *testing.T) {
	r := newRig(t, spec("adult"))
	ctx := context.Background()
	if err := r.auth.AddBox(ctx, "box-18", boxKey.Public().(ed25519.PublicKey)); err != nil { // even with the same key
		t.Fatal(err)
	}
	r.begin(loginReset)
	r.run(time.Minute)
	before, err := r.auth.Book(ctx, issuer.Done)
	if err != nil || len(before) != 1 {
		t.Fatal(before, err)
	}
	card := r.sim.State()
	for i, f := range r.wire {
		for _, from := range []string{device, "box-18", "box-19"} {
			answer, err := r.auth.Handle(ctx, from, f)
			if err == nil && i%2 == 0 && from == device {
				// Its last letter again is answered again, under the key of then: nobody has that any more.
				if m, err := r.box.line.Open(answer); err == nil {
					r.do(issue.Heard{At: r.now, Message: m})
				}
			} else if err == nil {
				t.Errorf("frame %d from %s was taken", i, from)
			}
		}
	}
	after, err := r.auth.Book(ctx)
	if err != nil || len(after) != 1 || after[0].State != issuer.Done || r.box.state.Step != issue.Ended {
		t.Errorf("after the replay: %d operations, %v", len(after), err)
	}
	r.cut()
	if got := r.sim.State(); got.Last.Count != card.Last.Count {
		t.Error("the card obeyed again")
	}
}

// TestSwapped: a grant for one card is none for another, and the card that was there is asked for by its own proof.
func TestSwapped(t *testing.T) {
	r := newRig(t, spec("adult"))
	r.auto = false
	r.begin(loginReset)
	r.run(3 * time.Second)
	other := simcard.New(spec("expiring"))
	r.seat.Remove() // the box is not told: the worst case
	r.box.link.Close()
	r.box.link, r.box.card = nil, nil
	r.seat.Insert(other)
	r.auto = true
	r.run(time.Minute)
	if r.box.ended == nil || r.box.ended.Outcome != issue.Undone {
		t.Errorf("ended %+v", r.box.ended)
	}
	for _, c := range []*simcard.Card{r.sim, other} {
		if c.State().Last != nil {
			t.Error("a card obeyed")
		}
	}

	// The answer to the last command is lost, and another card is laid down.
	r = newRig(t, spec("adult"))
	r.said = func(step string) {
		if step == "before Activate" {
			r.sim.Inject(simcard.Fault{At: 4, Pull: simcard.PullAfter}) // SELECT, SELECT, READ, ACTIVATE
		}
	}
	r.begin(loginReset)
	r.run(30 * time.Second)
	if r.box.state.Step != issue.WaitCard {
		t.Fatalf("at %v", r.box.state.Step)
	}
	r.seat.Insert(other)
	r.box.wantOf = "card"
	r.run(5 * time.Second)
	if r.box.state.Step != issue.WaitCard || r.box.wantOf != "other" {
		t.Fatalf("another card: %v, %q", r.box.state.Step, r.box.wantOf)
	}
	r.seat.Insert(r.sim)
	r.box.wantOf = "card"
	r.run(time.Minute)
	if r.box.ended == nil || r.box.ended.Outcome != issue.Done {
		t.Errorf("the right card: %+v", r.box.ended)
	}
}

// TestLostMessages loses a third of all messages at random, both ways: each operation still ends, and done once.
func TestLostMessages(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 1))
	for i := range 30 {
		r := newRig(t, spec("locked"))
		r.said = func(step string) {
			r.line = random.IntN(3) > 0
			if step == "authority has it" && !r.line {
				panic(lost{})
			}
		}
		op := operations[i%2]
		r.begin(op.o)
		r.run(10 * time.Minute)
		if r.box.state.Open() || r.box.ended == nil {
			t.Fatalf("seed %d, run %d: never ends: %v", seed, i, r.box.state.Step)
		}
		book, err := r.auth.Book(context.Background(), issuer.Done)
		if err != nil {
			t.Fatal(err)
		}
		if done := r.box.ended.Outcome == issue.Done; done != (len(book) == 1) || done != (r.sim.State().Last != nil) {
			t.Errorf("seed %d, run %d: box %v, book %d done", seed, i, r.box.ended, len(book))
		}
		r.cut()
	}
}

// lost is an answer that does not arrive.
type lost struct{}

// TestRealCard: on cards of every sample, as they are, an operation ends before anything but reading, and before anybody types.
func TestRealCard(t *testing.T) {
	for _, s := range simcard.Samples(morning) {
		r := newRig(t, s.Spec)
		r.begin(loginReset)
		r.run(time.Minute)
		if r.box.ended == nil || r.box.ended.Outcome == issue.Done || s.ID != "driving_licence" && *r.box.ended != (issue.End{Outcome: issue.Refused, Reason: issuer.NotSupported}) {
			t.Errorf("%s: %+v", s.ID, r.box.ended)
		}
		for _, h := range simcard.Beyond(r.sim.Log()) {
			t.Errorf("%s: %02X %02X %02X %02X went to the card", s.ID, h.CLA, h.INS, h.P1, h.P2)
		}
		if r.box.wantOf == "pin" {
			t.Errorf("%s: somebody was asked to type", s.ID)
		}
	}
}

// TestOffline: no line, no card command, nobody types.
func TestOffline(t *testing.T) {
	r := newRig(t, spec("adult"))
	r.line = false
	r.begin(loginReset)
	r.run(time.Minute)
	if r.box.ended == nil || r.box.ended.Outcome != issue.Offline || len(r.sim.Log()) > 0 || r.box.disk.Operation() != nil {
		t.Errorf("%+v, %d commands", r.box.ended, len(r.sim.Log()))
	}
}

// TestEntitled: the register decides, and the box learns no more than no.
func TestEntitled(t *testing.T) {
	signing := issuer.Order{Operation: issuer.CertIssue, Kind: issuer.Signing, Procedure: issuer.IssueCase}
	release := issuer.Order{Operation: issuer.SuspensionRelease, Kind: issuer.Signing, Procedure: issuer.ReleaseCase}
	only := issuer.Order{Operation: issuer.SuspensionRelease, Kind: issuer.NoKind, Procedure: issuer.ReleaseCase}
	for _, c := range []struct {
		name, sample string
		o            issuer.Order
		suspended    bool
		want         issue.Outcome
	}{
		{"a child's login PIN", "under_15", loginReset, false, issue.Done},
		{"a child's signing certificate", "under_15", signing, false, issue.Refused},
		{"a card without PINs", "face_auth", loginReset, false, issue.Refused},
		{"a suspended card", "adult", loginReset, true, issue.Refused},
		{"release of a suspended card, with a new certificate", "adult", release, true, issue.Done},
		{"release of a suspended card", "adult", only, true, issue.Done},
		{"release of a card that is not", "adult", only, false, issue.Refused},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := spec(c.sample)
			r := newRig(t, s)
			if c.suspended {
				if err := r.auth.SetSuspended(context.Background(), issuer.CardNumber(simcard.Number(s))); err != nil {
					t.Fatal(err)
				}
			}
			r.begin(c.o)
			r.run(time.Minute)
			if r.box.ended == nil || r.box.ended.Outcome != c.want || c.want == issue.Refused && r.box.ended.Reason != issuer.NotEntitled {
				t.Fatalf("%+v", r.box.ended)
			}
			if c.want == issue.Done && c.suspended { // and now it is a card like others
				r.begin(loginReset)
				r.run(time.Minute)
				if r.box.ended.Outcome != issue.Done {
					t.Errorf("after the release: %+v", r.box.ended)
				}
			}
		})
	}
}

// TestFourEyes: who may release, and what wrong codes cost.
func TestFourEyes(t *testing.T) {
	r := newRig(t, spec("adult"))
	ctx := context.Background()
	r.auto = false
	if err := r.auth.SetReleaser(ctx, "A", "135791"); err != nil {
		t.Fatal(err)
	}
	for label, code := range map[string]string{"": "1234", "C": "123", "D": "12345678x", "E": "12a4"} {
		if err := r.auth.SetReleaser(ctx, label, code); err == nil {
			t.Errorf("%q with %q was taken", label, code)
		}
	}
	r.begin(loginReset)
	r.run(3 * time.Second)
	check := r.box.state.Check
	if err := r.auth.Release(ctx, check, "A", "135791", true); err == nil {
		t.Error("who opened the case released it")
	}
	if err := r.auth.Release(ctx, check, "nobody", "135791", true); !errors.Is(err, authority.ErrCode) {
		t.Errorf("an unknown label: %v", err)
	}
	if err := r.auth.Release(ctx, check+1, "B", "246810", true); !errors.Is(err, authority.ErrNothing) {
		t.Errorf("another number: %v", err)
	}
	for range 5 {
		if err := r.auth.Release(ctx, check, "B", "000000", true); !errors.Is(err, authority.ErrCode) {
			t.Errorf("a wrong code: %v", err)
		}
	}
	if err := r.auth.Release(ctx, check, "B", "246810", true); !errors.Is(err, authority.ErrWait) {
		t.Errorf("the right code after five wrong ones: %v", err)
	}
	r.auth.Close()
	r.openAuthority()
	if err := r.auth.Release(ctx, check, "B", "246810", true); !errors.Is(err, authority.ErrWait) {
		t.Errorf("a restart shortened the wait: %v", err)
	}
	if err := r.auth.SetReleaser(ctx, "C", "864200"); err != nil {
		t.Fatal(err)
	}
	if err := r.auth.Release(ctx, check, "C", "864200", false); err != nil {
		t.Fatal(err)
	}
	r.run(time.Minute)
	if r.box.ended == nil || *r.box.ended != (issue.End{Outcome: issue.Refused, Reason: issuer.NotReleased}) {
		t.Errorf("after a no: %+v", r.box.ended)
	}
	if _, err := r.session(); err != nil {
		t.Fatal(err)
	}
	if left, err := r.box.card.Tries(card.KindLogin); err != nil || left != 3 {
		t.Errorf("%d tries, %v", left, err)
	}
}

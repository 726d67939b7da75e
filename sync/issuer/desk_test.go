// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var noon = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)

// office answers as a test wants.
type office struct {
	unknown   bool
	reason    Reason
	away      bool
	other     bool // another card had proved itself in the case
	certified int
}

func (o *office) CardKey(n CardNumber) (MAC, error) {
	if o.unknown {
		return MAC{}, errors.New("no such card")
	}
	return CardKey([]byte("master"), n), nil
}

func (o *office) Tie(Case, CardNumber) (bool, error) { return !o.other, nil }

func (o *office) Entitled(Order, CardNumber) (Reason, error) {
	if o.away {
		return 0, errors.New("away")
	}
	return o.reason, nil
}

func (o *office) Certify(Entry, Modulus) ([]byte, error) {
	o.certified++
	return []byte{0x30, byte(o.certified)}, nil
}

func (o *office) NewNonce() (n Nonce) {
	rand.Read(n[:])
	return n
}

var _ Office = (*office)(nil)

// says is a card's proof.
func says(n Nonce, bond Bond, count uint16, staged Digest) Proof {
	p := Proof{Number: CardNumber{7: 9}, Challenge: [16]byte{8}, Bond: bond, Count: count, Staged: staged}
	p.MAC = p.sum(CardKey([]byte("master"), p.Number), n)
	return p
}

func letter(m Message) Letter {
	l := Letter{Message: m}
	rand.Read(l.Digest[:])
	return l
}

// at brings a fresh operation to a state.
func at(t testing.TB, d *Desk, o Order, s State) Entry {
	t.Helper()
	var e Entry
	take := func(m Message) Message {
		var err error
		var answer Message
		if e, answer, err = d.Take(e, "box-17", letter(m), noon); err != nil {
			t.Fatal(err)
		}
		return answer
	}
	take(Open{token, o})
	if s == Opened {
		return e
	}
	take(Request{token, says(e.Ready.Nonce, Bond{}, 3, Digest{})})
	if s == Waiting {
		return e
	}
	var err error
	if e, _, err = d.Release(e, LabelOf("B"), true, noon); err != nil {
		t.Fatal(err)
	}
	switch s {
	case Written:
		take(Made{token, Modulus{1}, says(e.Ready.Nonce.For("made"), Bond{}, 3, DigestOf(Modulus{1}))})
	case Done:
		take(Result{token, Proved, says(e.Ready.Nonce.For("done"), e.Bond, 4, Digest{})})
	case Undone:
		take(Result{token, Proved, says(e.Ready.Nonce.For("done"), Bond{}, 3, Digest{})})
	case Doubt:
		take(Result{token, Unknown, Proof{}})
	}
	if e.State != s {
		t.Fatalf("stands at %v, want %v", e.State, s)
	}
	return e
}

// TestDesk: every state times every letter, and what is answered.
func TestDesk(t *testing.T) {
	renewal := Order{CertRenewal, Login, RenewalCase, Case{1}, LabelOf("A")}
	letters := []struct {
		name string
		make func(e Entry) Message
	}{
		{"open again", func(e Entry) Message { return Open{token, renewal} }},
		{"request", func(e Entry) Message { return Request{token, says(e.Ready.Nonce, Bond{}, 3, Digest{})} }},
		{"request over another nonce", func(e Entry) Message { return Request{token, says(Nonce{1}, Bond{}, 3, Digest{})} }},
		{"made", func(e Entry) Message {
			return Made{token, Modulus{1}, says(e.Ready.Nonce.For("made"), Bond{}, 3, DigestOf(Modulus{1}))}
		}},
		{"made, another key", func(e Entry) Message {
			return Made{token, Modulus{2}, says(e.Ready.Nonce.For("made"), Bond{}, 3, DigestOf(Modulus{1}))}
		}},
		{"resume", func(e Entry) Message { return Resume{token} }},
		{"proved done", func(e Entry) Message {
			return Result{token, Proved, says(e.Ready.Nonce.For("done"), e.Bond, 4, Digest{})}
		}},
		{"proved undone", func(e Entry) Message {
			return Result{token, Proved, says(e.Ready.Nonce.For("done"), Bond{}, 3, Digest{})}
		}},
		{"an older proof", func(e Entry) Message { return Result{token, Proved, says(e.Ready.Nonce, e.Bond, 4, Digest{})} }},
		{"not sent", func(e Entry) Message { return Result{token, NotSent, Proof{}} }},
		{"unknown", func(e Entry) Message { return Result{token, Unknown, Proof{}} }},
	}
	states := []State{0, Opened, Waiting, Granted, Written, Done, Undone, Doubt}
	const no = "odd"
	want := map[State][]string{
		0:       {"opened ready", no, no, no, no, "undone receipt", no, no, no, no, no},
		Opened:  {no, "waiting pending", "undone refusal", no, no, "undone receipt", "undone receipt", "undone receipt", "undone receipt", "undone receipt", "undone receipt"},
		Waiting: {no, no, no, no, no, "undone receipt", "undone receipt", "undone receipt", "undone receipt", "undone receipt", "undone receipt"},
		Granted: {no, no, no, "written issued", "undone refusal", "granted ready", "done receipt", "undone receipt", no, "undone receipt", "doubt receipt"},
		Written: {no, no, no, no, no, "written ready", "done receipt", "undone receipt", no, "undone receipt", "doubt receipt"},
		Done:    {no, no, no, no, no, "done receipt", "done receipt", "done receipt", "done receipt", "done receipt", "done receipt"},
		Undone:  {no, no, no, no, no, "undone receipt", "undone receipt", "undone receipt", "undone receipt", "undone receipt", "undone receipt"},
		Doubt:   {no, no, no, no, no, "doubt ready", "done receipt", "undone receipt", no, "undone receipt", "doubt receipt"},
	}
	for _, s := range states {
		for i, l := range letters {
			t.Run(fmt.Sprintf("%v, %s", s, l.name), func(t *testing.T) {
				d := &Desk{City: "nabari", Office: &office{}}
				var e Entry
				if s != 0 {
					e = at(t, d, renewal, s)
				}
				let := letter(l.make(e))
				next, answer, err := d.Take(e, "box-17", let, noon)
				got := no
				if err == nil {
					got = next.State.String() + " " + map[code]string{codeReady: "ready", codePending: "pending", codeIssued: "issued", codeReceipt: "receipt", codeRefusal: "refusal"}[answer.code()]
				} else if !errors.Is(err, ErrOdd) {
					t.Fatal(err)
				}
				if got != want[s][i] {
					t.Errorf("%s (%v), want %s", got, err, want[s][i])
				}
				if err != nil {
					return
				}
				// The same letter again: the same answer, nothing done twice.
				certs := d.Office.(*office).certified
				again, same, err := d.Take(next, "box-17", let, noon)
				if err != nil || same != answer || again.State != next.State || d.Office.(*office).certified != certs {
					t.Errorf("the same letter again: %v, %v, %v", again.State, same, err)
				}
				if _, _, err := d.Take(next, "box-18", let, noon); !errors.Is(err, ErrOdd) {
					t.Errorf("from another box: %v", err)
				}
			})
		}
	}
}

// TestRelease: four eyes.
func TestRelease(t *testing.T) {
	for _, c := range []struct {
		name  string
		by    Label
		yes   bool
		after time.Duration
		want  string
	}{
		{"second person", LabelOf("B"), true, time.Minute, "granted"},
		{"says no", LabelOf("B"), false, time.Minute, "undone"},
		{"too late", LabelOf("B"), true, 15*time.Minute + time.Second, "undone"},
		{"who opened the case", LabelOf("A"), true, time.Minute, ""},
		{"nobody", Label{}, true, time.Minute, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := &Desk{City: "nabari", Office: &office{}}
			e, answer, err := d.Release(at(t, d, order, Waiting), c.by, c.yes, noon.Add(c.after))
			if (err != nil) != (c.want == "") || err == nil && (e.State.String() != c.want || answer != e.Answer) {
				t.Errorf("%v, %v, %v", e.State, answer, err)
			}
		})
	}
	d := &Desk{City: "nabari", Office: &office{}}
	for _, s := range []State{Opened, Granted, Done, Undone, Doubt} {
		if _, _, err := d.Release(at(t, d, order, s), LabelOf("B"), true, noon); err == nil {
			t.Errorf("%v was released", s)
		}
	}
}

// TestRequestRefused: by card, register, time.
func TestRequestRefused(t *testing.T) {
	for _, c := range []struct {
		o     office
		after time.Duration
		want  Reason
	}{
		{office{unknown: true}, 0, NotAuthorised}, {office{reason: NotEntitled}, 0, NotEntitled}, {office{away: true}, 0, NotAvailable}, {office{other: true, reason: NotEntitled}, 0, OtherCard}, {office{}, 16 * time.Minute, Expired},
	} {
		d := &Desk{City: "nabari", Office: &c.o}
		e := at(t, d, order, Opened)
		e, answer, err := d.Take(e, "box-17", letter(Request{token, says(e.Ready.Nonce, Bond{}, 0, Digest{})}), noon.Add(c.after))
		if r, ok := answer.(Refusal); !ok || err != nil || r.Reason != c.want || e.State != Undone {
			t.Errorf("%+v: %v, %v, %v", c.o, answer, e.State, err)
		}
	}
}

// TestSettle: the card's word on an operation that was cut, also when the box had said otherwise; and what time does.
func TestSettle(t *testing.T) {
	d := &Desk{City: "nabari", Office: &office{}}
	for _, c := range []struct {
		from  State
		bond  bool
		count uint16
		want  State
		odd   bool
	}{
		{Granted, true, 4, Done, false}, {Granted, false, 3, Undone, false}, {Doubt, true, 4, Done, false}, {Doubt, false, 5, Undone, false}, {Written, true, 4, Done, false},
		{Done, false, 4, Done, false}, {Undone, true, 4, Undone, false}, {Waiting, true, 4, Waiting, false}, {Granted, true, 6, Done, true},
	} {
		o := order
		if c.from == Written {
			o = Order{CertRenewal, Login, RenewalCase, Case{1}, LabelOf("A")}
		}
		e := at(t, d, o, c.from)
		var b Bond
		if c.bond {
			b = e.Bond
		}
		got, odd := Settle(e, says(Nonce{}, b, c.count, Digest{}))
		if got.State != c.want || odd != c.odd {
			t.Errorf("%v with its bond %v: %v, odd %v", c.from, c.bond, got.State, odd)
		}
	}
	e := at(t, d, order, Granted)
	e, _, err := d.Take(e, "box-17", letter(Result{token, NotSent, Proof{}}), noon)
	if err != nil || e.State != Undone || !e.ByWord {
		t.Fatal(e.State, err)
	}
	if e, odd := Settle(e, says(Nonce{}, e.Bond, 4, Digest{})); e.State != Done || !odd {
		t.Errorf("a box that lied: %v, odd %v", e.State, odd)
	}
	late := noon.Add(16 * time.Minute)
	for from, want := range map[State]State{Opened: Undone, Waiting: Undone, Granted: Doubt, Done: Done, Undone: Undone, Doubt: Doubt} {
		if got := Tire(at(t, d, order, from), late).State; got != want {
			t.Errorf("%v after its time: %v, want %v", from, got, want)
		}
		if got := Tire(at(t, d, order, from), noon).State; got != from {
			t.Errorf("%v within its time: %v", from, got)
		}
	}
}

// TestBond: each thing that an authorisation is tied to changes it.
func TestBond(t *testing.T) {
	o, r := Open{token, order}, Ready{token, Nonce{1}, 1700000000, 900}
	base := NewBond("nabari", "box-17", o, r, CardNumber{1})
	vary := func(f func(o *Open, r *Ready)) Bond {
		o, r := o, r
		f(&o, &r)
		return NewBond("nabari", "box-17", o, r, CardNumber{1})
	}
	for name, b := range map[string]Bond{
		"city": NewBond("nabar", "ibox-17", o, r, CardNumber{1}), "device": NewBond("nabari", "box-18", o, r, CardNumber{1}), "card": NewBond("nabari", "box-17", o, r, CardNumber{2}),
		"case": vary(func(o *Open, _ *Ready) { o.Order.Case[0]++ }), "procedure": vary(func(o *Open, _ *Ready) { o.Order.Procedure = RenewalCase }),
		"kind": vary(func(o *Open, _ *Ready) { o.Order.Kind = Signing }), "token": vary(func(o *Open, _ *Ready) { o.Token[0]++ }),
		"opener": vary(func(o *Open, _ *Ready) { o.Order.Opener[0]++ }), "nonce": vary(func(_ *Open, r *Ready) { r.Nonce[0]++ }), "time": vary(func(_ *Open, r *Ready) { r.At++ }),
	} {
		if b == base {
			t.Errorf("the bond does not hold the %s", name)
		}
	}
}

// TestEntryComesBack: a book keeps everything.
func TestEntryComesBack(t *testing.T) {
	d := &Desk{City: "nabari", Office: &office{}}
	for _, s := range []State{Opened, Waiting, Granted, Written, Done, Undone, Doubt} {
		e := at(t, d, Order{CertRenewal, Login, RenewalCase, Case{1}, LabelOf("A")}, s)
		b, err := e.Encode()
		if err != nil {
			t.Fatal(err)
		}
		back, err := DecodeEntry(b)
		if diff := cmp.Diff(e, back); diff != "" || err != nil {
			t.Errorf("%v: %s %v", s, diff, err)
		}
	}
	if _, err := DecodeEntry([]byte(`{"Answer":"AAAA"}`)); err == nil {
		t.Error("an answer of no kind was read")
	}
}

// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// State is where an operation stands in the authority's book.
type State uint8

// The states. Only Done, Undone and Doubt are told to a box.
const (
	_       State = iota
	Opened        // Ready is out
	Waiting       // a second person must release it
	Granted       // the card may obey
	Written       // the certificate is out; it is not good before Done
	Done          // the card has it
	Undone        // the card does not have it; a certificate that was made is void
	Doubt         // the card could not be asked; its next proof, on any box, says it
)

var states = []string{"", "opened", "waiting", "granted", "written", "done", "undone", "doubt"}

// String is the state's stable name, such as "doubt".
func (s State) String() string {
	if int(s) < len(states) && s > 0 {
		return states[s]
	}
	return fmt.Sprintf("state(%d)", uint8(s))
}

// Settled says whether nothing more will come of it but by a card's proof.
func (s State) Settled() bool { return s == Done || s == Undone }

// Entry is one operation in the authority's book. Its sizes are fixed but for the certificate's.
type Entry struct {
	Device   string
	Open     Open
	Ready    Ready
	State    State
	Bond     Bond
	Number   CardNumber // of the card, once it has proved itself
	Count    uint16     // operations that had taken effect on it then
	Proof    Proof      // of Request
	Releaser Label      // the second person
	Cert     []byte     // DER that was issued
	ByWord   bool       // Undone by the box's word, not by the card's proof
	Last     [32]byte   // digest of the last letter that moved it
	Answer   Message    // to that
	Reply    SealKey    // where answers go
}

// Office is what stands behind a desk: keys, register, certification authority. Its calls happen inside the book's transaction.
type Office interface {
	// CardKey is the key of a card; an error if the authority has no such card.
	CardKey(CardNumber) (MAC, error)
	// Tie ties a case to the card that proves itself in it first. false: another one had.
	Tie(Case, CardNumber) (same bool, err error)
	// Entitled says whether the register allows the operation for this card's holder; 0 if it does.
	Entitled(Order, CardNumber) (Reason, error)
	// Certify makes the certificate of an operation for a key that lies in its card. The end is the authority's to reckon.
	Certify(Entry, Modulus) (der []byte, err error)
	// NewNonce draws a nonce.
	NewNonce() Nonce
}

// Desk is the authority's side of one operation: a pure machine over an Entry, but for what Office answers.
type Desk struct {
	City   string
	Office Office
	For    time.Duration // from Ready to the card's obedience, at most 18 h; default 15 min
}

// ErrOdd is a letter that does not fit where its operation stands: a replay, an overtaken one, or a box that does not follow.
var ErrOdd = errors.New("message does not fit where the operation stands")

// Take moves an entry by one letter and says what to answer; nil: nothing. A letter that comes again gets the same answer and moves nothing. Before it takes a Request
// the caller settles every open entry of the same card by [Settle].
func (d *Desk) Take(e Entry, device string, l Letter, now time.Time) (Entry, Message, error) {
	if e.Device != "" && e.Device != device {
		return e, nil, fmt.Errorf("%w: it is another box's", ErrOdd)
	}
	if e.Device != "" && l.Digest == e.Last {
		e.Reply = l.Reply
		return e, e.Answer, nil
	}
	next, answer, err := d.step(e, device, l.Message, now)
	if err != nil {
		return e, nil, err
	}
	next.Last, next.Answer, next.Reply = l.Digest, answer, l.Reply
	return next, answer, nil
}

func (d *Desk) step(e Entry, device string, m Message, now time.Time) (Entry, Message, error) {
	if o, ok := m.(Open); ok {
		if e.Device != "" {
			return e, nil, fmt.Errorf("%w: its token was used", ErrOdd)
		}
		e = Entry{Device: device, Open: o, State: Opened}
		e.Ready = d.ready(o.Token, now)
		return e, e.Ready, nil
	}
	if e.Device == "" {
		// Nothing is known of it: it was never opened, so no card was ever told to obey.
		if r, ok := m.(Resume); ok {
			return Entry{Device: device, Open: Open{Token: r.Token}, State: Undone}, Receipt{r.Token, Undone}, nil
		}
		return e, nil, fmt.Errorf("%w: nothing was opened", ErrOdd)
	}
	switch m := m.(type) {
	case Request:
		return d.request(e, m, now)
	case Made:
		return d.made(e, m, now)
	case Resume:
		if e.State.Settled() {
			return e, Receipt{m.Token, e.State}, nil
		}
		if e.State < Granted {
			e.State = Undone
			return e, Receipt{m.Token, Undone}, nil
		}
		// The bond stays: it is what the card may hold. Only proofs are over the new nonce.
		e.Ready = d.ready(m.Token, now)
		return e, e.Ready, nil
	case Result:
		return d.result(e, m)
	}
	return e, nil, ErrOdd
}

func (d *Desk) ready(t Token, now time.Time) Ready {
	limit := d.For
	if limit <= 0 || limit > 18*time.Hour {
		limit = 15 * time.Minute
	}
	return Ready{Token: t, Nonce: d.Office.NewNonce(), At: uint64(now.Unix()), For: uint16(limit / time.Second)}
}

func (e Entry) late(now time.Time) bool {
	return now.After(time.Unix(int64(e.Ready.At), 0).Add(time.Duration(e.Ready.For) * time.Second))
}

func (e Entry) refuse(r Reason) (Entry, Message, error) {
	e.State = Undone
	return e, Refusal{e.Open.Token, r}, nil
}

func (d *Desk) request(e Entry, m Request, now time.Time) (Entry, Message, error) {
	if e.State != Opened {
		return e, nil, ErrOdd
	}
	if e.late(now) {
		return e.refuse(Expired)
	}
	key, err := d.Office.CardKey(m.Proof.Number)
	if err != nil || !m.Proof.Good(key, e.Ready.Nonce) {
		return e.refuse(NotAuthorised)
	}
	same, err := d.Office.Tie(e.Open.Order.Case, m.Proof.Number)
	switch {
	case err != nil:
		return e.refuse(NotAvailable)
	case !same:
		return e.refuse(OtherCard)
	}
	reason, err := d.Office.Entitled(e.Open.Order, m.Proof.Number)
	switch {
	case err != nil:
		return e.refuse(NotAvailable)
	case reason != 0:
		return e.refuse(reason)
	}
	e.State, e.Number, e.Count, e.Proof = Waiting, m.Proof.Number, m.Proof.Count, m.Proof
	e.Bond = NewBond(d.City, e.Device, e.Open, e.Ready, e.Number)
	return e, Pending{e.Open.Token, e.Check()}, nil
}

// Check is the number that the box and the second person both see.
func (e Entry) Check() uint16 { return binary.BigEndian.Uint16(e.Bond[:]) % 10000 }

// Release lets a second person say yes or no. The answer goes to e.Reply.
func (d *Desk) Release(e Entry, by Label, yes bool, now time.Time) (Entry, Message, error) {
	switch {
	case e.State != Waiting:
		return e, nil, fmt.Errorf("releasing: %w", ErrOdd)
	case by == e.Open.Order.Opener || by == Label{}:
		return e, nil, errors.New("releasing: the second person must be another than who opened the case")
	}
	var answer Message
	e.Releaser = by
	switch key, err := d.Office.CardKey(e.Number); {
	case !yes:
		e, answer, _ = e.refuse(NotReleased)
	case e.late(now):
		e, answer, _ = e.refuse(Expired)
	case err != nil:
		return e, nil, fmt.Errorf("releasing: %w", err)
	default:
		e.State = Granted
		answer = Grant{e.Open.Token, e.Bond, grant(key, e.Proof.Challenge, e.Bond, e.Open.Order)}
	}
	e.Answer = answer
	return e, answer, nil
}

func (d *Desk) made(e Entry, m Made, now time.Time) (Entry, Message, error) {
	parts, _ := e.Open.Order.Operation.Parts(e.Open.Order.Kind)
	key, err := d.Office.CardKey(e.Number)
	switch {
	case e.State != Granted || !parts.Key:
		return e, nil, ErrOdd
	case e.late(now):
		return e.refuse(Expired)
	case err != nil || m.Proof.Number != e.Number || m.Proof.Staged != DigestOf(m.Modulus) || !m.Proof.Good(key, e.Ready.Nonce.For("made")):
		return e.refuse(NotAuthorised)
	}
	der, err := d.Office.Certify(e, m.Modulus)
	if err != nil {
		return e.refuse(NotAvailable)
	}
	cert, err := CertOf(der)
	if err != nil {
		return e.refuse(NotAvailable)
	}
	e.State, e.Cert = Written, der
	return e, Issued{e.Open.Token, permit(key, e.Bond, m.Modulus, der), cert}, nil
}

func (d *Desk) result(e Entry, m Result) (Entry, Message, error) {
	t := m.Token
	switch {
	case e.State.Settled():
	case e.State < Granted: // no card was told to obey
		e.State = Undone
	case m.Outcome == Proved:
		key, err := d.Office.CardKey(e.Number)
		if err != nil || m.Proof.Number != e.Number || !m.Proof.Good(key, e.Ready.Nonce.For("done")) {
			return e, nil, fmt.Errorf("%w: not the card's proof", ErrOdd)
		}
		e, _ = Settle(e, m.Proof)
	case m.Outcome == NotSent:
		e.State, e.ByWord = Undone, true
	default:
		e.State = Doubt
	}
	return e, Receipt{t, e.State}, nil
}

// Settle lets a good proof of the card say how an open entry of this card ended. Only the operation that took effect last leaves its bond on a card, and before another is granted
// this one is settled: so another bond means that this one never took effect. odd is true if the box had said otherwise, or if the card has counted others in between.
func Settle(e Entry, p Proof) (settled Entry, odd bool) {
	if e.Number != p.Number || e.State < Granted || e.State.Settled() && !e.ByWord {
		return e, false
	}
	was := e.State
	if e.State = Undone; p.Bond == e.Bond {
		e.State = Done
	}
	odd = e.State == Done && (was == Undone || p.Count != e.Count+1)
	e.ByWord = false
	return e, odd
}

// Tire lets time do its work on an entry: what was never granted is undone when it is too late, what was granted and never proved is in doubt.
func Tire(e Entry, now time.Time) Entry {
	switch {
	case e.State.Settled() || !e.late(now):
	case e.State < Granted:
		e.State = Undone
	default:
		e.State = Doubt
	}
	return e
}

// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"

	"madoguchi/sync/record"
)

// Schema names, and the payload type of a signed answer.
const (
	StateSchema = "madoguchi.claim/1"
	PutSchema   = "madoguchi.claim-put/1"
	GetSchema   = "madoguchi.claim-get/1"
	AnswerType  = "madoguchi.claim-answer/1"
)

// MaxMessage is the longest message in bytes: the wall's limit for a claim frame, over the signed answer as well.
const MaxMessage = 512

// Nonce ties an answer to its question, so that an old answer cannot be passed off as a new one.
type Nonce [8]byte

// NewNonce draws one.
func NewNonce() (n Nonce) {
	rand.Read(n[:])
	return n
}

// Put brings a number and its state to city hall. It is sent again until an answer says Stored.
type Put struct {
	Number Number
	State  State
	Nonce  Nonce
}

// Get asks for the state behind a number.
type Get struct {
	Number Number
	Nonce  Nonce
}

// Verdict is what city hall says.
type Verdict uint8

// The verdicts.
const (
	_         Verdict = iota
	Stored            // to Put: committed, or a higher revision was there
	Found             // to Get: State is behind the number
	Unknown           // to Get: no such number, or expired, or closed; which of these is not said
	Busy              // to Get: too many were asked for; ask again later
	Refused           // to Put: the number is another box's, or belongs to another claim
	Elsewhere         // to Get: no box of this city gives numbers that begin so, which says nothing of any claim
)

var verdictCodes = []string{"", "stored", "found", "unknown", "busy", "refused", "elsewhere"}

// String is the code of v as it stands in JSON, such as "found".
func (v Verdict) String() string { return code("verdict", verdictCodes, uint8(v)) }

// Answer is city hall's word on a Put or a Get.
type Answer struct {
	Device  string // the box that asked
	Number  Number
	Nonce   Nonce
	Verdict Verdict
	State   State // with Found; else the zero value
}

// stateWire is a state as it travels and as the box keeps it.
type stateWire struct {
	Applicant string `json:"a"`
	Issued    string `json:"d"`
	Expires   string `json:"e"`
	Procedure string `json:"p"`
	Step      string `json:"t"`
	Rev       Rev    `json:"v"`
	Way       string `json:"w"`
}

func (s State) wire() *stateWire {
	return &stateWire{s.Applicant.String(), s.Issued.String(), s.Expires.String(), s.Procedure.String(), s.Step.String(), s.Rev, s.Way.String()}
}

func (w *stateWire) state() (s State, err error) {
	if w == nil {
		return State{}, errors.New("state is missing")
	}
	if s.Procedure, err = record.ParseProcedure(w.Procedure); err != nil {
		return State{}, err
	}
	if s.Applicant, err = record.ParseApplicant(w.Applicant); err != nil {
		return State{}, err
	}
	step, serr := parse("step", stepCodes, w.Step)
	way, werr := parse("way", wayCodes, w.Way)
	issued, ierr := ParseDay(w.Issued)
	expires, eerr := ParseDay(w.Expires)
	if err := errors.Join(serr, werr, ierr, eerr); err != nil {
		return State{}, err
	}
	s.Step, s.Way, s.Issued, s.Expires, s.Rev = Step(step), Way(way), issued, expires, w.Rev
	return s, s.Check()
}

// stored is a state with its schema, as the box keeps it.
type stored struct {
	State  *stateWire `json:"c"`
	Schema string     `json:"s"`
}

// Encode is the canonical JSON of s.
func (s State) Encode() ([]byte, error) {
	if err := s.Check(); err != nil {
		return nil, fmt.Errorf("encoding claim: %w", err)
	}
	return json.Marshal(stored{s.wire(), StateSchema})
}

// DecodeState reads what State.Encode writes, and nothing else.
func DecodeState(text []byte) (State, error) {
	var w stored
	if err := strict(text, &w, StateSchema, &w.Schema); err != nil {
		return State{}, fmt.Errorf("decoding claim: %w", err)
	}
	s, err := w.State.state()
	if err != nil {
		return State{}, fmt.Errorf("decoding claim: %w", err)
	}
	return s, nil
}

type putWire struct {
	State  *stateWire `json:"c"`
	Number string     `json:"n"`
	Nonce  string     `json:"q"`
	Schema string     `json:"s"`
}

// Encode is the canonical JSON of p, the body of a claim_put frame.
func (p Put) Encode() ([]byte, error) {
	if err := p.State.Check(); err != nil {
		return nil, fmt.Errorf("encoding claim: %w", err)
	}
	if p.Number == (Number{}) {
		return nil, fmt.Errorf("encoding claim: %w", ErrForm)
	}
	return json.Marshal(putWire{p.State.wire(), p.Number.Plain(), hex.EncodeToString(p.Nonce[:]), PutSchema})
}

// DecodePut reads what Put.Encode writes, and nothing else.
func DecodePut(text []byte) (Put, error) {
	var w putWire
	if err := strict(text, &w, PutSchema, &w.Schema); err != nil {
		return Put{}, fmt.Errorf("decoding claim: %w", err)
	}
	n, q, err := heads(w.Number, w.Nonce)
	if err != nil {
		return Put{}, fmt.Errorf("decoding claim: %w", err)
	}
	s, err := w.State.state()
	if err != nil {
		return Put{}, fmt.Errorf("decoding claim: %w", err)
	}
	return Put{n, s, q}, nil
}

type getWire struct {
	Number string `json:"n"`
	Nonce  string `json:"q"`
	Schema string `json:"s"`
}

// Encode is the canonical JSON of g, the body of a claim_get frame.
func (g Get) Encode() ([]byte, error) {
	if g.Number == (Number{}) {
		return nil, fmt.Errorf("encoding question: %w", ErrForm)
	}
	return json.Marshal(getWire{g.Number.Plain(), hex.EncodeToString(g.Nonce[:]), GetSchema})
}

// DecodeGet reads what Get.Encode writes, and nothing else.
func DecodeGet(text []byte) (Get, error) {
	var w getWire
	if err := strict(text, &w, GetSchema, &w.Schema); err != nil {
		return Get{}, fmt.Errorf("decoding question: %w", err)
	}
	n, q, err := heads(w.Number, w.Nonce)
	if err != nil {
		return Get{}, fmt.Errorf("decoding question: %w", err)
	}
	return Get{n, q}, nil
}

type answerWire struct {
	State   *stateWire `json:"c,omitempty"`
	Device  string     `json:"device"`
	Number  string     `json:"n"`
	Nonce   string     `json:"q"`
	Verdict string     `json:"r"`
}

func (a Answer) check() error {
	switch {
	case !record.ValidDevice(a.Device):
		return errors.New("device id is not well formed")
	case a.Number == (Number{}):
		return ErrForm
	case a.Verdict == 0 || int(a.Verdict) >= len(verdictCodes):
		return fmt.Errorf("unknown %v", a.Verdict)
	case a.Verdict != Found && a.State != (State{}):
		return fmt.Errorf("%v comes with a state", a.Verdict)
	case a.Verdict == Found:
		return a.State.Check()
	}
	return nil
}

// SignAnswer signs an answer with city hall's key, at most MaxMessage bytes: the body of a claim frame.
func SignAnswer(key ed25519.PrivateKey, a Answer) ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, fmt.Errorf("signing answer: %w", err)
	}
	w := answerWire{Device: a.Device, Number: a.Number.Plain(), Nonce: hex.EncodeToString(a.Nonce[:]), Verdict: a.Verdict.String()}
	if a.Verdict == Found {
		w.State = a.State.wire()
	}
	payload, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("signing answer: %w", err)
	}
	text, err := record.Sign(key, AnswerType, payload, MaxMessage)
	if err != nil {
		return nil, fmt.Errorf("signing answer: %w", err)
	}
	return text, nil
}

// OpenAnswer verifies an answer to device and then reads it. The caller compares number and nonce with what it asked.
func OpenAnswer(key ed25519.PublicKey, device string, text []byte) (Answer, error) {
	payload, err := record.Open(key, AnswerType, text, MaxMessage)
	if err != nil {
		return Answer{}, fmt.Errorf("opening answer: %w", err)
	}
	var w answerWire
	if err := strict(payload, &w, "", nil); err != nil {
		return Answer{}, fmt.Errorf("opening answer: %w", err)
	}
	n, q, err := heads(w.Number, w.Nonce)
	if err != nil {
		return Answer{}, fmt.Errorf("opening answer: %w", err)
	}
	v, err := parse("verdict", verdictCodes, w.Verdict)
	if err != nil {
		return Answer{}, fmt.Errorf("opening answer: %w", err)
	}
	a := Answer{Device: w.Device, Number: n, Nonce: q, Verdict: Verdict(v)}
	if w.State != nil {
		if a.State, err = w.State.state(); err != nil {
			return Answer{}, fmt.Errorf("opening answer: %w", err)
		}
	}
	if err := a.check(); err != nil {
		return Answer{}, fmt.Errorf("opening answer: %w", err)
	}
	if a.Device != device {
		return Answer{}, fmt.Errorf("opening answer: it is for device %s", a.Device)
	}
	return a, nil
}

// strict reads canonical JSON: what w would be written as, byte for byte, of the given schema.
func strict(text []byte, w any, want string, schema *string) error {
	if len(text) > MaxMessage {
		return fmt.Errorf("%d bytes are more than %d", len(text), MaxMessage)
	}
	if err := json.Unmarshal(text, w); err != nil {
		return err
	}
	if schema != nil && *schema != want {
		return fmt.Errorf("schema %q is not %s", clip(*schema), want)
	}
	again, err := json.Marshal(w)
	if err != nil {
		return err
	}
	if !bytes.Equal(again, text) {
		return record.ErrNotCanonical
	}
	return nil
}

// heads reads number and nonce, in the one spelling that travels.
func heads(number, nonce string) (n Number, q Nonce, err error) {
	if n, err = Parse(number); err != nil {
		return Number{}, Nonce{}, err
	}
	if n.Plain() != number {
		return Number{}, Nonce{}, fmt.Errorf("number: %w", record.ErrNotCanonical)
	}
	b, err := hex.DecodeString(nonce)
	if err != nil || len(b) != len(q) || hex.EncodeToString(b) != nonce {
		return Number{}, Nonce{}, errors.New("nonce is not 16 small hex digits")
	}
	copy(q[:], b)
	return n, q, nil
}

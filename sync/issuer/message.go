// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// MaxSize is the longest message in bytes: the wall's limit for an issuer frame.
const MaxSize = 4 << 10

// Operation is what the issuer is asked to authorise.
type Operation string

// The operations.
const (
	PinReset          Operation = "pin_reset"
	CertIssue         Operation = "cert_issue"
	CertRenewal       Operation = "cert_renewal"
	SuspensionRelease Operation = "suspension_release"
)

// Kind is the certificate or PIN that the operation is about.
type Kind string

// The kinds.
const (
	Signing Kind = "signing"
	Login   Kind = "login"
)

// Token joins the messages of one operation: 16 random bytes, drawn by the box, used once. It names nobody.
type Token [16]byte

// Request asks for one operation on the card that lies in the box.
type Request struct {
	Token     Token
	Operation Operation
	Kind      Kind
	Challenge []byte // the card's random number, 8 to 32 bytes
}

// Answer authorises it: the commands that the box sends to the card in this order. Each is a whole command APDU of 4 to 261 bytes.
type Answer struct {
	Token    Token
	Commands [][]byte // 1 to MaxCommands
}

// MaxCommands is how many commands an answer may hold.
const MaxCommands = 6

// Reason is why an issuer refuses.
type Reason string

// The reasons.
const (
	NotAuthorised Reason = "not_authorised" // the card's challenge does not answer to the issuer
	NotAvailable  Reason = "not_available"  // the issuer or what stands behind it is away
	NotSupported  Reason = "not_supported"  // not this operation or kind
	Expired       Reason = "expired"        // the request is too old
)

// Refusal says no.
type Refusal struct {
	Token  Token
	Reason Reason
}

// Result says how the operation ended on the card.
type Result struct {
	Token  Token
	Done   bool
	Status uint16 // the card's last status word
}

// Message is one of Request, Answer, Refusal, Result.
type Message interface {
	pack() (wire, error)
}

var (
	_ Message = Request{}
	_ Message = Answer{}
	_ Message = Refusal{}
	_ Message = Result{}
)

// schema is the schema name of every message.
const schema = "madoguchi.issuer/1"

// wire is the JSON shape of every message, fields in the order of their names.
type wire struct {
	Challenge string    `json:"challenge,omitempty"`
	Commands  []string  `json:"commands,omitempty"`
	Done      *bool     `json:"done,omitempty"`
	Kind      Kind      `json:"kind,omitempty"`
	Operation Operation `json:"operation,omitempty"`
	Reason    Reason    `json:"reason,omitempty"`
	Schema    string    `json:"s"`
	Status    string    `json:"status,omitempty"`
	Token     string    `json:"token"`
	Type      string    `json:"type"`
}

func head(typ string, t Token) (wire, error) {
	if t == (Token{}) {
		return wire{}, errors.New("token is not drawn")
	}
	return wire{Schema: schema, Token: hex.EncodeToString(t[:]), Type: typ}, nil
}

func (m Request) pack() (wire, error) {
	w, err := head("request", m.Token)
	if err != nil {
		return w, err
	}
	switch m.Operation {
	case PinReset, CertIssue, CertRenewal, SuspensionRelease:
	default:
		return w, errors.New("unknown operation")
	}
	if m.Kind != Signing && m.Kind != Login {
		return w, errors.New("unknown kind")
	}
	if len(m.Challenge) < 8 || len(m.Challenge) > 32 {
		return w, fmt.Errorf("challenge has %d bytes, want 8 to 32", len(m.Challenge))
	}
	w.Operation, w.Kind, w.Challenge = m.Operation, m.Kind, hex.EncodeToString(m.Challenge)
	return w, nil
}

func (m Answer) pack() (wire, error) {
	w, err := head("answer", m.Token)
	if err != nil {
		return w, err
	}
	if len(m.Commands) < 1 || len(m.Commands) > MaxCommands {
		return w, fmt.Errorf("%d commands, want 1 to %d", len(m.Commands), MaxCommands)
	}
	for i, c := range m.Commands {
		if len(c) < 4 || len(c) > 261 {
			return w, fmt.Errorf("command %d has %d bytes, want 4 to 261", i, len(c))
		}
		w.Commands = append(w.Commands, hex.EncodeToString(c))
	}
	return w, nil
}

func (m Refusal) pack() (wire, error) {
	w, err := head("refusal", m.Token)
	if err != nil {
		return w, err
	}
	switch m.Reason {
	case NotAuthorised, NotAvailable, NotSupported, Expired:
	default:
		return w, errors.New("unknown reason")
	}
	w.Reason = m.Reason
	return w, nil
}

func (m Result) pack() (wire, error) {
	w, err := head("result", m.Token)
	if err != nil {
		return w, err
	}
	w.Done, w.Status = &m.Done, fmt.Sprintf("%04x", m.Status)
	return w, nil
}

// Encode is the canonical JSON of m, at most MaxSize bytes.
func Encode(m Message) ([]byte, error) {
	if m == nil {
		return nil, errors.New("encoding issuer message: there is none")
	}
	w, err := m.pack()
	if err != nil {
		return nil, fmt.Errorf("encoding issuer message: %w", err)
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("encoding issuer message: %w", err)
	}
	if len(b) > MaxSize {
		return nil, fmt.Errorf("encoding issuer message: %d bytes are more than %d", len(b), MaxSize)
	}
	return b, nil
}

// Decode reads what Encode writes and refuses everything else: the message it gives encodes to the very same bytes.
func Decode(b []byte) (Message, error) {
	if len(b) > MaxSize {
		return nil, fmt.Errorf("decoding issuer message: %d bytes are more than %d", len(b), MaxSize)
	}
	var w wire
	if err := json.Unmarshal(b, &w); err != nil {
		return nil, fmt.Errorf("decoding issuer message: %w", err)
	}
	m, err := w.unpack()
	if err != nil {
		return nil, fmt.Errorf("decoding issuer message: %w", err)
	}
	again, err := Encode(m)
	if err != nil {
		return nil, fmt.Errorf("decoding issuer message: %w", err)
	}
	if !bytes.Equal(again, b) {
		return nil, errors.New("decoding issuer message: not in canonical form")
	}
	return m, nil
}

func (w wire) unpack() (Message, error) {
	var t Token
	if n, err := hex.Decode(t[:], []byte(w.Token[:min(len(w.Token), 2*len(t))])); err != nil || n != len(t) {
		return nil, errors.New("token is not 32 hex digits")
	}
	switch w.Type {
	case "request":
		c, err := hex.DecodeString(w.Challenge)
		return Request{t, w.Operation, w.Kind, c}, err
	case "answer":
		m := Answer{Token: t}
		for _, c := range w.Commands {
			b, err := hex.DecodeString(c)
			if err != nil {
				return nil, err
			}
			m.Commands = append(m.Commands, b)
		}
		return m, nil
	case "refusal":
		return Refusal{t, w.Reason}, nil
	case "result":
		var sw uint16
		if _, err := fmt.Sscanf(w.Status, "%04x", &sw); err != nil || w.Done == nil {
			return nil, errors.New("result lacks done or status")
		}
		return Result{t, *w.Done, sw}, nil
	}
	return nil, errors.New("unknown type")
}

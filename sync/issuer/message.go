// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
)

// MaxSize is the longest sealed message in bytes: the wall's limit for an issuer frame.
const MaxSize = 4 << 10

// MaxCert is the longest certificate in bytes of DER.
const MaxCert = 2048

// Nonce is 16 random bytes of the authority, good for one operation.
type Nonce [16]byte

// Modulus is the public key that a card made: RSA with 2048 bits, exponent 65537.
type Modulus [256]byte

// Cert is a certificate: its length and its DER, zeros behind it.
type Cert struct {
	Len uint16
	DER [MaxCert]byte
}

// Bytes is the DER.
func (c *Cert) Bytes() []byte { return c.DER[:min(int(c.Len), MaxCert)] }

// CertOf copies DER into a Cert.
func CertOf(der []byte) (c Cert, err error) {
	if len(der) == 0 || len(der) > MaxCert {
		return c, fmt.Errorf("certificate of %d bytes, want 1 to %d", len(der), MaxCert)
	}
	c.Len = uint16(len(der))
	copy(c.DER[:], der)
	return c, nil
}

// Message is one of the messages below. Each is a struct of numbers and arrays, so every message of a kind has the same size, and none has a place for a text.
type Message interface {
	code() code
	check() error
}

// Up: from the box to the authority.
type (
	// Open asks for an operation, before anything is typed or read.
	Open struct {
		Token Token
		Order Order
	}
	// Request brings the card's proof over the nonce of Ready.
	Request struct {
		Token Token
		Proof Proof
	}
	// Made brings the key that the card made, and its proof over the nonce's "made".
	Made struct {
		Token   Token
		Modulus Modulus
		Proof   Proof
	}
	// Resume asks about an operation that was cut: Ready with a new nonce, or Receipt.
	Resume struct{ Token Token }
	// Result says how it ended. Proof is the card's, over the nonce's "done", with Proved; else it is zero.
	Result struct {
		Token   Token
		Outcome Outcome
		Proof   Proof
	}
)

// Down: from the authority to the box.
type (
	// Ready says that somebody is there and what to ask the card.
	Ready struct {
		Token Token
		Nonce Nonce
		At    uint64 // the authority's time, Unix seconds
		For   uint16 // seconds, counted by the box from its question
	}
	// Pending says that a second person must release it.
	Pending struct {
		Token Token
		Check uint16 // 0 to 9999: the number that both see, so that the right one is released
	}
	// Grant is what the card wants to hear before it obeys.
	Grant struct {
		Token      Token
		Bond       Bond
		Cryptogram MAC
	}
	// Issued is the certificate, and what the card wants to hear before it takes it.
	Issued struct {
		Token  Token
		Permit MAC
		Cert   Cert
	}
	// Receipt says what the authority's book says now.
	Receipt struct {
		Token Token
		State State
	}
	// Refusal says no. It ends the operation; nothing was changed.
	Refusal struct {
		Token  Token
		Reason Reason
	}
)

// Outcome is the box's word on how an operation ended.
type Outcome uint8

// The outcomes.
const (
	_       Outcome = iota
	Proved          // the card's proof says it
	NotSent         // given up before the last command went to the card
	Unknown         // the last command was sent and nothing came back, and the card is not here
)

// Reason is why an authority refuses.
type Reason uint8

// The reasons.
const (
	_             Reason = iota
	NotAuthorised        // the card's proof does not answer to the authority, or the box is not known
	NotAvailable         // what stands behind the authority is away
	NotSupported         // not this operation or kind
	Expired              // too late, or the message is of an older operation
	NotEntitled          // by the register: no such certificate for this person, card suspended or expired
	NotReleased          // the second person said no, or nobody came
	OtherCard            // another card had proved itself in this case
)

var reasons = []string{"", "not_authorised", "not_available", "not_supported", "expired", "not_entitled", "not_released", "other_card"}

// String is the reason's stable name, such as "not_entitled".
func (r Reason) String() string {
	if int(r) < len(reasons) && r > 0 {
		return reasons[r]
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

type code uint8

const (
	_ code = iota
	codeOpen
	codeRequest
	codeMade
	codeResume
	codeResult
	codeReady code = 15 + iota
	codePending
	codeGrant
	codeIssued
	codeReceipt
	codeRefusal
)

func (Open) code() code    { return codeOpen }
func (Request) code() code { return codeRequest }
func (Made) code() code    { return codeMade }
func (Resume) code() code  { return codeResume }
func (Result) code() code  { return codeResult }
func (Ready) code() code   { return codeReady }
func (Pending) code() code { return codePending }
func (Grant) code() code   { return codeGrant }
func (Issued) code() code  { return codeIssued }
func (Receipt) code() code { return codeReceipt }
func (Refusal) code() code { return codeRefusal }

// up and down make the messages that run each way, empty.
var (
	up = map[code]func() any{
		codeOpen: func() any { return new(Open) }, codeRequest: func() any { return new(Request) }, codeMade: func() any { return new(Made) },
		codeResume: func() any { return new(Resume) }, codeResult: func() any { return new(Result) },
	}
	down = map[code]func() any{
		codeReady: func() any { return new(Ready) }, codePending: func() any { return new(Pending) }, codeGrant: func() any { return new(Grant) },
		codeIssued: func() any { return new(Issued) }, codeReceipt: func() any { return new(Receipt) }, codeRefusal: func() any { return new(Refusal) },
	}
)

// TokenOf is the token of a message.
func TokenOf(m Message) Token {
	return Token(reflect.ValueOf(m).FieldByName("Token").Interface().(Token))
}

func drawn(t Token) error {
	if t == (Token{}) {
		return errors.New("token is not drawn")
	}
	return nil
}

func (m Open) check() error    { return errors.Join(drawn(m.Token), m.Order.Check()) }
func (m Request) check() error { return drawn(m.Token) }
func (m Made) check() error    { return drawn(m.Token) }
func (m Resume) check() error  { return drawn(m.Token) }
func (m Grant) check() error   { return drawn(m.Token) }

func (m Result) check() error {
	if m.Outcome < Proved || m.Outcome > Unknown || (m.Outcome != Proved) != (m.Proof == Proof{}) {
		return fmt.Errorf("outcome %d", m.Outcome)
	}
	return drawn(m.Token)
}

func (m Ready) check() error {
	if m.Nonce == (Nonce{}) || m.For == 0 || m.At == 0 {
		return errors.New("nonce or time is missing")
	}
	return drawn(m.Token)
}

func (m Pending) check() error {
	if m.Check > 9999 {
		return fmt.Errorf("number %d has more than four digits", m.Check)
	}
	return drawn(m.Token)
}

func (m Issued) check() error {
	if m.Cert.Len == 0 || m.Cert.Len > MaxCert || bytes.ContainsFunc(m.Cert.DER[m.Cert.Len:], func(r rune) bool { return r != 0 }) {
		return errors.New("certificate of no length")
	}
	return drawn(m.Token)
}

func (m Receipt) check() error {
	if m.State != Done && m.State != Undone && m.State != Doubt {
		return fmt.Errorf("state %d", m.State)
	}
	return drawn(m.Token)
}

func (m Refusal) check() error {
	if m.Reason < NotAuthorised || m.Reason > OtherCard {
		return fmt.Errorf("reason %d", m.Reason)
	}
	return drawn(m.Token)
}

// encode writes a message: its code and its fields in their order, big-endian.
func encode(m Message) ([]byte, error) {
	if m == nil {
		return nil, errors.New("encoding issuer message: there is none")
	}
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("encoding issuer message: %w", err)
	}
	return binary.Append([]byte{byte(m.code())}, binary.BigEndian, m)
}

// decode reads what encode wrote in one direction, and nothing else.
func decode(b []byte, way map[code]func() any) (Message, error) {
	if len(b) == 0 || way[code(b[0])] == nil {
		return nil, errors.New("decoding issuer message: no such message this way")
	}
	p := way[code(b[0])]()
	if n := binary.Size(p); len(b)-1 != n {
		return nil, fmt.Errorf("decoding issuer message: %d bytes, want %d", len(b)-1, n)
	}
	if _, err := binary.Decode(b[1:], binary.BigEndian, p); err != nil {
		return nil, fmt.Errorf("decoding issuer message: %w", err)
	}
	m := reflect.ValueOf(p).Elem().Interface().(Message)
	if err := m.check(); err != nil {
		return nil, fmt.Errorf("decoding issuer message: %w", err)
	}
	return m, nil
}

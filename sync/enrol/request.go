// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"time"

	"golang.org/x/crypto/argon2"
)

// MaxMessage is the longest request or answer, in bytes.
const MaxMessage = 4 << 10

const (
	requestSchema = "madoguchi.enrol/1"
	answerSchema  = "madoguchi.enrolled/1"
)

// Request asks for a certificate.
type Request struct {
	Schema string `json:"s"`
	Serial string `json:"serial,omitempty"` // of the provisioning file; empty: a renewal
	CSR    []byte `json:"csr"`              // PKCS #10, DER
	Proof  []byte `json:"proof"`            // over CSR: by the one-time code, or the old key's signature
}

// CodeDigits is the length of a one-time code.
const CodeDigits = 10

// CodeKey makes of a typed code the key of its proof. Separators do not count. It is slow on purpose, and the serial is its salt.
func CodeKey(code, serial string) ([]byte, error) {
	digits := strings.Map(func(r rune) rune {
		if r == '-' || r == ' ' {
			return -1
		}
		return r
	}, code)
	if len(digits) != CodeDigits || strings.Trim(digits, "0123456789") != "" {
		return nil, fmt.Errorf("one-time code: want %d digits", CodeDigits)
	}
	return argon2.IDKey([]byte(digits), []byte("madoguchi code 1 "+serial), hashTime, hashMemory, 1, 32), nil
}

// First asks for the first certificate, for a key that the box has drawn itself.
func First(f File, codeKey []byte, key crypto.Signer) (Request, error) {
	csr, err := csrFor(f.Device, key)
	if err != nil {
		return Request{}, err
	}
	return Request{requestSchema, f.Serial, csr, CodeProof(codeKey, csr)}, nil
}

// CodeProof is the proof over a request by a code.
func CodeProof(codeKey, csr []byte) []byte {
	m := hmac.New(sha256.New, codeKey)
	m.Write([]byte("madoguchi enrol 1\n"))
	m.Write(csr)
	return m.Sum(nil)
}

// Renew asks for the next certificate, for a new key; the old one signs.
func Renew(device string, old, key crypto.Signer) (Request, error) {
	csr, err := csrFor(device, key)
	if err != nil {
		return Request{}, err
	}
	sum, opts := renewal(old.Public(), csr)
	sig, err := old.Sign(rand.Reader, sum, opts)
	if err != nil {
		return Request{}, fmt.Errorf("signing renewal: %w", err)
	}
	return Request{requestSchema, "", csr, sig}, nil
}

func renewal(public crypto.PublicKey, csr []byte) ([]byte, crypto.SignerOpts) {
	text := append([]byte("madoguchi renew 1\n"), csr...)
	if _, ok := public.(ed25519.PublicKey); ok {
		return text, crypto.Hash(0)
	}
	sum := sha256.Sum256(text)
	return sum[:], crypto.SHA256
}

// SignedBy tells whether a renewal is signed by an old certificate's key.
func (r Request) SignedBy(old crypto.PublicKey) bool {
	sum, _ := renewal(old, r.CSR)
	switch k := old.(type) {
	case ed25519.PublicKey:
		return ed25519.Verify(k, sum, r.Proof)
	case *ecdsa.PublicKey:
		return ecdsa.VerifyASN1(k, sum, r.Proof)
	}
	return false
}

func csrFor(device string, key crypto.Signer) ([]byte, error) {
	csr, err := x509.CreateCertificateRequest(rand.Reader, &x509.CertificateRequest{Subject: pkix.Name{CommonName: device}}, key)
	if err != nil {
		return nil, fmt.Errorf("requesting certificate: %w", err)
	}
	return csr, nil
}

// Encode writes a request.
func (r Request) Encode() ([]byte, error) { return encode(r) }

// ParseRequest reads a request and checks its CSR for a device: its own signature, the name, and a key of P-256 or Ed25519.
func ParseRequest(raw []byte, device string) (Request, *x509.CertificateRequest, error) {
	var r Request
	if err := decode(raw, &r); err != nil || r.Schema != requestSchema {
		return r, nil, errors.Join(errors.New("parsing request: not "+requestSchema), err)
	}
	csr, err := x509.ParseCertificateRequest(r.CSR)
	if err != nil {
		return r, nil, fmt.Errorf("parsing request: %w", err)
	}
	if err := csr.CheckSignature(); err != nil {
		return r, nil, fmt.Errorf("parsing request: %w", err)
	}
	if csr.Subject.CommonName != device {
		return r, nil, fmt.Errorf("parsing request: for %q, it came from %q", csr.Subject.CommonName, device)
	}
	switch k := csr.PublicKey.(type) {
	case ed25519.PublicKey:
		return r, csr, nil
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return r, csr, nil
		}
	}
	return r, nil, errors.New("parsing request: want a key of P-256 or Ed25519")
}

// Code is why a request was refused: stable, for the panel and the log.
type Code string

// The codes. WrongCode bears four more tries of the same file, the others none.
const (
	OK         Code = ""
	WrongCode  Code = "code"
	UsedUp     Code = "used"    // the file has given its certificate, or five wrong codes came
	TooLate    Code = "expired" // the file has
	Unknown    Code = "unknown" // no such file, or none for this device
	Revoked    Code = "revoked"
	BadRequest Code = "request"
	Locked     Code = "locked" // too many requests: later, or with a new file; see Answer.Wait
	TooEarly   Code = "early"  // a renewal before half of the certificate's life is over
)

// Answer is what the fleet says to a request.
type Answer struct {
	Schema      string `json:"s"`
	Request     []byte `json:"request"` // SHA-256 of its CSR and proof
	Code        Code   `json:"code,omitempty"`
	Left        int    `json:"left,omitempty"`        // with WrongCode: tries of the file
	Wait        int    `json:"wait,omitempty"`        // with Locked: seconds until requests are looked at again
	Certificate []byte `json:"certificate,omitempty"` // DER
}

// digest stands for a request in its answer.
func (r Request) digest() [sha256.Size]byte {
	return sha256.Sum256(append(bytes.Clone(r.CSR), r.Proof...))
}

// NewAnswer answers a request.
func NewAnswer(r Request, code Code, certificate []byte) Answer {
	sum := r.digest()
	return Answer{Schema: answerSchema, Request: sum[:], Code: code, Certificate: certificate}
}

// Encode writes an answer.
func (a Answer) Encode() ([]byte, error) { return encode(a) }

// ParseAnswer reads an answer.
func ParseAnswer(raw []byte) (Answer, error) {
	var a Answer
	if err := decode(raw, &a); err != nil || a.Schema != answerSchema {
		return a, errors.Join(errors.New("parsing answer: not "+answerSchema), err)
	}
	return a, nil
}

// A RefusedError says that the fleet gives no certificate.
type RefusedError struct {
	Code       Code
	Left, Wait int // see Answer
}

func (e *RefusedError) Error() string { return "the fleet gives no certificate: " + string(e.Code) }

// ErrOther says that an answer is to another request.
var ErrOther = errors.New("answer to another request")

// CertificateFor takes the certificate of an answer to a request, as the box does: for its own key, its own name, by the authority it knows, and not expired by a clock
// that is believed.
func (a Answer) CertificateFor(r Request, device string, key crypto.PublicKey, authority *x509.Certificate, now time.Time, trusted bool) (*x509.Certificate, error) {
	if sum := r.digest(); !bytes.Equal(a.Request, sum[:]) {
		return nil, ErrOther
	}
	if a.Code != OK {
		return nil, &RefusedError{a.Code, a.Left, a.Wait}
	}
	cert, err := x509.ParseCertificate(a.Certificate)
	if err != nil {
		return nil, fmt.Errorf("taking certificate: %w", err)
	}
	same, ok := key.(interface{ Equal(crypto.PublicKey) bool })
	switch {
	case cert.CheckSignatureFrom(authority) != nil:
		return nil, errors.New("taking certificate: not by the city's authority")
	case cert.Subject.CommonName != device || cert.IsCA:
		return nil, fmt.Errorf("taking certificate: for %q", cert.Subject.CommonName)
	case !ok || !same.Equal(cert.PublicKey):
		return nil, errors.New("taking certificate: for another key")
	case trusted && (now.After(cert.NotAfter) || now.Before(cert.NotBefore)):
		return nil, fmt.Errorf("taking certificate: valid from %s to %s", cert.NotBefore.Format(time.DateOnly), cert.NotAfter.Format(time.DateOnly))
	}
	return cert, nil
}

// RenewAt is when a box asks for the next certificate: when half of its life is over.
func RenewAt(c *x509.Certificate) time.Time {
	return c.NotBefore.Add(c.NotAfter.Sub(c.NotBefore) / 2)
}

func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v)
	if err == nil && len(b) > MaxMessage {
		err = fmt.Errorf("%d bytes, at most %d", len(b), MaxMessage)
	}
	return b, err
}

func decode(raw []byte, v any) error {
	if len(raw) > MaxMessage {
		return fmt.Errorf("%d bytes, at most %d", len(raw), MaxMessage)
	}
	d := json.NewDecoder(bytes.NewReader(raw))
	d.DisallowUnknownFields()
	if err := d.Decode(v); err != nil {
		return err
	}
	if d.More() {
		return errors.New("more than one document")
	}
	return nil
}

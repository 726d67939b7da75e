// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/ecdh"
	"crypto/ed25519"
	"crypto/hpke"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"madoguchi/sync/record"
)

// Payload types of the signed envelopes. They are signed with the payload, so that no other signed message, and none of the other direction, can pass for one.
const (
	UpType   = "madoguchi.issuer-up/1"
	DownType = "madoguchi.issuer-down/1"
)

// SealKey is a public key for X25519 under which messages are sealed.
type SealKey [32]byte

// Sealed under HPKE (RFC 9180, base mode): X25519, HKDF-SHA-256, ChaCha20-Poly1305. Neither the network side of the box nor the broker nor the records' collector can
// read a card's number or a certificate; they see who talks, when, and which of eleven sizes.
func suite() (hpke.KDF, hpke.AEAD) { return hpke.HKDFSHA256(), hpke.ChaCha20Poly1305() }

func seal(to SealKey, info, plain []byte) ([]byte, error) {
	pub, err := ecdh.X25519().NewPublicKey(to[:])
	if err != nil {
		return nil, err
	}
	k, err := hpke.NewDHKEMPublicKey(pub)
	if err != nil {
		return nil, err
	}
	kdf, aead := suite()
	return hpke.Seal(k, kdf, aead, info, plain)
}

func unseal(with *ecdh.PrivateKey, info, sealed []byte) ([]byte, error) {
	k, err := hpke.NewDHKEMPrivateKey(with)
	if err != nil {
		return nil, err
	}
	kdf, aead := suite()
	return hpke.Open(k, kdf, aead, info, sealed)
}

// info binds a sealed message to direction, city and box.
func info(typ, city, device string) []byte {
	return fmt.Appendf(nil, "%s\x00%s\x00%s", typ, city, device)
}

// publicOf is the sealing half of a private key.
func publicOf(k *ecdh.PrivateKey) SealKey { return SealKey(k.PublicKey().Bytes()) }

// Line is the box's end: it seals what goes to the authority and opens what comes back. The key for answers is drawn anew with each Line and kept nowhere: make one for each
// start of an operation. It is for one goroutine.
type Line struct {
	city, device string
	sign         ed25519.PrivateKey
	authority    ed25519.PublicKey
	to           SealKey
	answers      *ecdh.PrivateKey
}

// NewLine makes one: the box's own signing key (of the PIN side, not the one of its network side), the authority's two public keys.
func NewLine(city, device string, sign ed25519.PrivateKey, authority ed25519.PublicKey, to SealKey) (*Line, error) {
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("opening issuer line: %w", err)
	}
	return &Line{city, device, sign, authority, to, k}, nil
}

// Seal makes a frame of a message to the authority.
func (l *Line) Seal(m Message) ([]byte, error) {
	if m == nil || up[m.code()] == nil {
		return nil, errors.New("sealing issuer message: it does not run to the authority")
	}
	plain, err := encode(m)
	if err != nil {
		return nil, err
	}
	reply := publicOf(l.answers)
	sealed, err := seal(l.to, info(UpType, l.city, l.device), append(reply[:], plain...))
	if err != nil {
		return nil, fmt.Errorf("sealing issuer message: %w", err)
	}
	frame, err := record.Sign(l.sign, UpType, sealed, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("sealing issuer message: %w", err)
	}
	return frame, nil
}

// Open reads a frame from the authority.
func (l *Line) Open(frame []byte) (Message, error) {
	sealed, err := record.Open(l.authority, DownType, frame, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("opening issuer message: %w", err)
	}
	plain, err := unseal(l.answers, info(DownType, l.city, l.device), sealed)
	if err != nil {
		return nil, fmt.Errorf("opening issuer message: %w", err)
	}
	return decode(plain, down)
}

// Letter is a message as an authority has opened it.
type Letter struct {
	Message Message
	Reply   SealKey  // answers go under this key
	Digest  [32]byte // of the message: a letter that comes twice has it twice
}

// Gate is the authority's end.
type Gate struct {
	city string
	sign ed25519.PrivateKey
	open *ecdh.PrivateKey
}

// NewGate makes one from a 32-byte seed, from which all its keys follow.
func NewGate(city string, seed [32]byte) (*Gate, error) {
	signing := sha256.Sum256(append([]byte("madoguchi.issuer sign"), seed[:]...))
	sealing := sha256.Sum256(append([]byte("madoguchi.issuer seal"), seed[:]...))
	k, err := ecdh.X25519().NewPrivateKey(sealing[:])
	if err != nil {
		return nil, fmt.Errorf("making authority's keys: %w", err)
	}
	return &Gate{city, ed25519.NewKeyFromSeed(signing[:]), k}, nil
}

// Keys are the public halves: what each box must be given.
func (g *Gate) Keys() (ed25519.PublicKey, SealKey) {
	return g.sign.Public().(ed25519.PublicKey), publicOf(g.open)
}

// Open reads a frame that came as from this box, whose public key is box.
func (g *Gate) Open(device string, box ed25519.PublicKey, frame []byte) (Letter, error) {
	sealed, err := record.Open(box, UpType, frame, MaxSize)
	if err != nil {
		return Letter{}, fmt.Errorf("opening issuer message: %w", err)
	}
	plain, err := unseal(g.open, info(UpType, g.city, device), sealed)
	if err != nil {
		return Letter{}, fmt.Errorf("opening issuer message: %w", err)
	}
	var l Letter
	if len(plain) < len(l.Reply) {
		return Letter{}, fmt.Errorf("opening issuer message: %d bytes", len(plain))
	}
	copy(l.Reply[:], plain)
	plain = plain[len(l.Reply):]
	l.Digest = sha256.Sum256(plain)
	l.Message, err = decode(plain, up)
	return l, err
}

// Seal makes a frame of an answer.
func (g *Gate) Seal(device string, reply SealKey, m Message) ([]byte, error) {
	if m == nil || down[m.code()] == nil {
		return nil, errors.New("sealing issuer message: it does not run to a box")
	}
	plain, err := encode(m)
	if err != nil {
		return nil, err
	}
	sealed, err := seal(reply, info(DownType, g.city, device), plain)
	if err != nil {
		return nil, fmt.Errorf("sealing issuer message: %w", err)
	}
	frame, err := record.Sign(g.sign, DownType, sealed, MaxSize)
	if err != nil {
		return nil, fmt.Errorf("sealing issuer message: %w", err)
	}
	return frame, nil
}

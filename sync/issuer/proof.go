// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// MAC is HMAC-SHA-256 under a card's key.
type MAC [32]byte

// CardNumber is the number under which an authority knows a card. It travels sealed, from the card to the authority only.
type CardNumber [8]byte

// Bond ties an authorisation to card, box, case, procedure, operation and time: the card keeps the bond of the last operation that took effect.
type Bond [16]byte

// Digest is the first half of SHA-256 over a modulus.
type Digest [16]byte

// Proof is what a card says of itself over a nonce.
type Proof struct {
	Number    CardNumber
	Challenge [16]byte // the card's random number, for Grant
	Bond      Bond     // of the last operation that took effect; zero: none ever
	Operation Operation
	Kind      Kind
	Count     uint16 // operations that ever took effect
	Staged    Digest // of a new key that waits for ACTIVATE; zero: none
	MAC       MAC
}

// ReadProof reads the 92 bytes in which a card says it.
func ReadProof(b [92]byte) (p Proof) {
	_, _ = binary.Decode(b[:], binary.BigEndian, &p) // sizes are equal: a test holds it
	return p
}

// What the MACs are over. A card of the simulated issuer computes the same, by its own program.
const (
	tagCard     = "MADOGUCHI-TEST simulated issuer, card "
	tagProof    = "madoguchi card proof"
	tagGrant    = "madoguchi card grant"
	tagActivate = "madoguchi card activate"
)

// CardKey is a card's key, derived from the authority's.
func CardKey(master []byte, n CardNumber) MAC { return mac(master, []byte(tagCard), n[:]) }

func mac(key []byte, parts ...[]byte) (m MAC) {
	h := hmac.New(sha256.New, key)
	for _, p := range parts {
		h.Write(p)
	}
	h.Sum(m[:0])
	return m
}

// For derives the nonces of later proofs from the one of Ready: "made", "done".
func (n Nonce) For(what string) Nonce {
	sum := sha256.Sum256(append([]byte("madoguchi.issuer nonce "+what), n[:]...))
	return Nonce(sum[:len(n)])
}

// NewBond is computed by both sides from what Open and Ready said and from the card's number.
func NewBond(city, device string, o Open, r Ready, number CardNumber) Bond {
	h := sha256.New()
	for _, s := range []string{"madoguchi.issuer bond", city, device} {
		h.Write([]byte{byte(len(s))})
		h.Write([]byte(s))
	}
	for _, v := range []any{o, r, number} {
		_ = binary.Write(h, binary.BigEndian, v) // fixed sizes into a hash
	}
	return Bond(h.Sum(nil)[:len(Bond{})])
}

// DigestOf is how a card names a key.
func DigestOf(m Modulus) Digest {
	sum := sha256.Sum256(m[:])
	return Digest(sum[:len(Digest{})])
}

// Good says whether the proof is the card's own, over this nonce.
func (p Proof) Good(key MAC, n Nonce) bool {
	want := p.sum(key, n)
	return hmac.Equal(p.MAC[:], want[:])
}

func (p Proof) sum(key MAC, n Nonce) MAC {
	said := binary.BigEndian.AppendUint16([]byte{byte(p.Operation), byte(p.Kind)}, p.Count)
	return mac(key[:], []byte(tagProof), n[:], p.Number[:], p.Challenge[:], p.Bond[:], said, p.Staged[:])
}

// grant is what the card wants to hear before it obeys, once, until its power goes.
func grant(key MAC, challenge [16]byte, b Bond, o Order) MAC {
	return mac(key[:], []byte(tagGrant), challenge[:], b[:], []byte{byte(o.Operation), byte(o.Kind)})
}

// permit is what it wants to hear before a key and a certificate take effect.
func permit(key MAC, b Bond, m Modulus, der []byte) MAC {
	k, c := sha256.Sum256(m[:]), sha256.Sum256(der)
	return mac(key[:], []byte(tagActivate), b[:], k[:], c[:])
}

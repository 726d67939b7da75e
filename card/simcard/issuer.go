// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"sync"
)

// What the profile SimulatedIssuer adds to a card. No source shows a physical
// card answering any of it to anybody outside the issuer's system; the forms are
// ISO 7816-4's, 7816-8's and 7816-9's, the keys and MACs our own. It exists so
// that a link to an issuer can be built and tried; it is off by default, and the
// card says what it is: the model in EF 0006 is "SIMULATED ISSUER".
//
//	00 88 00 80 10 <nonce> 00        INTERNAL AUTHENTICATE in 公的個人認証AP: the proof, 92 bytes
//	00 82 00 01 32 <bond, operation, kind, MAC>
//	                                 EXTERNAL AUTHENTICATE over the challenge of the last proof: the card obeys, for this operation
//	00 2C 02 80 Lc <new PIN>         RESET RETRY COUNTER of the current PIN, with a new PIN
//	00 46 00 80 00                   GENERATE ASYMMETRIC KEY PAIR in the current key file; answer: the modulus, e is 65537
//	00 D6 hi lo Lc <bytes>           UPDATE BINARY of the certificate; offset 0 begins a new content
//	00 44 00 00 Lc <nonce>[<MAC>] 00 ACTIVATE FILE: all of it takes effect at once, or nothing; answer: the proof
//
// A proof is the card's number 8, a challenge 16, and what is said of the last
// operation that took effect: its bond 16, operation 1, kind 1, how many there
// were 2; then half a SHA-256 of the new key that waits, 16, or zeros; and 32 of
// HMAC-SHA-256 over "madoguchi card proof", the nonce and all of this.
//
// Without the authentication each answers 6982; so does what its operation does
// not hold. It ends with ACTIVATE, with another EXTERNAL AUTHENTICATE and with
// the card's power, and with it all that has not taken effect. With a new key
// ACTIVATE wants the issuer's MAC over key and certificate.

// master is the key of the simulated issuer, worth nothing.
var master = []byte("MADOGUCHI-TEST simulated issuer")

// Number is the number by which the simulated issuer knows a card.
func Number(s Spec) (n [8]byte) {
	binary.BigEndian.PutUint64(n[:], s.Seed)
	return n
}

// IssuerKey is the key of the simulated issuer for a card: 32 bytes, different
// for each seed, worth nothing.
func IssuerKey(s Spec) []byte {
	n := Number(s)
	return hmacOf(master, []byte("MADOGUCHI-TEST simulated issuer, card "), n[:])
}

func hmacOf(key []byte, parts ...[]byte) []byte {
	m := hmac.New(sha256.New, key)
	for _, p := range parts {
		m.Write(p)
	}
	return m.Sum(nil)
}

// record is what a card keeps of the last operation that took effect.
type record struct {
	Bond            [16]byte
	Operation, Kind byte
	Count           uint16
}

// The operations and kinds that the card knows (madoguchi/sync/issuer).
const (
	opReset, opIssue, opRenewal, opRelease = 1, 2, 3, 4
	kindLogin, kindSigning, kindCardInfo   = 1, 2, 3
	kindRegister                           = 4
)

// order is what an issuer has authorised and what waits for ACTIVATE.
type order struct {
	record
	pins map[*key]string
	key  *rsa.PrivateKey
	cert []byte
}

// parts says what an operation may hold, and on which files.
func (o *order) parts() (pins []string, keyFile, certFile uint16) {
	login, signing := aidJPKI+"\x00\x18", aidJPKI+"\x00\x1B"
	switch {
	case o.Operation == opReset && o.Kind == kindLogin:
		return []string{login}, 0, 0
	case o.Operation == opReset && o.Kind == kindSigning:
		return []string{signing}, 0, 0
	case o.Operation == opReset && o.Kind == kindCardInfo:
		return []string{aidText + "\x00\x11"}, 0, 0
	case o.Operation == opReset && o.Kind == kindRegister:
		return []string{aidCommon + "\x00\x1C", aidJuki + "\x00\x1C"}, 0, 0
	case o.Operation == opIssue && o.Kind == kindLogin:
		return []string{login}, 0x0017, 0x000A
	case (o.Operation == opIssue || o.Operation == opRelease) && o.Kind == kindSigning:
		return []string{signing}, 0x001A, 0x0001
	case o.Operation == opRenewal && o.Kind == kindLogin:
		return nil, 0x0017, 0x000A
	case o.Operation == opRenewal && o.Kind == kindSigning:
		return nil, 0x001A, 0x0001
	}
	return nil, 0, 0
}

// issuerCommand runs a command of the simulated issuer; ok is false for any
// other.
func (c *Card) issuerCommand(cmd command) (data []byte, sw uint16, ok bool) {
	if c.spec.Profile != SimulatedIssuer || cmd.CLA != 0x00 {
		return nil, 0, false
	}
	switch cmd.INS {
	case 0x88:
		if c.cur == nil || c.cur.aid != aidJPKI {
			return nil, 0, false
		}
		data, sw = c.prove(cmd)
		return data, sw, true
	case 0x82:
		return nil, c.externalAuth(cmd), true
	case 0x2C, 0x46, 0xD6, 0x44:
	default:
		return nil, 0, false
	}
	if c.order == nil {
		return nil, swProtected, true
	}
	switch cmd.INS {
	case 0x2C:
		return nil, c.resetCounter(cmd), true
	case 0x46:
		data, sw = c.generate(cmd)
		return data, sw, true
	case 0x44:
		data, sw = c.activate(cmd)
		return data, sw, true
	}
	return nil, c.update(cmd), true
}

// prove says who the card is and what was done to it last.
func (c *Card) prove(cmd command) ([]byte, uint16) {
	switch {
	case cmd.P1 != 0 || cmd.P2 != 0x80:
		return nil, swP1P2
	case len(cmd.data) != 16 || cmd.le < 0:
		return nil, swLength
	}
	return c.proof(cmd.data), swOK
}

func (c *Card) proof(nonce []byte) []byte {
	c.challenged = make([]byte, 16)
	_, _ = c.random.Read(c.challenged)
	n := Number(c.spec)
	b := append(n[:], c.challenged...)
	b = append(b, c.last.Bond[:]...)
	b = append(b, c.last.Operation, c.last.Kind)
	b = binary.BigEndian.AppendUint16(b, c.last.Count)
	var staged [16]byte
	if c.order != nil && c.order.key != nil {
		sum := sha256.Sum256(modulus(c.order.key))
		copy(staged[:], sum[:])
	}
	b = append(b, staged[:]...)
	return append(b, hmacOf(IssuerKey(c.spec), []byte("madoguchi card proof"), nonce, b)...)
}

func modulus(k *rsa.PrivateKey) []byte { return k.N.FillBytes(make([]byte, 256)) }

func (c *Card) externalAuth(cmd command) uint16 {
	challenge := c.challenged
	c.challenged, c.order = nil, nil
	switch {
	case cmd.P1 != 0 || cmd.P2 != 1:
		return swP1P2
	case len(cmd.data) != 50:
		return swLength
	case challenge == nil:
		return swConditions
	case !hmac.Equal(cmd.data[18:], hmacOf(IssuerKey(c.spec), []byte("madoguchi card grant"), challenge, cmd.data[:18])):
		return 0x6300
	}
	o := &order{record: record{Operation: cmd.data[16], Kind: cmd.data[17], Count: c.last.Count + 1}, pins: map[*key]string{}}
	copy(o.Bond[:], cmd.data)
	c.order = o
	return swOK
}

func (c *Card) resetCounter(cmd command) uint16 {
	k, sw := c.pinKey(cmd)
	pins, _, _ := c.order.parts()
	switch {
	case sw != swOK:
		return sw
	case cmd.P1 != 0x02:
		return swP1P2 // there is no resetting code
	case len(cmd.data) == 0:
		return swLength
	case cmd.P2 != 0x80 || !slices.Contains(pins, c.cur.aid+string([]byte{byte(c.ef.id >> 8), byte(c.ef.id)})):
		return swProtected
	case !k.form.fits(cmd.data, true):
		return swData
	}
	c.order.pins[k] = string(cmd.data)
	return swOK
}

func (c *Card) generate(cmd command) ([]byte, uint16) {
	f, sw := c.target(cmd.P2)
	_, keyFile, _ := c.order.parts()
	switch {
	case sw != swOK:
		return nil, sw
	case !f.private:
		return nil, swStructure
	case cmd.P1 != 0:
		return nil, swP1P2
	case cmd.le < 0 || len(cmd.data) > 0:
		return nil, swLength
	case c.cur.aid != aidJPKI || f.id != keyFile:
		return nil, swProtected
	}
	c.order.key = generated(c.spec, f.id, f.generation+1)
	return modulus(c.order.key), swOK
}

// update takes the certificate that belongs to the new key.
func (c *Card) update(cmd command) uint16 {
	f, off := c.ef, int(cmd.P1)<<8|int(cmd.P2)
	_, _, certFile := c.order.parts()
	switch {
	case f == nil:
		return swNoEF
	case cmd.P1&0x80 != 0:
		return swP1P2
	case c.cur.aid != aidJPKI || f.id != certFile || c.order.key == nil:
		return swProtected
	case cmd.le >= 0 || len(cmd.data) == 0:
		return swLength
	}
	switch {
	case off == 0:
		c.order.cert = nil
	case off != len(c.order.cert) || off+len(cmd.data) > 8192:
		return swOffset
	}
	c.order.cert = append(c.order.cert[:off:off], cmd.data...)
	return swOK
}

// activate is the one command that changes anything that outlives the power.
func (c *Card) activate(cmd command) ([]byte, uint16) {
	o := c.order
	pins, keyFile, certFile := o.parts()
	want := 16
	if keyFile != 0 {
		want = 48
	}
	switch {
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, swP1P2
	case len(cmd.data) != want || cmd.le < 0:
		return nil, swLength
	case len(o.pins) != len(pins) || (keyFile != 0) != (o.key != nil) || (keyFile != 0) != (o.cert != nil):
		return nil, swConditions
	}
	jpki := c.app(aidJPKI)
	if keyFile != 0 {
		k, cert := sha256.Sum256(modulus(o.key)), sha256.Sum256(o.cert)
		if !hmac.Equal(cmd.data[16:], hmacOf(IssuerKey(c.spec), []byte("madoguchi card activate"), o.Bond[:], k[:], cert[:])) {
			return nil, 0x6300
		}
		f := jpki.file(keyFile)
		f.generation++
		f.generated, f.made = o.key, f.generation
		jpki.file(certFile).written = o.cert
		has := jpki.file(0x0008)
		there := append([]byte(nil), has.bytes()...)
		if o.Kind == kindSigning {
			there[0] = 0x8F
		} else {
			there[1] = 0x8F
		}
		has.written = there
	}
	for k, pin := range o.pins {
		k.pin, k.unknown, k.left, k.verified = pin, false, k.max, false
	}
	c.last, c.order = o.record, nil
	return c.proof(cmd.data[:16]), swOK
}

// private is the key of a key file: the committed one, or the one that was
// generated last.
func (c *Card) private(f *file) *rsa.PrivateKey {
	switch {
	case f.generation > 0 && (f.generated == nil || f.made != f.generation):
		f.generated, f.made = generated(c.spec, f.id, f.generation), f.generation
		return f.generated
	case f.generation > 0:
		return f.generated
	case f.id == 0x0017:
		return authKey()
	}
	return signingKey()
}

// generated is the n-th key that a card makes in a key file.
func generated(s Spec, file uint16, n int) *rsa.PrivateKey {
	words := fmt.Sprintf("card %d, file %04X, generation %d", s.Seed, file, n)
	if k, ok := keysMade.Load(words); ok {
		return k.(*rsa.PrivateKey)
	}
	k := seededKey(words)
	keysMade.Store(words, k)
	return k
}

// keysMade remembers them: the same words make the same key, and it takes half a
// second.
var keysMade sync.Map

// seededKey makes the same RSA-2048 key from the same words on every machine.
// crypto/rsa would not: since Go 1.26 it makes keys from the system's randomness
// whatever reader it is given. Such a key is known to everybody, which a key of
// a simulated card should be.
func seededKey(words string) *rsa.PrivateKey {
	random := rand.NewChaCha8(sha256.Sum256([]byte("MADOGUCHI-TEST simulated key: " + words)))
	e := big.NewInt(65537)
	one := big.NewInt(1)
	prime := func() *big.Int {
		b := make([]byte, 128)
		for {
			_, _ = random.Read(b)
			b[0] |= 0xC0 // so that the product has 2048 bits
			b[127] |= 1
			p := new(big.Int).SetBytes(b)
			if p.ProbablyPrime(20) && new(big.Int).GCD(nil, nil, new(big.Int).Sub(p, one), e).Cmp(one) == 0 {
				return p
			}
		}
	}
	p, q := prime(), prime()
	phi := new(big.Int).Mul(new(big.Int).Sub(p, one), new(big.Int).Sub(q, one))
	k := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: new(big.Int).Mul(p, q), E: int(e.Int64())},
		D:         new(big.Int).ModInverse(e, phi),
		Primes:    []*big.Int{p, q},
	}
	k.Precompute()
	return k
}

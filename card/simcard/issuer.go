// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"crypto/hmac"
	"crypto/rsa"
	"crypto/sha256"
	"fmt"
	"math/big"
	"math/rand/v2"
)

// What the profile SimulatedIssuer adds to a card. No source shows a physical
// card answering any of it to anybody outside the issuer's system; the forms are
// ISO 7816-4's and 7816-8's, the keys and cryptograms our own. It exists so that
// a link to an issuer can be built and tried; it is off by default.
//
//	00 84 00 00 10                 GET CHALLENGE, then at once
//	00 82 00 00 20 <cryptogram>    EXTERNAL AUTHENTICATE: HMAC-SHA-256 of the challenge under IssuerKey
//	00 2C 02 80 Lc <new PIN>       RESET RETRY COUNTER of the current PIN, with a new PIN
//	00 2C 03 80                    the same, the PIN stays
//	00 46 00 80 00                 GENERATE ASYMMETRIC KEY PAIR in the current key file; answer: the modulus, e is 65537
//	00 D6 hi lo Lc <bytes>         UPDATE BINARY of a certificate or of EF 0008; offset 0 begins a new content
//
// Without the authentication each answers 6982. It ends with SELECT of an
// application and with the card's power, and so does a challenge.

// IssuerKey is the key of the simulated issuer for a card: 32 bytes, different
// for each seed, worth nothing.
func IssuerKey(s Spec) []byte {
	sum := sha256.Sum256(fmt.Appendf(nil, "MADOGUCHI-TEST simulated issuer, card %d", s.Seed))
	return sum[:]
}

// Cryptogram is what EXTERNAL AUTHENTICATE carries for a challenge.
func Cryptogram(key, challenge []byte) []byte {
	m := hmac.New(sha256.New, key)
	m.Write(challenge)
	return m.Sum(nil)
}

// issuerCommand runs a command of the simulated issuer; ok is false for any
// other. It forgets the challenge, but for the one command that uses it.
func (c *Card) issuerCommand(cmd command) (data []byte, sw uint16, ok bool) {
	challenge := c.challenged
	c.challenged = nil
	if c.spec.Profile != SimulatedIssuer || cmd.CLA != 0x00 {
		return nil, 0, false
	}
	switch cmd.INS {
	case 0x82:
		return nil, c.externalAuth(cmd, challenge), true
	case 0x2C, 0x46, 0xD6:
	default:
		return nil, 0, false
	}
	if !c.issuer {
		return nil, swProtected, true
	}
	switch cmd.INS {
	case 0x2C:
		return nil, c.resetCounter(cmd), true
	case 0x46:
		data, sw = c.generate(cmd)
		return data, sw, true
	}
	return nil, c.update(cmd), true
}

func (c *Card) externalAuth(cmd command, challenge []byte) uint16 {
	switch {
	case cmd.P1 != 0 || cmd.P2 != 0:
		return swP1P2
	case len(challenge) < 8:
		return swConditions
	case !hmac.Equal(cmd.data, Cryptogram(IssuerKey(c.spec), challenge)):
		c.issuer = false
		return 0x6300
	}
	c.issuer = true
	return swOK
}

func (c *Card) resetCounter(cmd command) uint16 {
	k, sw := c.pinKey(cmd)
	switch {
	case sw != swOK:
		return sw
	case cmd.P1 == 0x02 && len(cmd.data) > 0:
		if !k.form.fits(cmd.data, true) {
			return swData
		}
		k.pin, k.unknown = string(cmd.data), false
	case cmd.P1 == 0x03 && len(cmd.data) == 0:
	case cmd.P1 == 0x02 || cmd.P1 == 0x03:
		return swLength
	default:
		return swP1P2 // there is no resetting code
	}
	k.left, k.verified = k.max, false
	return swOK
}

func (c *Card) generate(cmd command) ([]byte, uint16) {
	f, sw := c.target(cmd.P2)
	switch {
	case sw != swOK:
		return nil, sw
	case !f.private:
		return nil, swStructure
	case cmd.P1 != 0:
		return nil, swP1P2
	case cmd.le < 0 || len(cmd.data) > 0:
		return nil, swLength
	}
	f.generation++
	return c.private(f).N.FillBytes(make([]byte, 256)), swOK
}

// update writes a file of 公的個人認証AP that a renewal changes.
func (c *Card) update(cmd command) uint16 {
	f, off := c.ef, int(cmd.P1)<<8|int(cmd.P2)
	switch {
	case f == nil:
		return swNoEF
	case cmd.P1&0x80 != 0:
		return swP1P2
	case c.cur.aid != aidJPKI || f.id != 0x0001 && f.id != 0x0008 && f.id != 0x000A:
		return swProtected
	case cmd.le >= 0 || len(cmd.data) == 0:
		return swLength
	}
	switch {
	case off == 0:
		f.written = nil
	case off != len(f.written) || off+len(cmd.data) > 8192:
		return swOffset
	}
	f.written = append(f.written[:off:off], cmd.data...)
	return swOK
}

// private is the key of a key file: the committed one, or the one that was
// generated last.
func (c *Card) private(f *file) *rsa.PrivateKey {
	switch {
	case f.generation > 0 && (f.generated == nil || f.made != f.generation):
		f.generated, f.made = seededKey(fmt.Sprintf("card %d, file %04X, generation %d", c.spec.Seed, f.id, f.generation)), f.generation
		return f.generated
	case f.generation > 0:
		return f.generated
	case f.id == 0x0017:
		return authKey()
	}
	return signingKey()
}

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

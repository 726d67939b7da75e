// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
)

// pinKey finds the PIN that a command is about.
func (c *Card) pinKey(cmd command) (*key, uint16) {
	f, sw := c.target(cmd.P2)
	if sw != swOK {
		return nil, sw
	}
	if f.key == nil {
		return nil, swStructure
	}
	return f.key, swOK
}

// verify runs VERIFY. Without data it is the question for the tries, which
// never answers 9000, not even after a right PIN.
func (c *Card) verify(cmd command) uint16 {
	if cmd.P1 != 0 {
		return swP1P2
	}
	if cmd.ext || cmd.le >= 0 || len(cmd.data) > 16 {
		c.blame(cmd.Header, "VERIFY of a wrong length")
		return swLength
	}
	k, sw := c.pinKey(cmd)
	if sw != swOK {
		return sw
	}
	if len(cmd.data) == 0 {
		k.asked = true
		return swTries | uint16(k.left)
	}
	if !k.asked {
		c.blame(cmd.Header, "PIN sent without asking for its tries")
	}
	k.asked = false
	if k.left == 0 {
		c.blame(cmd.Header, "PIN sent to a locked key")
		return swLocked
	}
	if !k.form.fits(cmd.data, false) {
		c.blame(cmd.Header, "PIN against its rules sent, it costs a try")
	}
	if !k.unknown && string(cmd.data) == k.pin {
		k.verified, k.left = true, k.max
		return swOK
	}
	k.verified = false
	k.left--
	return swTries | uint16(k.left)
}

// changePIN runs CHANGE REFERENCE DATA (00 24 01) and the JICSAP CHANGE KEY
// (80 32 00): the new PIN alone, after a VERIFY of the current one. Answers to
// what no source has tried are our choice: 6982 without VERIFY, 6A80 for a bad
// new PIN, the count full and the state kept afterwards.
func (c *Card) changePIN(cmd command) uint16 {
	if c.cur == nil || c.cur.change != cmd.INS {
		c.blame(cmd.Header, "this application changes PINs by another instruction")
		return swConditions
	}
	if wantP1 := map[byte]byte{0x24: 0x01, 0x32: 0x00}[cmd.INS]; cmd.P1 != wantP1 {
		c.blame(cmd.Header, "form of PIN change that nobody has tried")
		return swP1P2
	}
	if cmd.ext || cmd.le >= 0 || len(cmd.data) == 0 || len(cmd.data) > 16 {
		return swLength
	}
	k, sw := c.pinKey(cmd)
	if sw != swOK {
		return sw
	}
	if !k.verified {
		c.blame(cmd.Header, "PIN change without VERIFY")
		return swProtected
	}
	if !k.form.fits(cmd.data, true) {
		c.blame(cmd.Header, "new PIN against its rules sent")
		return swData
	}
	k.pin, k.left = string(cmd.data), k.max
	return swOK
}

// sign runs PERFORM SECURITY OPERATION with the key that P2 names and the
// scheme that P1 names (found on a card by trying every value).
func (c *Card) sign(cmd command) ([]byte, uint16) {
	if cmd.P1 > 0x05 {
		return nil, swP1P2
	}
	f, sw := c.target(cmd.P2)
	if sw != swOK {
		return nil, sw
	}
	if !f.private {
		return nil, swStructure
	}
	if !c.allowed(f) {
		return nil, swProtected
	}
	priv := c.private(f)
	n := len(cmd.data)
	if cmd.le < 0 || cmd.ext || n == 0 || n > 245 || (cmd.P1 == 0x02 || cmd.P1 == 0x04) && n != sha256.Size {
		return nil, swLength
	}
	hash := cmd.data
	if cmd.P1 == 0x01 || cmd.P1 == 0x03 || cmd.P1 == 0x05 {
		sum := sha256.Sum256(cmd.data)
		hash = sum[:]
	}
	var sig []byte
	var err error
	switch cmd.P1 {
	case 0x00, 0x01: // the bytes as they are
		sig, err = rsa.SignPKCS1v15(nil, priv, 0, hash)
	case 0x02, 0x03:
		sig, err = rsa.SignPKCS1v15(nil, priv, crypto.SHA256, hash)
	default:
		sig, err = rsa.SignPSS(rand.Reader, priv, crypto.SHA256, hash, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash})
	}
	if err != nil {
		return nil, swTechnical
	}
	return sig, swOK
}

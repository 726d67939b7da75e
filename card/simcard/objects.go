// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/binary"
)

// objects are what GET DATA finds, of any application (soltia48/myna-card names
// the tags; the values are made up but for their sort). 7F21 is longer than a
// short answer and wants an extended Le.
var objects = map[uint16][]byte{
	0x0042: []byte("MADOGUCHI-TEST"),  // issuer
	0x0045: []byte("000000000000000"), // card number
	0x0066: {0x73, 0x00},              // card data, empty
	0x00F0: []byte("00000"),           // municipality
	0x00F2: []byte("20991231"),        // expiry
	0x00F7: {0x00},                    // unidentified
	0x00F8: {0x00},                    // unidentified
	0x5F51: contactATR[1:],            // the contact answer to reset without its first byte
	0x7F21: append([]byte{0x7F, 0x21, 0x82, 0x01, 0x2C}, // a card-verifiable certificate that verifies nothing
		bytes.Repeat([]byte("FAKE"), 75)...),
}

// getData answers GET DATA.
func (c *Card) getData(cmd command) ([]byte, uint16) {
	b, ok := objects[binary.BigEndian.Uint16([]byte{cmd.P1, cmd.P2})]
	switch {
	case !ok:
		return nil, swNoObject
	case cmd.le < 0 || len(cmd.data) > 0 || cmd.le < len(b) && len(b) > 256:
		return nil, swLength
	}
	return b[:min(len(b), cmd.le)], swOK
}

// internalAuth signs a challenge with the card's own key, 共通カードAP 0019; the
// public half is not on the card.
func (c *Card) internalAuth(cmd command) ([]byte, uint16) {
	if cmd.P1 != 0 {
		return nil, swP1P2
	}
	f, sw := c.target(cmd.P2)
	switch {
	case sw != swOK:
		return nil, sw
	case f.key != nil || f.private:
		return nil, swProtected
	case c.cur.aid != aidCommon || f.id != 0x0019:
		return nil, swConditions
	case cmd.ext || len(cmd.data) == 0 || cmd.le < 0:
		return nil, swLength
	}
	sum := sha256.Sum256(cmd.data)
	sig, err := rsa.SignPKCS1v15(nil, authKey(), crypto.SHA256, sum[:])
	if err != nil {
		return nil, swTechnical
	}
	return sig, swOK
}

// noSession answers what would set up secure messaging or show a terminal's
// certificate: nobody outside the issuer's system can.
func (c *Card) noSession(cmd command) uint16 {
	c.blame(cmd.Header, "a command of the issuer's terminals")
	switch {
	case cmd.INS == 0xA2:
		return swP1P2 // SET PUBLIC IC KEY
	case c.cur != nil && c.cur.aid == aidText:
		if f := c.cur.file(0x0011); f.key.verified {
			return swData
		}
		return swProtected
	case c.cur != nil && (c.cur.aid == aidJPKI || c.cur.aid == aidJuki):
		return swProtected
	}
	return 0x66F1
}

// tlv is one object with a two-byte tag and a length of one or three bytes.
func tlv(tag uint16, value []byte) []byte {
	out := binary.BigEndian.AppendUint16(nil, tag)
	if n := len(value); n < 0x80 {
		out = append(out, byte(n))
	} else {
		out = append(out, 0x82, byte(n>>8), byte(n))
	}
	return append(out, value...)
}

// table is an object of objects that begins with their offsets, two bytes each,
// counted from the file's first byte.
func table(outer, offsets uint16, fields ...[]byte) []byte {
	body := func(at []byte) []byte { return append(tlv(offsets, at), bytes.Join(fields, nil)...) }
	at := make([]byte, 2*len(fields))
	pos := len(tlv(outer, body(at))) - len(bytes.Join(fields, nil))
	for i, f := range fields {
		binary.BigEndian.PutUint16(at[2*i:], uint16(pos))
		pos += len(f)
	}
	return tlv(outer, body(at))
}

// attributes is 基本4情報 of a person who does not exist.
func attributes() []byte {
	return table(0xFF20, 0xDF21, tlv(0xDF22, []byte("見本　花子")), tlv(0xDF23, []byte("見本県見本市見本町１－１")), tlv(0xDF24, []byte("20000101")), tlv(0xDF25, []byte("2")))
}

// cardFace is the face of the card; its pictures are words.
func cardFace() []byte {
	fake := func(tag uint16, what string) []byte { return tlv(tag, []byte("MADOGUCHI-TEST "+what)) }
	return table(0xFF20, 0xDF21, tlv(0xDF22, []byte("20000101")), tlv(0xDF23, []byte("2")), fake(0xDF24, "key"), fake(0xDF25, "name image"),
		fake(0xDF26, "address image"), fake(0xDF27, "photo"), fake(0xDF28, "signature"), tlv(0xDF29, []byte("20991231")), fake(0xDF2A, "security code image"))
}

// ageRecord and numberImage are two more files of 券面事項確認AP, surfaceInfo its
// free one.
func ageRecord() []byte {
	return tlv(0xFF10, bytes.Join([][]byte{tlv(0xDF11, []byte("20000101")), tlv(0xDF12, []byte("MADOGUCHI-TEST")), tlv(0xDF13, []byte("MADOGUCHI-TEST"))}, nil))
}

func numberImage() []byte {
	return tlv(0xFF40, bytes.Join([][]byte{tlv(0xDF41, []byte("MADOGUCHI-TEST number image")), tlv(0xDF42, nil), tlv(0xDF43, nil)}, nil))
}

func surfaceInfo() []byte {
	return tlv(0xFF30, bytes.Join([][]byte{tlv(0xDF31, nil), tlv(0xDF32, []byte{1}), tlv(0xDF33, []byte{1}), tlv(0xDF34, []byte("00000")), tlv(0xDF35, nil)}, nil))
}

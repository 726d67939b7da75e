// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"bytes"
	"crypto/rsa"
	"encoding/binary"
	"strings"
	"sync"
	"time"

	"madoguchi/card"
)

// Application names (soltia48/myna-card, src/ap).
const (
	aidJPKI    = "\xD3\x92\xF0\x00\x26\x01\x00\x00\x00\x01"
	aidText    = "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x08"
	aidSurface = "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x02"
	aidJuki    = "\xD3\x92\x10\x00\x31\x00\x01\x01\x04\x01"
	aidCommon  = "\xD3\x92\x10\x00\x31\x00\x01\x01\x01\x00"
	aidISD     = "\xA0\x00\x00\x01\x51\x00\x00"
)

// form is what a key's PIN may look like.
type form uint8

const (
	formDigits4 form = iota
	formPassword
	formDigits // any number of digits: 照合番号, birth date
)

// fits tells whether b may be a PIN of this form. fresh asks for what a new
// signing password needs beyond the old ones: a letter and a digit.
func (f form) fits(b []byte, fresh bool) bool {
	letters, digits := 0, 0
	for _, c := range b {
		switch {
		case '0' <= c && c <= '9':
			digits++
		case 'A' <= c && c <= 'Z':
			letters++
		default:
			return false
		}
	}
	switch f {
	case formDigits4:
		return digits == 4 && letters == 0
	case formPassword:
		return 6 <= len(b) && len(b) <= 16 && (!fresh || letters > 0 && digits > 0)
	}
	return letters == 0 && 6 <= digits && digits <= 14
}

// key is a PIN on the card.
type key struct {
	pin      string
	unknown  bool // nobody knows it: no entry is right
	left     int
	max      int
	form     form
	verified bool
	asked    bool // its tries were asked since the last entry
}

// file is one elementary file. Exactly one of key, private, record and load
// tells what it is; with none of them it answers 6981.
type file struct {
	id      uint16
	key     *key
	private bool   // an RSA key; guarded by guards
	record  []byte // record 1 of a record file
	load    func() []byte
	guards  []uint16 // PIN files of which one must be verified; empty: free
	// Of the simulated issuer: new content, how often a key was generated, and
	// the key of one of these generations.
	written    []byte
	generation int
	generated  *rsa.PrivateKey
	made       int
}

// bytes is what the file holds now.
func (f *file) bytes() []byte {
	if f.written != nil {
		return f.written
	}
	return f.load()
}

// app is one application.
type app struct {
	aid    string
	change byte // instruction that changes a PIN: 24 (ISO) or 32 (JICSAP CHANGE KEY)
	files  []*file
}

func (a *app) file(id uint16) *file {
	if a == nil {
		return nil
	}
	for _, f := range a.files {
		if f.id == id {
			return f
		}
	}
	return nil
}

// sfi finds a file by its short id, the low five bits.
func (a *app) sfi(n byte) *file { return a.file(uint16(n & 0x1F)) }

func fixed(b []byte) func() []byte { return func() []byte { return b } }

// tokenInfo is EF 0006, 160 bytes, as seen on a card but for its label.
func tokenInfo(s Spec) []byte {
	label, model := s.Label, "SIMCARD"
	if label == "" {
		label = "JPKIAPICCTOKEN2"
	}
	if s.Profile == SimulatedIssuer {
		model = "SIMULATED ISSUER" // no card that can obey an issuer may pass for a real one
	}
	var b bytes.Buffer
	pad := func(s string, n int) { b.WriteString((s + strings.Repeat(" ", n))[:n]) }
	pad(label, 32)
	pad("MADOGUCHI-TEST", 32) // manufacturer: not a real one
	pad(model, 16)
	pad("", 16) // serial number
	for _, v := range []uint32{0x0000040D, 1, 0, 1, 0, 16, 6, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0xFFFFFFFF} {
		_ = binary.Write(&b, binary.BigEndian, v)
	}
	b.WriteString("0301") // hardware, firmware
	b.WriteString(strings.Repeat("9", 16))
	return b.Bytes()
}

// profileApps builds the applications of a My Number Card.
func profileApps(s Spec) []*app {
	if s.Ends.IsZero() {
		s.Ends = time.Date(2030, 1, 15, 0, 0, 0, 0, time.UTC)
	}
	pin := func(k card.Kind, max int, f form) *key {
		p, ok := s.PINs[k]
		out := &key{pin: p, unknown: !ok, left: max, max: max, form: f}
		if n, ok := s.Left[k]; ok {
			out.left = min(max, n)
		}
		return out
	}
	other := func(value string) *key { return &key{pin: value, left: 10, max: 10, form: formDigits} }
	cert := func(missing bool, signing bool) func() []byte {
		if missing {
			return fixed(nil)
		}
		// Filler after the DER object, as some cards have it.
		return sync.OnceValue(func() []byte {
			return append(holderCert(s, signing), bytes.Repeat([]byte{0xFF}, 32)...)
		})
	}
	has := func(missing bool) byte {
		if missing {
			return 0
		}
		return 0x8F
	}
	juki := pin(card.KindRegister, 3, formDigits4)
	if s.JukiLeft != nil {
		juki.left = min(juki.max, *s.JukiLeft)
	}
	fake := func(tag string) func() []byte { return fixed([]byte("MADOGUCHI-TEST " + tag)) }
	id16 := fixed([]byte("MADOGUCHI-TEST 1"))
	textPINs := []uint16{0x0011, 0x0014, 0x0015}
	return []*app{
		{aid: aidJPKI, change: 0x24, files: []*file{
			{id: 0x0001, load: cert(s.NoSigning, true), guards: []uint16{0x001B}},
			{id: 0x0002, load: func() []byte { return signingCA().cert.Raw }},
			{id: 0x0006, load: fixed(tokenInfo(s))},
			{id: 0x0008, load: fixed([]byte{has(s.NoSigning), has(s.NoAuth), 0})},
			{id: 0x0009, load: fake("9"), guards: []uint16{0}}, // no PIN opens it
			{id: 0x000A, load: cert(s.NoAuth, false)},
			{id: 0x000B, load: func() []byte { return authCA().cert.Raw }},
			{id: 0x0010, key: &key{unknown: true, left: 10, max: 10, form: formDigits}},
			{id: 0x0017, private: true, guards: []uint16{0x0018}},
			{id: 0x0018, key: pin(card.KindLogin, 3, formDigits4)},
			{id: 0x001A, private: true, guards: []uint16{0x001B}},
			{id: 0x001B, key: pin(card.KindSigning, 5, formPassword)},
		}},
		{aid: aidText, change: 0x24, files: []*file{
			{id: 0x0001, load: fixed([]byte("\xFF\x10\x0C000000000000\xFF\xFF")), guards: []uint16{0x0011, 0x0014}},
			{id: 0x0002, load: attributes, guards: []uint16{0x0011, 0x0015}},
			{id: 0x0003, load: fake("signature"), guards: textPINs},
			{id: 0x0004, load: fake("cvc")},
			{id: 0x0005, load: fake("text")},
			{id: 0x0006, load: fake("key"), guards: textPINs},
			{id: 0x0007, load: fake("signed key"), guards: textPINs},
			{id: 0x0008, load: fixed(bytes.Repeat([]byte{0xFF}, 16))},
			{id: 0x0011, key: pin(card.KindCardInfo, 3, formDigits4)},
			{id: 0x0012, key: &key{unknown: true, left: 0, max: 10, form: formDigits}}, // blocked from issuance
			{id: 0x0014, key: other("000000000000")},
			{id: 0x0015, key: other("00000000000000")},
		}},
		{aid: aidSurface, files: []*file{
			{id: 0x0001, load: ageRecord, guards: []uint16{0x0011}},
			{id: 0x0002, load: cardFace, guards: []uint16{0x0012, 0x0013}},
			{id: 0x0003, load: surfaceInfo},
			{id: 0x0004, load: fake("cvc")},
			{id: 0x0005, load: numberImage, guards: []uint16{0x0013}},
			{id: 0x0006, load: fake("6"), guards: []uint16{0x0012, 0x0013}},
			{id: 0x0011, key: other("000000")},
			{id: 0x0012, key: other("00000000000000")},
			{id: 0x0013, key: other("000000000000")},
		}},
		{aid: aidJuki, change: 0x32, files: []*file{
			{id: 0x0002, load: id16},
			{id: 0x001C, key: juki},
		}},
		{aid: aidCommon, change: 0x32, files: []*file{
			{id: 0x0001, record: []byte("\x01\x1C" + "000000000000000" + "00000" + "20991231")},
			{id: 0x0002, load: id16},
			{id: 0x0019},
			{id: 0x001C, key: pin(card.KindRegister, 3, formDigits4)},
			{id: 0x001E},
		}},
		{aid: aidISD},
	}
}

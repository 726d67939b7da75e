// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"strings"
	"time"
)

// maxCert bounds a certificate; physical ones have 1.3 to 2 KB.
const maxCert = 8192

// jst is Japan's time; it has had no summer time since 1951.
var jst = time.FixedZone("JST", 9*60*60)

// hints are answers to reset of cards without a JPKI application (Debian
// pcsc-tools, smartcard_list.txt), as a contactless reader makes them.
var hints = []struct {
	atr     string
	species Species
}{
	{"\x3B\x88\x80\x01\x00\x00\x00\x00\x91\x81\xC1\x00\xD8", SpeciesDrivingLicence},
	{"\x3B\x88\x80\x01\x00\x00\x14\xE0\xB3\x81\x91\x00\x5E", SpeciesJuki},
}

// labels are those of the JPKI token info.
var labels = map[string]Species{
	"JPKIAPICCTOKEN2": SpeciesMyNumber,
	"JPKIAPICCTOKEN":  SpeciesJuki,
	"JPKIAPGPSETOKEN": SpeciesPhone,
	"JPKIAPIOSTOKEN":  SpeciesPhone,
}

// Board reads what the card says without a PIN: what it is, which certificates
// it has, the tries of every PIN, and the day the login certificate ends. It
// costs no try. A card that is no My Number Card is no error: its Species says
// so. With an error the board holds what was read before it, and, if the card
// merely answered one question badly ([*StatusError], [*MalformedError]), also
// what came after; what is missing is unknown, never guessed.
func (c *Card) Board() (Board, error) {
	b := Board{Species: SpeciesUnknown}
	err := c.board(&b)
	if err != nil {
		err = fmt.Errorf("reading tries board: %w", err)
	}
	return b, err
}

func (c *Card) board(b *Board) error {
	sp, err := c.species()
	if err != nil {
		return err
	}
	b.Species = sp
	if !b.MyNumber() {
		return nil
	}
	var first error
	// bad keeps the first odd answer; it is false when the session is lost.
	bad := func(err error) bool {
		if err != nil && first == nil {
			first = err
		}
		return c.gone == nil
	}
	if !bad(c.availability(b)) {
		return first
	}
	// Now, while its application is current: afterwards it would be selected again.
	if b.AuthEnds, err = c.authEnds(); !bad(err) {
		return first
	}
	current := jpkiAP
	for _, k := range Kinds() {
		for i, r := range infos[k].Refs {
			n, err := c.boardTries(r, &current)
			var odd *StatusError
			if errors.As(err, &odd) {
				continue // no such PIN, or an answer that tells nothing
			}
			if !bad(err) {
				return first
			}
			if err == nil {
				b.Tries[k] = b.Tries[k].with(n, infos[k].Tries, i > 0)
			}
		}
	}
	b.Species = faceAuth(*b)
	return first
}

// with adds one counter to t, whose full count is max or more.
func (t Tries) with(left, max int, second bool) Tries {
	if left > max {
		max = left
	}
	n := Tries{Known: true, Left: left, Max: max}
	if second && t.Known {
		n.Differ = t.Left != left
		n.Left = min(t.Left, left)
		n.Max = t.Max
	}
	return n
}

// faceAuth tells a face-authentication card: no signing certificate and every
// PIN locked from issuance. Nothing on the card says so in one place, as far as
// is known; another holder would have had to lock all four.
func faceAuth(b Board) Species {
	if b.HasSigning || !b.HasAuth {
		return b.Species
	}
	for _, k := range Kinds() {
		if t := b.Tries[k]; t.Known && t.Left > 0 || !t.Known && k != KindSigning {
			return b.Species
		}
	}
	return SpeciesFaceAuth
}

// species selects the JPKI application and reads its token's label.
func (c *Card) species() (Species, error) {
	err := c.selectApp(jpkiAP)
	var odd *StatusError
	if errors.As(err, &odd) && !technical(odd.SW) {
		return c.hint(), nil
	}
	if err != nil {
		return SpeciesUnknown, err
	}
	d, err := c.file(efToken, 32)
	if errors.As(err, &odd) && !technical(odd.SW) {
		return SpeciesUnknown, nil
	}
	if err != nil {
		return SpeciesUnknown, err
	}
	if sp, ok := labels[strings.TrimRight(string(d), " \x00")]; ok {
		return sp, nil
	}
	return SpeciesUnknown, nil
}

// hint asks the link for the answer to reset of a card without JPKI.
func (c *Card) hint() Species {
	l, ok := c.link.(interface{ ATR() []byte })
	if !ok {
		return SpeciesUnknown
	}
	atr := l.ATR()
	for _, h := range hints {
		if bytes.Equal(atr, []byte(h.atr)) {
			return h.species
		}
	}
	return SpeciesUnknown
}

// availability reads EF 0008: 8F in byte 0 says signing, in byte 1 login.
func (c *Card) availability(b *Board) error {
	b.HasSigning, b.HasAuth = true, true
	d, err := c.file(efAvailability, 3)
	if err != nil {
		return err
	}
	if len(d) < 2 {
		return &MalformedError{"reading availability", fmt.Sprintf("%d bytes", len(d))}
	}
	b.HasSigning, b.HasAuth = d[0] == 0x8F, d[1] == 0x8F
	return nil
}

// boardTries is triesAt without selecting an application that is current.
func (c *Card) boardTries(r Ref, current *AID) (int, error) {
	if *current != r.AP {
		*current = ""
		if err := c.selectApp(r.AP); err != nil {
			return 0, err
		}
		*current = r.AP
	}
	if err := c.selectFile(r.EF); err != nil {
		return 0, err
	}
	return c.left()
}

// file selects a file and reads its first n bytes, or fewer if it is shorter.
func (c *Card) file(ef uint16, n int) ([]byte, error) {
	if err := c.selectFile(ef); err != nil {
		return nil, err
	}
	d, err := c.read(ef, 0, n)
	return d[:min(n, len(d))], err
}

// read reads up to n bytes, 1 to 256, of the current file.
func (c *Card) read(ef uint16, off, n int) ([]byte, error) {
	step := fmt.Sprintf("reading file %04X", ef)
	d, sw, err := c.exchange(step, readAPDU(off, n), n)
	if err == nil && sw != swOK && sw != swShort {
		clear(d)
		return nil, &StatusError{sw, step}
	}
	return d, err
}

// authEnds reads the last day of the login certificate. Of the certificate,
// which tells a person by number, nothing else is looked at, and its bytes are
// wiped. No certificate, or one that wants a PIN, is the zero day.
func (c *Card) authEnds() (time.Time, error) {
	der, err := c.certificate()
	defer clear(der)
	if err != nil || len(der) == 0 {
		return time.Time{}, err
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		// The cause is left out: it may quote the certificate.
		return time.Time{}, &MalformedError{"reading login certificate", "not a certificate"}
	}
	y, m, d := cert.NotAfter.In(jst).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC), nil
}

// certificate reads EF 000A up to the length that its DER header names; what
// follows is filler. It is nil if there is none to read.
func (c *Card) certificate() ([]byte, error) {
	const step = "reading login certificate"
	absent := func(err error) bool {
		var odd *StatusError
		return errors.As(err, &odd) && (odd.SW == swNotFound || odd.SW == swProtected || odd.SW == swOffset)
	}
	if err := c.selectFile(efAuthCert); absent(err) {
		return nil, nil
	} else if err != nil {
		return nil, err
	}
	d, err := c.read(efAuthCert, 0, maxData)
	if absent(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { clear(d) }()
	if len(d) < 4 || d[0] != 0x30 || d[1] != 0x82 {
		return nil, &MalformedError{step, "no DER header"}
	}
	size := 4 + int(d[2])<<8 + int(d[3])
	if size > maxCert {
		return nil, &MalformedError{step, fmt.Sprintf("%d bytes long by its header", size)}
	}
	der := append(make([]byte, 0, size), d[:min(size, len(d))]...)
	for len(der) < size {
		clear(d)
		d, err = c.read(efAuthCert, len(der), min(maxData, size-len(der)))
		if err == nil && len(d) == 0 {
			err = &MalformedError{step, fmt.Sprintf("ends after %d of %d bytes", len(der), size)}
		}
		if err != nil {
			clear(der)
			return nil, err
		}
		der = append(der, d[:min(len(d), size-len(der))]...)
	}
	return der, nil
}

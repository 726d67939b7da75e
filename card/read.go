// SPDX-License-Identifier: Apache-2.0

package card

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
)

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
	// By its short id first. A label that is known proves that the card takes short
	// ids, which saves a SELECT for each file; nothing is concluded from any other
	// answer.
	d, err := c.readShort(efToken, labelSize)
	if sp, ok := labelled(d); err == nil && ok {
		c.short = true
		return sp, nil
	}
	if err != nil && !errors.As(err, &odd) {
		return SpeciesUnknown, err
	}
	d, err = c.file(efToken, labelSize)
	if errors.As(err, &odd) && !technical(odd.SW) {
		return SpeciesUnknown, nil
	}
	if err != nil {
		return SpeciesUnknown, err
	}
	sp, _ := labelled(d)
	return sp, nil
}

// labelSize is the length of the label in EF 0006.
const labelSize = 32

// labelled finds the species of a token's label.
func labelled(d []byte) (Species, bool) {
	sp, ok := labels[strings.TrimRight(string(d), " \x00")]
	if !ok {
		return SpeciesUnknown, false
	}
	return sp, true
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
	d, _, err := c.head(efAvailability, 3)
	if err != nil {
		return err
	}
	if len(d) < 2 {
		return &MalformedError{"reading availability", fmt.Sprintf("%d bytes", len(d))}
	}
	b.HasSigning, b.HasAuth = d[0] == 0x8F, d[1] == 0x8F
	return nil
}

// boardTries is triesAt without selecting an application that is current, and by
// short id where the card takes them. An answer that is no count is asked for
// again by the file's whole name.
func (c *Card) boardTries(r Ref, current *AID) (int, error) {
	if *current != r.AP {
		*current = ""
		if err := c.selectApp(r.AP); err != nil {
			return 0, err
		}
		*current = r.AP
	}
	if c.short {
		n, err := c.ask(triesShortAPDU(r.EF))
		var odd *StatusError
		if !errors.As(err, &odd) {
			return n, err
		}
	}
	if err := c.selectFile(r.EF); err != nil {
		return 0, err
	}
	return c.left()
}

// head reads the first n bytes of a file, or fewer if it is shorter: by short id
// where the card takes them, and by its whole name where that gets no data. short
// says which it was.
func (c *Card) head(ef uint16, n int) (d []byte, short bool, err error) {
	if c.short {
		d, err = c.readShort(ef, n)
		var odd *StatusError
		if !errors.As(err, &odd) {
			return d, true, err
		}
	}
	d, err = c.file(ef, n)
	return d, false, err
}

// file selects a file and reads its first n bytes, or fewer if it is shorter.
func (c *Card) file(ef uint16, n int) ([]byte, error) {
	if err := c.selectFile(ef); err != nil {
		return nil, err
	}
	return c.read(ef, 0, n)
}

// read reads up to n bytes, 1 to 256, of the current file.
func (c *Card) read(ef uint16, off, n int) ([]byte, error) {
	return c.readBy(ef, readAPDU(off, n), n)
}

// readShort reads the first bytes, 1 to 256, of a file by its short id.
func (c *Card) readShort(ef uint16, n int) ([]byte, error) {
	return c.readBy(ef, readShortAPDU(ef, n), n)
}

// readBy sends a READ BINARY for n bytes of ef and never returns more.
func (c *Card) readBy(ef uint16, cmd []byte, n int) ([]byte, error) {
	step := fmt.Sprintf("reading file %04X", ef)
	d, sw, err := c.exchange(step, cmd, n)
	if err == nil && sw != swOK && sw != swShort {
		clear(d)
		return nil, &StatusError{sw, step}
	}
	if len(d) > n { // the card has named another length
		clear(d[n:])
		d = d[:n]
	}
	return d, err
}

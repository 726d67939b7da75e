// SPDX-License-Identifier: Apache-2.0

package card

import (
	"encoding/binary"
	"fmt"
)

// Status words this package acts on (ISO 7816-4; JICSAP for 6984).
const (
	swOK        uint16 = 0x9000
	swShort     uint16 = 0x6282 // end of file before Le bytes
	swBlocked   uint16 = 0x6983 // ISO; no source saw it on this card
	swLocked    uint16 = 0x6984 // VERIFY with data on a locked PIN
	swProtected uint16 = 0x6982
	swNotFound  uint16 = 0x6A82
	swOffset    uint16 = 0x6B00
	swTechnical uint16 = 0x6F00
)

const (
	maxData   = 256 // data bytes of a short response
	maxRounds = 8   // 61xx answers in a row; a card of this kind gives none
)

// tries reads 63Cx.
func tries(sw uint16) (int, bool) { return int(sw & 0xF), sw&0xFFF0 == 0x63C0 }

// technical tells a card in trouble from one that does not know the command.
func technical(sw uint16) bool {
	switch sw >> 8 {
	case 0x64, 0x65, 0x6F:
		return true
	}
	return false
}

func selectAppAPDU(aid AID) []byte {
	return append([]byte{0x00, 0xA4, 0x04, 0x0C, byte(len(aid))}, aid...)
}

func selectFileAPDU(ef uint16) []byte {
	return []byte{0x00, 0xA4, 0x02, 0x0C, 0x02, byte(ef >> 8), byte(ef)}
}

// readAPDU asks for n bytes, 1 to 256, at an offset below 0x8000: with the top
// bit the card would read another file.
func readAPDU(off, n int) []byte {
	return []byte{0x00, 0xB0, byte(off >> 8 & 0x7F), byte(off), byte(n)}
}

// readShortAPDU asks for the first n bytes, 1 to 256, of the file that has this
// short id, the low five bits, and makes it current.
func readShortAPDU(ef uint16, n int) []byte {
	return []byte{0x00, 0xB0, 0x80 | byte(ef&0x1F), 0x00, byte(n)}
}

// triesAPDU is VERIFY without data. It is four bytes long: with a fifth the
// card answers 6700.
func triesAPDU() []byte { return []byte{0x00, 0x20, 0x00, 0x80} }

// triesShortAPDU is the same for the file that has this short id.
func triesShortAPDU(ef uint16) []byte { return []byte{0x00, 0x20, 0x00, 0x80 | byte(ef&0x1F)} }

// Mask writes a command as a log may show it: class and instruction, and one
// fixed mask, without length, for those that carry a PIN.
func Mask(apdu []byte) string {
	if len(apdu) < 2 {
		return "--"
	}
	switch apdu[1] {
	case 0x20, 0x24, 0x2C, 0x32:
		return fmt.Sprintf("%02X %02X [PIN]", apdu[0], apdu[1])
	}
	return fmt.Sprintf("%02X %02X", apdu[0], apdu[1])
}

// lose notes that the session is over: whatever the link's error was, nobody
// knows the card's state any more.
func (c *Card) lose(err error) error {
	c.gone = err
	return err
}

// split takes the status word off a response. The data alias resp.
func split(step string, resp []byte) ([]byte, uint16, error) {
	switch n := len(resp); {
	case n < 2:
		return nil, 0, &MalformedError{step, fmt.Sprintf("answer of %d bytes", n)}
	case n > maxData+2:
		clear(resp)
		return nil, 0, &MalformedError{step, fmt.Sprintf("answer of %d bytes", n)}
	}
	d, sw := resp[:len(resp)-2], binary.BigEndian.Uint16(resp[len(resp)-2:])
	return d, sw, nil
}

// once sends one command that carries no PIN. The first of a session is sent
// again if the card answers 6F00: one physical card did so after power-up.
func (c *Card) once(step string, cmd []byte) ([]byte, uint16, error) {
	for {
		if c.gone != nil {
			return nil, 0, fmt.Errorf("%s: %w", step, c.gone)
		}
		resp, err := c.link.Transmit(cmd)
		if err != nil {
			return nil, 0, fmt.Errorf("%s: %w", step, c.lose(err))
		}
		d, sw, err := split(step, resp)
		if err != nil {
			return nil, 0, err
		}
		woken := c.woken
		c.woken = true
		if sw != swTechnical || woken {
			return d, sw, nil
		}
	}
}

// exchange is once with 6Cxx (ask again with the right length) and 61xx (fetch
// the rest), neither reported for this card, both bounded. It returns at most
// want data bytes, or what 6Cxx names.
func (c *Card) exchange(step string, cmd []byte, want int) ([]byte, uint16, error) {
	d, sw, err := c.once(step, cmd)
	if err != nil {
		return nil, 0, err
	}
	if sw>>8 == 0x6C && len(cmd) == 5 {
		if want = int(sw & 0xFF); want == 0 {
			want = maxData
		}
		d, sw, err = c.once(step, append(cmd[:4:4], byte(want)))
		if err != nil {
			return nil, 0, err
		}
	}
	for round := 0; sw>>8 == 0x61; round++ {
		if round == maxRounds {
			clear(d)
			return nil, 0, &MalformedError{step, "answer without end"}
		}
		more, next, err := c.once(step, []byte{0x00, 0xC0, 0x00, 0x00, byte(sw)})
		if err != nil {
			clear(d)
			return nil, 0, err
		}
		whole := append(append(make([]byte, 0, len(d)+len(more)), d...), more...)
		clear(d)
		clear(more)
		d, sw = whole, next
		if len(d) > want {
			break
		}
	}
	if len(d) > want {
		n := len(d)
		clear(d)
		return nil, 0, &MalformedError{step, fmt.Sprintf("%d bytes where at most %d were asked", n, want)}
	}
	return d, sw, nil
}

// SPDX-License-Identifier: Apache-2.0

package simcard

import "slices"

// realCard is every header that this project may send to a physical card, and
// the only such list: tests of card, device and the world hold what they sent
// against it. READ BINARY with a plain offset, P1 below 80, is the one family.
var realCard = []Header{
	{0x00, 0xA4, 0x04, 0x0C}, // SELECT application
	{0x00, 0xA4, 0x02, 0x0C}, // SELECT file
	{0x00, 0x20, 0x00, 0x80}, // VERIFY, and without data the question for tries
	{0x00, 0x24, 0x01, 0x80}, // CHANGE REFERENCE DATA, the new PIN alone
	{0x80, 0x32, 0x00, 0x80}, // CHANGE KEY (JICSAP), of the two halves of 住民基本台帳用
	// By short file id: the beginnings of EF 0006, 0008, 000A, and the questions
	// for tries at 0018, 001B, 0011 and 001C; never with data.
	{0x00, 0xB0, 0x86, 0x00}, {0x00, 0xB0, 0x88, 0x00}, {0x00, 0xB0, 0x8A, 0x00},
	{0x00, 0x20, 0x00, 0x98}, {0x00, 0x20, 0x00, 0x9B}, {0x00, 0x20, 0x00, 0x91}, {0x00, 0x20, 0x00, 0x9C},
}

// RealCard tells whether a command with this header may be sent to a physical
// card: reading, VERIFY, and the change of a PIN whose current value was typed.
func RealCard(h Header) bool {
	return slices.Contains(realCard, h) || h.CLA == 0 && h.INS == 0xB0 && h.P1 < 0x80
}

// Beyond returns what was sent to cards of a real profile in this reader and may
// not be sent to a physical card. Whoever has a reader asks for it at the end.
func (r *Reader) Beyond() []Header {
	r.mu.Lock()
	cards := slices.Clone(r.seen)
	r.mu.Unlock()
	var out []Header
	for _, c := range cards {
		if c.spec.Profile != SimulatedIssuer {
			out = append(out, Beyond(c.Log())...)
		}
	}
	return out
}

// Beyond returns the headers of a log that may not be sent to a physical card.
func Beyond(log []Header) []Header {
	return slices.DeleteFunc(slices.Clone(log), RealCard)
}

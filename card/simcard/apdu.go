// SPDX-License-Identifier: Apache-2.0

package simcard

// Status words, with what a physical card was seen to mean by them.
const (
	swOK         = 0x9000
	swTries      = 0x63C0 // low digit: tries left
	swLength     = 0x6700
	swChannel    = 0x6881
	swSecureSel  = 0x6882 // secure messaging on SELECT
	swStructure  = 0x6981 // command does not fit the file
	swProtected  = 0x6982 // PIN needed
	swLocked     = 0x6984 // VERIFY with data on a blocked key (not 6983)
	swConditions = 0x6985
	swNoEF       = 0x6986
	swSecure     = 0x69FC // secure messaging without a session
	swData       = 0x6A80
	swFunction   = 0x6A81 // no such form of the command
	swNotFound   = 0x6A82
	swNoRecord   = 0x6A83
	swP1P2       = 0x6A86
	swNoObject   = 0x6A88
	swOffset     = 0x6B00
	swINS        = 0x6D00
	swCLA        = 0x6E00
	swTechnical  = 0x6F00
)

// command is a parsed command APDU.
type command struct {
	Header
	data []byte // aliases the caller's bytes; never kept
	le   int    // expected length, -1: none asked
	ext  bool   // extended length fields
}

// parse reads the four cases of ISO 7816-3, short and extended.
func parse(b []byte) (command, bool) {
	if len(b) < 4 {
		return command{}, false
	}
	c := command{Header: Header{b[0], b[1], b[2], b[3]}, le: -1}
	switch body := b[4:]; {
	case len(body) == 0:
	case len(body) == 1:
		c.le = shortLe(body[0])
	case body[0] != 0:
		lc := int(body[0])
		switch len(body) - 1 - lc {
		case 0:
		case 1:
			c.le = shortLe(body[1+lc])
		default:
			return command{}, false
		}
		c.data = body[1 : 1+lc]
	case len(body) < 3:
		return command{}, false
	default:
		c.ext = true
		n := int(body[1])<<8 | int(body[2])
		if len(body) == 3 {
			c.le = longLe(n)
			break
		}
		switch len(body) - 3 - n {
		case 0:
		case 2:
			c.le = longLe(int(body[3+n])<<8 | int(body[4+n]))
		default:
			return command{}, false
		}
		if n == 0 {
			return command{}, false
		}
		c.data = body[3 : 3+n]
	}
	return c, true
}

func shortLe(b byte) int {
	if b == 0 {
		return 256
	}
	return int(b)
}

func longLe(n int) int {
	if n == 0 {
		return 65536
	}
	return n
}

// answer joins data and status word.
func answer(data []byte, sw uint16) []byte {
	out := make([]byte, 0, len(data)+2)
	out = append(out, data...)
	return append(out, byte(sw>>8), byte(sw))
}

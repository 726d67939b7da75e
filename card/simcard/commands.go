// SPDX-License-Identifier: Apache-2.0

package simcard

import "strings"

// answer runs one command; c.mu is held.
func (c *Card) answer(apdu []byte) []byte {
	cmd, ok := parse(apdu)
	if !ok {
		if len(apdu) >= 4 {
			c.blame(Header{apdu[0], apdu[1], apdu[2], apdu[3]}, "lengths do not add up")
		}
		return answer(nil, swLength)
	}
	if c.cold {
		c.cold = false
		if c.spec.Sluggish {
			return answer(nil, swTechnical)
		}
	}
	data, sw := c.run(cmd)
	return answer(data, sw)
}

func (c *Card) run(cmd command) ([]byte, uint16) {
	if sw := c.class(cmd); sw != swOK {
		return nil, sw
	}
	if c.spec.Profile == Licence {
		// Our choice: a card that has nothing of what is asked for.
		if cmd.INS == 0xA4 {
			return nil, swNotFound
		}
		return nil, swINS
	}
	if data, sw, ok := c.issuerCommand(cmd); ok {
		return data, sw
	}
	switch {
	case cmd.CLA == 0x00 && cmd.INS == 0xA4:
		return c.selectFile(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0xB0:
		return c.readBinary(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0xB2:
		return c.readRecord(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0x20:
		return nil, c.verify(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0x24, cmd.CLA == 0x80 && cmd.INS == 0x32:
		return nil, c.changePIN(cmd)
	case cmd.CLA == 0x80 && cmd.INS == 0x2A:
		return c.sign(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0x84:
		return c.challenge(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0x88:
		return c.internalAuth(cmd)
	case cmd.CLA == 0x00 && cmd.INS == 0xCA:
		return c.getData(cmd)
	case cmd.CLA == 0x80 && (cmd.INS == 0xA2 || cmd.INS == 0xAE):
		return nil, c.noSession(cmd)
	}
	c.blame(cmd.Header, "no such instruction; the issuer's commands are not for a counter")
	return nil, swINS
}

// class judges the class byte.
func (c *Card) class(cmd command) uint16 {
	switch {
	case cmd.CLA == 0x00 || cmd.CLA == 0x80:
		return swOK
	case cmd.CLA&0x70 != 0:
		c.blame(cmd.Header, "no such class")
		return swCLA
	case cmd.CLA&0x03 != 0:
		c.blame(cmd.Header, "logical channel")
		return swChannel
	case cmd.INS == 0xA4:
		c.blame(cmd.Header, "secure messaging")
		return swSecureSel
	}
	c.blame(cmd.Header, "secure messaging")
	return swSecure
}

func (c *Card) selectFile(cmd command) ([]byte, uint16) {
	if cmd.ext {
		return nil, swLength
	}
	switch cmd.P1 {
	case 0x04:
		return c.selectApp(cmd)
	case 0x02:
		if cmd.P2 != 0x0C && cmd.P2 != 0x00 {
			return nil, swP1P2
		}
		if len(cmd.data) != 2 {
			return nil, swLength
		}
		f := c.cur.file(uint16(cmd.data[0])<<8 | uint16(cmd.data[1]))
		if f == nil {
			return nil, swNotFound // the old EF stays current: our choice
		}
		c.ef = f
		return nil, swOK
	case 0x00:
		switch {
		case len(cmd.data) > 0:
			return nil, swNotFound // 3F00 by id
		case c.cur == nil:
			return nil, swP1P2
		}
		return nil, swOK // without effect
	}
	return nil, swP1P2
}

func (c *Card) selectApp(cmd command) ([]byte, uint16) {
	if cmd.P2 != 0x0C && cmd.P2 != 0x00 {
		return nil, swP1P2
	}
	if n := len(cmd.data); n < 1 || n > 16 {
		return nil, swLength
	}
	for _, a := range c.apps {
		// A part of a name is enough (JICSAP), so 9000 does not prove which.
		if !strings.HasPrefix(a.aid, string(cmd.data)) {
			continue
		}
		c.forget()
		c.cur, c.ef = a, nil
		if cmd.P2 == 0x00 {
			fci := append([]byte{0x6F, byte(len(a.aid) + 2), 0x84, byte(len(a.aid))}, a.aid...)
			return fci, swOK
		}
		return nil, swOK
	}
	return nil, swNotFound // the old application stays current
}

// target finds the file that P2 names: 80 the current one, 80+n by short id.
func (c *Card) target(p2 byte) (*file, uint16) {
	if p2 == 0x80 {
		if c.ef == nil {
			return nil, swNoEF
		}
		return c.ef, swOK
	}
	if p2&0xE0 != 0x80 {
		return nil, swP1P2
	}
	f := c.cur.sfi(p2)
	if f == nil {
		return nil, swNoObject
	}
	return f, swOK
}

// allowed tells whether one of f's guards is verified.
func (c *Card) allowed(f *file) bool {
	for _, id := range f.guards {
		if g := c.cur.file(id); g != nil && g.key != nil && g.key.verified {
			return true
		}
	}
	return len(f.guards) == 0
}

func (c *Card) readBinary(cmd command) ([]byte, uint16) {
	if cmd.le < 0 || len(cmd.data) > 0 || cmd.ext {
		return nil, swLength
	}
	f, off := c.ef, int(cmd.P1)<<8|int(cmd.P2)
	if cmd.P1&0x80 != 0 {
		if cmd.P1&0x60 != 0 {
			return nil, swP1P2
		}
		f, off = c.cur.sfi(cmd.P1), int(cmd.P2)
		if f == nil {
			return nil, swNotFound
		}
		c.ef = f
	}
	switch {
	case f == nil:
		return nil, swNoEF
	case f.load == nil:
		c.blame(cmd.Header, "reading a file that holds no bytes")
		return nil, swStructure
	case !c.allowed(f):
		return nil, swProtected
	}
	b := f.bytes()
	if off >= len(b) {
		return nil, swOffset
	}
	return b[off:min(len(b), off+cmd.le)], swOK
}

func (c *Card) readRecord(cmd command) ([]byte, uint16) {
	f := c.ef
	if sfi := cmd.P2 >> 3; sfi != 0 {
		if f = c.cur.sfi(sfi); f == nil {
			return nil, swNotFound
		}
		c.ef = f
	}
	switch {
	case cmd.le < 0 || len(cmd.data) > 0:
		return nil, swLength
	case f == nil:
		return nil, swNoEF
	case f.record == nil:
		return nil, swStructure
	case cmd.P2&7 == 5:
		return nil, swFunction
	case cmd.P2&7 != 4:
		return nil, swP1P2
	case cmd.P1 != 1:
		return nil, swNoRecord
	}
	return f.record[:min(len(f.record), cmd.le)], swOK
}

func (c *Card) challenge(cmd command) ([]byte, uint16) {
	switch {
	case cmd.ext:
		return nil, swConditions
	case cmd.P1 != 0 || cmd.P2 != 0:
		return nil, swP1P2
	case cmd.le < 0 || len(cmd.data) > 0:
		return nil, swLength
	}
	b := make([]byte, cmd.le)
	_, _ = c.random.Read(b)
	return b, swOK
}

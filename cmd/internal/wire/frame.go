// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Version is the number both ends must agree on. The two ends are the same
// binary, so a difference means that the program was replaced while it ran.
const Version = 2

// Kind is the type byte of a frame. Kinds below 0x80 go from the box to the
// world, the others from the world to the box.
type Kind uint8

// The frames.
const (
	// KindSPI is one transfer: DC level, then 1 to 4096 bytes. Answered by
	// KindLevel.
	KindSPI Kind = 0x01
	// KindLine is an output line and its new level. RST and PWR are answered
	// by KindLevel, because BUSY may follow them at once.
	KindLine Kind = 0x02
	// KindConnect powers the card up. Answered by KindCard.
	KindConnect Kind = 0x03
	// KindAPDU is a session number and one short APDU. Answered by KindCard.
	KindAPDU Kind = 0x04
	// KindUnpower ends a card session. Not answered.
	KindUnpower Kind = 0x05
	// KindObserved is what a person in front of the box could know, as JSON.
	KindObserved Kind = 0x06
	// KindScanned says that the closures of a KindKeys stood long enough for
	// the key-pad to take them. Every KindKeys is followed by one.
	KindScanned Kind = 0x07

	// KindHello is the first frame: version, clock offset, closed keys, card
	// presence, BUSY level and lid as they are when the power comes on.
	KindHello Kind = 0x81
	// KindLevel answers KindSPI, RST and PWR with the level of BUSY.
	KindLevel Kind = 0x82
	// KindBusy is a change of BUSY that nothing asked for.
	KindBusy Kind = 0x83
	// KindKeys is the mask of closed keys; bit r*4+c.
	KindKeys Kind = 0x84
	// KindPresence says what the card slot holds now.
	KindPresence Kind = 0x85
	// KindCard answers KindConnect and KindAPDU: status, session, response.
	KindCard Kind = 0x86
	// KindClock is the distance of the box's clock from the machine's.
	KindClock Kind = 0x87
	// KindLid is the level of the lid switch: high is open.
	KindLid Kind = 0x88
)

// Sizes.
const (
	// MaxSPI is the longest SPI transfer in bytes: the kernel's default limit
	// of one spidev transfer, /sys/module/spidev/parameters/bufsiz.
	MaxSPI = 4096
	// MaxAPDU is the longest short command APDU in bytes: header, Lc, 255, Le.
	MaxAPDU = 261
	// MaxResponse is the longest short response in bytes: 256 and SW1 SW2.
	MaxResponse = 258
	// MaxObserved is the longest observed state in bytes. The reasons of a decision
	// are the longest words of a screen.
	MaxObserved = 16 << 10

	headLen   = 5
	helloLen  = 1 + 8 + 2 + 1 + 1 + 1
	sessionSz = 4
)

// span is the range of body sizes that a kind allows.
type span struct {
	name     string
	min, max int
}

var kinds = map[Kind]span{
	KindSPI:      {"spi", 1 + 1, 1 + MaxSPI},
	KindLine:     {"line", 2, 2},
	KindConnect:  {"connect", 0, 0},
	KindAPDU:     {"apdu", sessionSz + 4, sessionSz + MaxAPDU},
	KindUnpower:  {"unpower", sessionSz, sessionSz},
	KindObserved: {"observed", 2, MaxObserved},
	KindScanned:  {"scanned", 2, 2},
	KindHello:    {"hello", helloLen, helloLen},
	KindLevel:    {"level", 1, 1},
	KindBusy:     {"busy", 1, 1},
	KindKeys:     {"keys", 2, 2},
	KindPresence: {"presence", 1, 1},
	KindCard:     {"card", 1 + sessionSz, 1 + sessionSz + MaxResponse},
	KindClock:    {"clock", 8, 8},
	KindLid:      {"lid", 1, 1},
}

// String names the kind.
func (k Kind) String() string {
	if s, ok := kinds[k]; ok {
		return s.name
	}
	return fmt.Sprintf("Kind(%#02x)", uint8(k))
}

// fromWorld reports the direction of a kind.
func (k Kind) fromWorld() bool { return k&0x80 != 0 }

// ErrClosed is returned by every operation on a wire whose other end is gone.
var ErrClosed = errors.New("wire is closed")

// FrameError is a frame that the protocol does not know. The connection that
// carried it is closed.
type FrameError struct {
	Kind Kind   // type byte as it came
	Len  int    // announced body size in bytes
	Why  string // what is wrong with it
}

func (e *FrameError) Error() string {
	return fmt.Sprintf("refused frame %v of %d bytes: %s", e.Kind, e.Len, e.Why)
}

// head returns the five bytes in front of a body of n bytes.
func head(k Kind, n int) [headLen]byte {
	var h [headLen]byte
	binary.BigEndian.PutUint32(h[:4], uint32(n))
	h[4] = byte(k)
	return h
}

// readFrame reads one frame of the given direction into buf, which must hold
// the largest body of that direction, and returns the body inside buf.
func readFrame(r io.Reader, buf []byte, fromWorld bool) (Kind, []byte, error) {
	var h [headLen]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, err
	}
	n, k := binary.BigEndian.Uint32(h[:4]), Kind(h[4])
	s, ok := kinds[k]
	switch {
	case !ok:
		return k, nil, &FrameError{k, int(n), "unknown kind"}
	case k.fromWorld() != fromWorld:
		return k, nil, &FrameError{k, int(n), "wrong way"}
	case n < uint32(s.min) || n > uint32(s.max):
		return k, nil, &FrameError{k, int(n), fmt.Sprintf("size outside %d to %d", s.min, s.max)}
	}
	body := buf[:n]
	if _, err := io.ReadFull(r, body); err != nil {
		if errors.Is(err, io.EOF) {
			err = io.ErrUnexpectedEOF
		}
		return k, nil, fmt.Errorf("reading body of %v: %w", k, err)
	}
	return k, body, nil
}

// flag decodes a byte that may only be 0 or 1.
func flag(k Kind, b byte) (bool, error) {
	if b > 1 {
		return false, &FrameError{k, int(b), "flag is neither 0 nor 1"}
	}
	return b == 1, nil
}

// bit encodes a level.
func bit(b bool) byte {
	if b {
		return 1
	}
	return 0
}

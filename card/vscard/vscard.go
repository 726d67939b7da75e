// SPDX-License-Identifier: Apache-2.0

package vscard

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// ATR is the answer to reset that QEMU's reader takes: T=0, five historical
// bytes that say nothing.
var ATR = []byte{0x3B, 0x65, 0x00, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05}

// Card is what lies in the reader. simcard.Card is one.
type Card interface {
	// Reset powers the card on, or resets it if it has power (warm).
	Reset(warm bool)
	PowerOff()
	// Transmit answers one command. An error means that the card is gone.
	Transmit(apdu []byte) ([]byte, error)
}

// Types of messages.
const (
	msgInit          = 1
	msgError         = 2
	msgReaderAdd     = 3
	msgATR           = 5
	msgCardRemove    = 6
	msgAPDU          = 7
	msgFlush         = 8
	msgFlushComplete = 9
)

const (
	version    = 0x00000002
	undefined  = 0xFFFFFFFF // a reader that has no number yet
	maxMessage = 1 << 16
	maxAnswer  = 256 + 2
)

// ErrProtocol is a message that the other end may not send.
var ErrProtocol = errors.New("not the VSCard protocol")

// message is one message.
type message struct {
	typ, reader uint32
	data        []byte
}

func write(w io.Writer, m message) error {
	b := make([]byte, 0, 12+len(m.data))
	b = binary.BigEndian.AppendUint32(b, m.typ)
	b = binary.BigEndian.AppendUint32(b, m.reader)
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.data)))
	_, err := w.Write(append(b, m.data...))
	return err
}

func read(r io.Reader, buf []byte) (message, error) {
	var head [12]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return message{}, err
	}
	m := message{typ: binary.BigEndian.Uint32(head[0:]), reader: binary.BigEndian.Uint32(head[4:])}
	n := binary.BigEndian.Uint32(head[8:])
	if n > maxMessage {
		return message{}, fmt.Errorf("message of %d bytes: %w", n, ErrProtocol)
	}
	_, err := io.ReadFull(r, buf[:n])
	m.data = buf[:n]
	return m, err
}

// line is the connection to one reader. Its write may be called by several
// goroutines.
type line struct {
	net.Conn

	mu       sync.Mutex
	inserted bool // the card was put into reader
	reader   uint32
}

func (l *line) write(m message) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if m.typ == msgATR {
		l.inserted, l.reader = true, m.reader
	}
	return write(l.Conn, m)
}

// pull takes the card out and ends the line. QEMU 7.2 does not notice a line that
// just ends: the guest would go on with a card that never answers.
func (l *line) pull() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.inserted {
		_ = l.SetWriteDeadline(time.Now().Add(pullWait))
		_ = write(l.Conn, message{typ: msgCardRemove, reader: l.reader})
	}
	_ = l.Conn.Close()
}

// pullWait is how long the other end may take to hear that the card goes.
const pullWait = time.Second

// Serve makes a reader at the other end of conn, puts c into it, and is the
// card until ctx ends, which pulls it, or conn does, or the card. It closes conn,
// and returns nil but for a card that is gone or an end that does not speak the
// protocol.
func Serve(ctx context.Context, conn net.Conn, c Card) error {
	l := &line{Conn: conn}
	defer c.PowerOff()
	defer conn.Close()
	stop := context.AfterFunc(ctx, l.pull)
	defer stop()
	err := serve(l, c)
	if ctx.Err() != nil || errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return fmt.Errorf("serving card: %w", err)
}

// serve ends only with an error.
func serve(conn *line, c Card) error {
	hello := append([]byte("VSCD"), binary.BigEndian.AppendUint32(nil, version)...)
	hello = binary.BigEndian.AppendUint32(hello, 0) // no capabilities
	if err := conn.write(message{typ: msgInit, reader: undefined, data: hello}); err != nil {
		return err
	}
	buf, reader, added := make([]byte, maxMessage), uint32(undefined), false
	for {
		m, err := read(conn, buf)
		if err != nil {
			return err
		}
		switch m.typ {
		case msgInit:
			if len(m.data) < 8 || string(m.data[:4]) != "VSCD" {
				return fmt.Errorf("greeting: %w", ErrProtocol)
			}
			err = conn.write(message{typ: msgReaderAdd, reader: undefined, data: []byte("Madoguchi simulated card")})
		case msgError:
			if len(m.data) < 4 {
				return fmt.Errorf("error without a code: %w", ErrProtocol)
			}
			if code := binary.BigEndian.Uint32(m.data); code != 0 {
				return fmt.Errorf("reader refuses with code %d: %w", code, ErrProtocol)
			}
			if added {
				continue // the answer to the card's coming
			}
			added, reader = true, m.reader
			c.Reset(false)
			err = conn.write(message{typ: msgATR, reader: reader, data: ATR})
		case msgAPDU:
			err = answer(conn, reader, c, m.data)
		case msgFlush:
			err = conn.write(message{typ: msgFlushComplete, reader: reader})
		case msgFlushComplete:
		default:
			return fmt.Errorf("message of type %d: %w", m.typ, ErrProtocol)
		}
		if err != nil {
			return err
		}
	}
}

// answer runs one command. A card that is gone is taken out of the reader.
func answer(conn *line, reader uint32, c Card, apdu []byte) error {
	out, err := c.Transmit(withoutP3(apdu))
	clear(apdu) // it may have held a PIN
	if err != nil {
		conn.pull()
		return err
	}
	if len(out) > maxAnswer {
		out = []byte{0x67, 0x00}
	}
	return conn.write(message{typ: msgAPDU, reader: reader, data: out})
}

// withoutP3 takes off the fifth byte that T=0 puts behind a command with neither
// data nor answer (ISO 7816-3, 12.2.2). It cannot be told from one that asks for
// 256 bytes; VERIFY never does, and to the cards in here, which speak T=1
// everywhere else, five bytes of it are a wrong length.
func withoutP3(apdu []byte) []byte {
	if len(apdu) == 5 && apdu[1] == 0x20 && apdu[4] == 0 {
		return apdu[:4]
	}
	return apdu
}

// SPDX-License-Identifier: Apache-2.0

package vscard

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
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

// Serve makes a reader at the other end of conn, puts c into it, and is the
// card until conn ends or the card does. Closing conn from elsewhere pulls
// reader and card; Serve then returns nil, as when QEMU ends.
func Serve(conn net.Conn, c Card) error {
	defer c.PowerOff()
	defer conn.Close()
	err := serve(conn, c)
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) {
		return nil
	}
	return fmt.Errorf("serving card: %w", err)
}

// serve ends only with an error.
func serve(conn net.Conn, c Card) error {
	hello := append([]byte("VSCD"), binary.BigEndian.AppendUint32(nil, version)...)
	hello = binary.BigEndian.AppendUint32(hello, 0) // no capabilities
	if err := write(conn, message{typ: msgInit, reader: undefined, data: hello}); err != nil {
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
			err = write(conn, message{typ: msgReaderAdd, reader: undefined, data: []byte("Madoguchi simulated card")})
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
			err = write(conn, message{typ: msgATR, reader: reader, data: ATR})
		case msgAPDU:
			err = answer(conn, reader, c, m.data)
		case msgFlush:
			err = write(conn, message{typ: msgFlushComplete, reader: reader})
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
func answer(conn net.Conn, reader uint32, c Card, apdu []byte) error {
	out, err := c.Transmit(withoutP3(apdu))
	clear(apdu) // it may have held a PIN
	if err != nil {
		_ = write(conn, message{typ: msgCardRemove, reader: reader})
		return err
	}
	if len(out) > maxAnswer {
		out = []byte{0x67, 0x00}
	}
	return write(conn, message{typ: msgAPDU, reader: reader, data: out})
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

// SPDX-License-Identifier: Apache-2.0

package line

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
)

type fakeConn struct {
	net.Conn
	io.Reader
}

func (f fakeConn) Read(p []byte) (int, error) { return f.Reader.Read(p) }

func TestPacketLength(t *testing.T) {
	packet := func(head []byte, body int) []byte { return append(head, make([]byte, body)...) }
	for _, c := range []struct {
		name string
		in   []byte
		want error
	}{
		{"empty packet", []byte{0xd0, 0}, nil},
		{"short", packet([]byte{0x30, 5}, 5), nil},
		{"two bytes of length", packet([]byte{0x30, 0x80, 0x01}, 128), nil},
		{"several", append(packet([]byte{0x30, 5}, 5), packet([]byte{0x30, 100}, 100)...), nil},
		{"at the limit", packet([]byte{0x30, 0x80, 0x08}, 1024), nil},
		{"above the limit", packet([]byte{0x30, 0x81, 0x08}, 1025), errTooLong},
		{"announces 256 MiB", []byte{0x30, 0xff, 0xff, 0xff, 0x7f}, errTooLong},
		{"five bytes of length", []byte{0x30, 0x80, 0x80, 0x80, 0x80, 0x00}, errTooLong},
		{"second one too long", append(packet([]byte{0x30, 5}, 5), 0x30, 0xff, 0xff, 0x7f), errTooLong},
	} {
		for name, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytewise": iotest.OneByteReader,
		} {
			t.Run(c.name+" "+name, func(t *testing.T) {
				l := &limited{Conn: fakeConn{Reader: wrap(bytes.NewReader(c.in))}, most: 1024}
				got, err := io.ReadAll(l)
				if !errors.Is(err, c.want) || c.want == nil && len(got) != len(c.in) {
					t.Errorf("read %d of %d bytes, %v; want %v", len(got), len(c.in), err, c.want)
				}
			})
		}
	}
}

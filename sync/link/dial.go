// SPDX-License-Identifier: Apache-2.0

package link

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// dial opens the line to the broker within timeout, TLS included. It knows no proxy: paho's own dialling takes all_proxy from the environment and then shakes hands without
// a deadline.
func dial(ctx context.Context, addr string, config *tls.Config, timeout time.Duration, maxPacket int) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	d := &net.Dialer{
		Timeout: timeout,
		// Data that nobody confirms for so long ends the connection, also when a write seems to succeed into the socket's buffer.
		Control: func(_, _ string, c syscall.RawConn) error {
			var serr error
			err := c.Control(func(fd uintptr) {
				serr = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(timeout.Milliseconds()))
			})
			if err != nil {
				return err
			}
			return serr
		},
	}
	var c net.Conn
	var err error
	if config != nil {
		c, err = (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", addr)
	} else {
		c, err = d.DialContext(ctx, "tcp", addr)
	}
	if err != nil {
		return nil, fmt.Errorf("dialling broker: %w", err)
	}
	return &guardConn{Conn: c, max: maxPacket}, nil
}

// TooLongError means that the broker announced a packet longer than the box takes.
type TooLongError struct{ Len, Max int } // bytes after the fixed header

// Error says both lengths.
func (e *TooLongError) Error() string {
	return fmt.Sprintf("broker announced a packet of %d bytes, %d are taken", e.Len, e.Max)
}

// guardConn reads along in what the broker sends and ends the connection at a packet that announces more than max bytes. paho v1.5.1 allocates what a
// five-byte header announces, up to 256 MiB, before any of it has arrived.
type guardConn struct {
	net.Conn
	max  int
	skip int // bytes of the current packet that are still to come
	head int // bytes of the fixed header read so far
	size int // remaining length as read so far
	err  error
}

// Read hands on only what has been looked at.
func (g *guardConn) Read(p []byte) (int, error) {
	if g.err != nil {
		return 0, g.err
	}
	n, err := g.Conn.Read(p)
	if bad := g.look(p[:n]); bad != nil {
		g.err = bad
		g.Conn.Close()
		return 0, bad
	}
	return n, err
}

// look follows the packet boundaries (MQTT 3.1.1 section 2.2: type and flags, then the remaining length in up to four bytes of seven bits).
func (g *guardConn) look(p []byte) error {
	for len(p) > 0 {
		if g.skip > 0 {
			n := min(g.skip, len(p))
			g.skip -= n
			p = p[n:]
			continue
		}
		c := p[0]
		p = p[1:]
		if g.head == 0 {
			g.head, g.size = 1, 0
			continue
		}
		if g.head > 4 {
			return fmt.Errorf("remaining length of a packet has more than four bytes")
		}
		g.size |= int(c&0x7f) << (7 * (g.head - 1))
		g.head++
		if g.size > g.max {
			return &TooLongError{g.size, g.max}
		}
		if c&0x80 == 0 {
			g.skip, g.head = g.size, 0
		}
	}
	return nil
}

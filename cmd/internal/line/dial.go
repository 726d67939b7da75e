// SPDX-License-Identifier: Apache-2.0

package line

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/url"
	"syscall"

	paho "github.com/eclipse/paho.mqtt.golang"
	"golang.org/x/sys/unix"
)

var errTooLong = errors.New("packet from broker is too long")

// dial opens the connection by itself, because paho's own way takes a proxy from
// the environment (and then shakes hands without a deadline) and believes any
// packet length that it is told.
func (o Opts) dial(u *url.URL, _ paho.ClientOptions) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), o.Timeout)
	defer cancel()
	d := &net.Dialer{Control: func(_, _ string, raw syscall.RawConn) error {
		var err error
		if e := raw.Control(func(fd uintptr) {
			// 30 s: a peer that acknowledges nothing for so long is gone.
			err = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, 30_000)
		}); e != nil {
			return e
		}
		return err
	}}
	var conn net.Conn
	var err error
	if u.Scheme == "tls" || u.Scheme == "mqtts" {
		config := &tls.Config{}
		if o.TLS != nil {
			config = o.TLS.Clone()
		}
		config.MinVersion = max(config.MinVersion, tls.VersionTLS13)
		conn, err = (&tls.Dialer{NetDialer: d, Config: config}).DialContext(ctx, "tcp", u.Host)
	} else {
		conn, err = d.DialContext(ctx, "tcp", u.Host)
	}
	if err != nil {
		return nil, err
	}
	return &limited{Conn: conn, most: o.MaxPacket}, nil
}

// limited is a connection that reads no packet longer than most bytes: it
// follows the packets' lengths as they pass (MQTT 3.1.1, section 2.2.3).
type limited struct {
	net.Conn
	most int

	body  int  // bytes of the current packet's body to come
	inLen bool // the next byte belongs to the length
	shift uint
	err   error
}

// Read reads, and fails for good when a packet announces too much.
func (l *limited) Read(p []byte) (int, error) {
	if l.err != nil {
		return 0, l.err
	}
	n, err := l.Conn.Read(p)
	for i := 0; i < n; {
		switch {
		case l.inLen:
			b := p[i]
			i++
			if l.shift > 21 {
				l.err = errTooLong
				return 0, l.err
			}
			l.body |= int(b&0x7f) << l.shift
			l.shift += 7
			if l.body > l.most {
				l.err = errTooLong
				return 0, l.err
			}
			l.inLen = b&0x80 != 0
		case l.body > 0:
			skip := min(l.body, n-i)
			l.body -= skip
			i += skip
		default: // the type byte of the next packet
			i++
			l.inLen, l.shift = true, 0
		}
	}
	return n, err
}

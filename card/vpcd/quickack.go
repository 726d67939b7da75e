// SPDX-License-Identifier: Apache-2.0

package vpcd

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// quickACK returns what asks the kernel to acknowledge the next packet at once.
func quickACK(conn net.Conn) func() {
	tcp, ok := conn.(*net.TCPConn)
	if !ok {
		return func() {}
	}
	raw, err := tcp.SyscallConn()
	if err != nil {
		return func() {}
	}
	return func() {
		_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_QUICKACK, 1) })
	}
}

// isReset tells a driver that went away hard.
func isReset(err error) bool { return errors.Is(err, unix.ECONNRESET) || errors.Is(err, unix.EPIPE) }

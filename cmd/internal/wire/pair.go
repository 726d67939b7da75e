// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"fmt"
	"net"
	"os"

	"golang.org/x/sys/unix"
)

// Pair makes a connected pair: the world's end, and a file for the child's
// ExtraFiles, which the caller closes once the child has started.
func Pair() (*net.UnixConn, *os.File, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, nil, fmt.Errorf("making socket pair: %w", err)
	}
	near, far := os.NewFile(uintptr(fds[0]), "wire/world"), os.NewFile(uintptr(fds[1]), "wire/box")
	conn, err := FromFile(near)
	if err != nil {
		far.Close()
		return nil, nil, err
	}
	return conn, far, nil
}

// FromFile makes a connection of an inherited file and closes the file.
func FromFile(f *os.File) (*net.UnixConn, error) {
	defer f.Close()
	c, err := net.FileConn(f)
	if err != nil {
		return nil, fmt.Errorf("taking over %s: %w", f.Name(), err)
	}
	u, ok := c.(*net.UnixConn)
	if !ok {
		c.Close()
		return nil, fmt.Errorf("taking over %s: a %T is no unix socket", f.Name(), c)
	}
	return u, nil
}

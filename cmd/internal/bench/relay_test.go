// SPDX-License-Identifier: Apache-2.0

//go:build bench

package bench

import (
	"io"
	"net"
	"os"
	"testing"
)

// TestMain is also the program that QEMU starts for each connection of the guest: "relay HOST:PORT" joins it with a port of this machine.
// QEMU's own way of doing that opens the connection once, before there is a guest.
func TestMain(m *testing.M) {
	if len(os.Args) == 3 && os.Args[1] == "relay" {
		if relay(os.Args[2]) != nil { // in silence: what it writes, also to standard error, goes to the guest
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func relay(to string) error {
	c, err := net.Dial("tcp", to)
	if err != nil {
		return err
	}
	defer c.Close()
	go func() {
		_, _ = io.Copy(c, os.Stdin)
		_ = c.(*net.TCPConn).CloseWrite()
	}()
	_, err = io.Copy(os.Stdout, c)
	return err
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// families are the address families that a program might open a socket of.
var families = map[string][2]int{
	"unix": {unix.AF_UNIX, unix.SOCK_STREAM}, "inet": {unix.AF_INET, unix.SOCK_STREAM}, "inet6": {unix.AF_INET6, unix.SOCK_STREAM},
	"netlink": {unix.AF_NETLINK, unix.SOCK_RAW}, "packet": {unix.AF_PACKET, unix.SOCK_RAW}, "vsock": {unix.AF_VSOCK, unix.SOCK_STREAM},
	"bluetooth": {unix.AF_BLUETOOTH, unix.SOCK_RAW}, "alg": {unix.AF_ALG, unix.SOCK_SEQPACKET},
}

// dialLimit is when a connection counts as refused: what the packet filter drops is never answered.
const dialLimit = 10 * time.Second

// try tries one thing and tells what came of it:
//
//	socket:FAMILY        a socket of that family
//	open:FILE            opened for reading and writing, or for reading if it is a folder
//	connect:FILE         a connection to a socket
//	dial:HOST:PORT       a TCP connection
//	bind:PORT            a TCP port of this machine to listen on
//	list:PATTERN         the names that fit; an error if none does
//	write:FILE           made anew and removed
//	processes            the numbers of processes that can be seen beside one's own; an error if there are none
//	setuid, mount, memfd_secret   system calls
func try(what string) error {
	verb, arg, _ := strings.Cut(what, ":")
	switch verb {
	case "socket":
		f, ok := families[arg]
		if !ok {
			return fmt.Errorf("unknown family %q", arg)
		}
		fd, err := unix.Socket(f[0], f[1], 0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	case "open":
		f, err := os.OpenFile(arg, os.O_RDWR, 0)
		if os.IsPermission(err) || err == nil {
			if err == nil {
				f.Close()
			}
			return err
		}
		if st, e := os.Stat(arg); e == nil && st.IsDir() {
			_, err = os.ReadDir(arg)
		}
		return err
	case "connect":
		c, err := net.Dial("unix", arg)
		if err == nil {
			c.Close()
		}
		return err
	case "dial":
		c, err := net.DialTimeout("tcp", arg, dialLimit)
		if err == nil {
			c.Close()
		}
		return err
	case "bind":
		l, err := net.Listen("tcp", "0.0.0.0:"+arg)
		if err == nil {
			l.Close()
		}
		return err
	case "list":
		names, err := filepath.Glob(arg)
		if err == nil && len(names) == 0 {
			err = os.ErrNotExist
		}
		return err
	case "write":
		if err := os.WriteFile(arg, []byte("probe"), 0o600); err != nil {
			return err
		}
		return os.Remove(arg)
	case "processes":
		names, err := filepath.Glob("/proc/[0-9]*")
		if err != nil {
			return err
		}
		if i := slices.Index(names, fmt.Sprintf("/proc/%d", os.Getpid())); i >= 0 {
			names = slices.Delete(names, i, i+1)
		}
		if len(names) == 0 {
			return os.ErrNotExist
		}
		return nil
	case "setuid":
		return unix.Setuid(0)
	case "mount":
		return unix.Mount("none", "/tmp", "tmpfs", 0, "")
	case "memfd_secret":
		fd, err := unix.MemfdSecret(0)
		if err == nil {
			unix.Close(fd)
		}
		return err
	}
	return fmt.Errorf("unknown probe %q", verb)
}

// fate is "ok" or the reason, on one line.
func fate(err error) string {
	if err == nil {
		return "ok"
	}
	return strings.ReplaceAll(err.Error(), "\n", " ")
}

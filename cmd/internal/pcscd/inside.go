// SPDX-License-Identifier: Apache-2.0

package pcscd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/card/vpcd"
)

const (
	inside     = "MADOGUCHI_PCSCD_INSIDE"
	daemonPath = "/usr/sbin/pcscd"
	driverPath = "/usr/lib/pcsc/drivers/serial/libifdvpcd.so"
)

// Inside does not return if this process is the one within the namespaces; in
// any other it does nothing.
func Inside() {
	dir := os.Getenv(inside)
	if dir == "" || len(os.Args) == 0 || os.Args[0] != inside {
		return
	}
	if err := settle(dir); err != nil {
		fmt.Fprintln(os.Stderr, "pcscd: inside:", err)
		os.Exit(1)
	}
	go func() { // the starter's life
		_, _ = io.Copy(io.Discard, os.Stdin)
		os.Exit(0) // and with the first process of its namespace pcscd ends
	}()
	conn, err := net.FileConn(os.NewFile(3, "line"))
	if err != nil {
		fmt.Fprintln(os.Stderr, "pcscd: inside:", err)
		os.Exit(1)
	}
	serve(conn.(*net.UnixConn), dir)
	os.Exit(0)
}

// settle gives the namespaces a loopback and a /run of their own.
func settle(dir string) error {
	if err := unix.Mount("", "/", "", unix.MS_REC|unix.MS_PRIVATE, ""); err != nil {
		return fmt.Errorf("keeping mounts to ourselves: %w", err)
	}
	if err := unix.Mount(filepath.Join(dir, "run"), "/run", "", unix.MS_BIND, ""); err != nil {
		return fmt.Errorf("mounting /run: %w", err)
	}
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	lo, err := unix.NewIfreq("lo")
	if err != nil {
		return err
	}
	lo.SetUint16(unix.IFF_UP | unix.IFF_RUNNING)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, lo); err != nil {
		return fmt.Errorf("starting loopback: %w", err)
	}
	return nil
}

// service is a running pcscd.
type service struct {
	cmd   *exec.Cmd
	ended chan struct{}
}

// serve obeys commands until the line ends.
func serve(line *net.UnixConn, dir string) {
	var running *service
	defer func() { _ = running.end() }()
	buf := make([]byte, 4096)
	for {
		n, err := line.Read(buf)
		if err != nil || n == 0 {
			return
		}
		verb, arg, _ := strings.Cut(string(buf[:n]), " ")
		var conn *os.File
		switch verb {
		case "start":
			running, err = launch(dir)
		case "kill":
			err = running.end()
			running = nil
		case "dial":
			conn, err = dial(arg)
		default:
			err = fmt.Errorf("unknown command %q", verb)
		}
		text, rights := "ok", []byte(nil)
		if err != nil {
			text = err.Error()
		} else if conn != nil {
			rights = unix.UnixRights(int(conn.Fd()))
		}
		_, _, err = line.WriteMsgUnix([]byte(text), rights, nil)
		if conn != nil {
			conn.Close()
		}
		if err != nil {
			return
		}
	}
}

// launch starts pcscd and waits until it answers at its socket.
func launch(dir string) (*service, error) {
	const socket = "/run/pcscd/pcscd.comm"
	for _, left := range []string{socket, "/run/pcscd/pcscd.pid"} { // by a killed one
		_ = os.Remove(left)
	}
	// No debug output and no log of commands: they would hold PINs.
	s := &service{exec.Command(daemonPath, "--foreground", "--config", filepath.Join(dir, "conf")), make(chan struct{})}
	s.cmd.Stdout, s.cmd.Stderr = os.Stdout, os.Stderr
	if err := s.cmd.Start(); err != nil {
		return nil, err
	}
	go func() { _ = s.cmd.Wait(); close(s.ended) }()
	deadline := time.NewTimer(patience)
	defer deadline.Stop()
	again := time.NewTicker(5 * time.Millisecond)
	defer again.Stop()
	for {
		conn, err := net.Dial("unix", socket)
		if err == nil {
			conn.Close()
			return s, nil
		}
		select {
		case <-s.ended:
			return nil, errors.New("pcscd ended at once")
		case <-deadline.C:
			_ = s.end()
			return nil, fmt.Errorf("pcscd does not answer after %v", patience)
		case <-again.C:
		}
	}
}

// end kills pcscd and waits for its end.
func (s *service) end() error {
	if s == nil {
		return errors.New("pcscd is not running")
	}
	if err := s.cmd.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	<-s.ended
	return nil
}

// dial connects to the driver.
func dial(addr string) (*os.File, error) {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	conn, err := vpcd.Dial(ctx, addr)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	return conn.(*net.TCPConn).File()
}

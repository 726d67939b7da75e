// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func listen(t testing.TB) (net.Listener, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "wall.sock")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l, path
}

func dial(t testing.TB, path string) net.Conn {
	t.Helper()
	c, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// closedSoon waits until the other end has closed c.
func closedSoon(t testing.TB, c net.Conn) {
	t.Helper()
	c.SetReadDeadline(time.Now().Add(10 * time.Second))
	if _, err := c.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("peer that should be refused: %v", err)
	}
}

func TestListenerTakesOnePeer(t *testing.T) {
	inner, path := listen(t)
	var counts Counts
	l := NewListener(inner, os.Getuid(), Opts{Counts: &counts})
	first := dial(t, path)
	c1, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *Conn, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			t.Error(err)
		}
		got <- c
	}()
	closedSoon(t, dial(t, path))
	if counts.Peers() != 1 {
		t.Errorf("%d peers refused", counts.Peers())
	}
	first.Close()
	if _, err := c1.Read(); !errors.Is(err, io.EOF) {
		t.Error(err)
	}
	third := New(dial(t, path), Network, Opts{})
	c2 := <-got
	go third.Write(Ack, []byte("x"))
	if f, err := c2.Read(); err != nil || f.Type != Ack {
		t.Errorf("the next peer: %v, %v", f, err)
	}
	if err := errors.Join(c2.Close(), l.Close(), l.Close()); err != nil {
		t.Error(err)
	}
	if _, err := l.Accept(); !errors.Is(err, net.ErrClosed) {
		t.Errorf("Accept after Close: %v", err)
	}
}

func TestListenerRefusesOtherUser(t *testing.T) {
	inner, path := listen(t)
	var counts Counts
	l := NewListener(inner, os.Getuid()+1, Opts{Counts: &counts})
	done := make(chan error, 1)
	go func() { _, err := l.Accept(); done <- err }()
	closedSoon(t, dial(t, path))
	l.Close()
	if err := <-done; !errors.Is(err, net.ErrClosed) || counts.Peers() != 1 {
		t.Errorf("%v, %d refused", err, counts.Peers())
	}
	a, b := net.Pipe()
	defer b.Close()
	if _, err := PeerUID(a); err == nil {
		t.Error("a pipe has a user")
	}
}

// The socket is handed over as the service manager does it: descriptor 3 of a process that is told so.
func TestInherited(t *testing.T) {
	const variable = "MADOGUCHI_WALL_CHILD"
	if os.Getenv(variable) != "" {
		// LISTEN_PID cannot be known before the process is there: systemd sets it after the fork, here the child does.
		os.Setenv("LISTEN_PID", fmt.Sprint(os.Getpid()))
		l, err := Inherited()
		if err != nil {
			t.Fatal(err)
		}
		c, err := NewListener(l, os.Getuid(), Opts{}).Accept()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Write(Reported, []byte("hello")); err != nil {
			t.Fatal(err)
		}
		c.Read()
		return
	}
	inner, path := listen(t)
	f, err := inner.(*net.UnixListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command(os.Args[0], "-test.run=^TestInherited$")
	cmd.Env = append(os.Environ(), variable+"=1", "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{f}
	var out strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	c := New(dial(t, path), Network, Opts{})
	if fr, err := c.Read(); err != nil || string(fr.Body) != "hello" {
		t.Errorf("from the child: %v, %v", fr, err)
	}
	c.Close()
	if err := cmd.Wait(); err != nil {
		t.Errorf("%v: %s", err, out.String())
	}
	if _, err := os.Stat(path); err != nil {
		t.Errorf("the socket's path, which is the service manager's: %v", err)
	}
}

func TestInheritedRefuses(t *testing.T) {
	tcp, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer tcp.Close()
	tf, err := tcp.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	// inherited takes the descriptor over, so it gets copies of its own.
	for _, tc := range []struct {
		name, pid, fds string
		none           bool
	}{
		{"nothing set", "", "", true},
		{"another process", "1", "1", true},
		{"no number", "x", "1", true},
		{"two sockets", fmt.Sprint(os.Getpid()), "2", false},
		{"no count", fmt.Sprint(os.Getpid()), "x", false},
		{"TCP socket", fmt.Sprint(os.Getpid()), "1", false},
	} {
		fd, err := unix.FcntlInt(tf.Fd(), unix.F_DUPFD_CLOEXEC, 100)
		if err != nil {
			t.Fatal(err)
		}
		if l, err := inherited(tc.pid, tc.fds, os.Getpid(), uintptr(fd)); err == nil || errors.Is(err, ErrNoSocket) != tc.none {
			t.Errorf("%s: %v, %v", tc.name, l, err)
		}
	}
}

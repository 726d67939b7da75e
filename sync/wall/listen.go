// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"errors"
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"

	"golang.org/x/sys/unix"
)

// AnyUID as Opts of a Listener takes a peer of any user, also over a connection that has no user (tests).
const AnyUID = -1

// Counts counts what the wall refused. Its methods work on a nil *Counts, which counts nothing.
type Counts struct {
	frames atomic.Uint64
	peers  atomic.Uint64
}

// Frames is how many frames were refused for type or size.
func (c *Counts) Frames() uint64 {
	if c == nil {
		return 0
	}
	return c.frames.Load()
}

// Peers is how many peers were refused, for their user or because one was there.
func (c *Counts) Peers() uint64 {
	if c == nil {
		return 0
	}
	return c.peers.Load()
}

func (c *Counts) refused(err error) {
	var r *RefusedError
	if c != nil && errors.As(err, &r) {
		c.frames.Add(1)
	}
}

func (c *Counts) refusedPeer() {
	if c != nil {
		c.peers.Add(1)
	}
}

// Listener serves the PIN side's end of the wall to one peer at a time.
type Listener struct {
	l    net.Listener
	uid  int
	opts Opts
	busy atomic.Bool
	once sync.Once
}

// NewListener accepts peers of the user uid (or AnyUID) from l.
func NewListener(l net.Listener, uid int, opts Opts) *Listener {
	return &Listener{l: l, uid: uid, opts: opts.withDefaults()}
}

// Accept waits for a peer. One of the wrong user, and one that comes while another is served, is closed and counted, and the wait goes on. It returns
// net.ErrClosed after Close.
func (l *Listener) Accept() (*Conn, error) {
	for {
		c, err := l.l.Accept()
		if err != nil {
			return nil, fmt.Errorf("accepting peer: %w", err)
		}
		if l.uid != AnyUID {
			if uid, err := PeerUID(c); err != nil || uid != l.uid {
				l.opts.Counts.refusedPeer()
				c.Close()
				continue
			}
		}
		if !l.busy.CompareAndSwap(false, true) {
			l.opts.Counts.refusedPeer()
			c.Close()
			continue
		}
		conn := New(c, Counter, l.opts)
		conn.release = func() { l.busy.Store(false) }
		return conn, nil
	}
}

// Close stops listening. A served peer stays.
func (l *Listener) Close() error {
	var err error
	l.once.Do(func() { err = l.l.Close() })
	return err
}

// PeerUID is the user of the process that made the connection c, which must be a Unix socket.
func PeerUID(c net.Conn) (int, error) {
	u, ok := c.(*net.UnixConn)
	if !ok {
		return 0, fmt.Errorf("asking for peer's user: %T is no Unix socket", c)
	}
	raw, err := u.SyscallConn()
	if err != nil {
		return 0, fmt.Errorf("asking for peer's user: %w", err)
	}
	var cred *unix.Ucred
	var serr error
	if err := raw.Control(func(fd uintptr) {
		cred, serr = unix.GetsockoptUcred(int(fd), unix.SOL_SOCKET, unix.SO_PEERCRED)
	}); err != nil {
		return 0, fmt.Errorf("asking for peer's user: %w", err)
	}
	if serr != nil {
		return 0, fmt.Errorf("asking for peer's user: %w", serr)
	}
	return int(cred.Uid), nil
}

// firstFD is the first descriptor that a service manager hands over (SD_LISTEN_FDS_START).
const firstFD = 3

// ErrNoSocket means that no socket was handed to this process.
var ErrNoSocket = errors.New("no socket was handed over (LISTEN_FDS is not set for this process)")

// Inherited is the listening socket that the service manager handed to this process. There must be exactly one, and it must be a Unix stream socket.
func Inherited() (net.Listener, error) {
	return inherited(os.Getenv("LISTEN_PID"), os.Getenv("LISTEN_FDS"), os.Getpid(), firstFD)
}

func inherited(pid, fds string, self int, fd uintptr) (net.Listener, error) {
	if pid == "" || fds == "" {
		return nil, ErrNoSocket
	}
	if n, err := strconv.Atoi(pid); err != nil || n != self {
		return nil, ErrNoSocket
	}
	if n, err := strconv.Atoi(fds); err != nil || n != 1 {
		return nil, fmt.Errorf("taking over socket: LISTEN_FDS is %q, want 1", fds)
	}
	unix.CloseOnExec(int(fd))
	f := os.NewFile(fd, "wall")
	l, err := net.FileListener(f)
	f.Close() // FileListener works on a copy
	if err != nil {
		return nil, fmt.Errorf("taking over socket: %w", err)
	}
	u, ok := l.(*net.UnixListener)
	if !ok || u.Addr().Network() != "unix" {
		l.Close()
		return nil, fmt.Errorf("taking over socket: %v is no Unix stream socket", l.Addr().Network())
	}
	u.SetUnlinkOnClose(false) // the path belongs to the service manager
	return u, nil
}

// SPDX-License-Identifier: Apache-2.0

package world

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"time"
)

// line is the network between the box and the broker: a relay on loopback that
// can be cut. It carries bytes and looks at none.
type line struct {
	l      net.Listener
	target string // host:port of the broker
	log    *slog.Logger

	mu     sync.Mutex
	up     bool
	closed bool
	conns  map[net.Conn]struct{}
	wait   sync.WaitGroup
}

// dialLimit bounds reaching the broker.
const dialLimit = 10 * time.Second

func newLine(target string, log *slog.Logger) (*line, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("opening line: %w", err)
	}
	n := &line{l: l, target: target, log: log, up: true, conns: map[net.Conn]struct{}{}}
	n.wait.Go(n.accept)
	return n, nil
}

// addr is where the box finds the line.
func (n *line) addr() string { return n.l.Addr().String() }

func (n *line) accept() {
	for {
		c, err := n.l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil {
			n.log.Warn("line: accepting", "err", err)
			continue
		}
		if !n.hold(c) {
			c.Close()
			continue
		}
		n.wait.Go(func() { n.carry(c) })
	}
}

// hold remembers a connection; false if the line is cut.
func (n *line) hold(c net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !n.up || n.closed {
		return false
	}
	n.conns[c] = struct{}{}
	return true
}

func (n *line) release(c net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
	c.Close()
}

// carry joins the box to the broker until one of them hangs up or the line is
// cut.
func (n *line) carry(box net.Conn) {
	defer n.release(box)
	broker, err := net.DialTimeout("tcp", n.target, dialLimit)
	if err != nil {
		n.log.Debug("line: broker does not answer", "err", err)
		return
	}
	if !n.hold(broker) {
		broker.Close()
		return
	}
	defer n.release(broker)
	var wait sync.WaitGroup
	wait.Go(func() {
		io.Copy(broker, box)
		broker.Close()
	})
	io.Copy(box, broker)
	box.Close()
	wait.Wait()
}

// set cuts the line or mends it.
func (n *line) set(up bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.up = up
	if !up {
		for c := range n.conns {
			c.Close()
		}
	}
}

// isUp reports whether the line is whole.
func (n *line) isUp() bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.up
}

func (n *line) close() {
	n.set(false)
	n.mu.Lock()
	n.closed = true
	n.mu.Unlock()
	n.l.Close()
	n.wait.Wait()
}

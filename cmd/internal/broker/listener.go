// SPDX-License-Identifier: Apache-2.0

package broker

import (
	"net"
	"sync"
)

// cutter is a listener that can end every connection it gave out. mochi closes
// only clients that have finished their CONNECT: one in the middle of it would
// stay with a broker that is gone, and would keep it from ending.
type cutter struct {
	net.Listener

	mu    sync.Mutex
	open  map[*tracked]struct{}
	ended bool
}

func newCutter(l net.Listener) *cutter {
	return &cutter{Listener: l, open: map[*tracked]struct{}{}}
}

// Accept gives out the next connection, unless cut was called.
func (c *cutter) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	t := &tracked{Conn: conn, cutter: c}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended {
		conn.Close()
		return nil, net.ErrClosed
	}
	c.open[t] = struct{}{}
	return t, nil
}

// cut ends the listener and all its connections.
func (c *cutter) cut() error {
	c.mu.Lock()
	c.ended = true
	open := c.open
	c.open = map[*tracked]struct{}{}
	c.mu.Unlock()
	err := c.Listener.Close()
	for t := range open {
		t.Conn.Close()
	}
	return err
}

type tracked struct {
	net.Conn
	cutter *cutter
}

// Close ends the connection and forgets it.
func (t *tracked) Close() error {
	t.cutter.mu.Lock()
	delete(t.cutter.open, t)
	t.cutter.mu.Unlock()
	return t.Conn.Close()
}

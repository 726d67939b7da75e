// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// A tap is a socket that hands everything on and keeps a copy.
type tap struct {
	addr string
	mu   sync.Mutex
	seen bytes.Buffer
}

// listen makes a tap in front of another socket.
func listen(t *testing.T, network, addr, to string) *tap {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	p := &tap{addr: l.Addr().String()}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			near, err := l.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial(network, to)
			if err != nil {
				near.Close()
				continue
			}
			go p.copy(far, near)
			go p.copy(near, far)
		}
	}()
	return p
}

func (p *tap) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	_, _ = io.Copy(to, io.TeeReader(from, p))
}

// Write keeps a copy.
func (p *tap) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.seen.Write(b)
}

// bytes is all that went through, both ways.
func (p *tap) bytes() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.seen.Bytes())
}

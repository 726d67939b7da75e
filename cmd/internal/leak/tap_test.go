// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"io"
	"net"
	"sync"
	"testing"
)

// A tap keeps a copy of what goes through it.
type tap struct {
	mu   sync.Mutex
	seen []byte
	read int   // of seen, by news
	base int64 // where seen begins
}

// listen puts the tap in front of another socket and returns its address.
func (p *tap) listen(t testing.TB, network, addr, to string) string {
	t.Helper()
	l, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
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
	return l.Addr().String()
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
	p.seen = append(p.seen, b...)
	return len(b), nil
}

// news is what went through, both ways, since the last call, with so many bytes before it; and where that begins.
func (p *tap) news(before int) (base int64, b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	from := max(0, p.read-before)
	p.seen, p.base = p.seen[from:], p.base+int64(from)
	p.read = len(p.seen)
	return p.base, bytes.Clone(p.seen)
}

// since is what went through behind the first n bytes, as far as it is kept.
func (p *tap) since(n int64) []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	return bytes.Clone(p.seen[min(max(0, n-p.base), int64(len(p.seen))):])
}

// all is what is kept, and where it begins.
func (p *tap) all() (base int64, b []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base, bytes.Clone(p.seen)
}

// total is how many bytes went through.
func (p *tap) total() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.base + int64(len(p.seen))
}

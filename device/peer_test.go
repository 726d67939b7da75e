// SPDX-License-Identifier: Apache-2.0

package device_test

import (
	"net"
	"sync"

	"madoguchi/sync/record"
	"madoguchi/sync/wall"
)

// pipes is a listener whose connections are pipes in memory, which a bubble of fake time can wait for.
type pipes struct {
	mu   sync.Mutex
	next chan net.Conn
	done chan struct{}
}

func newPipes() *pipes { return &pipes{} }

func (p *pipes) listen() net.Listener {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.next, p.done = make(chan net.Conn), make(chan struct{})
	return &pipeListener{p, p.next, p.done, sync.Once{}}
}

// dial connects to whoever listens.
func (p *pipes) dial() (net.Conn, error) {
	p.mu.Lock()
	next, done := p.next, p.done
	p.mu.Unlock()
	a, b := net.Pipe()
	select {
	case next <- b:
		return a, nil
	case <-done:
		return nil, net.ErrClosed
	}
}

type pipeListener struct {
	p    *pipes
	next chan net.Conn
	done chan struct{}
	once sync.Once
}

func (l *pipeListener) Accept() (net.Conn, error) {
	select {
	case c := <-l.next:
		return c, nil
	case <-l.done:
		return nil, net.ErrClosed
	}
}

func (l *pipeListener) Close() error { l.once.Do(func() { close(l.done) }); return nil }

func (l *pipeListener) Addr() net.Addr { return &net.UnixAddr{Name: "pipe", Net: "unix"} }

// peer is the network side's end of the wall, with a city hall behind it.
type peer struct {
	r    *rig
	conn *wall.Conn
	got  []record.Batch

	frames chan wall.Frame // all but state documents

	mu      sync.Mutex
	reports []string
}

func (r *rig) peer(state wall.State) *peer {
	r.t.Helper()
	c, err := r.wires.dial()
	if err != nil {
		r.t.Fatal(err)
	}
	p := &peer{r: r, conn: wall.New(c, wall.Network, wall.Opts{}), frames: make(chan wall.Frame, 256)}
	go p.read()
	p.link(state)
	return p
}

// read takes what the box sends, as a network side does: the box does not wait for a reader.
func (p *peer) read() {
	defer close(p.frames)
	for {
		f, err := p.conn.Read()
		if err != nil {
			return
		}
		if f.Type != wall.Reported {
			p.frames <- f
			continue
		}
		p.mu.Lock()
		p.reports = append(p.reports, string(f.Body))
		p.mu.Unlock()
	}
}

// told is the latest state document, and how many came.
func (p *peer) told() (last string, n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n = len(p.reports); n > 0 {
		last = p.reports[n-1]
	}
	return last, n
}

func (p *peer) link(s wall.State) {
	p.r.t.Helper()
	b, err := wall.LinkState{State: s}.Encode()
	if err != nil {
		p.r.t.Fatal(err)
	}
	if err := p.conn.Write(wall.Link, b); err != nil {
		p.r.t.Fatal(err)
	}
}

// batch waits for the next records.
func (p *peer) batch() record.Batch {
	p.r.t.Helper()
	f, ok := <-p.frames
	if !ok {
		p.r.t.Fatal("the box has closed the connection")
	}
	if f.Type != wall.Records {
		p.r.t.Fatalf("frame %v, want records", f.Type)
	}
	b, err := record.DecodeBatch(f.Body)
	if err != nil {
		p.r.t.Fatal(err)
	}
	p.got = append(p.got, b)
	return b
}

// ack confirms everything up to a number.
func (p *peer) ack(b record.Batch, upto uint64) {
	p.r.t.Helper()
	text, err := record.SignAck(p.r.key, record.Ack{Device: "box1", Epoch: b.Epoch, Upto: upto, Durable: upto})
	if err != nil {
		p.r.t.Fatal(err)
	}
	if err := p.conn.Write(wall.Ack, text); err != nil {
		p.r.t.Fatal(err)
	}
}

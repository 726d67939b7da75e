// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"time"
)

// Opts sets a connection's limits. A zero field has its default from DefaultOpts.
type Opts struct {
	Rate         float64       // frames a second in each direction, in the long run
	Burst        int           // frames that may come at once
	ByteRate     float64       // body bytes a second in each direction, in the long run
	WriteTimeout time.Duration // a peer that does not read for so long is gone
	BodyTimeout  time.Duration // a frame that has begun and does not go on for so long, head or body, is cut off
	Counts       *Counts       // where refusals are counted; nil: nowhere
}

// DefaultOpts lets a full window of records and a chunk of an update through without a wait.
var DefaultOpts = Opts{
	Rate:         50,              // a batch, an acknowledgement and a state document a second leave room for chunks
	Burst:        100,             // a reconnect brings acknowledgement, assignment and state at once
	ByteRate:     2 << 20,         // a 64 MiB update in half a minute, which no branch line reaches
	WriteTimeout: 5 * time.Second, // both ends are on one board
	BodyTimeout:  5 * time.Second,
}

func (o Opts) withDefaults() Opts {
	if o.Rate == 0 {
		o.Rate = DefaultOpts.Rate
	}
	if o.Burst == 0 {
		o.Burst = DefaultOpts.Burst
	}
	if o.ByteRate == 0 {
		o.ByteRate = DefaultOpts.ByteRate
	}
	if o.WriteTimeout == 0 {
		o.WriteTimeout = DefaultOpts.WriteTimeout
	}
	if o.BodyTimeout == 0 {
		o.BodyTimeout = DefaultOpts.BodyTimeout
	}
	return o
}

// headLen is the length of a frame's head: len u32, type u8.
const headLen = 5

// Conn is one end of the wall. Read and Write may be called from one goroutine each, and Close from any.
type Conn struct {
	c    net.Conn
	side Side
	opts Opts

	in, out bucket
	wmu     sync.Mutex
	wbuf    []byte
	once    sync.Once
	closed  chan struct{}
	release func() // the listener's slot
}

var _ io.Closer = (*Conn)(nil)

// New speaks the protocol over c as the given side.
func New(c net.Conn, side Side, opts Opts) *Conn {
	o := opts.withDefaults()
	return &Conn{c: c, side: side, opts: o, in: newBucket(o), out: newBucket(o), closed: make(chan struct{})}
}

// peer is the other side.
func (c *Conn) peer() Side {
	if c.side == Counter {
		return Network
	}
	return Counter
}

// Read waits for the next frame. A refused frame closes the connection and gives a *RefusedError; the end of the peer gives io.EOF.
func (c *Conn) Read() (Frame, error) {
	f, err := c.read()
	if err != nil {
		c.opts.Counts.refused(err)
		c.Close()
	}
	return f, err
}

func (c *Conn) read() (Frame, error) {
	var head [headLen]byte
	got, err := io.ReadAtLeast(c.c, head[:], 1) // a peer may be silent for ever between frames
	if err != nil {
		if err == io.EOF {
			return Frame{}, io.EOF
		}
		return Frame{}, fmt.Errorf("reading frame head: %w", err)
	}
	if got < headLen { // but one who stops inside a frame would keep the only place
		if err := c.c.SetReadDeadline(time.Now().Add(c.opts.BodyTimeout)); err != nil {
			return Frame{}, fmt.Errorf("setting head deadline: %w", err)
		}
		if _, err := io.ReadFull(c.c, head[got:]); err != nil {
			if err == io.EOF {
				err = io.ErrUnexpectedEOF // it was not between frames
			}
			return Frame{}, fmt.Errorf("reading frame head: %w", err)
		}
	}
	n, t := binary.BigEndian.Uint32(head[:]), Type(head[4])
	if err := check(c.peer(), t, n); err != nil {
		return Frame{}, err
	}
	// The peer pays for a frame before its body is read: one who floods waits in his own socket buffer.
	if err := c.in.wait(int(n), c.closed); err != nil {
		return Frame{}, err
	}
	if err := c.c.SetReadDeadline(time.Now().Add(c.opts.BodyTimeout)); err != nil {
		return Frame{}, fmt.Errorf("setting body deadline: %w", err)
	}
	f := Frame{Type: t, Body: make([]byte, n)}
	if _, err := io.ReadFull(c.c, f.Body); err != nil {
		return Frame{}, fmt.Errorf("reading body of %v frame: %w", t, err)
	}
	if err := c.c.SetReadDeadline(time.Time{}); err != nil {
		return Frame{}, fmt.Errorf("clearing body deadline: %w", err)
	}
	return f, nil
}

// Write sends one frame. A frame that this side may not send is refused with a *RefusedError; the connection stays open then, for nothing of it was sent.
// Any other error closes the connection.
func (c *Conn) Write(t Type, body []byte) error {
	if uint64(len(body)) > MaxBody {
		return &RefusedError{From: c.side, Type: t, Len: uint32(min(uint64(len(body)), 1<<32-1)), Reason: WrongSize} // before len is cut to 32 bits
	}
	if err := check(c.side, t, uint32(len(body))); err != nil {
		return err
	}
	c.wmu.Lock()
	defer c.wmu.Unlock()
	if err := c.out.wait(len(body), c.closed); err != nil {
		return err
	}
	c.wbuf = binary.BigEndian.AppendUint32(c.wbuf[:0], uint32(len(body)))
	c.wbuf = append(append(c.wbuf, byte(t)), body...)
	if err := c.c.SetWriteDeadline(time.Now().Add(c.opts.WriteTimeout)); err != nil {
		c.Close()
		return fmt.Errorf("setting write deadline: %w", err)
	}
	if _, err := c.c.Write(c.wbuf); err != nil {
		c.Close()
		return fmt.Errorf("writing %v frame: %w", t, err)
	}
	return nil
}

// Close ends the connection; a Read or Write under way returns. It may be called more than once.
func (c *Conn) Close() error {
	err := net.ErrClosed
	c.once.Do(func() {
		close(c.closed)
		err = c.c.Close()
		if c.release != nil {
			c.release()
		}
	})
	if errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

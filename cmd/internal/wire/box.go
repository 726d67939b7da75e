// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/spi"
)

// BoxOpts sets the deadlines of the box's end.
type BoxOpts struct {
	// Answer is how long one SPI transfer, line change or APDU may wait for
	// its answer. Default 10 s: the world only stops answering when it is
	// gone or stopped in a debugger.
	Answer time.Duration
	// Write is how long one frame may take to be written. Default 5 s.
	Write time.Duration
	// Keys is told which keys are closed, once before OpenBox returns and
	// then at every change. It must not block. It is where the key matrix is
	// moved; Scanned answers it. nil: key closures are dropped.
	Keys func(closed uint16)
}

// DefaultBoxOpts are the deadlines used for zero fields.
var DefaultBoxOpts = BoxOpts{Answer: 10 * time.Second, Write: 5 * time.Second}

// Box is the end of the wire that the box's process holds.
type Box struct {
	conn *net.UnixConn
	opts BoxOpts

	writing sync.Mutex // one frame at a time

	asking sync.Mutex // one SPI transfer or panel line at a time
	level  chan bool

	busy   *inPin
	lid    *inPin
	clock  *Clock
	reader *Reader

	once sync.Once
	done chan struct{}
	err  error
}

// OpenBox takes over the connection, waits for the world's first frame and
// starts to read. It closes the connection on error.
func OpenBox(conn *net.UnixConn, opts *BoxOpts) (*Box, error) {
	o := DefaultBoxOpts
	if opts != nil {
		o.Keys = opts.Keys
		if opts.Answer > 0 {
			o.Answer = opts.Answer
		}
		if opts.Write > 0 {
			o.Write = opts.Write
		}
	}
	if o.Keys == nil {
		o.Keys = func(uint16) {}
	}
	b := &Box{conn: conn, opts: o, level: make(chan bool, 1), done: make(chan struct{}), clock: &Clock{}}
	b.busy, b.lid = newInPin("BUSY"), newInPin("LID")
	b.reader = newReader(b)
	if err := b.hello(); err != nil {
		conn.Close()
		return nil, err
	}
	go b.read()
	return b, nil
}

// hello reads the first frame and sets the box's inputs by it.
func (b *Box) hello() error {
	if err := b.conn.SetReadDeadline(time.Now().Add(b.opts.Answer)); err != nil {
		return fmt.Errorf("setting deadline of hello: %w", err)
	}
	var buf [helloLen + sessionSz + 1 + MaxResponse]byte
	k, body, err := readFrame(b.conn, buf[:], true)
	if err != nil {
		return fmt.Errorf("reading hello: %w", err)
	}
	if k != KindHello {
		return &FrameError{k, len(body), "hello must come first"}
	}
	if body[0] != Version {
		return fmt.Errorf("wire version %d here, %d in the world: start the simulator again", Version, body[0])
	}
	b.clock.set(time.Duration(binary.BigEndian.Uint64(body[1:9])))
	b.opts.Keys(binary.BigEndian.Uint16(body[9:11]))
	if err := b.reader.presence(body[11]); err != nil {
		return err
	}
	level, err := flag(k, body[12])
	if err != nil {
		return err
	}
	b.busy.set(level)
	if level, err = flag(k, body[13]); err != nil {
		return err
	}
	b.lid.set(level)
	return b.conn.SetReadDeadline(time.Time{})
}

// read dispatches the world's frames until the wire ends.
func (b *Box) read() {
	var buf [helloLen + sessionSz + 1 + MaxResponse]byte
	for {
		k, body, err := readFrame(b.conn, buf[:], true)
		if err == nil {
			err = b.dispatch(k, body)
		}
		if err != nil {
			b.end(err)
			return
		}
	}
}

func (b *Box) dispatch(k Kind, body []byte) error {
	switch k {
	case KindLevel, KindBusy, KindLid:
		level, err := flag(k, body[0])
		if err != nil {
			return err
		}
		if k == KindLid {
			b.lid.set(level)
			return nil
		}
		b.busy.set(level)
		if k == KindBusy {
			return nil
		}
		select {
		case b.level <- level:
			return nil
		default:
			return &FrameError{k, len(body), "nothing was asked"}
		}
	case KindKeys:
		b.opts.Keys(binary.BigEndian.Uint16(body))
	case KindPresence:
		return b.reader.presence(body[0])
	case KindCard:
		return b.reader.answer(body)
	case KindClock:
		b.clock.set(time.Duration(binary.BigEndian.Uint64(body)))
	default:
		return &FrameError{k, len(body), "hello comes once"}
	}
	return nil
}

// end closes the wire and remembers why.
func (b *Box) end(err error) {
	b.once.Do(func() {
		b.err = err
		b.conn.Close()
		close(b.done)
		b.busy.end()
		b.lid.end()
	})
}

// Done is closed when the wire has ended: the world is gone, or one side spoke
// out of order. The process that holds a box with no world should exit.
func (b *Box) Done() <-chan struct{} { return b.done }

// Err says why the wire ended; it is io.EOF when the world hung up. It must be
// called after Done.
func (b *Box) Err() error { return b.err }

// Close hangs up.
func (b *Box) Close() error {
	b.end(ErrClosed)
	return nil
}

// Clock is the box's clock.
func (b *Box) Clock() *Clock { return b.clock }

// Reader is the card reader.
func (b *Box) Reader() *Reader { return b.reader }

// Port is the SPI port with the panel on it. Bytes are sent with the level
// that dc had when the transfer began.
func (b *Box) Port() (port spi.Port, dc gpio.PinIO) {
	p := &panelPort{box: b, dc: newOutPin("DC", nil)}
	return p, p.dc
}

// Out is an output line. Its level reaches the world before Out returns.
func (b *Box) Out(l Line) gpio.PinIO {
	return newOutPin(l.String(), func(level gpio.Level) error {
		body := []byte{byte(l), bit(bool(level))}
		if l.panel() {
			_, err := b.ask(KindLine, body)
			return err
		}
		return b.send(KindLine, body)
	})
}

// Busy is the panel's BUSY line, an input with edges.
func (b *Box) Busy() gpio.PinIO { return b.busy }

// Lid is the lid switch, an input with edges: high is open.
func (b *Box) Lid() gpio.PinIO { return b.lid }

// Observe tells the world what a person in front of the box could know. js is
// JSON of at most MaxObserved bytes and never holds anything of a PIN.
func (b *Box) Observe(js []byte) error {
	if len(js) > MaxObserved {
		return fmt.Errorf("observed state of %d bytes is over %d", len(js), MaxObserved)
	}
	return b.send(KindObserved, js)
}

// Scanned tells the world that these closures stood long enough for the
// key-pad to take them. It is owed for each call of BoxOpts.Keys but the first.
func (b *Box) Scanned(closed uint16) error {
	return b.send(KindScanned, binary.BigEndian.AppendUint16(nil, closed))
}

// send writes one frame. The parts of the body go to the kernel from where
// they lie, in one writev: a page that holds a PIN is never copied here.
func (b *Box) send(k Kind, parts ...[]byte) error {
	n := 0
	for _, p := range parts {
		n += len(p)
	}
	if s := kinds[k]; n < s.min || n > s.max {
		return &FrameError{k, n, fmt.Sprintf("size outside %d to %d", s.min, s.max)}
	}
	h := head(k, n)
	bufs := append(net.Buffers{h[:]}, parts...)
	b.writing.Lock()
	defer b.writing.Unlock()
	if err := b.conn.SetWriteDeadline(time.Now().Add(b.opts.Write)); err != nil {
		return ErrClosed
	}
	if _, err := bufs.WriteTo(b.conn); err != nil {
		if errors.Is(err, net.ErrClosed) {
			return ErrClosed
		}
		// A frame cut short cannot be mended: the other end lost its place.
		b.end(fmt.Errorf("writing %v: %w", k, err))
		return fmt.Errorf("writing %v: %w", k, err)
	}
	return nil
}

// ask sends a frame that the world answers with the level of BUSY.
func (b *Box) ask(k Kind, parts ...[]byte) (bool, error) {
	b.asking.Lock()
	defer b.asking.Unlock()
	if err := b.send(k, parts...); err != nil {
		return false, err
	}
	t := time.NewTimer(b.opts.Answer)
	defer t.Stop()
	select {
	case level := <-b.level:
		return level, nil
	case <-b.done:
		return false, ErrClosed
	case <-t.C:
		err := fmt.Errorf("world did not answer %v within %v", k, b.opts.Answer)
		b.end(err)
		return false, err
	}
}

// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"time"

	"madoguchi/card"
)

// Hello is how the world stands when the power comes on.
type Hello struct {
	Offset   time.Duration // the box's clock less the machine's
	Keys     uint16        // mask of closed keys
	Presence card.Presence // what the slot holds
	Busy     bool          // the panel's BUSY line
	LidOpen  bool          // the lid switch
}

// Handler is the world around the box. SPI, Line, Observed and Scanned are called
// from one goroutine; Connect, Transmit and Unpower from another, so that a
// slow card does not hold up the panel. None may keep the slices it is handed.
type Handler interface {
	// SPI is one transfer with the level of DC (true is data).
	SPI(dc bool, data []byte)
	// Line is an output line and its new level.
	Line(l Line, high bool)
	// Busy is the level of the panel's BUSY line. It may be called from any
	// goroutine.
	Busy() bool
	// Observed is the box's state as JSON.
	Observed(js []byte)
	// Scanned follows each Keys, when the key-pad has taken these closures.
	Scanned(closed uint16)
	// Connect powers the card up and returns the number of the new session
	// and the card's answer to reset.
	Connect() (session uint32, atr []byte, err error)
	// Transmit sends an APDU to the card of that session. apdu is zeroed
	// after it returns.
	Transmit(session uint32, apdu []byte) ([]byte, error)
	// Unpower ends a session; a number that is not the present one is no
	// error.
	Unpower(session uint32)
}

// World is the end of the wire that the simulator holds.
type World struct {
	conn    *net.UnixConn
	handler Handler

	mu   sync.Mutex // one frame at a time; BUSY is read and written under it
	busy bool       // the level that the box was last told
	done chan struct{}
	once sync.Once
}

// WriteLimit is how long the box may take to read one frame before it counts
// as dead. It reads without waiting for anything.
const WriteLimit = 5 * time.Second

// NewWorld takes over the connection and sends the hello. Run must follow.
func NewWorld(conn *net.UnixConn, h Handler, hello Hello) (*World, error) {
	w := &World{conn: conn, handler: h, busy: hello.Busy, done: make(chan struct{})}
	var b [helloLen]byte
	b[0] = Version
	binary.BigEndian.PutUint64(b[1:9], uint64(hello.Offset))
	binary.BigEndian.PutUint16(b[9:11], hello.Keys)
	b[11] = byte(hello.Presence)
	b[12] = bit(hello.Busy)
	b[13] = bit(hello.LidOpen)
	if err := w.send(KindHello, b[:]); err != nil {
		conn.Close()
		return nil, err
	}
	return w, nil
}

// Run serves the box until it hangs up, which is nil, or breaks the protocol.
func (w *World) Run() error {
	cards := make(chan []byte, 1)
	var wait sync.WaitGroup
	wait.Go(func() { w.serveCard(cards) })
	err := w.serve(cards)
	close(cards)
	w.Close()
	wait.Wait()
	if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) {
		return nil
	}
	return err
}

func (w *World) serve(cards chan<- []byte) error {
	buf := make([]byte, max(1+MaxSPI, MaxObserved, sessionSz+MaxAPDU))
	for {
		k, body, err := readFrame(w.conn, buf, false)
		if err != nil {
			return err
		}
		switch k {
		case KindSPI:
			dc, err := flag(k, body[0])
			if err != nil {
				return err
			}
			err = w.level(func() { w.handler.SPI(dc, body[1:]) })
			if err != nil {
				return err
			}
		case KindLine:
			l := Line(body[0])
			high, err := flag(k, body[1])
			if err != nil {
				return err
			}
			if l >= lineCount {
				return &FrameError{k, len(body), fmt.Sprintf("unknown line %d", body[0])}
			}
			if !l.panel() {
				w.handler.Line(l, high)
				break
			}
			if err := w.level(func() { w.handler.Line(l, high) }); err != nil {
				return err
			}
		case KindObserved:
			w.handler.Observed(body)
		case KindScanned:
			w.handler.Scanned(binary.BigEndian.Uint16(body))
		default: // the card's
			select {
			case cards <- append([]byte{byte(k)}, body...):
			case <-w.done:
				return net.ErrClosed
			}
			clear(body)
		}
	}
}

// serveCard answers the card's frames in order.
func (w *World) serveCard(cards <-chan []byte) {
	for f := range cards {
		k, body := Kind(f[0]), f[1:]
		var session uint32
		if len(body) >= sessionSz {
			session = binary.BigEndian.Uint32(body)
		}
		var out []byte
		var err error
		switch k {
		case KindUnpower:
			w.handler.Unpower(session)
			continue
		case KindConnect:
			session, out, err = w.handler.Connect()
		case KindAPDU:
			out, err = w.handler.Transmit(session, body[sessionSz:])
			clear(f)
		}
		if len(out) > MaxResponse {
			out, err = nil, errLink
		}
		if err != nil {
			out = nil
		}
		h := [1 + sessionSz]byte{statusOf(err)}
		binary.BigEndian.PutUint32(h[1:], session)
		if w.send(KindCard, slices.Concat(h[:], out)) != nil {
			w.Close()
		}
	}
}

// level does what the box asked for and answers with the level of BUSY.
func (w *World) level(do func()) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	do()
	w.busy = w.handler.Busy()
	return w.write(KindLevel, []byte{bit(w.busy)})
}

// Busy tells the box an edge of BUSY, unless it was told of that level already.
// Every edge is to be told, in order, however short the pulse: for a short
// refresh the edge is all that the driver sees of it.
func (w *World) Busy(level bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if level == w.busy {
		return nil
	}
	w.busy = level
	return w.write(KindBusy, []byte{bit(level)})
}

// Keys tells the box which keys are closed.
func (w *World) Keys(closed uint16) error {
	return w.send(KindKeys, binary.BigEndian.AppendUint16(nil, closed))
}

// Presence tells the box what the slot holds.
func (w *World) Presence(p card.Presence) error {
	return w.send(KindPresence, []byte{byte(p)})
}

// Clock moves the box's clock.
func (w *World) Clock(offset time.Duration) error {
	return w.send(KindClock, binary.BigEndian.AppendUint64(nil, uint64(offset)))
}

// Lid tells the box the level of the lid switch.
func (w *World) Lid(open bool) error { return w.send(KindLid, []byte{bit(open)}) }

// Close hangs up.
func (w *World) Close() error {
	w.once.Do(func() {
		close(w.done)
		w.conn.Close()
	})
	return nil
}

func (w *World) send(k Kind, body []byte) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.write(k, body)
}

func (w *World) write(k Kind, body []byte) error {
	h := head(k, len(body))
	if err := w.conn.SetWriteDeadline(time.Now().Add(WriteLimit)); err != nil {
		return ErrClosed
	}
	if _, err := w.conn.Write(slices.Concat(h[:], body)); err != nil {
		return fmt.Errorf("writing %v: %w", k, err)
	}
	return nil
}

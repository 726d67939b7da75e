// SPDX-License-Identifier: Apache-2.0

package vpcd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"
)

// Port is where the driver listens for the card of the first slot; the second
// slot's is one higher.
const Port = 35963

// Card is what lies in the reader. simcard.Card is one.
type Card interface {
	ATR() []byte
	// Reset powers the card on, or resets it if it has power (warm).
	Reset(warm bool)
	PowerOff()
	// Transmit answers one command. An error means that the card is gone: the
	// connection is closed, as if it had been pulled.
	Transmit(apdu []byte) ([]byte, error)
}

// Controls, the frames of one byte.
const (
	powerOff = 0
	powerOn  = 1
	reset    = 2
	sendATR  = 4
)

// dialAgain is the pause between two tries to reach a driver that is not there.
const dialAgain = 20 * time.Millisecond

// ErrFrame is a frame of no bytes, or an answer that no frame can hold.
var ErrFrame = errors.New("frame of a length that the protocol does not have")

// Dial connects to the driver at addr, host:port, and tries again until ctx
// ends: card and pcscd may start in any order. A slot that has a card already
// accepts and then says nothing; that looks like a card no program asks.
func Dial(ctx context.Context, addr string) (net.Conn, error) {
	var d net.Dialer
	for {
		conn, err := d.DialContext(ctx, "tcp", addr)
		if err == nil {
			return conn, nil
		}
		t := time.NewTimer(dialAgain)
		select {
		case <-ctx.Done():
			t.Stop()
			return nil, fmt.Errorf("connecting to virtual reader: %w", err)
		case <-t.C:
		}
	}
}

// Serve is the card in the reader at the other end of conn, until conn ends or
// the card does. Closing conn from elsewhere pulls the card; Serve then returns
// nil, as it does when the driver goes. The card is without power afterwards.
func Serve(conn net.Conn, c Card) error {
	defer c.PowerOff()
	defer conn.Close()
	in, quick := make([]byte, 1<<16), quickACK(conn)
	for {
		cmd, err := read(conn, in, quick)
		if errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed) || errors.Is(err, io.ErrUnexpectedEOF) || isReset(err) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("serving card: %w", err)
		}
		var out []byte
		if len(cmd) == 1 {
			switch cmd[0] {
			case powerOff:
				c.PowerOff()
			case powerOn, reset:
				c.Reset(true) // a card without power starts cold in any case
			case sendATR:
				out = c.ATR()
			}
			if cmd[0] != sendATR {
				continue
			}
		} else {
			out, err = c.Transmit(cmd)
			clear(cmd) // it may have held a PIN
			if err != nil {
				return fmt.Errorf("serving card: %w", err)
			}
		}
		if len(out) > 0xFFFF {
			return fmt.Errorf("serving card: answer of %d bytes: %w", len(out), ErrFrame)
		}
		frame := append(binary.BigEndian.AppendUint16(make([]byte, 0, 2+len(out)), uint16(len(out))), out...)
		if _, err := conn.Write(frame); err != nil {
			if errors.Is(err, net.ErrClosed) || isReset(err) {
				return nil
			}
			return fmt.Errorf("serving card: %w", err)
		}
	}
}

// read takes one frame into buf. The driver writes length and body apart and
// waits for neither, so without an acknowledgement at once the kernel's delayed
// one costs 40 ms a command (measured: 44 ms, with it 0.1 ms). The kernel drops
// the setting by itself: it is made anew before every read.
func read(conn io.Reader, buf []byte, quick func()) ([]byte, error) {
	var head [2]byte
	quick()
	if _, err := io.ReadFull(conn, head[:]); err != nil {
		return nil, err
	}
	n := int(binary.BigEndian.Uint16(head[:]))
	if n == 0 {
		return nil, ErrFrame
	}
	quick()
	_, err := io.ReadFull(conn, buf[:n])
	return buf[:n], err
}

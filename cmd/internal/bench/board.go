// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"os"
	"sync"
	"sync/atomic"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/display/epd/epdtest"
)

// The words of the shared memory, as buildroot/bench/board/counterboard.c lists them.
const (
	wordMagic = iota
	wordAttached
	wordKeys
	wordLid
	wordBusy
	wordHead
	wordTail
	wordLevels
	wordEnd
	wordScans
	wordOTP = 16
	wordArg = 32

	magic    = 0x4d474231
	memSize  = 4 << 20
	ringAt   = 4096
	ringSize = 2 << 20 // the largest power of two that fits behind ringAt
	argLen   = 64
)

// Bits of Levels.
const (
	LineDC = 1 << iota
	LineRST
	LinePWR
	LineRed
	LineYellow
	LineGreen
	LineBuzzer
)

// kinds of records
const (
	recSPI  = 1
	recLine = 2
	recKeys = 3
)

// End is how the guest asked its kernel to end.
type End int

// A guest that was cut off has asked for nothing.
const (
	EndNone End = iota
	EndRestart
	EndPowerOff
)

// Board is the outside of the guest's board: fingers, the lid, the panel, and what the board remembers of a restart.
type Board struct {
	Panel *epdtest.Emulator

	ring  sync.Mutex // a record is taken whole, or the power is off before it
	mem   []byte
	file  *os.File
	stop  chan struct{}
	done  sync.WaitGroup
	busy  sync.Mutex // of the word that counts edges
	level atomic.Uint32

	mu      sync.Mutex
	keyed   uint64   // guest's time of the latest change of keys that no bytes followed yet
	answers []uint64 // ns from a change of keys to the first bytes after it
	sent    int64    // bytes over SPI
	last    uint64   // guest's time of the latest of them
	moved   time.Time
}

// NewBoard makes the shared memory as a file and begins to serve it. key is what the board's one-time memory holds, 32 bytes; nil: nothing was
// written there.
func NewBoard(path string, panel *epdtest.Emulator, key []byte) (*Board, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, fmt.Errorf("making board: %w", err)
	}
	if err := f.Truncate(memSize); err != nil {
		f.Close()
		return nil, fmt.Errorf("making board: %w", err)
	}
	mem, err := unix.Mmap(int(f.Fd()), 0, memSize, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("making board: %w", err)
	}
	b := &Board{Panel: panel, mem: mem, file: f, stop: make(chan struct{})}
	for i := range len(key) / 4 {
		b.word(wordOTP + i).Store(binary.BigEndian.Uint32(key[4*i:]))
	}
	b.word(wordMagic).Store(magic)
	if panel.Busy() {
		b.word(wordBusy).Store(1)
	}
	b.word(wordAttached).Store(1)
	b.done.Go(b.serve)
	b.done.Go(b.edges)
	return b, nil
}

// Close ends the serving. The guest must be gone.
func (b *Board) Close() error {
	close(b.stop)
	b.done.Wait()
	if err := unix.Munmap(b.mem); err != nil {
		return fmt.Errorf("closing board: %w", err)
	}
	return b.file.Close()
}

// Path is the file that the machine shows to the guest.
func (b *Board) Path() string { return b.file.Name() }

// word is one word of the shared memory. Host and guest are both little-endian.
func (b *Board) word(i int) *atomic.Uint32 { return (*atomic.Uint32)(unsafe.Pointer(&b.mem[4*i])) }

// Lid opens the lid or closes it.
func (b *Board) Lid(open bool) {
	v := uint32(0)
	if open {
		v = 1
	}
	b.word(wordLid).Store(v)
}

// Closed sets the closed keys, by the mask of pinpad.Key.Bit.
func (b *Board) Closed(mask uint16) { b.word(wordKeys).Store(uint32(mask)) }

// Scans counts how often a column of keys was driven low.
func (b *Board) Scans() uint32 { return b.word(wordScans).Load() }

// Levels are the output lines that are high now.
func (b *Board) Levels() uint32 { return b.word(wordLevels).Load() }

// Ended is what the guest last asked of its kernel, and the argument of a restart. It is forgotten by being asked.
func (b *Board) Ended() (End, string) {
	e := End(b.word(wordEnd).Swap(0))
	text, _, _ := bytes.Cut(b.mem[4*wordArg:4*wordArg+argLen], []byte{0})
	return e, string(text)
}

// Answers are the times from a change of the keys, when the guest's kernel saw it, to the first bytes on the SPI bus after it.
func (b *Board) Answers() []time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	var out []time.Duration
	for _, ns := range b.answers {
		out = append(out, time.Duration(ns))
	}
	return out
}

// Sent is how many bytes went over the SPI bus.
func (b *Board) Sent() int64 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.sent
}

// Last is when the latest bytes went over the SPI bus, by the guest's clock since its kernel started.
func (b *Board) Last() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Duration(b.last)
}

// PowerOff is what a cut of the supply does to what hangs on the board: the panel keeps its picture and nothing else.
func (b *Board) PowerOff() {
	b.ring.Lock()
	defer b.ring.Unlock()
	b.Panel.SetPower(gpio.Low)
	b.Panel.SetReset(gpio.Low)
	b.word(wordHead).Store(0)
	b.word(wordTail).Store(0)
	b.word(wordLevels).Store(0)
	b.level.Store(0)
	b.word(wordAttached).Store(1)
}

// serve takes what the guest writes, as soon as it is there.
func (b *Board) serve() {
	for {
		select {
		case <-b.stop:
			return
		default:
		}
		if !b.take() {
			time.Sleep(200 * time.Microsecond) // shared memory rings no bell
		}
	}
}

// take handles one record and hands its room back; false: there is none.
func (b *Board) take() bool {
	b.ring.Lock()
	defer b.ring.Unlock()
	if b.word(wordHead).Load() == b.word(wordTail).Load() {
		return false
	}
	tail := b.word(wordTail).Load()
	h := b.read(tail, 24)
	kind, n := binary.LittleEndian.Uint32(h), binary.LittleEndian.Uint32(h[4:])
	at, levels := binary.LittleEndian.Uint64(h[8:]), binary.LittleEndian.Uint32(h[16:])
	b.lines(levels)
	switch kind {
	case recSPI:
		b.Panel.Tx(levels&LineDC != 0, b.read(tail+24, n))
		b.mu.Lock()
		b.sent += int64(n)
		b.last = at
		if b.keyed != 0 {
			b.answers = append(b.answers, at-b.keyed)
			b.keyed = 0
		}
		b.mu.Unlock()
	case recKeys:
		b.mu.Lock()
		b.keyed = at
		b.mu.Unlock()
	}
	b.tellBusy()
	b.touch()
	b.word(wordTail).Store(tail + (24+n+7)&^7)
	return true
}

// lines moves the panel's lines that have changed.
func (b *Board) lines(levels uint32) {
	was := b.level.Swap(levels)
	if (was^levels)&LinePWR != 0 {
		b.Panel.SetPower(levels&LinePWR != 0)
	}
	if (was^levels)&LineRST != 0 {
		b.Panel.SetReset(levels&LineRST != 0)
	}
}

// read copies from the ring.
func (b *Board) read(at, n uint32) []byte {
	out := make([]byte, n)
	at %= ringSize
	k := copy(out, b.mem[ringAt+at:ringAt+ringSize])
	copy(out[k:], b.mem[ringAt:ringAt+ringSize])
	return out
}

// edges hands on each change of BUSY.
func (b *Board) edges() {
	for {
		select {
		case <-b.Panel.BusyEdge():
			b.tellBusy()
		case <-b.stop:
			return
		}
	}
}

// tellBusy counts an edge if the line's level is no longer the one that was told.
func (b *Board) tellBusy() {
	b.busy.Lock()
	defer b.busy.Unlock()
	n := b.word(wordBusy).Load()
	if b.Panel.Busy() != (n&1 == 1) {
		b.word(wordBusy).Store(n + 1)
		b.touch()
	}
}

// touch notes that something moved on the panel's lines.
func (b *Board) touch() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.moved = time.Now()
}

// Quiet is how long nothing has moved on the panel's lines: no byte, no edge of BUSY. The glass shows a picture before the box knows that it does, and a key
// pressed in between is dropped where a screen must have been seen.
func (b *Board) Quiet() time.Duration {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Since(b.moved)
}

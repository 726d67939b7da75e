// SPDX-License-Identifier: Apache-2.0

package bench

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"madoguchi/display/epd/epdtest"
)

// guestTell writes a record as the guest's module does, and waits until it was taken.
func (b *Board) guestTell(t *testing.T, kind, levels uint32, at uint64, data []byte) {
	t.Helper()
	head := b.word(wordHead).Load()
	r := binary.LittleEndian.AppendUint32(nil, kind)
	r = binary.LittleEndian.AppendUint32(r, uint32(len(data)))
	r = binary.LittleEndian.AppendUint64(r, at)
	r = binary.LittleEndian.AppendUint32(r, levels)
	r = append(binary.LittleEndian.AppendUint32(r, 0), data...)
	for len(r)%8 != 0 {
		r = append(r, 0)
	}
	for i, c := range r {
		b.mem[ringAt+(head+uint32(i))%ringSize] = c
	}
	b.word(wordHead).Store(head + uint32(len(r)))
	for end := time.Now().Add(10 * time.Second); b.word(wordTail).Load() != head+uint32(len(r)); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("nobody takes the record")
		}
	}
}

func newBoard(t *testing.T) *Board {
	t.Helper()
	key := slices.Repeat([]byte{1, 2, 3, 4}, 8)
	b, err := NewBoard(filepath.Join(t.TempDir(), "board"), epdtest.NewSSD1683(nil), key)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	})
	return b
}

// TestRing sends records over the end of the ring; the panel gets each byte.
func TestRing(t *testing.T) {
	b := newBoard(t)
	start := uint32(ringSize - 40)
	b.word(wordTail).Store(start) // the head is behind it until the first record: nothing is read between
	b.word(wordHead).Store(start)
	b.guestTell(t, recLine, LinePWR|LineRST, 1, nil)
	b.guestTell(t, recSPI, LinePWR|LineRST|LineDC, 2, make([]byte, 100))
	if q := b.Quiet(); q > time.Minute {
		t.Errorf("quiet for %v", q)
	}
	if n := b.Sent(); n != 100 {
		t.Errorf("%d bytes arrived, want 100", n)
	}
}

// TestAnswers: the time from the keys to the first bytes after them counts once.
func TestAnswers(t *testing.T) {
	b := newBoard(t)
	b.guestTell(t, recLine, LinePWR|LineRST, 1, nil)
	b.guestTell(t, recKeys, LinePWR|LineRST, 1000, nil)
	b.guestTell(t, recSPI, LinePWR|LineRST, 4000, []byte{0x12})
	b.guestTell(t, recSPI, LinePWR|LineRST|LineDC, 9000, []byte{0})
	if got := b.Answers(); !slices.Equal(got, []time.Duration{3000}) {
		t.Errorf("answers %v, want 3µs", got)
	}
}

// TestWords: what the guest reads of keys, lid and one-time memory, and what it asks for at its end.
func TestWords(t *testing.T) {
	b := newBoard(t)
	b.Closed(0x8001)
	b.Lid(true)
	if k, l, o := b.word(wordKeys).Load(), b.word(wordLid).Load(), b.word(wordOTP).Load(); k != 0x8001 || l != 1 || o != 0x01020304 {
		t.Errorf("keys %#x, lid %d, key %#x", k, l, o)
	}
	copy(b.mem[4*wordArg:], "0 tryboot\x00")
	b.word(wordEnd).Store(uint32(EndRestart))
	if e, arg := b.Ended(); e != EndRestart || arg != "0 tryboot" {
		t.Errorf("ended %d with %q", e, arg)
	}
	if e, _ := b.Ended(); e != EndNone {
		t.Errorf("ended twice: %d", e)
	}
}

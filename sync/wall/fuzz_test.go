// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"bytes"
	"encoding/binary"
	"net"
	"runtime"
	"testing"
	"time"
)

// stream is a connection that gives a fixed text and takes everything.
type stream struct {
	net.Conn // nil: anything else is a bug
	r        *bytes.Reader
}

func (s stream) Read(p []byte) (int, error)         { return s.r.Read(p) }
func (s stream) Write(p []byte) (int, error)        { return len(p), nil }
func (s stream) Close() error                       { return nil }
func (s stream) SetReadDeadline(_ time.Time) error  { return nil }
func (s stream) SetWriteDeadline(_ time.Time) error { return nil }

// FuzzRead states the promise to the PIN side: whatever bytes come, a frame that is handed on is of a type that runs this way and within its limit, it is
// what stood in the stream, and one frame never makes the reader allocate more than the largest body.
func FuzzRead(f *testing.F) {
	frame := func(t Type, n uint32, body string) []byte {
		return append(append(binary.BigEndian.AppendUint32(nil, n), byte(t)), body...)
	}
	f.Add(frame(Ack, 3, "abc"), true)
	f.Add(frame(Bytes, MaxBody, "short"), true)
	f.Add(frame(Bytes, 1<<32-1, ""), true)
	f.Add(frame(Records, 32<<10, "x"), false)
	f.Add(append(frame(Issuer, 1, "a"), frame(Claim, 2, "bc")...), false)
	fast := Opts{Rate: 1e9, Burst: 1e9, ByteRate: 1e12}
	f.Fuzz(func(t *testing.T, text []byte, counter bool) {
		side := Network
		if counter {
			side = Counter
		}
		c := New(stream{r: bytes.NewReader(text)}, side, fast)
		rest := text
		for {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			fr, err := c.Read()
			runtime.ReadMemStats(&after)
			// 16 KiB for the errors and for what the fuzzer's own goroutines allocate meanwhile.
			if n := after.TotalAlloc - before.TotalAlloc; n > MaxBody+8<<10+16<<10 {
				t.Errorf("one frame made the reader allocate %d bytes", n)
			}
			if err != nil {
				return
			}
			if n := len(fr.Body); n == 0 || n > fr.Type.Limit(c.peer()) {
				t.Fatalf("%v frame of %d bytes was handed on", fr.Type, n)
			}
			want := frame(fr.Type, uint32(len(fr.Body)), string(fr.Body))
			if !bytes.HasPrefix(rest, want) {
				t.Fatalf("handed on %v of %d bytes, which does not stand there", fr.Type, len(fr.Body))
			}
			rest = rest[len(want):]
		}
	})
}

func FuzzLinkState(f *testing.F) {
	body, _ := LinkState{State: Up, Since: time.Unix(5, 0)}.Encode()
	f.Add(body)
	f.Fuzz(func(t *testing.T, body []byte) {
		s, err := DecodeLinkState(body)
		if err != nil {
			return
		}
		if again, err := s.Encode(); err != nil || !bytes.Equal(again, body) {
			t.Errorf("%q was taken as %+v", body, s)
		}
	})
}

// SPDX-License-Identifier: Apache-2.0

package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"testing"
)

// frame writes one frame as it would stand on the wire.
func frame(k Kind, body []byte) []byte {
	h := head(k, len(body))
	return append(h[:], body...)
}

func TestReadFrameRefuses(t *testing.T) {
	tests := []struct {
		name      string
		in        []byte
		fromWorld bool
		want      string // Why of the FrameError; "" for another error
	}{
		{"unknown kind", frame(0x40, nil), false, "unknown kind"},
		{"wrong way", frame(KindKeys, []byte{0, 0}), false, "wrong way"},
		{"wrong way back", frame(KindSPI, []byte{0, 1}), true, "wrong way"},
		{"short SPI", frame(KindSPI, []byte{0}), false, "size outside 2 to 4097"},
		{"long SPI", frame(KindSPI, make([]byte, 2+MaxSPI)), false, "size outside 2 to 4097"},
		{"long APDU", frame(KindAPDU, make([]byte, sessionSz+MaxAPDU+1)), false, "size outside 8 to 265"},
		{"length of four gigabytes", []byte{0xff, 0xff, 0xff, 0xff, byte(KindSPI)}, false, "size outside 2 to 4097"},
		{"cut head", []byte{0, 0, 0}, false, ""},
		{"cut body", frame(KindObserved, []byte("{}"))[:6], false, ""},
		{"observed too small", frame(KindObserved, []byte("{")), false, "size outside 2 to 16384"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, _, err := readFrame(bytes.NewReader(tt.in), make([]byte, 8192), tt.fromWorld)
			var fe *FrameError
			switch {
			case err == nil:
				t.Fatal("frame was taken")
			case errors.As(err, &fe) != (tt.want != ""):
				t.Fatalf("got %v, want FrameError %q", err, tt.want)
			case fe != nil && fe.Why != tt.want:
				t.Errorf("Why = %q, want %q", fe.Why, tt.want)
			case fe == nil && !errors.Is(err, io.ErrUnexpectedEOF):
				t.Errorf("got %v, want io.ErrUnexpectedEOF", err)
			}
		})
	}
}

// FuzzReadFrame holds the promise that a frame which is taken is written back
// as the same bytes, that its size lies in its kind's range and that its way is
// the one asked for.
func FuzzReadFrame(f *testing.F) {
	f.Add(frame(KindSPI, []byte{1, 0x24}), false)
	f.Add(frame(KindAPDU, append(make([]byte, 4), 0, 0x20, 0, 0x80)), false)
	f.Add(frame(KindHello, make([]byte, helloLen)), true)
	f.Add(frame(KindCard, []byte{0, 0, 0, 0, 1, 0x90, 0}), true)
	f.Add([]byte{0, 0, 0, 9}, true)
	f.Fuzz(func(t *testing.T, in []byte, fromWorld bool) {
		k, body, err := readFrame(bytes.NewReader(in), make([]byte, 8192), fromWorld)
		if err != nil {
			return
		}
		s := kinds[k]
		if len(body) < s.min || len(body) > s.max || k.fromWorld() != fromWorld {
			t.Fatalf("took %v of %d bytes, fromWorld %v", k, len(body), fromWorld)
		}
		if !bytes.Equal(frame(k, body), in[:headLen+len(body)]) {
			t.Fatalf("%v is not the same frame when written again", k)
		}
	})
}

// FuzzWorld holds the promise that no bytes from a box make the world call its
// handler with anything outside the protocol, or wait for ever.
func FuzzWorld(f *testing.F) {
	f.Add(append(frame(KindSPI, []byte{0, 0x12}), frame(KindLine, []byte{0, 1})...))
	f.Add(frame(KindLine, []byte{9, 1}))
	f.Add(frame(KindLine, []byte{0, 2}))
	f.Add(frame(KindConnect, nil))
	f.Add(frame(KindAPDU, append(binary.BigEndian.AppendUint32(nil, 1), 0, 0x20, 0, 0x80)))
	f.Fuzz(func(t *testing.T, in []byte) {
		near, file, err := Pair()
		if err != nil {
			t.Fatal(err)
		}
		far, err := FromFile(file)
		if err != nil {
			t.Fatal(err)
		}
		h := &strictHandler{t: t}
		w, err := NewWorld(near, h, Hello{})
		if err != nil {
			t.Fatal(err)
		}
		go io.Copy(io.Discard, far)
		go func() {
			far.Write(in)
			far.CloseWrite()
		}()
		w.Run()
		far.Close()
	})
}

// strictHandler fails the test on anything that the protocol rules out.
type strictHandler struct{ t *testing.T }

func (h *strictHandler) SPI(_ bool, data []byte) {
	if len(data) == 0 || len(data) > MaxSPI {
		h.t.Errorf("SPI of %d bytes", len(data))
	}
}
func (h *strictHandler) Line(l Line, _ bool) {
	if l >= lineCount {
		h.t.Errorf("line %d", l)
	}
}
func (h *strictHandler) Busy() bool { return false }
func (h *strictHandler) Observed(js []byte) {
	if len(js) > MaxObserved {
		h.t.Errorf("observed %d bytes", len(js))
	}
}
func (h *strictHandler) Connect() (uint32, []byte, error) { return 1, nil, nil }
func (h *strictHandler) Transmit(_ uint32, apdu []byte) ([]byte, error) {
	if len(apdu) < 4 || len(apdu) > MaxAPDU {
		h.t.Errorf("APDU of %d bytes", len(apdu))
	}
	return []byte{0x90, 0}, nil
}
func (h *strictHandler) Unpower(uint32) {}
func (h *strictHandler) Scanned(uint16) {}

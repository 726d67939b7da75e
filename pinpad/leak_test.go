// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// span is memory that a search leaves out.
type span struct{ from, to uintptr }

func spanOf(b []byte) span {
	at := uintptr(unsafe.Pointer(&b[0]))
	return span{at, at + uintptr(len(b))}
}

// mapped is memory outside the Go heap, for patterns that must not look like
// copies.
func mapped(t *testing.T, n int) []byte {
	t.Helper()
	b, err := unix.Mmap(-1, 0, n, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Munmap(b) })
	return b
}

// veil is laid over patterns and over memory that was read: a search that is
// preempted leaves its registers on a stack, and they shall not be a copy.
const veil = 0xA5

//go:norace
func veiled(b []byte) {
	for i := range b {
		b[i] ^= veil
	}
}

// search counts, in all memory of this process but the spans left out, the
// windows of a veiled pattern, one behind the other: a copy of twice a window is
// found wherever it begins.
func search(t *testing.T, buf, pattern []byte, window int, out []span) (found int) {
	t.Helper()
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(maps)) {
		var m span
		var perm string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &m.from, &m.to, &perm); err != nil {
			t.Fatal(err)
		}
		if perm[:2] != "rw" || m.to-m.from > 1<<30 { // copies are written; the race detector's shadow is not memory of ours
			continue
		}
		step := uintptr(len(buf) - window)
		for at := m.from; at < m.to; at += step {
			n, _ := mem.ReadAt(buf[:min(uintptr(len(buf)), m.to-at)], int64(at)) // what cannot be read holds nothing
			veiled(buf[:n])
			for w := 0; w+window <= len(pattern); w += window {
				for i := 0; ; i++ {
					j := bytes.Index(buf[i:n], pattern[w:w+window])
					if j < 0 {
						break
					}
					i += j
					hit, left := at+uintptr(i), false
					for _, o := range out {
						left = left || hit >= o.from && hit < o.to
					}
					if !left {
						found++
					}
				}
			}
		}
	}
	clear(buf)
	return found
}

// TestNoCopies types a random password and finds it nowhere but in its page:
// neither its characters, nor the keys that made it, nor their contacts. The
// debouncing, the events and their channel hold one key at a time and no more.
func TestNoCopies(t *testing.T) {
	const chars = 16
	buf := mapped(t, 1<<20)
	charPattern, keyPattern, bitPattern := mapped(t, chars), mapped(t, 2*chars), mapped(t, 4*chars)
	bubble(t, nil, func(r *rig) {
		r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
		time.Sleep(100 * time.Millisecond)
		legend := pin.Legend()
		for range chars {
			g := rand.IntN(10)
			r.tap(pinpad.Key0 + pinpad.Key(g))
			r.tap(pinpad.Key1 + pinpad.Key(rand.IntN(len(legend[g]))))
		}
		r.tap(pinpad.KeyEnter)
		r.events()
		p := r.p.Take(pinpad.SlotCurrent)
		if p.Len() != chars {
			t.Fatalf("%d characters stand, want %d", p.Len(), chars)
		}
		runtime.GC()
		var leak []byte
		_, err := p.Send(0, 0x20, 0, 0x80, func(apdu []byte) ([]byte, error) {
			typed := apdu[5:]
			page := uintptr(unsafe.Pointer(&apdu[0])) &^ uintptr(unix.Getpagesize()-1)
			out := []span{{page, page + uintptr(unix.Getpagesize())}, spanOf(buf)}
			copy(charPattern, typed)
			for i, c := range typed {
				for g, row := range legend {
					at := strings.IndexByte(row, c)
					if at < 0 {
						continue
					}
					for j, k := range []pinpad.Key{pinpad.Key0 + pinpad.Key(g), pinpad.Key1 + pinpad.Key(at)} {
						keyPattern[2*i+j] = byte(k)
						bitPattern[4*i+2*j], bitPattern[4*i+2*j+1] = byte(k.Bit()), byte(k.Bit()>>8)
					}
				}
			}
			veiled(charPattern)
			veiled(keyPattern)
			veiled(bitPattern)
			// Windows long enough that chance makes none: seven characters, ten keys, ten contacts.
			for _, s := range []struct {
				what    string
				pattern []byte
				window  int
			}{{"characters", charPattern, 7}, {"keys", keyPattern, 10}, {"contacts", bitPattern, 20}} {
				if n := search(t, buf, s.pattern, s.window, out); n != 0 {
					t.Errorf("%s of the password were found %d times", s.what, n)
				}
			}
			leak = bytes.Clone(typed) // the search must be able to find one
			if search(t, buf, charPattern, 7, out) == 0 {
				t.Error("a planted copy was not found")
			}
			clear(leak)
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
		p.Wipe()
	})
}

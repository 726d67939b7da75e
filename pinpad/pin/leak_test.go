// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// veiled lays a veil over the pattern and over memory that was read: a search
// that is preempted leaves its registers on a stack, and they shall not be a
// copy.
//
//go:norace
func veiled(b []byte) {
	for i := range b {
		b[i] ^= 0xA5
	}
}

// copies counts where this process holds what is typed in a page, the page
// itself left out. Pattern and buffer are mapped and veiled, so that the search
// makes no copies.
func copies(t *testing.T, p *PIN) int {
	t.Helper()
	mu.Lock()
	m := p.cells()
	page, want := uintptr(p.h.page), unsafe.Slice(&m.ch[0], int(m.n))
	mu.Unlock()
	const chunk = 1 << 20
	buf, err := unix.Mmap(-1, 0, chunk+2*maxLen, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(buf)
	pattern, err := unix.Mmap(-1, 0, maxLen, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(pattern[:maxLen])
	pattern = pattern[:len(want)]
	for i := range pattern {
		pattern[i] = want[i]
	}
	veiled(pattern)
	mine := uintptr(unsafe.Pointer(&buf[0]))
	mem, err := os.Open("/proc/self/mem")
	if err != nil {
		t.Fatal(err)
	}
	defer mem.Close()
	maps, err := os.ReadFile("/proc/self/maps")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		var perm string
		if _, err := fmt.Sscanf(line, "%x-%x %s", &from, &to, &perm); err != nil {
			t.Fatal(err)
		}
		if perm[:2] != "rw" || to-from > 1<<30 { // copies are written; the race detector's shadow is not memory of ours
			continue
		}
		for at := from; at < to; at += chunk {
			n, _ := mem.ReadAt(buf[:min(chunk+uintptr(len(want))-1, to-at)], int64(at)) // what cannot be read holds nothing
			veiled(buf[:n])
			for i := 0; ; i++ {
				j := bytes.Index(buf[i:n], pattern)
				if j < 0 {
					break
				}
				i += j
				hit := at + uintptr(i)
				inPage := hit >= page && hit < page+uintptr(unix.Getpagesize())
				inBuf := hit >= mine && hit < mine+uintptr(len(buf))
				if !inPage && !inBuf {
					found++
				}
			}
		}
		clear(buf)
	}
	return found
}

// unknown draws entries until this process holds no copy of one.
func unknown[T interface{ Wipe() }](t *testing.T, draw func() T, page func(T) *PIN) T {
	t.Helper()
	for {
		p := draw()
		if copies(t, page(p)) == 0 {
			return p
		}
		p.Wipe()
	}
}

// After everything a code and a PIN go through, the process holds them in their
// page only.
func TestNoCopies(t *testing.T) {
	// A heap with holes: what is freed in it is not given back to the system.
	var holes [4096]*[360]byte
	for i := range holes {
		holes[i] = new([360]byte)
	}
	for i := 0; i < len(holes); i += 2 {
		holes[i] = nil
	}
	runtime.GC()
	c := unknown(t, func() *Code { return randomCode(t) }, (*Code).page)
	h, err := c.Hash()
	if err != nil {
		t.Fatal(err)
	}
	if n := copies(t, c.page()); n != 0 {
		t.Errorf("%d copies of a code after Hash", n)
	}
	if !c.Matches(h) {
		t.Error("no match")
	}
	if n := copies(t, c.page()); n != 0 {
		t.Errorf("%d copies of a code after Matches", n)
	}
	c.Wipe()
	runtime.KeepAlive(&holes)

	p := unknown(t, func() *PIN {
		p := typed(t, "")
		legend := Legend()
		for p.Len() < maxLen {
			g := rand.IntN(10)
			p.First('0' + byte(g))
			p.Second('1' + byte(rand.IntN(len(legend[g]))))
		}
		return p
	}, func(p *PIN) *PIN { return p })
	_ = p.Fault(FormNewPassword)
	_ = p.Equal(p)
	_ = fmt.Sprintf("%v %+v %#v", p, p, *p)
	if _, err := p.Send(0, 0x20, 0, 0x80, func(apdu []byte) ([]byte, error) { return []byte{apdu[1]}, nil }); err != nil {
		t.Error(err)
	}
	if n := copies(t, p); n != 0 {
		t.Errorf("%d copies of a password after typing, judging, printing and sending", n)
	}

	// The search itself must be able to find one.
	var leak []byte
	_, _ = p.Send(0, 0x20, 0, 0x80, func(apdu []byte) ([]byte, error) { leak = bytes.Clone(apdu); return nil, nil })
	if n := copies(t, p); n == 0 {
		t.Error("a planted copy was not found")
	}
	clear(leak)
	p.Wipe()
	clean(t)
}

// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"
)

// typed returns a PIN of these characters, wiped after the test, and holds the
// test to wiping everything.
func typed(t testing.TB, chars string) *PIN {
	t.Helper()
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Wipe)
	for i := range len(chars) {
		if !p.Append(chars[i]) {
			t.Fatalf("Append(%q) = false", chars[i])
		}
	}
	return p
}

// clean fails the test unless all pages are in the pool and zero.
func clean(t testing.TB) {
	t.Helper()
	mu.Lock()
	defer mu.Unlock()
	if pool.inUse != 0 {
		t.Errorf("%d pages in use", pool.inUse)
	}
	for _, p := range pool.free {
		for i, b := range unsafe.Slice((*byte)(p), unix.Getpagesize()) {
			if b != 0 {
				t.Errorf("a free page has %#x at %d", b, i)
				break
			}
		}
	}
}

func TestFault(t *testing.T) {
	for _, tt := range []struct {
		chars string
		want  [4]Fault // by Form: digits4, password, new password, code
	}{
		{"", [4]Fault{FaultTooShort, FaultTooShort, FaultTooShort, FaultTooShort}},
		{"123", [4]Fault{FaultTooShort, FaultTooShort, FaultTooShort, FaultTooShort}},
		{"1234", [4]Fault{FaultNone, FaultTooShort, FaultTooShort, FaultNone}},
		{"12A4", [4]Fault{FaultOnlyDigits, FaultTooShort, FaultTooShort, FaultOnlyDigits}},
		{"12345", [4]Fault{FaultTooLong, FaultTooShort, FaultTooShort, FaultNone}},
		{"ABCDE", [4]Fault{FaultTooLong, FaultTooShort, FaultTooShort, FaultOnlyDigits}},
		{"ABCDEF", [4]Fault{FaultTooLong, FaultNone, FaultNeedsDigit, FaultOnlyDigits}},
		{"123456", [4]Fault{FaultTooLong, FaultNone, FaultNeedsLetter, FaultNone}},
		{"ABC123", [4]Fault{FaultTooLong, FaultNone, FaultNone, FaultOnlyDigits}},
		{"12345678", [4]Fault{FaultTooLong, FaultNone, FaultNeedsLetter, FaultNone}},
		{"123456789", [4]Fault{FaultTooLong, FaultNone, FaultNeedsLetter, FaultTooLong}},
		{"AZ09AZ09AZ09AZ09", [4]Fault{FaultTooLong, FaultNone, FaultNone, FaultTooLong}},
	} {
		p := typed(t, tt.chars)
		var got [4]Fault
		for f := range got {
			got[f] = p.Fault(Form(f))
		}
		if diff := cmp.Diff(tt.want, got); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.chars, diff)
		}
		if f := p.Fault(Form(99)); f == FaultNone {
			t.Errorf("%q keeps form 99", tt.chars)
		}
		p.Wipe()
	}
	clean(t)
}

// FuzzFault promises: no entry that breaks its form is FaultNone, and none that
// keeps it is refused.
func FuzzFault(f *testing.F) {
	f.Add([]byte("1234"))
	f.Add([]byte("ABC123"))
	f.Add([]byte("abc123"))
	f.Fuzz(func(t *testing.T, in []byte) {
		p, err := New()
		if err != nil {
			t.Fatal(err)
		}
		defer p.Wipe()
		var letters, digits, n int
		for _, c := range in {
			ok := p.Append(c)
			letter, digit := strings.IndexByte("ABCDEFGHIJKLMNOPQRSTUVWXYZ", c) >= 0, strings.IndexByte("0123456789", c) >= 0
			if want := (letter || digit) && n < 16; ok != want {
				t.Fatalf("Append(%q) after %d = %t", c, n, ok)
			}
			if !ok {
				continue
			}
			n++
			if letter {
				letters++
			} else {
				digits++
			}
		}
		for form, want := range map[Form]bool{
			FormDigits4:     n == 4 && letters == 0,
			FormPassword:    n >= 6 && n <= 16,
			FormNewPassword: n >= 6 && n <= 16 && letters > 0 && digits > 0,
			FormCode:        n >= 4 && n <= 8 && letters == 0,
		} {
			if got := p.Fault(form) == FaultNone; got != want {
				t.Fatalf("%d letters and %d digits: %s is %t, want %t", letters, digits, form, got, want)
			}
		}
		if p.Len() != n {
			t.Fatalf("Len() = %d, want %d", p.Len(), n)
		}
	})
}

func TestTwoPresses(t *testing.T) {
	clean(t)
	want := typed(t, "0123456789ABCDEF")
	got := typed(t, "")
	for _, s := range []string{"01", "11", "24", "34", "44", "54", "64", "75", "84", "95", "21", "22", "23", "31", "32", "33"} {
		if !got.First(s[0]) || !got.Half() || got.First('2') || got.Append('1') {
			t.Fatalf("first press %c", s[0])
		}
		if f := got.Fault(FormPassword); f != FaultTooShort {
			t.Fatalf("half a character is %q", f)
		}
		if !got.Second(s[1]) || got.Half() || got.Second('1') {
			t.Fatalf("second press %c after %c", s[1], s[0])
		}
	}
	if !got.Equal(want) {
		t.Error("two presses a character gave something else")
	}
	if got.First('2') {
		t.Error("a 17th character was begun")
	}
	for g, row := range Legend() {
		got.Clear()
		for pos := 0; pos < 256; pos++ {
			if !got.First('0' + byte(g)) {
				t.Fatalf("First(%d) = false", g)
			}
			if ok, want := got.Second(byte(pos)), pos >= '1' && pos < '1'+len(row); ok != want {
				t.Errorf("group %d position %q = %t, want %t", g, rune(pos), ok, want)
			}
			if !got.DeleteLast() {
				t.Errorf("nothing to take back after group %d position %q", g, rune(pos))
			}
		}
		if got.DeleteLast() || got.Len() != 0 {
			t.Errorf("group %d left something", g)
		}
	}
	for _, bad := range []byte{0, ' ', 'A', '/', ':', 255} {
		if got.First(bad) {
			t.Errorf("First(%q) = true", bad)
		}
	}
	got.Wipe()
	want.Wipe()
	clean(t)
}

func TestEqual(t *testing.T) {
	a, b := typed(t, "123456"), typed(t, "123456")
	if !a.Equal(b) || !b.Equal(a) || !a.Equal(a) {
		t.Error("equal PINs differ")
	}
	for _, other := range []string{"", "12345", "123457", "1234560", "ABCDEF"} {
		if o := typed(t, other); a.Equal(o) || o.Equal(a) {
			t.Errorf("%q equals another", other)
		}
	}
	b.First('2')
	if a.Equal(b) || b.Equal(a) {
		t.Error("half a character more is equal")
	}
	empty := typed(t, "")
	if empty.Equal(empty) || empty.Equal(nil) || (*PIN)(nil).Equal(nil) || (&PIN{}).Equal(&PIN{}) {
		t.Error("nothing equals nothing")
	}
	a.Wipe()
	if a.Equal(a) {
		t.Error("wiped PINs are equal")
	}
}

func TestSend(t *testing.T) {
	p := typed(t, "ABC123")
	var kept []byte
	rsp, err := p.Send(0x00, 0x20, 0x00, 0x80, func(apdu []byte) ([]byte, error) {
		if got, want := fmt.Sprintf("% x", apdu), "00 20 00 80 06 41 42 43 31 32 33"; got != want {
			t.Errorf("apdu %s, want %s", got, want)
		}
		if cap(apdu) != len(apdu) {
			t.Errorf("apdu can grow to %d", cap(apdu))
		}
		kept = apdu // what must not be done
		if _, err := p.Send(0, 0, 0, 0, nil); !errors.Is(err, ErrBusy) {
			t.Errorf("a second Send: %v, want ErrBusy", err)
		}
		return []byte{0x90, 0x00}, nil
	})
	if err != nil || fmt.Sprintf("%x", rsp) != "9000" {
		t.Errorf("Send = %x, %v", rsp, err)
	}
	if string(kept) != string(make([]byte, len(kept))) {
		t.Error("the command stands after Send")
	}
	fail := errors.New("reader gone")
	if _, err := p.Send(0, 0x20, 0, 0x80, func([]byte) ([]byte, error) { return nil, fail }); err != fail {
		t.Errorf("Send = %v, want the transmitter's error", err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = p.Send(0, 0x20, 0, 0x80, func(apdu []byte) ([]byte, error) { kept = apdu; panic("driver") })
	}()
	if string(kept) != string(make([]byte, len(kept))) {
		t.Error("the command stands after a panic")
	}
	if got := p.Fault(FormPassword); got != FaultNone {
		t.Errorf("the PIN is %q after Send", got)
	}
	p.Wipe()
	p.Wipe()
	if _, err := p.Send(0, 0x20, 0, 0x80, nil); !errors.Is(err, ErrWiped) {
		t.Errorf("Send after Wipe: %v, want ErrWiped", err)
	}
	if _, err := typed(t, "").Send(0, 0x20, 0, 0x80, nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("Send of nothing: %v, want ErrEmpty", err)
	}
	if _, err := (*PIN)(nil).Send(0, 0x20, 0, 0x80, nil); !errors.Is(err, ErrWiped) {
		t.Errorf("Send of nil: %v, want ErrWiped", err)
	}
	half := typed(t, "1234")
	half.First('2')
	if _, err := half.Send(0, 0x20, 0, 0x80, nil); !errors.Is(err, ErrEmpty) {
		t.Errorf("Send with half a character: %v, want ErrEmpty", err)
	}
}

// A page wiped under a running transmit is zero at once, still mapped, and in
// nobody else's hands until the transmit returns.
func TestWipeWhileSending(t *testing.T) {
	clean(t)
	p := typed(t, "1234")
	inside, release := make(chan []byte), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_, err := p.Send(0x00, 0x20, 0x00, 0x80, func(apdu []byte) ([]byte, error) {
			inside <- apdu
			<-release
			for _, b := range apdu { // a driver that reads late must not crash
				if b != 0 {
					return nil, errors.New("the command was still there")
				}
			}
			apdu[0] = 0xEE // nor find a way to leave something
			return nil, nil
		})
		if err != nil {
			t.Error(err)
		}
	})
	apdu := <-inside
	p.Wipe()
	for i, b := range apdu {
		if b != 0 {
			t.Fatalf("byte %d of the command is %#x after Wipe", i, b)
		}
	}
	if n := InUse(); n != 1 {
		t.Errorf("%d pages in use under a transmit, want 1", n)
	}
	var others []*PIN
	for range 20 {
		o := typed(t, "9999")
		others = append(others, o)
		mu.Lock()
		if uintptr(o.h.page) == uintptr(unsafe.Pointer(&apdu[0]))&^uintptr(unix.Getpagesize()-1) {
			t.Error("the page was handed out under a transmit")
		}
		mu.Unlock()
	}
	close(release)
	all.Wait()
	for _, o := range others {
		o.Wipe()
	}
	clean(t)
}

// Typing, sending and wiping from many goroutines at once leaves no page behind.
func TestConcurrent(t *testing.T) {
	var all sync.WaitGroup
	for range 50 {
		p := typed(t, "1234")
		for _, f := range []func(){
			func() { p.Append('5'); p.DeleteLast(); p.Fault(FormDigits4); p.Equal(p) },
			func() { _, _ = p.Send(0, 0x20, 0, 0x80, func(a []byte) ([]byte, error) { return []byte{a[0]}, nil }) },
			func() { _, _ = p.Send(0, 0x20, 0, 0x80, func(a []byte) ([]byte, error) { return []byte{a[0]}, nil }) },
			p.Wipe,
			p.Wipe,
		} {
			all.Go(f)
		}
	}
	all.Wait()
	clean(t)
}

func TestWipedDoesNothing(t *testing.T) {
	for name, p := range map[string]*PIN{"nil": nil, "zero": {}, "wiped": func() *PIN { p := typed(t, "12"); p.Wipe(); return p }()} {
		if p.Append('1') || p.First('2') || p.Second('1') || p.DeleteLast() || p.Half() || p.Len() != 0 || p.Fault(FormDigits4) == FaultNone {
			t.Errorf("%s PIN: something happened", name)
		}
		p.Clear()
		p.Wipe()
	}
}

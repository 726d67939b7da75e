// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

// TestLockRefused takes this thread's right to lock memory away and wants an
// error that names the limit.
func TestLockRefused(t *testing.T) {
	var was unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &was); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &unix.Rlimit{Cur: 0, Max: was.Max}); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := unix.Setrlimit(unix.RLIMIT_MEMLOCK, &was); err != nil {
			t.Error(err)
		}
	}()
	var err error
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread() // and never unlocked: the thread ends without its capability
		head := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
		var data [2]unix.CapUserData
		if err = unix.Capset(&head, &data[0]); err == nil {
			_, err = mapPage()
		}
	}()
	<-done
	var locking *LockError
	if !errors.As(err, &locking) || !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.ENOMEM) {
		t.Fatalf("mapPage: %v, want a LockError", err)
	}
	if !strings.Contains(err.Error(), "RLIMIT_MEMLOCK is 0 bytes") {
		t.Errorf("%v does not name the limit", err)
	}
}

// vmFlags are the kernel's words about the mapping that an address lies in
// (proc(5), smaps).
func vmFlags(t *testing.T, page unsafe.Pointer) []string {
	t.Helper()
	smaps, err := os.ReadFile("/proc/self/smaps")
	if err != nil {
		t.Fatal(err)
	}
	inside := false
	for line := range strings.Lines(string(smaps)) {
		var from, to uintptr
		if n, _ := fmt.Sscanf(line, "%x-%x ", &from, &to); n == 2 {
			inside = from <= uintptr(page) && uintptr(page) < to
		}
		if flags, ok := strings.CutPrefix(line, "VmFlags:"); ok && inside {
			return strings.Fields(flags)
		}
	}
	t.Fatal("the page is in no mapping")
	return nil
}

// TestPageFlags asks the kernel what it will do with a page: keep it in RAM
// (lo), leave it out of a dump (dd), and not give it to a child (wf: wiped, dc:
// not copied).
func TestPageFlags(t *testing.T) {
	guarded := func(page unsafe.Pointer, child string) bool {
		flags := vmFlags(t, page)
		return slices.Contains(flags, "lo") && slices.Contains(flags, "dd") && slices.Contains(flags, child)
	}
	page, err := lockedPage()
	if err != nil {
		t.Fatal(err)
	}
	if !guarded(page, "wf") {
		t.Errorf("flags of a locked page: %v", vmFlags(t, page))
	}
	page, err = secretPage()
	switch {
	case errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EPERM): // this kernel has none: then a page is a locked one
		if page, err = mapPage(); err != nil || !guarded(page, "wf") {
			t.Errorf("a page without secret memory: %v", err)
		}
	case err != nil:
		t.Error(err)
	default:
		if !guarded(page, "dc") {
			t.Errorf("flags of a secret page: %v", vmFlags(t, page))
		}
		mem, err := os.Open("/proc/self/mem")
		if err != nil {
			t.Fatal(err)
		}
		defer mem.Close()
		*(*byte)(page) = 7
		if n, err := mem.ReadAt(make([]byte, 1), int64(uintptr(page))); err == nil {
			t.Errorf("%d bytes of a secret page were read through /proc/self/mem", n)
		}
	}
	plain, err := unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Munmap(plain)
	if p := unsafe.Pointer(&plain[0]); guarded(p, "wf") || guarded(p, "dc") {
		t.Errorf("a page that nobody locked looks guarded: %v", vmFlags(t, p))
	}
	p, err := New()
	if err != nil {
		t.Fatal(err)
	}
	defer p.Wipe()
	if !guarded(p.h.page, "wf") && !guarded(p.h.page, "dc") {
		t.Errorf("flags of a PIN's page: %v", vmFlags(t, p.h.page))
	}
}

// TestHarden hardens a child of its own.
func TestHarden(t *testing.T) {
	if os.Getenv("MADOGUCHI_TEST_HARDEN") == "" {
		child := exec.Command(os.Args[0], "-test.run=^TestHarden$", "-test.v")
		child.Env = append(os.Environ(), "MADOGUCHI_TEST_HARDEN=1")
		if out, err := child.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	if err := Harden(); err != nil {
		t.Fatal(err)
	}
	var core unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &core); err != nil || core.Cur != 0 || core.Max != 0 {
		t.Errorf("RLIMIT_CORE = %+v, %v, want 0", core, err)
	}
	if d, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || d != 0 {
		t.Errorf("PR_GET_DUMPABLE = %d, %v, want 0", d, err)
	}
}

func TestReserve(t *testing.T) {
	if err := Reserve(5); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	n := len(pool.free)
	mu.Unlock()
	if n < 5 {
		t.Errorf("%d pages free after Reserve(5)", n)
	}
	if InUse() != 0 {
		t.Errorf("%d pages in use after Reserve", InUse())
	}
}

// A PIN that its holder forgot is wiped when the garbage collector finds it.
func TestForgotten(t *testing.T) {
	func() {
		p, err := New()
		if err != nil {
			t.Fatal(err)
		}
		p.Append('1')
	}()
	for i := 0; InUse() != 0; i++ {
		if i == 1000 {
			t.Fatal("the page of a forgotten PIN is still in use")
		}
		runtime.GC()
		runtime.Gosched()
	}
	clean(t)
}

// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"errors"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

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

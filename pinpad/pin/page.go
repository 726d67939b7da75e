// SPDX-License-Identifier: Apache-2.0

package pin

import (
	"fmt"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// cells is what lies at the start of a page. Everything that depends on a
// character lies here and nowhere else.
type cells struct {
	n    uint8 // characters typed, 0…maxLen
	half uint8 // the first of two presses, '0'…'9'; 0: none
	arg  uint8 // a character on its way in
	ok   bool  // what the last step answered
	ch   [maxLen]byte
	apdu [5 + maxLen]byte
	pic  [maxPic]byte // the picture of one character, while it is shown
}

// LockError says that the kernel refused to lock a page. On Linux the limit is
// RLIMIT_MEMLOCK (mlock(2)); a service raises it with LimitMEMLOCK=.
type LockError struct {
	Err   error  // what mlock answered: ENOMEM, EPERM or EAGAIN
	Limit uint64 // RLIMIT_MEMLOCK, soft, bytes
}

func (e *LockError) Error() string {
	return fmt.Sprintf("locking a page of memory for a PIN: %v (RLIMIT_MEMLOCK is %d bytes; raise LimitMEMLOCK= of the service or ulimit -l)", e.Err, e.Limit)
}

func (e *LockError) Unwrap() error { return e.Err }

// mu guards the pool and every page. Steps under it take less than a
// microsecond; no transmit and no hashing runs under it.
var mu sync.Mutex

var pool struct {
	free  []unsafe.Pointer // zeroed pages nobody holds
	inUse int              // pages somebody holds, or a running transmit reads
}

// mapPage maps a page that nobody else reads. It stays mapped as long as the
// process lives: a page that a hung transmit still reads must never be given
// back to the kernel, and eight pages are 32 KiB.
func mapPage() (unsafe.Pointer, error) {
	if page, err := secretPage(); err == nil {
		return page, nil
	}
	return lockedPage()
}

// secretPage maps a page of memfd_secret(2): locked by itself, and taken out of
// the kernel's own map, so that neither /proc/pid/mem nor a fault of the kernel
// reads it, not even for root. Kernels before 5.14 and those started with
// secretmem.enable=0 have none; a service's system call filter has to allow it.
// It is shared memory, so it is kept out of a forked child instead of wiped.
func secretPage() (unsafe.Pointer, error) {
	fd, err := unix.MemfdSecret(unix.O_CLOEXEC)
	if err != nil {
		return nil, fmt.Errorf("asking for secret memory: %w", err)
	}
	defer unix.Close(fd)
	if err := unix.Ftruncate(fd, int64(unix.Getpagesize())); err != nil {
		return nil, fmt.Errorf("sizing secret memory: %w", err)
	}
	mem, err := unix.Mmap(fd, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("mapping secret memory: %w", err)
	}
	mem[0] = 0 // the page is made now or never
	return advised(mem, unix.MADV_DONTDUMP, unix.MADV_DONTFORK)
}

// lockedPage maps, locks and marks a page of anonymous memory.
func lockedPage() (unsafe.Pointer, error) {
	mem, err := unix.Mmap(-1, 0, unix.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("mapping a page of memory for a PIN: %w", err)
	}
	if err := unix.Mlock(mem); err != nil {
		var lim unix.Rlimit
		_ = unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lim) // 0 is shown if unknown
		_ = unix.Munmap(mem)                          // nothing was written to it
		return nil, &LockError{Err: err, Limit: lim.Cur}
	}
	return advised(mem, unix.MADV_DONTDUMP, unix.MADV_WIPEONFORK)
}

// advised gives the kernel advice about an empty page, or unmaps it.
func advised(mem []byte, advice ...int) (unsafe.Pointer, error) {
	for _, a := range advice {
		if err := unix.Madvise(mem, a); err != nil {
			_ = unix.Munmap(mem)
			return nil, fmt.Errorf("advising %d for the page of a PIN: %w", a, err)
		}
	}
	return unsafe.Pointer(&mem[0]), nil
}

// take hands out a zeroed page. Call with mu held.
func take() (unsafe.Pointer, error) {
	if n := len(pool.free); n > 0 {
		p := pool.free[n-1]
		pool.free = pool.free[:n-1]
		pool.inUse++
		return p, nil
	}
	p, err := mapPage()
	if err != nil {
		return nil, err
	}
	pool.inUse++
	return p, nil
}

// put zeroes a page and gives it back to the pool. Call with mu held.
func put(p unsafe.Pointer) {
	zero(p)
	pool.free = append(pool.free, p)
	pool.inUse--
}

// zero overwrites the whole page.
func zero(p unsafe.Pointer) { clear(unsafe.Slice((*byte)(p), unix.Getpagesize())) }

// Reserve maps and locks pages until n are free, so that later calls of New
// and NewCode cannot fail. The first error is returned; it names the limit
// (see [LockError]).
func Reserve(n int) error {
	mu.Lock()
	defer mu.Unlock()
	for len(pool.free) < n {
		p, err := mapPage()
		if err != nil {
			return fmt.Errorf("reserving %d pages: %w", n, err)
		}
		pool.free = append(pool.free, p)
	}
	return nil
}

// InUse returns how many pages are held now, those of a transmit that still
// runs included. After a case it is 0; tests and the self-test ask for it.
func InUse() int {
	mu.Lock()
	defer mu.Unlock()
	return pool.inUse
}

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

// mapPage maps, locks and marks one page. It stays mapped as long as the
// process lives: a page that a hung transmit still reads must never be given
// back to the kernel, and eight pages are 32 KiB.
func mapPage() (unsafe.Pointer, error) {
	size := unix.Getpagesize()
	mem, err := unix.Mmap(-1, 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_PRIVATE|unix.MAP_ANON)
	if err != nil {
		return nil, fmt.Errorf("mapping a page of memory for a PIN: %w", err)
	}
	fail := func(err error) (unsafe.Pointer, error) {
		_ = unix.Munmap(mem) // nothing was written to it
		return nil, err
	}
	if err := unix.Mlock(mem); err != nil {
		var lim unix.Rlimit
		_ = unix.Getrlimit(unix.RLIMIT_MEMLOCK, &lim) // 0 is shown if unknown
		return fail(&LockError{Err: err, Limit: lim.Cur})
	}
	for _, m := range []struct {
		advice int
		name   string
	}{{unix.MADV_DONTDUMP, "MADV_DONTDUMP"}, {unix.MADV_WIPEONFORK, "MADV_WIPEONFORK"}} {
		if err := unix.Madvise(mem, m.advice); err != nil {
			return fail(fmt.Errorf("setting %s on the page of a PIN: %w", m.name, err))
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

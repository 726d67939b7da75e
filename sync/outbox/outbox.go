// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"strings"
	"sync"
	"syscall"
	"time"

	bolt "go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
	"golang.org/x/sys/unix"
)

// Opts sets what an outbox is made with. A zero field has its default from DefaultOpts.
type Opts struct {
	MaxSize int              // bytes that the file may have; a power of two up to 16 MiB, for bbolt doubles it (default 16 MiB)
	Keep    time.Duration    // how long acknowledged records are kept for a city hall that falls back to a backup (default 14 days)
	Timeout time.Duration    // how long to wait for another process to give the file free (default 2 s)
	Device  string           // this box's id: acknowledgements for another are refused; empty: not checked
	Now     func() time.Time // clock, for days (default time.Now)
}

// DefaultOpts are the values of a box in service.
var DefaultOpts = Opts{
	MaxSize: 16 << 20,            // 30,000 records or more: a branch without a line for half a year
	Keep:    14 * 24 * time.Hour, // two weekly backups of city hall
	Timeout: 2 * time.Second,
	Now:     time.Now,
}

func (o Opts) withDefaults() Opts {
	if o.MaxSize == 0 {
		o.MaxSize = DefaultOpts.MaxSize
	}
	if o.Keep == 0 {
		o.Keep = DefaultOpts.Keep
	}
	if o.Timeout == 0 {
		o.Timeout = DefaultOpts.Timeout
	}
	if o.Now == nil {
		o.Now = DefaultOpts.Now
	}
	return o
}

// The buckets. One that an older program did not know is made when its file is opened.
var (
	bMeta     = []byte("meta")    // state, and day<u32> → highest number acknowledged on that day
	bHold     = []byte("hold")    // record's random number → record
	bOut      = []byte("out")     // sequence number → record
	bSent     = []byte("sent")    // sequence number → record, acknowledged and not yet in a backup
	bDead     = []byte("dead")    // sequence number → reject code, record
	bJournal  = []byte("journal") // the open case
	bClaim    = []byte("claim")   // claim number → what lies behind it
	bUpdate   = []byte("update")
	bClock    = []byte("clock")    // the time below which the clock never goes
	bThrottle = []byte("throttle") // misses of clerk codes, and of claim numbers
	bCount    = []byte("count")    // weekly counters that are too small to leave

	buckets = [][]byte{bMeta, bHold, bOut, bSent, bDead, bJournal, bClaim, bUpdate, bClock, bThrottle, bCount}
)

// Keys of the buckets that hold one value.
var (
	kState    = []byte("state")
	kJournal  = []byte("open")
	kFloor    = []byte("floor")
	kThrottle = []byte("clerk")
	kClaims   = []byte("claim")
)

// Outbox is the open file. Its methods may be called from several goroutines; each waits for the others.
type Outbox struct {
	opts Opts

	mu      sync.Mutex
	db      *bolt.DB
	file    *os.File // bbolt's, for the case that bbolt cannot close it any more
	st      state    // as committed
	n       counts   // records in each bucket, as committed
	missing []uint64 // what city hall asked for first
	broken  error    // the file failed under us: everything is refused
	bad     int      // files set aside beside this one
	stale   uint64   // receipts that were overtaken, since this opening
	packed  bool     // the file was made smaller at this opening
	doubt   bool     // a commit failed: what is in the page cache may not be on the disk
	sure    numbers  // on the disk for certain, also while the rest is in doubt
}

// numbers are those that were given in an epoch: 1 to upto.
type numbers struct{ epoch, upto uint64 }

// counts is how many records lie in each bucket.
type counts struct{ hold, out, sent, dead int }

// ErrClosed means that the outbox was closed.
var ErrClosed = errors.New("outbox is closed")

// BrokenError means that the file failed while it was open: a page could not be read or contradicts the others. The outbox then refuses everything; the next Open
// sets the file aside.
type BrokenError struct{ Cause any }

// Error carries bbolt's or the runtime's own words.
func (e *BrokenError) Error() string { return fmt.Sprintf("outbox file is damaged: %v", e.Cause) }

// FullError means that there is no room, in the file or on the disk. Nothing was stored and nothing was overwritten.
type FullError struct {
	Used, Limit int64 // bytes
	Cause       error // the disk's or bbolt's error, nil if the outbox itself drew the line
}

// Error says how full it is.
func (e *FullError) Error() string {
	if e.Cause != nil {
		return fmt.Sprintf("outbox is full: %d of %d bytes used: %v", e.Used, e.Limit, e.Cause)
	}
	return fmt.Sprintf("outbox is full: %d of %d bytes used", e.Used, e.Limit)
}

// Unwrap gives the cause.
func (e *FullError) Unwrap() error { return e.Cause }

// failpoint is called by name around every step that a power cut may separate. Tests put a kill there.
var failpoint = func(name string) {}

// guarded turns bbolt's panics and memory faults (a page behind the end of the file gives SIGBUS) into errors.
func guarded(fn func() error) (err error) {
	old := debug.SetPanicOnFault(true)
	defer debug.SetPanicOnFault(old)
	defer func() {
		if p := recover(); p != nil {
			err = &BrokenError{Cause: p}
		}
	}()
	return fn()
}

// usable is nil while the file may be touched. The caller holds mu.
func (o *Outbox) usable() error {
	switch {
	case o.broken != nil:
		return o.broken
	case o.db == nil:
		return ErrClosed
	}
	return nil
}

// view runs fn in a read transaction. fn copies what it keeps. The caller holds mu.
func (o *Outbox) view(fn func(tx *bolt.Tx) error) error {
	if err := o.usable(); err != nil {
		return err
	}
	return o.judge(guarded(func() error { return o.db.View(fn) }))
}

// update runs fn in a write transaction, with copies of the bookkeeping that become the outbox's own if it commits. The caller holds mu.
func (o *Outbox) update(name string, fn func(tx *bolt.Tx, st *state, n *counts) error) error {
	if err := o.settle(); err != nil {
		return err
	}
	st, n := o.st, o.n
	err := guarded(func() error {
		return o.db.Update(func(tx *bolt.Tx) error {
			if err := fn(tx, &st, &n); err != nil {
				return err
			}
			if st != o.st {
				if err := tx.Bucket(bMeta).Put(kState, st.encode()); err != nil {
					return err
				}
			}
			failpoint(name + ":before commit")
			return nil
		})
	})
	if err == nil {
		o.st, o.n, o.sure = st, n, numbers{st.Epoch, st.Released}
		failpoint(name + ":after commit")
		return nil
	}
	if err = o.judge(err); o.broken == nil {
		o.doubt = true
		// A commit that fails at its last sync may have happened or not; what the file says now is what holds.
		if rerr := o.reload(); rerr != nil {
			err = errors.Join(err, rerr)
		}
	}
	return err
}

// settle makes sure that what the file says is on the disk. Who finds there what he was about to store calls it, too: it may be of a commit that failed at its last sync.
func (o *Outbox) settle() error {
	if err := o.usable(); err != nil || !o.doubt {
		return err
	}
	return o.mend()
}

// mend writes both meta pages again as the page cache has them, and syncs. After a sync that failed Linux takes the pages for clean, on the disk or not. If the newer meta page is
// not there and a next commit, which builds upon it, is cut before its own, the disk has the older one, over pages that were used again. Data pages need no such care: bbolt syncs them
// before the meta page that leads to them, and where that sync fails nothing does.
func (o *Outbox) mend() error {
	metas := make([]byte, 2*pageSize)
	if _, err := o.file.ReadAt(metas, 0); err != nil {
		return fmt.Errorf("mending: %w", err)
	}
	if _, err := o.file.WriteAt(metas, 0); err != nil {
		return o.judge(fmt.Errorf("mending: %w", err))
	}
	if err := unix.Fdatasync(int(o.file.Fd())); err != nil {
		return fmt.Errorf("mending: %w", err)
	}
	o.doubt, o.sure = false, numbers{o.st.Epoch, o.st.Released}
	return nil
}

// reload takes the bookkeeping from the file.
func (o *Outbox) reload() error {
	var st state
	var sent int
	err := guarded(func() error {
		return o.db.View(func(tx *bolt.Tx) (err error) {
			sent = tx.Bucket(bSent).Stats().KeyN
			st, err = decodeState(tx.Bucket(bMeta).Get(kState))
			return err
		})
	})
	if err != nil {
		o.broken = &BrokenError{Cause: err}
		return o.broken
	}
	// What is known in memory only stays known; a number handed out says nothing of another epoch's.
	if st.Forged = max(st.Forged, o.st.Forged); st.Epoch == o.st.Epoch {
		st.Sent = max(st.Sent, o.st.Sent)
	}
	o.st, o.n = st, counts{hold: int(st.Created - st.Released), out: int(st.Released - st.Acked - st.Dead), sent: sent, dead: int(st.Dead)}
	return nil
}

// judge sorts errors of the file: broken for good, full, or as they are.
func (o *Outbox) judge(err error) error {
	var b *BrokenError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &b):
		o.broken = err
		return err
	case errors.Is(err, berrors.ErrMaxSizeReached), errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT), errors.Is(err, syscall.EFBIG),
		strings.Contains(err.Error(), "file resize error"): // bbolt's grow drops the disk's own error (db.go, v1.5.0)
		return &FullError{Used: o.used(), Limit: int64(o.opts.MaxSize), Cause: err}
	}
	return err
}

// Close gives the file back. Later calls give ErrClosed.
func (o *Outbox) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.db == nil {
		return nil
	}
	db := o.db
	o.db = nil
	if o.broken != nil {
		// bbolt may hold its own locks since the panic: give back lock and descriptor and leave the mapping.
		return giveBack(o.file)
	}
	if err := db.Close(); err != nil {
		return fmt.Errorf("closing outbox: %w", err)
	}
	return nil
}

// Check looks for contradictions in the whole file (bbolt's own consistency check). It takes long on a full file: for tests, and once a week at night.
func (o *Outbox) Check() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.view(func(tx *bolt.Tx) error {
		var all []error
		for err := range tx.Check() {
			all = append(all, err)
		}
		if _, err := readAll(tx); err != nil {
			all = append(all, err)
		}
		return errors.Join(all...)
	})
	if err != nil {
		return fmt.Errorf("checking outbox: %w", err)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"fmt"
	"syscall"
	"time"
)

// Opts are the times of the key-pad. A zero field takes its value from
// DefaultOpts.
type Opts struct {
	// Scan is the time from one scan to the next while a key is down, and
	// always in secret mode. 5 ms (Zephyr's gpio-kbd-matrix polls as often).
	Scan time.Duration
	// Settle is the time from driving a column to reading the rows. 50 µs.
	Settle time.Duration
	// PressDebounce: a contact that read closed in all scans of this time is
	// pressed. 15 ms, three scans.
	PressDebounce time.Duration
	// ReleaseDebounce: a contact that read open in all scans of this time is
	// released. 25 ms, five scans: published bounce goes past 10 ms.
	ReleaseDebounce time.Duration
	// RepeatGuard: the same key is ignored until it has been up for this time.
	// 120 ms.
	RepeatGuard time.Duration
	// SlowPress and SlowGuard stand for PressDebounce and RepeatGuard while slow
	// keys are on (SetSlow): 250 ms, 400 ms. A touch in passing is shorter, and a
	// hand that trembles does not type twice.
	SlowPress, SlowGuard time.Duration
	// HoldClear, HoldMenu and HoldService are the long presses of 訂正 (2 s),
	// メニュー (1 s) and メニュー + 取消 together (2 s). Half-way 訂正 warns.
	HoldClear, HoldMenu, HoldService time.Duration
	// Stuck: keys down for longer are a fault. 10 s, five times the longest
	// press that means something.
	Stuck time.Duration
	// StuckAtStart: a key that is down at the start is a fault after this time.
	// 1 s: a finger that happens to rest there is not. It counts for nothing
	// before it was up.
	StuckAtStart time.Duration
	// Idle: with all keys up for this long, and not in secret mode, scanning
	// ends until an edge comes. 100 ms.
	Idle time.Duration
	// EdgeWait is the longest single wait for an edge; the rows are looked at
	// in between. 30 s. It must be positive: periph's Linux driver returns at
	// once from -1 and never from 0.
	EdgeWait time.Duration
	// FaultScan is the time between scans while the key-pad is out of order.
	// 100 ms.
	FaultScan time.Duration
	// Reveal allows [Pad.Reveal]. Off: a resident who may show a password may be
	// made to show it.
	Reveal bool
	// Events is the room for events that nobody has received. 64. A key that
	// could not be told is not taken.
	Events int
	// Now gives events their time. time.Now.
	Now func() time.Time
	// Sleep waits for Settle. nanosleep(2): on an idle process time.Sleep takes
	// 1.1 ms for 50 µs, because the runtime's poller counts in milliseconds.
	// Tests in a synctest bubble give time.Sleep.
	Sleep func(time.Duration)
}

// DefaultOpts are the times of the product.
var DefaultOpts = Opts{
	Scan:            5 * time.Millisecond,
	Settle:          50 * time.Microsecond,
	PressDebounce:   15 * time.Millisecond,
	ReleaseDebounce: 25 * time.Millisecond,
	RepeatGuard:     120 * time.Millisecond,
	SlowPress:       250 * time.Millisecond,
	SlowGuard:       400 * time.Millisecond,
	HoldClear:       2 * time.Second,
	HoldMenu:        time.Second,
	HoldService:     2 * time.Second,
	Stuck:           10 * time.Second,
	StuckAtStart:    time.Second,
	Idle:            100 * time.Millisecond,
	EdgeWait:        30 * time.Second,
	FaultScan:       100 * time.Millisecond,
	Events:          64,
	Now:             time.Now,
	Sleep:           nanosleep,
}

// nanosleep sleeps in the kernel; the scheduler's signals may cut it short.
func nanosleep(d time.Duration) {
	left := syscall.NsecToTimespec(int64(d))
	for syscall.Nanosleep(&left, &left) == syscall.EINTR {
	}
}

// or fills zero fields from DefaultOpts and refuses what cannot work.
func (o Opts) or() (Opts, error) {
	d := DefaultOpts
	for _, f := range []struct {
		name string
		v    *time.Duration
		d    time.Duration
	}{
		{"Scan", &o.Scan, d.Scan},
		{"Settle", &o.Settle, d.Settle},
		{"PressDebounce", &o.PressDebounce, d.PressDebounce},
		{"ReleaseDebounce", &o.ReleaseDebounce, d.ReleaseDebounce},
		{"RepeatGuard", &o.RepeatGuard, d.RepeatGuard},
		{"SlowPress", &o.SlowPress, d.SlowPress},
		{"SlowGuard", &o.SlowGuard, d.SlowGuard},
		{"HoldClear", &o.HoldClear, d.HoldClear},
		{"HoldMenu", &o.HoldMenu, d.HoldMenu},
		{"HoldService", &o.HoldService, d.HoldService},
		{"Stuck", &o.Stuck, d.Stuck},
		{"StuckAtStart", &o.StuckAtStart, d.StuckAtStart},
		{"Idle", &o.Idle, d.Idle},
		{"EdgeWait", &o.EdgeWait, d.EdgeWait},
		{"FaultScan", &o.FaultScan, d.FaultScan},
	} {
		if *f.v == 0 {
			*f.v = f.d
		}
		if *f.v < 0 {
			return o, fmt.Errorf("%s is %s: want a positive time", f.name, *f.v)
		}
	}
	if o.Events == 0 {
		o.Events = d.Events
	}
	if o.Events < 4 {
		return o, fmt.Errorf("Events is %d: want room for at least 4", o.Events)
	}
	if o.Now == nil {
		o.Now = d.Now
	}
	if o.Sleep == nil {
		o.Sleep = d.Sleep
	}
	if o.Stuck <= max(o.HoldClear, o.HoldMenu, o.HoldService) {
		return o, fmt.Errorf("option Stuck is %s: want longer than every long press", o.Stuck)
	}
	return o, nil
}

// scans returns how many scans a time takes, at least one.
func (o Opts) scans(d time.Duration) int {
	return max(1, int((d+o.Scan-1)/o.Scan))
}

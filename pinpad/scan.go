// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"periph.io/x/conn/v3/gpio"
)

// release lets all lines float: columns as inputs without a pull, rows as
// inputs with pull-up and no edge.
func (p *Pad) release() error {
	var errs []error
	for i, c := range p.cols {
		if err := c.In(gpio.PullNoChange, gpio.NoEdge); err != nil {
			errs = append(errs, fmt.Errorf("floating column %d (%s): %w", i+1, c.Name(), err))
		}
	}
	return errors.Join(append(errs, p.setRows(gpio.NoEdge))...)
}

func (p *Pad) setRows(e gpio.Edge) error {
	for i, r := range p.rows {
		if err := r.In(gpio.PullUp, e); err != nil {
			return fmt.Errorf("setting row %d (%s) as input: %w", i+1, r.Name(), err)
		}
	}
	return nil
}

// run scans until Halt, or until a line's driver panics: then every page is
// wiped, Err tells, and Events is closed, so that the one who reads it can end in
// order.
func (p *Pad) run() {
	defer close(p.stopped)
	defer func() {
		v := recover()
		p.mu.Lock()
		p.halted, p.mode = true, modeOff
		if v != nil {
			p.err = fmt.Errorf("%w: %T", ErrPanic, v) // not v: nobody knows what it holds
		}
		p.mu.Unlock()
		p.Wipe()
		close(p.events)
	}()
	p.scanning()
}

// scanning is run's loop.
func (p *Pad) scanning() {
	tick := time.NewTicker(p.opts.Scan)
	defer tick.Stop()
	slow := false
	quiet := time.Now()
	for {
		select {
		case <-p.stop:
			return
		default:
		}
		mask, err := p.scan()
		now := time.Now()
		if mask != 0 {
			quiet = now
		}
		rest, broken := p.judge(mask, err, now)
		if broken != slow {
			slow = broken
			every := p.opts.Scan
			if slow {
				every = p.opts.FaultScan
			}
			tick.Reset(every)
		}
		if rest && now.Sub(quiet) >= p.opts.Idle {
			if !p.sleep() {
				return
			}
			quiet = time.Now()
			tick.Reset(p.opts.Scan)
			continue
		}
		select {
		case <-tick.C:
		case <-p.stop:
			return
		}
	}
}

// judge hands a scan to the debouncing and does what it meant.
func (p *Pad) judge(mask uint16, err error, now time.Time) (rest, broken bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deb.every = p.mode == modeTest
	v, k := p.deb.step(mask, now)
	if v == stuck {
		switch {
		case err != nil:
			p.err = fmt.Errorf("scanning the key-pad: %w", err)
		case mask == allLow:
			p.err = ErrLow
		default:
			p.err = ErrStuck
		}
	}
	p.act(v, k)
	p.closed(mask)
	// In secret mode scanning never rests: the same work in every 5 ms, no
	// interrupt that /proc/interrupts would count.
	return p.mode != modeSecret && p.owed == 0 && p.deb.resting(), p.deb.broken
}

// scan reads the 16 contacts, one column after the other. A line that cannot be
// set reads as everything low, which is a fault and no key.
func (p *Pad) scan() (uint16, error) {
	var mask uint16
	for c, col := range p.cols {
		err := col.Out(gpio.Low)
		if err == nil {
			p.opts.Sleep(p.opts.Settle)
			for r, row := range p.rows {
				if row.Read() == gpio.Low {
					mask |= 1 << (r*4 + c)
				}
			}
		}
		// Afloat again before the next column is driven, also after an error.
		if e := col.In(gpio.PullNoChange, gpio.NoEdge); err == nil {
			err = e
		}
		if err != nil {
			return allLow, fmt.Errorf("column %d (%s): %w", c+1, col.Name(), err)
		}
	}
	return mask, nil
}

// sleep waits with all columns low for a row to fall, a change of mode, or
// Halt; false: Halt. Nothing is polled meanwhile but the rows' level once in
// EdgeWait, because an edge can be lost. Lines that cannot be set leave at once
// for the next scan, which reports them.
func (p *Pad) sleep() bool {
	awake := func() bool { _ = p.release(); return true } // the next scan finds the error too
	if p.setRows(gpio.FallingEdge) != nil {
		return awake()
	}
	p.drain()
	for _, c := range p.cols {
		if c.Out(gpio.Low) != nil {
			return awake()
		}
	}
	p.opts.Sleep(p.opts.Settle)
	p.setAsleep(true)

	var done atomic.Bool
	var waiters sync.WaitGroup
	woken := make(chan any, len(p.rows))
	for _, row := range p.rows {
		waiters.Go(func() { p.watch(row, &done, woken) })
	}
	on := true
	var thrown any // by a waiter
	select {
	case thrown = <-woken:
	case <-p.kick:
	case <-p.stop:
		on = false
	}
	p.setAsleep(false)
	done.Store(true)
	gone := make(chan struct{})
	go func() { waiters.Wait(); close(gone) }()
	// Halt ends only a wait that has begun, so it is repeated until all ended.
	for again := time.NewTicker(time.Millisecond); ; {
		for _, row := range p.rows {
			_ = row.Halt() // has nothing to say about a line that nobody waits for
		}
		select {
		case <-gone:
			again.Stop()
			if thrown != nil {
				panic(thrown)
			}
			_ = p.release() // the next scan finds the error too
			return on
		case <-again.C:
		}
	}
}

func (p *Pad) setAsleep(v bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asleep = v
}

// allUp looks at the rows while all columns are low. Call with mu held.
func (p *Pad) allUp() bool {
	for _, row := range p.rows {
		if row.Read() == gpio.Low {
			return false
		}
	}
	return true
}

// drain forgets the edges of the last press: the kernel keeps 16 of them for
// each line and In does not drop them. A press that falls in between is found by
// the level.
func (p *Pad) drain() {
	for _, row := range p.rows {
		for i := 0; i < 32 && row.WaitForEdge(time.Millisecond); i++ {
		}
	}
}

// watch waits for one row to fall. It tells nil, or what the line's driver threw.
func (p *Pad) watch(row gpio.PinIO, done *atomic.Bool, woken chan<- any) {
	defer func() { woken <- recover() }()
	for row.Read() == gpio.High {
		begun := time.Now()
		if done.Load() {
			return
		}
		if row.WaitForEdge(p.opts.EdgeWait) {
			break
		}
		if !done.Load() && time.Since(begun) < p.opts.EdgeWait/2 {
			// The driver gives no edges: look at the level as often as a person
			// notices, and no more.
			time.Sleep(p.opts.FaultScan)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
	"time"

	"madoguchi/device/session"
	"madoguchi/sync/claim"
	"madoguchi/sync/outbox"
)

// store writes to the outbox for the loop, one thing after the other: a commit on an SD card takes tens of milliseconds, in which keys go on.
type store struct {
	d    *Device
	jobs chan session.Effect

	unsaved leaves         // what could not be stored: the next attempt offers the same, which the outbox keeps once
	of      session.Finish // what it was made for
	prefix  claim.Prefix   // of the numbers that this box gives
}

func newStore(d *Device) *store {
	return &store{d: d, jobs: make(chan session.Effect, 64), prefix: claim.PrefixOf(d.cfg.DeviceID)}
}

// run does jobs until ctx ends; what is queued then is still written.
func (s *store) run(ctx context.Context) {
	s.daily()
	day, stop := s.tomorrow()
	defer func() { stop() }()
	for {
		select {
		case <-day:
			s.daily()
			day, stop = s.tomorrow()
		case e := <-s.jobs:
			s.do(ctx, e)
		case <-ctx.Done():
			for {
				select {
				case e := <-s.jobs:
					s.do(ctx, e)
				default:
					return
				}
			}
		}
	}
}

// do carries one effect out and answers it.
func (s *store) do(ctx context.Context, e session.Effect) {
	var no uint32
	var err error
	var number claim.Number
	switch e := e.(type) {
	case session.Journal:
		no, err = e.No, s.journal(e.Entry)
	case session.Finish:
		no = e.No
		number, err = s.finish(e)
	case session.Misses:
		no, err = e.No, s.d.box.PutThrottle(outbox.Throttle{Misses: uint32(e.Count), Until: e.Until})
	case session.Afterwards:
		no, err = e.No, s.afterwards(e)
	case session.Look:
		err = s.look()
	}
	var full *outbox.FullError
	if err != nil {
		s.d.log.Error("storage", "cause", err)
	}
	if no == 0 { // nobody waits
		return
	}
	s.d.send(ctx, session.Event{Kind: session.Stored, No: no, OK: err == nil, Bad: errors.As(err, &full), Number: number})
}

// journal stores the open case. A case is opened only while there is room for its end. A journal is cleared in any case; that too tells whether there is room again.
func (s *store) journal(e session.Entry) error {
	b, err := encodeJournal(e)
	if err != nil {
		return err
	}
	if e.Op != session.OpNone {
		return s.d.box.SetJournal(b)
	}
	room := s.d.box.Room()
	if room != nil && b != nil {
		return room
	}
	if err := s.d.box.SetJournal(b); err != nil {
		return err
	}
	return room
}

// unreadMisses stands for a count of wrong clerk codes that cannot be read: as many as bring a pause.
const unreadMisses = 5

// startEvent is what storage knows of the time before this start.
func (d *Device) startEvent() session.Event {
	ev := session.Event{Kind: session.Start, At: d.clock.Now(), Quarantined: d.quarantined != nil}
	if b := d.box.Journal(); b != nil {
		ev.Open = true
		e, err := decodeJournal(b)
		if err != nil {
			d.log.Error("journal", "cause", err)
		}
		ev.Journal = e
	}
	t, err := d.box.Throttle()
	if err != nil { // as if the first pause ran: nobody guesses without being counted, and the next right code puts it right
		d.log.Error("throttle", "cause", err)
		t = outbox.Throttle{Misses: unreadMisses, Until: ev.At.Add(time.Minute)}
	}
	ev.Misses, ev.Until = int(t.Misses), t.Until
	ev.Recovering = d.box.Operation() != nil
	var full *outbox.FullError
	if err := d.box.Room(); errors.As(err, &full) {
		d.log.Error("storage", "cause", err)
		ev.Bad = true
	}
	return ev
}

// SPDX-License-Identifier: Apache-2.0

package device

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"madoguchi/device/session"
	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
)

// padKeys are the session's keys for the pad's.
var padKeys = map[pinpad.Key]session.Key{
	pinpad.Key0: session.Key0, pinpad.Key1: session.Key1, pinpad.Key2: session.Key2, pinpad.Key3: session.Key3, pinpad.Key4: session.Key4,
	pinpad.Key5: session.Key5, pinpad.Key6: session.Key6, pinpad.Key7: session.Key7, pinpad.Key8: session.Key8, pinpad.Key9: session.Key9,
	pinpad.KeyCancel: session.KeyCancel, pinpad.KeyClear: session.KeyClear, pinpad.KeyEnter: session.KeyEnter,
	pinpad.KeyUp: session.KeyUp, pinpad.KeyDown: session.KeyDown, pinpad.KeyMenu: session.KeyMenu,
}

// padSlots are the pad's slots for the session's.
var padSlots = [...]pinpad.Slot{session.SlotCurrent: pinpad.SlotCurrent, session.SlotNew: pinpad.SlotNew, session.SlotCode: pinpad.SlotCode,
	session.SlotNewCode: pinpad.SlotNewCode}

// padFaults are the session's faults for the pin package's.
var padFaults = map[pin.Fault]session.Fault{
	pin.FaultNone: session.FaultNone, pin.FaultTooShort: session.FaultTooShort, pin.FaultNeedsLetter: session.FaultNeedsLetter,
	pin.FaultNeedsDigit: session.FaultNeedsDigit, pin.FaultMismatch: session.FaultMismatch,
}

// padEvent is the session's event for the pad's; false for one that means nothing to it: the keys of the key test are told by its contacts.
func padEvent(e pinpad.Event) (session.Event, bool) {
	ev := session.Event{At: e.At, Gen: e.Gen, Filled: e.Filled, Half: e.Pending}
	switch e.Kind {
	case pinpad.EventContacts:
		ev.Kind, ev.Closed = session.Contacts, e.Closed
	case pinpad.EventPress:
		ev.Kind = session.Press
		k, ok := padKeys[e.Key]
		ev.Key = k
		return ev, ok
	case pinpad.EventHold, pinpad.EventRelease:
		ev.Kind = session.LongPress
		switch {
		case e.Kind == pinpad.EventRelease:
			ev.Kind = session.LetGo
		case e.Key == pinpad.KeyService:
			ev.Kind = session.Service
			return ev, true
		}
		k, ok := padKeys[e.Key]
		ev.Key = k
		return ev, ok
	case pinpad.EventTyped:
		ev.Kind = session.Typed
	case pinpad.EventEntered:
		ev.Kind = session.Entered
		f, ok := padFaults[e.Fault]
		if !ok { // a rule this program has no words for: it is not taken, which is what counts
			f = session.FaultTooShort
		}
		ev.Fault = f
	case pinpad.EventCancel:
		ev.Kind = session.Cancelled
	case pinpad.EventClearEmpty:
		ev.Kind = session.Cleared
	case pinpad.EventMenu:
		ev.Kind = session.Menued
	case pinpad.EventStuck:
		ev.Kind, ev.Bad = session.Keypad, true
	case pinpad.EventIdle:
		ev.Kind = session.Keypad
	default:
		return ev, false
	}
	return ev, true
}

// setKeys sets the pad's mode.
func (d *Device) setKeys(k session.Keys) {
	switch k.Mode {
	case session.ModeMenu:
		d.hw.Pad.Menu(k.Gen)
	case session.ModeSecret:
		d.hw.Pad.Secret(k.Gen, entryOf(k.Input))
	case session.ModeTest:
		if !d.hw.Pad.Test(k.Gen) { // the session wipes first; keys are not named beside a PIN
			d.log.Error("no key test beside an entry")
			d.hw.Pad.Off(k.Gen)
		}
	default:
		d.hw.Pad.Off(k.Gen)
	}
}

// entryOf finds the rules of what is typed: those of the card's table, stricter for a new PIN.
func entryOf(in session.Input) pinpad.Entry {
	e := pinpad.Entry{Slot: padSlots[in.Slot], Form: in.Kind.Form(), Again: in.Again, Resume: in.Resume}
	if in.New {
		e.Form = in.Kind.NewForm()
	}
	if in.Slot >= session.SlotCode {
		e.Form = pin.FormCode
	}
	return e
}

// readPad hands the pad's events on. A key sounds like every other, on the buzzer's own grid.
func (d *Device) readPad(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-d.hw.Pad.Events():
			if !ok { // a line's driver panicked; without keys there is no box
				d.fail(&ExitError{ExitPanic, fmt.Errorf("key-pad ended: %w", cmp.Or(d.hw.Pad.Err(), errors.New("halted")))})
				return
			}
			if d.config().Sound && d.hw.Buzzer != nil && e.Kind != pinpad.EventStuck && e.Kind != pinpad.EventIdle {
				d.hw.Buzzer.Click()
			}
			if ev, ok := padEvent(e); ok {
				if ev.Kind == session.Keypad && ev.Bad {
					ev.Lines = !errors.Is(d.hw.Pad.Err(), pinpad.ErrStuck)
				}
				d.send(ctx, ev)
			}
		}
	}
}

// send puts an event before the loop.
func (d *Device) send(ctx context.Context, ev session.Event) {
	if ev.At.IsZero() {
		ev.At = d.clock.Now()
	}
	select {
	case d.in <- ev:
	case <-ctx.Done():
	}
}

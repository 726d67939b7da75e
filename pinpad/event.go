// SPDX-License-Identifier: Apache-2.0

package pinpad

import (
	"fmt"
	"time"

	"madoguchi/pinpad/pin"
)

// Slot names a place where an entry stands until Take or Wipe.
type Slot uint8

const (
	SlotCurrent Slot = iota // the PIN the card has now
	SlotNew                 // the PIN it shall have
	SlotCode                // a clerk's code
	SlotNewCode             // the code the clerk shall have
	slots       = 4
)

// String returns "current", "new", "code" or "new code".
func (s Slot) String() string {
	switch s {
	case SlotCurrent:
		return "current"
	case SlotNew:
		return "new"
	case SlotCode:
		return "code"
	case SlotNewCode:
		return "new code"
	}
	return fmt.Sprintf("Slot(%d)", uint8(s))
}

// Entry is what Secret asks for.
type Entry struct {
	Slot Slot
	// Form is the rule of the PIN. SlotCode and SlotNewCode are always
	// pin.FormCode.
	Form pin.Form
	// Again asks for the second typing of SlotNew or SlotNewCode. 確認 compares the two inside
	// the locked pages: FaultNone leaves the slot as it stands, FaultMismatch
	// wipes both and the new PIN starts again from the beginning.
	Again bool
	// Resume goes on with what was typed before 取消, or stands in its slot since 確認, if it was the same entry.
	Resume bool
}

// choosing reports the first typing of a new password.
func (e Entry) choosing() bool { return e.Slot == SlotNew && !e.Again && e.Form.Letters() }

// EventKind says what happened.
type EventKind uint8

const (
	EventPress      EventKind = iota + 1 // menu and test mode: Key went down
	EventHold                            // menu mode: KeyClear held 2 s, KeyMenu 1 s, KeyService 2 s
	EventRelease                         // menu mode: the key of an EventHold came up; test mode: Key came up
	EventTyped                           // secret mode: Filled or Pending changed, a key was ignored, or EventClearSoon is over
	EventClearSoon                       // secret mode: 訂正 held 1 s; 1 s more and all is cleared
	EventEntered                         // secret mode: 確認; Fault says why the entry does not stand
	EventCancel                          // secret mode: 取消; typing rests until the next mode
	EventClearEmpty                      // secret mode: 訂正 with nothing typed
	EventMenu                            // secret mode: メニュー
	EventStuck                           // any mode: the key-pad is out of order, see Pad
	EventIdle                            // any mode: it is in order again and all keys are up
	EventContacts                        // test mode: Closed changed
)

var kinds = [...]string{"none", "press", "hold", "release", "typed", "clear-soon", "entered", "cancel", "clear-empty", "menu", "stuck", "idle", "contacts"}

// String returns a stable name such as "press" or "clear-empty".
func (k EventKind) String() string {
	if int(k) >= len(kinds) {
		return fmt.Sprintf("EventKind(%d)", uint8(k))
	}
	return kinds[k]
}

// Event is one thing the key-pad has to say. In secret mode nothing in it
// depends on which digit or letter was typed.
type Event struct {
	At   time.Time // when it was accepted, by Opts.Now
	Gen  uint32    // generation given with the mode it happened in
	Kind EventKind
	Key  Key // EventPress, EventHold, EventRelease; else KeyNone
	// Filled is the number of whole characters typed, in secret mode's events.
	Filled int
	// Pending: the first of two presses is made, in secret mode's events.
	Pending bool
	Fault   pin.Fault // EventEntered
	// LookAlike: EventEntered of a new password that stands: it has a character
	// that is easily read as another (see pin.PIN.LookAlike). Which, and where, is
	// not said.
	LookAlike bool
	// Closed are the contacts that read closed, in EventContacts: bit row × 4 +
	// column, as [Key.Bit].
	Closed uint16
}

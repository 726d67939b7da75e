// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// An Effect is one thing that [Step] wants done. Those with a number No are answered by one event with the same number; the others are not answered.
// Effects of one step are carried out in their order.
type Effect interface{ effect() }

// Show asks for a screen. The painter answers with [Shown] when the panel shows it.
type Show struct {
	Gen    uint32
	Screen display.Screen
}

// A Mode is what the keys do.
type Mode uint8

// The modes.
const (
	ModeOff    Mode = iota // keys are dropped
	ModeMenu               // events carry the key
	ModeSecret             // characters go into a slot, events carry none
	ModeTest               // events carry what reads closed; never beside a PIN
)

// A Slot is a place for one entry inside the key-pad. The session knows slots, never what they hold.
type Slot uint8

// The slots.
const (
	SlotCurrent Slot = iota
	SlotNew
	SlotCode
	SlotNewCode // of the clerk

	numSlots
)

// An Input says what is typed in secret mode.
type Input struct {
	Slot   Slot
	Kind   card.Kind // whose rules hold; 0 for the clerk code
	New    bool      // the rules of a new PIN
	Again  bool      // second entry, compared with the first
	Resume bool      // go on with what stands in the slot
}

// Keys sets the key mode. Key events of another generation are void.
type Keys struct {
	Gen   uint32
	Mode  Mode
	Input Input // with ModeSecret
}

// SlowKeys asks the key-pad for longer presses and rests, or for the usual ones.
type SlowKeys struct{ On bool }

// A Lamp is the state of the lamp on the clerk's side.
type Lamp uint8

// The lamp's states.
const (
	LampOff Lamp = iota
	LampWaiting
	LampTyping
	LampChecking
	LampDone
	LampHelp
	LampStopped
)

// String is the state's code, "off" to "stopped".
func (l Lamp) String() string {
	return [...]string{"off", "waiting", "typing", "checking", "done", "help", "stopped"}[min(l, LampStopped)]
}

// SetLamp sets the lamp.
type SetLamp struct{ Lamp Lamp }

// WipePINs empties every slot.
type WipePINs struct{}

// CheckCode compares the clerk code in its slot with all clerks'. Answered by [CodeChecked].
type CheckCode struct {
	No   uint32
	Keep bool // a right code is kept for StoreCode, until WipePINs
}

// StoreCode makes the code in SlotNewCode that of the clerk whose code was kept. Answered by [CodeStored].
type StoreCode struct{ No uint32 }

// Inspect asks what the box knows of itself. Answered by [Inspected].
type Inspect struct{ No uint32 }

// Beep sounds the buzzer once, also where it is turned off.
type Beep struct{}

// ReadBoard connects to the card and reads what it tells without a PIN. Answered by [BoardRead].
type ReadBoard struct{ No uint32 }

// Verify takes SlotCurrent to the card as the PIN Kind, if the card still has Left tries. Answered by [Verified].
type Verify struct {
	No   uint32
	Kind card.Kind
	Left int // what the resident was shown
}

// Change takes both slots to the card, if it still has Left tries. Answered by [Changed].
type Change struct {
	No   uint32
	Kind card.Kind
	Left int
}

// Reveal shows the character At (from 0) of a slot in its place on the review, on the resident's screen alone. Answered by [Revealed].
type Reveal struct {
	No   uint32
	Slot Slot
	At   int
}

// Cover takes that character off the panel. Not answered.
type Cover struct{}

// EndCard leaves the card's applications and powers it off.
type EndCard struct{}

// Journal writes the open case; the zero Entry clears it. Answered by [Stored].
type Journal struct {
	No    uint32
	Entry Entry
}

// Finish stores the case's record and clears the journal, in one transaction. Answered by [Stored].
type Finish struct {
	No        uint32
	Procedure record.Procedure
	Outcome   record.Outcome
	Week      record.Week
	Facts     Facts
	Claim     Claim // stored in the same transaction
}

// Case is the case that the record is made of.
func (e Finish) Case() record.Case {
	return e.Facts.fill(record.Case{Procedure: e.Procedure, Outcome: e.Outcome, Week: e.Week})
}

// Afterwards stores what a case told after its record: entries of the leave-check, and the times of its steps. It clears the journal. Answered by [Stored]: what is lost
// of it is a statistic, but a journal that stays would call the case interrupted at the next start.
type Afterwards struct {
	No        uint32
	Procedure record.Procedure
	Week      record.Week
	Facts     Facts
}

// Case is the case that the facets after the record are made of.
func (e Afterwards) Case() record.Case {
	return e.Facts.fill(record.Case{Procedure: e.Procedure, Week: e.Week})
}

// Look counts a look at the tries board at rest. Not answered.
type Look struct{}

// Misses stores how many wrong clerk codes came in a row, and until when none is taken. Answered by [Stored].
type Misses struct {
	No    uint32
	Count int
	Until time.Time // zero: no pause
}

func (Show) effect()       {}
func (Keys) effect()       {}
func (SetLamp) effect()    {}
func (WipePINs) effect()   {}
func (CheckCode) effect()  {}
func (StoreCode) effect()  {}
func (Inspect) effect()    {}
func (Beep) effect()       {}
func (ReadBoard) effect()  {}
func (Verify) effect()     {}
func (Change) effect()     {}
func (Reveal) effect()     {}
func (Cover) effect()      {}
func (EndCard) effect()    {}
func (Journal) effect()    {}
func (Finish) effect()     {}
func (Afterwards) effect() {}
func (Look) effect()       {}
func (Misses) effect()     {}
func (SlowKeys) effect()   {}
func (FindClaim) effect()  {}

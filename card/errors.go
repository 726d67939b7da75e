// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"

	"madoguchi/pinpad/pin"
)

// Causes that need no further facts.
var (
	ErrNoCard      = errors.New("no card in the reader")
	ErrNoReader    = errors.New("no card reader")
	ErrNoService   = errors.New("card service not running") // and so no reader: wrapped beside ErrNoReader
	ErrRemoved     = errors.New("card removed")
	ErrReset       = errors.New("card reset by another program") // every PIN state is void; nothing is sent again
	ErrMute        = errors.New("card does not answer")          // re-seat the card
	ErrBusy        = errors.New("card in use by another program")
	ErrNotMyNumber = errors.New("not a My Number Card")
	ErrHalves      = errors.New("the two halves of the PIN differ")
	ErrUnsupported = errors.New("not supported for this PIN kind")
)

// TryError is a wrong PIN. Left 0 means that this entry has locked it, and
// then errors.As also finds a [*LockedError].
type TryError struct {
	Kind Kind
	Left int
}

// Error names the kind and the tries left.
func (e *TryError) Error() string {
	switch e.Left {
	case 0:
		return fmt.Sprintf("wrong %v PIN, now locked", e.Kind)
	case 1:
		return fmt.Sprintf("wrong %v PIN, 1 try left", e.Kind)
	}
	return fmt.Sprintf("wrong %v PIN, %d tries left", e.Kind, e.Left)
}

// Unwrap returns a LockedError when no try is left.
func (e *TryError) Unwrap() error {
	if e.Left > 0 {
		return nil
	}
	return &LockedError{Kind: e.Kind}
}

// LockedError is a PIN without tries. Alone (not within a [*TryError]) it
// means that it was locked before; the entry was not compared.
type LockedError struct{ Kind Kind }

// Error names the kind.
func (e *LockedError) Error() string { return fmt.Sprintf("%v PIN is locked", e.Kind) }

// StatusError is a status word that is neither success nor a count of tries.
type StatusError struct {
	SW   uint16
	Step string // what was being done, e.g. "selecting JPKI application"
}

// Error gives the step and the status word.
func (e *StatusError) Error() string { return fmt.Sprintf("%s: status %04X", e.Step, e.SW) }

// MalformedError is an answer that no card of this kind gives: too short, too
// long, without an end, or not what the file should hold.
type MalformedError struct {
	Step string
	What string
}

// Error gives the step and what was wrong. It never shows the bytes.
func (e *MalformedError) Error() string { return fmt.Sprintf("%s: %s", e.Step, e.What) }

// FormError is a PIN that breaks its kind's rules. Nothing was sent.
type FormError struct {
	Kind  Kind
	Fault pin.Fault
	New   bool // the new PIN of a change
}

// Error names the kind and the rule.
func (e *FormError) Error() string {
	if e.New {
		return fmt.Sprintf("new %v PIN breaks its rules: %v", e.Kind, e.Fault)
	}
	return fmt.Sprintf("%v PIN breaks its rules: %v", e.Kind, e.Fault)
}

// InterruptedError means that a PIN command was handed to the reader and no
// answer came: the card may or may not have acted. After Step "verify" a try
// may be gone; after "change" the old or the new PIN may be in force. Err is
// the cause, e.g. [ErrRemoved].
type InterruptedError struct {
	Kind Kind
	Step string // StepVerify or StepChange
	Err  error
}

// Steps of an [*InterruptedError].
const (
	StepVerify = "verify"
	StepChange = "change"
)

// Error names the step and the cause.
func (e *InterruptedError) Error() string {
	return fmt.Sprintf("%s of %v PIN has no answer: %v", e.Step, e.Kind, e.Err)
}

// Unwrap returns the cause.
func (e *InterruptedError) Unwrap() error { return e.Err }

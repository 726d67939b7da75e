// SPDX-License-Identifier: Apache-2.0

package issue

import (
	"fmt"
	"time"

	"madoguchi/sync/issuer"
)

// Step is where an operation stands.
type Step uint8

// The steps.
const (
	Idle       Step = iota
	Asking          // is the authority there?
	Proving         // the card says who it is
	Requesting      // the authority, and a second person, decide
	Allowed         // the card is told
	Typing          // the new PIN is typed
	Resetting       // the card is given it
	Making          // the card makes a key
	ProvingKey      // and proves it
	Certifying      // the authority makes the certificate
	Writing         // the card is given it
	Activating      // everything takes effect
	WaitCard        // only the card can say whether it did
	AskingCard      // it is being asked
	Resuming        // the authority is asked about an operation that was cut
	Reporting       // the authority is told
	Ended
)

var steps = []string{"idle", "asking", "proving", "requesting", "allowed", "typing", "resetting", "making", "proving_key", "certifying", "writing", "activating", "wait_card",
	"asking_card", "resuming", "reporting", "ended"}

// String is the step's stable name, such as "requesting".
func (s Step) String() string {
	if int(s) < len(steps) {
		return steps[s]
	}
	return fmt.Sprintf("step(%d)", uint8(s))
}

// Outcome is how an operation ended, for the people at the counter.
type Outcome uint8

// The outcomes.
const (
	None    Outcome = iota
	Done            // the card says that it has it
	Undone          // the card is as it was
	Offline         // nobody is there; nothing was begun
	Refused         // the authority says no; the card is as it was
	Doubt           // nobody knows before this card is read again
)

var outcomes = []string{"none", "done", "undone", "offline", "refused", "doubt"}

// String is the outcome's stable name, such as "done".
func (o Outcome) String() string {
	if int(o) < len(outcomes) {
		return outcomes[o]
	}
	return fmt.Sprintf("outcome(%d)", uint8(o))
}

// Opts are what a box knows of itself and its waits. A zero wait has its default.
type Opts struct {
	City, Device string
	Reach        time.Duration // how long the authority may take to say that it is there (default 20 s)
	Again        time.Duration // a message without answer is sent again (default 5 s)
	Card         time.Duration // how long the card may be away when only it can say (default 90 s)
	Report       time.Duration // how long people wait for the authority's receipt; the box goes on after it (default 20 s)
}

// DefaultOpts are the waits of a box in service.
var DefaultOpts = Opts{Reach: 20 * time.Second, Again: 5 * time.Second, Card: 90 * time.Second, Report: 20 * time.Second}

func (o Opts) withDefaults() Opts {
	for _, p := range []struct{ v, d *time.Duration }{{&o.Reach, &DefaultOpts.Reach}, {&o.Again, &DefaultOpts.Again}, {&o.Card, &DefaultOpts.Card}, {&o.Report, &DefaultOpts.Report}} {
		if *p.v == 0 {
			*p.v = *p.d
		}
	}
	return o
}

// State is one operation. The zero State is idle.
type State struct {
	Opts    Opts
	Step    Step
	Journal Journal
	Check   uint16        // with Requesting: the number that the second person sees; see Pending
	Pending bool          // a second person is asked
	Outcome Outcome       // as far as it is known
	Reason  issuer.Reason // with Refused
	Told    bool          // End was given; what is left is between the box and the authority
	Seq     uint32        // of the card command that runs

	until   time.Time // nothing new is sent to the card after it
	step    time.Time // when the present step's own wait ends
	again   time.Time
	last    issuer.Message
	modulus issuer.Modulus
	issued  issuer.Issued
	cut     bool // ACTIVATE may have taken effect
}

// Open says whether the operation has not ended for both sides: until then no other can begin.
func (s State) Open() bool { return s.Step != Idle && s.Step != Ended }

// Event is something that happened. At is when.
type Event interface{ at() time.Time }

// The events.
type (
	// Begin begins an operation; the token is freshly drawn.
	Begin struct {
		At    time.Time
		Opts  Opts
		Open  issuer.Open
		Ready bool // the link says that it is up
	}
	// Recover begins with the journal that a start has found.
	Recover struct {
		At      time.Time
		Opts    Opts
		Journal Journal
	}
	// Heard is a message of the authority, opened and verified.
	Heard struct {
		At      time.Time
		Message issuer.Message
	}
	// Card is the answer to the card command with this number.
	Card struct {
		At      time.Time
		Seq     uint32
		Err     Fault
		Proof   issuer.Proof   // to Prove and Activate
		Modulus issuer.Modulus // to Generate
	}
	// Here and Gone say that a card lies in the reader, or no more.
	Here struct{ At time.Time }
	Gone struct{ At time.Time }
	// Typed says that the new PIN lies in its slot: typed twice, the same, within its rules.
	Typed struct{ At time.Time }
	// Cancel is the resident's or the clerk's wish to stop.
	Cancel struct{ At time.Time }
	// Tick lets time pass. Every second is enough.
	Tick struct{ At time.Time }
)

func (e Begin) at() time.Time   { return e.At }
func (e Recover) at() time.Time { return e.At }
func (e Heard) at() time.Time   { return e.At }
func (e Card) at() time.Time    { return e.At }
func (e Here) at() time.Time    { return e.At }
func (e Gone) at() time.Time    { return e.At }
func (e Typed) at() time.Time   { return e.At }
func (e Cancel) at() time.Time  { return e.At }
func (e Tick) at() time.Time    { return e.At }

// Fault is what went wrong at a card command.
type Fault uint8

// The faults.
const (
	OK       Fault = iota
	Failed         // the card refused it, or was gone before it: nothing took effect
	Lost           // of Activate: no answer came
	NoIssuer       // the card obeys nobody (card.ErrNoIssuer)
)

// Effect is something to be done. Effects are done in their order, and a Journal is on the disk before the next one begins.
type Effect interface{ effect() }

// The effects.
type (
	// Send carries a message to the authority.
	Send struct{ Message issuer.Message }
	// Keep stores the journal; Forget removes it.
	Keep   struct{ Journal Journal }
	Forget struct{}
	// The card commands; each is answered by a Card with its Seq.
	Prove struct {
		Seq   uint32
		Nonce issuer.Nonce
	}
	Authenticate struct {
		Seq       uint32
		Bond      issuer.Bond
		Operation issuer.Operation
		Kind      issuer.Kind
		MAC       issuer.MAC
	}
	ResetPIN struct { // moves the PIN out of its slot
		Seq  uint32
		Kind issuer.Kind
	}
	Generate struct {
		Seq  uint32
		Kind issuer.Kind
	}
	PutCertificate struct {
		Seq  uint32
		Kind issuer.Kind
		Cert issuer.Cert
	}
	Activate struct {
		Seq    uint32
		Nonce  issuer.Nonce
		Permit issuer.MAC // zero: none
	}
	// WantPIN asks for the new PIN, twice; Wipe empties its slot.
	WantPIN struct{ Kind issuer.Kind }
	Wipe    struct{}
	// WantCard asks for the card that was there; Other says that another one was laid down. If one lies in the reader, Here is due at once, but after Other only when it has been changed.
	WantCard struct{ Other bool }
	// End says how it ended, once. What is left after it needs no person.
	End struct {
		Outcome Outcome
		Reason  issuer.Reason
	}
)

func (Send) effect()           {}
func (Keep) effect()           {}
func (Forget) effect()         {}
func (Prove) effect()          {}
func (Authenticate) effect()   {}
func (ResetPIN) effect()       {}
func (Generate) effect()       {}
func (PutCertificate) effect() {}
func (Activate) effect()       {}
func (WantPIN) effect()        {}
func (Wipe) effect()           {}
func (WantCard) effect()       {}
func (End) effect()            {}

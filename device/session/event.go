// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"time"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// An EventKind says what happened. Each kind reads its own fields of [Event].
type EventKind uint8

// The events.
const (
	// Start is the first event: storage is open. Open, Journal, Misses, Until, Quarantined, Recovering; Bad: it is full.
	Start EventKind = iota
	// Tick: the state's deadline has passed.
	Tick
	// Press is a key in menu mode. Gen, Key.
	Press
	// Typed: what stands in the entry changed, in secret mode. Gen, Filled, Half. Never which key.
	Typed
	// Entered: 確認 in secret mode. Gen, Fault: none, or why the entry was not taken.
	Entered
	// Cancelled: 取消 in secret mode. Gen.
	Cancelled
	// Cleared: 訂正 in secret mode with nothing typed. Gen.
	Cleared
	// Menued: メニュー in secret mode. Gen.
	Menued
	// LongPress: a key of menu mode has been down for its long press; its Press came before. Gen, Key.
	LongPress
	// LetGo: that key came up. Gen, Key.
	LetGo
	// Keypad: the pad is at fault (Bad) or right again. Lines: it is the pad's lines, not a key that stays down.
	Keypad
	// Lid: the lid switch opened (Bad) or closed.
	Lid
	// Shown: the panel shows screen Gen; Bad: it failed to.
	Shown
	// Reader: what the reader reports. Presence; Bad: the card service itself is gone.
	Reader
	// CodeChecked answers CheckCode. No, OK, Label.
	CodeChecked
	// BoardRead answers ReadBoard. No, Result, Board, Obeys.
	BoardRead
	// Verified answers Verify. No, Result, Left.
	Verified
	// Changed answers Change. No, Result, Left: tries left after it, 0 if not known.
	Changed
	// Stored answers Journal, Finish, Afterwards and Misses. No, OK; Bad: there is no room. Number: of the claim that was stored with a Finish; none if it asked for one and
	// no more can be kept.
	Stored
	// Revealed answers Reveal. No; Bad: no character stands on the panel.
	Revealed
	// LinkState: the network side's word. OK: line up; Queue.
	LinkState
	// Service: メニュー and 取消 were held together. Gen.
	Service
	// Contacts: what reads closed changed, in the key test. Gen, Closed.
	Contacts
	// Inspected answers Inspect. No, Survey.
	Inspected
	// CodeStored answers StoreCode. No, Refusal.
	CodeStored
	// NewRules: the municipality's rules for the next case. Rules; Bad: newer ones were refused, Rules nil: those in force stay.
	NewRules
	// Held: an update is being put in force (OK) and no case may open, or one may again. Bad: it takes minutes and is said at rest.
	Held
	// NewSettings: what of the box's configuration an update has changed, while no case is open. Settings.
	NewSettings
	// Issuing is news of the issuer link. No: of Issue, 0: of an operation that a power cut interrupted. Issue.
	Issuing
	// ClaimFound answers FindClaim. No, Number, Found, State, Here, Left, Until.
	ClaimFound
	// Examined answers Examine, whatever is open by then. No, Findings.
	Examined
	// WipeOrdered: the fleet wants the box wiped (OK), which waits for something, or does not any more.
	WipeOrdered

	numEvents
)

var eventNames = [numEvents]string{"start", "tick", "press", "typed", "entered", "cancelled", "cleared", "menued", "long_press", "let_go", "keypad", "lid", "shown",
	"reader", "code_checked", "board_read", "verified", "changed", "stored", "revealed", "link_state",
	"service", "contacts", "inspected", "code_stored", "new_rules", "held", "new_settings", "issuing", "claim_found", "examined", "wipe_ordered"}

// String names the kind, e.g. "board_read".
func (k EventKind) String() string {
	if k >= numEvents {
		return fmt.Sprintf("EventKind(%d)", uint8(k))
	}
	return eventNames[k]
}

// An Event is one thing that happened outside. It is plain data and holds nothing of a PIN, so a log of events may be kept and replayed.
type Event struct {
	At   time.Time
	Kind EventKind
	Gen  uint32 // of the key mode or of the screen
	No   uint32 // of the effect it answers

	Key    Key
	Filled int
	Half   bool
	Fault  Fault

	Presence card.Presence
	Board    card.Board
	Result   Result
	Left     int
	Ends     time.Time // Verified, Changed: last day of the signing certificate, which the card tells after a right password; zero: not told

	OK, Bad bool
	Lines   bool // Keypad

	Open        bool      // Start: a case was open when the program ended
	Journal     Entry     // Start: what it was
	Misses      int       // Start: wrong clerk codes in a row
	Until       time.Time // Start: no clerk code is taken before
	Quarantined bool      // Start: the record file could not be read and was put aside
	Queue       int       // LinkState: records not yet taken by city hall; -1: not told
	Link        Link      // LinkState

	Closed  uint16  // Contacts: bit row × 4 + column, as the caps lie
	Survey  Survey  // Inspected
	Refusal Refusal // CodeStored

	Findings Findings // Examined

	Rules *policy.Policy // NewRules

	Settings   *Settings    // NewSettings
	Label      string       // CodeChecked: whose code it was
	Obeys      bool         // BoardRead: the card obeys an issuer of ours
	Issue      IssueNews    // Issuing
	Recovering bool         // Start: an operation of the issuer link was cut off and is being settled
	Number     claim.Number // Stored, ClaimFound
	Found      Find         // ClaimFound
	State      claim.State  // ClaimFound, with FindOK
	Here       bool         // ClaimFound, with FindOK: this box gave the number
}

// Link is the state of the line to city hall.
type Link uint8

// The states of the line.
const (
	LinkNone Link = iota // none is configured, or nothing was told
	LinkUp
	LinkDown
	LinkUntrusted // down: who answers is not city hall, or its certificate is over
	LinkRefused   // down: city hall does not let this box in
)

// down tells whether city hall cannot be reached.
func (l Link) down() bool { return l >= LinkDown }

// code is the digit of what is wrong with the line, see [Findings].
func (l Link) code() uint8 {
	return [...]uint8{LinkNone: 0, LinkUp: 0, LinkDown: lineDown, LinkUntrusted: 7, LinkRefused: 8}[l]
}

// lineDown is the digit for a line of which nothing more is known than that it is down; the screen at rest says that in words.
const lineDown = 5

// A Key is one key of the pad in menu mode.
type Key uint8

// The keys. Key0 to Key9 are the digits 0 to 9.
const (
	Key0 Key = iota
	Key1
	Key2
	Key3
	Key4
	Key5
	Key6
	Key7
	Key8
	Key9
	KeyCancel
	KeyClear
	KeyEnter
	KeyUp
	KeyDown
	KeyMenu

	numKeys
)

// A Fault says why an entry was not taken.
type Fault uint8

// The faults of an entry.
const (
	FaultNone Fault = iota
	FaultTooShort
	FaultNeedsLetter
	FaultNeedsDigit
	FaultMismatch

	numFaults
)

// code is the fault's message code.
func (f Fault) code() string {
	return [...]string{"", "too_short", "needs_letter", "needs_digit", "mismatch"}[min(f, numFaults-1)]
}

// A Result says how a card command ended.
type Result uint8

// The results.
const (
	ResultOK Result = iota
	// ResultWrong: the PIN was refused; Left tries stay.
	ResultWrong
	// ResultSplit: the PIN fits one half of 住民基本台帳用 and not the other, of which Left tries stay: an earlier change was cut. The same change
	// again brings the halves together, with the old and the new PIN in either order.
	ResultSplit
	// ResultLocked: no try is left.
	ResultLocked
	// ResultTries: the counter was not what the resident had been shown (Left is the new one). Nothing was sent.
	ResultTries
	// ResultGone: the card was taken out or reset before the PIN was sent.
	ResultGone
	// ResultGoneVerify: it was taken out while the card judged the PIN; a try may be gone. The PIN is unchanged.
	ResultGoneVerify
	// ResultGoneChange: it was taken out while the PIN was replaced; either may be in force.
	ResultGoneChange
	// ResultUnreadable: something lies there that does not answer.
	ResultUnreadable
	// ResultNoReader: reader or card service is missing.
	ResultNoReader
	// ResultDeadline: the command took too long and was abandoned before a PIN was sent.
	ResultDeadline
	// ResultLate: the command was abandoned after a PIN may have been sent.
	ResultLate
	// ResultFailed: the card answered something unexpected; no PIN was judged or replaced.
	ResultFailed

	numResults
)

var resultNames = [numResults]string{"ok", "wrong", "split", "locked", "tries", "gone", "gone_verify", "gone_change", "unreadable", "no_reader", "deadline", "late", "failed"}

// String names the result, e.g. "gone_change".
func (r Result) String() string {
	if r >= numResults {
		return fmt.Sprintf("Result(%d)", uint8(r))
	}
	return resultNames[r]
}

// An Op is a card command that carries a PIN.
type Op uint8

// The card commands that are journaled.
const (
	OpNone Op = iota
	OpVerify
	OpChange
	OpLeave // leave-check: a VERIFY with the new PIN
	OpIssue // an operation of the issuer link

	numOps
)

var opNames = [numOps]string{"none", "verify", "change", "leave_check", "issue"}

// String names the command, e.g. "change".
func (o Op) String() string {
	if o >= numOps {
		return fmt.Sprintf("Op(%d)", uint8(o))
	}
	return opNames[o]
}

// An Applicant says who stands at the counter.
type Applicant uint8

// The applicants, in the order of the choice keys.
const (
	Self Applicant = 1 + iota
	LegalRep
	Proxy
)

// String is the applicant's code, e.g. "legal_rep"; "" for none.
func (a Applicant) String() string {
	return [...]string{"", "self", "legal_rep", "proxy"}[min(a, Proxy)]
}

// An Entry is what the journal keeps of an open case: enough to close it after a power cut and to say which card step was running. It names nobody.
// The zero Entry is a clear journal.
type Entry struct {
	Procedure record.Procedure
	Applicant Applicant
	Week      record.Week
	Op        Op        // the card command about to be sent
	Kind      card.Kind // of Op; 0 with OpNone
	Recorded  bool      // the case's record is stored already; no second one follows
}

// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"strings"
)

// An ID names one screen. IDs are stable: they appear in /api/state, in tests and in logs. Every ID is listed in this file and nowhere else.
type ID string

// A Face says whose turn it is: the box is turned to the clerk or to the resident, or it stands idle for anybody.
type Face string

// The three faces.
const (
	FaceIdle     Face = "idle"
	FaceClerk    Face = "clerk"
	FaceResident Face = "resident"
)

// The screens, with the Facts each one draws. "Header" facts (Office on idle and clerk screens, Step on resident screens) are optional everywhere.
const (
	Boot           ID = "boot"             // Build. The program has started, storage and reader are being opened.
	Idle           ID = "idle"             // Office, Date, Link, LinkSince, Queue, Release; Text: codes of what the check found wrong, "CL1 ST3".
	IdleReading    ID = "idle.reading"     // A card was laid down at idle and is being read.
	IdleBoard      ID = "idle.board"       // Board, Ends, EndState, Species. Nothing was opened; the board goes when the card goes.
	IdleWrongCard  ID = "idle.wrongcard"   // Species.
	IdleUnreadable ID = "idle.unreadable"  // The card does not answer (mute, upside down) or answered nonsense.
	Wipe           ID = "wipe"             // White, both banks. The clerk's face only comes after this one was shown.
	ClerkCode      ID = "clerk.code"       // Filled, Fault ("too_short"). 4–8 digits in secret mode.
	ClerkCodeWrong ID = "clerk.code.wrong" // Left: entries before the next pause (0 = not told).
	ClerkCodeWait  ID = "clerk.code.wait"  // Seconds: rest of the pause after five misses.
	ClerkProcedure ID = "clerk.procedure"  // Lines (codes of procedures), Choice, Page, Pages; Paras: one warning of "hours" or "place". A list, see clerk.go.
	ClerkKind      ID = "clerk.kind"       // Procedure, Choice 1 login, 2 signing, 3 card_info, 4 register; Board if a card lies there: marks what it lacks, and no tries.
	ClerkApplicant ID = "clerk.applicant"  // Procedure, Lines (codes of applicants), Choice; Paras as in ClerkProcedure. A list.
	ClerkRefused   ID = "clerk.refused"    // Reason: "legal_rep", "proxy". Why this box does not do it, and which way leads on.
	ClerkTurn      ID = "clerk.turn"       // Procedure, Kind. Turn the box to the resident, then 確認.
	ClerkCancel    ID = "clerk.cancel"     // Close the case? 取消 closes, 確認 goes back.
	ClerkTimeout   ID = "clerk.timeout"    // Seconds until the case is closed.
	ClerkMenu      ID = "clerk.menu"       // Choice 1 language of the resident's screens, 2 this device, 3 close the case.
	ClerkAbout     ID = "clerk.about"      // Build, Title (the rules in force), Fingerprint, Release, Link, LinkSince, Queue.
	ClerkClosed    ID = "clerk.closed"     // Reason: an outcome code (see Outcomes) or where the case stands (see Steps), Kind, Claim, Ends, Queue, Paras: papers that a reset needs. What to tell or do next.

	ClerkQuestion    ID = "clerk.question"     // Procedure, Title, Lines, Choice, Rest, Page, Pages. One question of the rules. A list.
	ClerkDocuments   ID = "clerk.documents"    // Procedure, Lines with Tick, Choice, Page, Pages. A list: a digit ticks a line or takes the tick off, 確認 is done.
	ClerkDate        ID = "clerk.date"         // Title ("" = today), Text, Fault ("no_such_day", "out_of_range"). Eight digits, year first.
	ClerkConfirmDate ID = "clerk.confirmdate"  // Date. The clock is not trusted: 確認 = right, 訂正 = type it.
	ClerkDecision    ID = "clerk.decision"     // Procedure, Verdict, Paras, Page, Pages. 確認 goes on, メニュー = why, 取消 = back to the last question.
	ClerkWhy         ID = "clerk.why"          // Procedure, Paras, Page, Pages. 確認 goes back, メニュー turns to the other reasons.
	ClerkTell        ID = "clerk.tell"         // Procedure, Paras, Page, Pages. What to tell the resident; 確認 goes on.
	ClerkNotice      ID = "clerk.notice"       // Verdict "closed" or "needs_reservation", Paras, Page, Pages. Hours and place, before anything is typed; 確認 goes on, 取消 ends the case, 訂正 goes back.
	ClerkClaim       ID = "clerk.claim"        // Text, Step (the key pressed first, of the two for a character), Fault ("short", "check"), Lines: Code a key, Text its characters.
	ClerkClaimAsking ID = "clerk.claim.asking" // Claim. City hall is asked.
	ClerkClaimNone   ID = "clerk.claim.none"   // Claim, Reason: why the number opens nothing here and now; Seconds: rest of a pause; Left: numbers before the next one.
	ClerkClaimFound  ID = "clerk.claim.found"  // Claim, Paras, Page, Pages. What lies behind it; 確認 goes on.
	ClerkGuide       ID = "clerk.guide"        // Procedure, Verdict, Paras, Page, Pages. A matter that is only explained; メニュー = why, 確認 goes on.

	// ClerkInterrupted follows a power cut with an open case: Reason is the card step that was running, "none", "verify", "change", or the operation of the issuer link; Procedure.
	ClerkInterrupted ID = "clerk.interrupted"
	ClerkLetter      ID = "clerk.letter"  // Procedure. A proxy's sealed letter is opened, by staff, who type what stands in it.
	ClerkRecover     ID = "clerk.recover" // Reason: "asking", "card", "other", "done", "undone", "doubt". How an operation of the issuer link stands that was cut off.

	ResidentLanguage       ID = "resident.language"         // Choice 1–7, as in Langs; each language in its own words; 8 is the practice round, with Practice; without those in Silent.
	ResidentStart          ID = "resident.start"            // Where one language is offered, in place of ResidentLanguage. Choice 1 begin, 2 the practice round.
	ResidentPractice       ID = "resident.practice"         // A round of typing without a card is about to begin.
	ResidentPractised      ID = "resident.practice.done"    // It is over; what was typed is wiped.
	ResidentCardInsert     ID = "resident.card.insert"      // Procedure, Kind.
	ResidentCardReading    ID = "resident.card.reading"     // Do not take the card out.
	ResidentCardWrong      ID = "resident.card.wrong"       // Species.
	ResidentCardUnreadable ID = "resident.card.unreadable"  // The card does not answer: other way round, wipe the chip.
	ResidentCardRemoved    ID = "resident.card.removed"     // Reason: what was running, "none", "verify" or "change"; Kind. What it means.
	ResidentCardNoPIN      ID = "resident.card.nopin"       // Face-authentication card: no PIN was ever set.
	ResidentCardTake       ID = "resident.card.take"        // All is finished: take the card.
	ResidentBoard          ID = "resident.board"            // Board, Ends, EndState, Species, Kind (the row about to be asked, marked).
	ResidentTell           ID = "resident.tell"             // Paras from Told, or codes of takeHome; Claim; Page. What to take home; ▲▼ turn pages.
	ResidentLocked         ID = "resident.locked"           // Kind. Which desk or kiosk helps.
	ResidentRelocked       ID = "resident.relocked"         // Kind. It has locked in a case that can set it anew: 確認 goes on.
	ResidentAbsent         ID = "resident.absent"           // Kind: this card has no such PIN (under 15: signing).
	ResidentLetters        ID = "resident.letters"          // Before the first entry of letters: two presses for each character, capitals only.
	ResidentGuard1         ID = "resident.guard.1"          // Kind. Last try: what a lock means. 確認 goes on, 取消 stops.
	ResidentGuard2         ID = "resident.guard.2"          // Kind. ▼ goes on.
	ResidentGuard3         ID = "resident.guard.3"          // Kind. 確認 opens the entry.
	ResidentCancel         ID = "resident.cancel"           // Stop? 取消 again stops, 確認 goes back; Seconds until it goes back by itself (0 = not told).
	ResidentTimeout        ID = "resident.timeout"          // Seconds. Any key goes on; that key is not stored.
	ResidentChecking       ID = "resident.checking"         // Kind. VERIFY is running.
	ResidentChanging       ID = "resident.changing"         // Kind. CHANGE is running.
	ResidentWrong          ID = "resident.wrong"            // Kind, Left, Max. The card refused the PIN; it hints at the wrong kind of PIN.
	ResidentSplit          ID = "resident.split"            // Kind, Left, Max, Reason "change", "swap" or "check". An earlier change reached one half of the PIN only.
	ResidentLookAlike      ID = "resident.lookalike"        // Kind. After a new password was typed, whatever it is: letters that are mistaken. 確認 keeps it, 訂正 chooses again.
	ResidentReview         ID = "resident.review"           // Kind; Choice of Filled characters, from 1. A typed password, before it is used; Painter.Reveal shows the character.
	ResidentMismatch       ID = "resident.mismatch"         // Kind. The two entries of the new PIN differ; both were wiped.
	ResidentDone           ID = "resident.done"             // Kind; Ends and EndState of its certificate. The PIN is right.
	ResidentChanged        ID = "resident.changed"          // Kind; Ends and EndState of its certificate. The card holds the new PIN.
	ResidentLeaveAsk       ID = "resident.leavecheck.ask"   // Kind, Left, Max. Type the new PIN once more before leaving? 確認 yes, 取消 no.
	ResidentLeaveOK        ID = "resident.leavecheck.ok"    // Kind.
	ResidentLeaveWrong     ID = "resident.leavecheck.wrong" // Kind, Left, Max. 確認 = change again, 取消 = stop.
	ResidentUnsure         ID = "resident.unsure"           // Kind, Left. The change was interrupted: old or new PIN may be the one in force.
	ResidentFailed         ID = "resident.failed"           // Reason: "status", "deadline", "reader". The card or reader answered something unexpected; no PIN was judged.
	ResidentStopped        ID = "resident.stopped"          // Reason: an outcome code (see Outcomes), Kind. What was not done, what stays as it was.
	ResidentIssueAbout     ID = "resident.issue.about"      // Procedure, Kind, Step, Reason "reset", "issue", "renewal", "release", "release_new" (with a certificate). What the issuer link is about to do, and that it takes time.
	ResidentIssueWait      ID = "resident.issue.wait"       // Kind, Step, Reason "asking", "release" (Text: the number that the second person sees), "cert". 取消 stops.
	ResidentIssueCard      ID = "resident.issue.card"       // Kind, Step, Reason "card", "report". Do not take the card out.
	ResidentIssueAgain     ID = "resident.issue.again"      // Reason "same", "other". Only the card can say whether it was done.
	ResidentIssued         ID = "resident.issued"           // Kind, Reason "reset", "cert", "renewal", "release", "release_new"; Ends and EndState of the new certificates.
	ResidentHelp           ID = "resident.help"             // Menu key during entry: what the keys do.
	ResidentMenu           ID = "resident.menu"             // Choice 1 language, 2 large print, 3 slow keys, 4 what the keys do, 5 call the clerk; Large, Slow: what is on.
	ResidentCall           ID = "resident.call"             // The clerk was called by the lamp; 確認 goes back.
	ResidentTurnBack       ID = "resident.turnback"         // Turn the box back to the clerk, then 確認.

	// The service menu, for clerks and technicians: メニュー and 取消 held together at rest, then the clerk code.
	ServiceCode    ID = "service.code"           // Filled, Fault ("too_short"). The clerk code that opens the menu.
	ServiceMenu    ID = "service.menu"           // Choice 1 keys, 2 screen, 3 card reader, 4 queue, 5 this box, 6 clock, 7 lamp and sound, 8 clerk code, 9 check.
	ServicePad     ID = "service.pad"            // Down, Seen, Reason: "", "all" (seen), "several", "ghost", "stuck", "unplugged". 取消 held for 2 s leaves.
	ServicePanel   ID = "service.panel"          // Rows "panel", "full", "partial"; Reason: "", "fast", "slow". 確認 begins the pictures.
	ServiceBlack   ID = "service.panel.black"    // The whole glass black, …
	ServiceWhite   ID = "service.panel.white"    // … white, …
	ServiceFine    ID = "service.panel.fine"     // … in fine patterns, which show a bad cable, …
	ServicePrint   ID = "service.panel.print"    // … and print in all sizes inside a frame at the edge.
	ServiceReader  ID = "service.reader"         // Rows "reader", "own_pad", "slot"; Reason: "empty", "in", "mute", "none", "service".
	ServiceQueue   ID = "service.queue"          // Rows "cases", "oldest", "line", "receipt"; Reason: "up", "down", "none".
	ServiceAbout   ID = "service.about"          // Rows "device", "build", "spoken", "fingerprint", "rules", "clock"; Reason: "", or why the last update is not in force, one of UpdateFaults.
	ServiceClock   ID = "service.clock"          // Rows "date", "time"; Reason: "sure", "confirmed". Where the day is open ClerkConfirmDate stands instead.
	ServiceLamp    ID = "service.lamp"           // Rows "lamp", "buzzer". ▲▼ the lamp's states, 確認 the buzzer.
	ServiceOldCode ID = "service.oldcode"        // Filled, Fault. The clerk's present code.
	ServiceNewCode ID = "service.newcode"        // Filled, Fault.
	ServiceAgain   ID = "service.newcode.again"  // Filled, Fault.
	ServiceSaving  ID = "service.newcode.saving" // The new code is judged and stored.
	ServiceSaved   ID = "service.newcode.saved"
	ServiceRefused ID = "service.newcode.refused" // Reason: "unfit", "mismatch", "full", "storage". The old code holds.
	ServiceCheck   ID = "service.check"           // Rows "check_keys" to "check_link"; Reason: "running", "well", "ill". 確認 goes on to what is wrong.
	ServiceIll     ID = "service.found"           // Reason: what is wrong, a code of IllCodes. 確認 goes on.

	// A new box at its window, before it has any settings (package device/enrol), for whoever sets it up.
	ServiceEnrolWords ID = "service.enrol.words" // Text: the three words; Office: the window; Title: city and box; Fingerprint. 確認 = as in the letter, 取消 = not.
	ServiceEnrolCode  ID = "service.enrol.code"  // Text: the digits typed of ten; Left: tries left after a wrong one; Fault ("too_short").
	ServiceEnrolWait  ID = "service.enrol.wait"  // Reason: "link", "asking", "keeping", or why there is no line (enrol.Lines); Text: where to.
	ServiceEnrolStop  ID = "service.enrol.stop"  // Reason: why it is not enrolled; Seconds with "locked"; Text: what or where, for a technician.
	ServiceEnrolDone  ID = "service.enrol.done"

	// A box that is being wiped by an order of its fleet, and one that was.
	ServiceWipe      ID = "service.wipe"       // Reason: "erasing", "storage", "telling", "ending".
	ServiceWipeAlone ID = "service.wipe.alone" // City hall cannot be told: 確認 goes on without.
	ServiceWiped     ID = "service.wiped"

	FaultReader  ID = "fault.reader"  // No reader: cable or power.
	FaultService ID = "fault.service" // The smart-card service hangs or is not running.
	FaultPanel   ID = "fault.panel"   // The panel answered too late and was started anew.
	FaultStorage ID = "fault.storage" // Reason: "" (cannot be opened), "quarantined" (the old file was put aside), "full".
	FaultKeypad  ID = "fault.keypad"  // A key is stuck or the pad is unplugged. Kind of fault in Reason: "stuck", "unplugged".
	FaultLid     ID = "fault.lid"     // The lid switch is open: no PIN step starts.
	// FaultStart: the program cannot start. Reason: "settings" (there are none), "wrong" (a mistake in them), "data" (the data partition is not open), "readonly",
	// "board" (lines or port are missing), "reader" (the card service is missing), "parts" (a part does not answer); Text: what or where, for a technician.
	FaultStart  ID = "fault.start"
	FaultUpdate ID = "fault.update" // No fault: a new version of the program is being written, for minutes, and no case opens.
)

// The screens of one PIN kind: prefix + kind, for each of Kinds.
const (
	prefixAbout  = "resident.about."      // Kind, Left, Max: which PIN is asked for, what it is used for, its rules.
	prefixPIN    = "resident.pin."        // Kind, Left, Max, Filled, Half, Fault. Entry of the current PIN.
	prefixRules  = "resident.rules."      // Kind: the rules of a new PIN, before it is typed.
	prefixNew    = "resident.newpin."     // Kind, Filled, Half, Fault. Entry of the new PIN.
	prefixAgain  = "resident.again."      // Kind, Filled, Half, Fault. Second entry of the new PIN.
	prefixTry    = "resident.practice."   // "login" and "signing" only. Filled, Half, Fault. Made-up characters to be typed for practice, which the screen shows.
	prefixLetter = "clerk.letter."        // Kind, Left, Max, Filled, Half, Fault, Reason "current", "new", "again". Staff type a PIN of a proxy's letter: the one PIN entry with a clerk's face.
	prefixLeave  = "resident.leavecheck." // Kind, Left, Max, Filled, Half, Fault. Leave-check: the new PIN once more, by the card.
)

// Kinds are the PIN kinds by their ids, in the order of screens and choice keys.
var Kinds = []string{"login", "signing", "card_info", "register"}

// AboutID, PINID, RulesID, NewPINID, AgainID and LeaveID are the screens of one PIN kind ("login", "signing", "card_info", "register").
func AboutID(kind string) ID { return ID(prefixAbout + kind) }

// PINID is the entry of the current PIN of a kind.
func PINID(kind string) ID { return ID(prefixPIN + kind) }

// RulesID tells the rules of a new PIN of a kind.
func RulesID(kind string) ID { return ID(prefixRules + kind) }

// NewPINID is the first entry of a new PIN of a kind.
func NewPINID(kind string) ID { return ID(prefixNew + kind) }

// AgainID is the second entry of a new PIN of a kind.
func AgainID(kind string) ID { return ID(prefixAgain + kind) }

// LeaveID is the entry of the leave-check of a kind.
func LeaveID(kind string) ID { return ID(prefixLeave + kind) }

// LetterID is the entry of a PIN that stands in a proxy's letter.
func LetterID(kind string) ID { return ID(prefixLetter + kind) }

// PracticeID is the entry of the practice round: four digits for "login", letters for "signing".
func PracticeID(kind string) ID { return ID(prefixTry + kind) }

// split cuts an id of one PIN kind into its prefix and the kind; ok is false for any other id.
func (id ID) split() (prefix, kind string, ok bool) {
	i := strings.LastIndexByte(string(id), '.')
	if i < 0 || !slices.Contains(Kinds, string(id[i+1:])) {
		return "", "", false
	}
	return string(id[:i+1]), string(id[i+1:]), true
}

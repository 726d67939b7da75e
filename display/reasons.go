// SPDX-License-Identifier: Apache-2.0

package display

import "slices"

// Outcomes are the codes that Facts.Reason may carry on ClerkClosed and ResidentStopped.
var Outcomes = []string{
	"done",         // PIN check: right
	"changed",      // PIN change: done
	"board",        // tries board was shown
	"cancelled",    // the resident or the clerk stopped before anything was sent
	"timeout",      // nobody pressed a key
	"locked",       // the PIN is locked, or became so
	"last_try",     // stopped at the last-try guard
	"wrong",        // stopped after a wrong entry
	"no_card",      // no card was put in
	"wrong_card",   // not a My Number Card
	"no_pin",       // face-authentication card, or no PIN of this kind
	"card_removed", // the card was taken out
	"unsure",       // the change was cut off; which PIN is in force is not known
	"split",        // an earlier change reached one half of the PIN only
	"failed",       // card or reader failed
	"interrupted",  // power was cut
	"lid",          // the lid was opened
	"storage",      // the box cannot keep its journal; nothing was sent
	"issued",       // the issuer link did all of it
	"partly",       // it did some of it
	"offline",      // no line to the issuer; nothing was typed
	"handover",     // this card obeys no issuer of ours
	"refused",      // the issuer's register says no
	"not_released", // the second person said no
	"other_card",   // another card was laid down in the middle of a case; it is as it was
	"undone",       // it was given up; the card is as it was
	"letter",       // the PIN of a proxy's letter was wrong; one try only
	"doubt",        // nobody knows before the card is read again
}

// Steps are the codes that Facts.Reason may also carry on ClerkClosed: where a case stands that got a claim number, or "no_number" where it should have.
var Steps = []string{
	"letter_mailed", // a letter goes to the card holder
	"papers_wanted", // papers are missing
	"at_terminal",   // the integrated terminal is next
	"at_staff",      // the staff of another counter carry it out
	"no_number",     // no more numbers can be kept
}

// UpdateFaults are why an update is not in force, as the page about the box tells it; and for what an order to wipe the box waits.
var UpdateFaults = []string{"signature", "refused", "compatible", "space", "write", "service", "fell_back", "unwell", "failed", "wipe", "wipe_unsent", "wipe_clock", "wipe_unable"}

// Reasons returns the codes Facts.Reason may carry on a screen that needs one; nil for a screen that reads no reason.
func (id ID) Reasons() []string {
	switch id {
	case ClerkRefused:
		return []string{"legal_rep", "proxy"}
	case ClerkClosed:
		return slices.Concat(Outcomes, Steps)
	case ResidentStopped:
		return Outcomes
	case ClerkClaimNone:
		return []string{"unknown", "elsewhere", "expired", "closed", "line", "silent", "busy", "pause", "storage"}
	case ClerkInterrupted:
		return []string{"none", "verify", "change", "reset", "issue", "renewal", "release"}
	case ResidentCardRemoved:
		return []string{"none", "verify", "change"}
	case ClerkRecover:
		return []string{"asking", "card", "other", "done", "undone", "doubt"}
	case ResidentIssueAbout:
		return []string{"reset", "issue", "renewal", "release", "release_new"}
	case ResidentIssueWait:
		return []string{"asking", "release", "cert"}
	case ResidentIssueCard:
		return []string{"card", "report"}
	case ResidentIssueAgain:
		return []string{"same", "other"}
	case ResidentIssued:
		return []string{"reset", "cert", "renewal", "release", "release_new"}
	case ResidentSplit:
		return []string{"change", "swap", "check"}
	case ResidentFailed:
		return []string{"status", "deadline", "reader"}
	case ServicePad:
		return []string{"", "all", "several", "ghost", "stuck", "unplugged"}
	case ServicePanel:
		return []string{"", "fast", "slow"}
	case ServiceReader:
		return []string{"empty", "in", "mute", "none", "service"}
	case ServiceAbout:
		return append([]string{""}, UpdateFaults...)
	case ServiceQueue:
		return []string{"up", "down", "none"}
	case ServiceClock:
		return []string{"sure", "confirmed"}
	case ServiceRefused:
		return []string{"unfit", "mismatch", "full", "storage"}
	case ServiceEnrolWait:
		return []string{"link", "trying", "resolve", "reach", "clock", "authority", "refused", "asking", "keeping"}
	case ServiceEnrolStop:
		return []string{"words", "forged", "used", "expired", "late", "unknown", "foreign", "revoked", "request", "locked", "settings", "storage"}
	case ServiceWipe:
		return []string{"erasing", "storage", "telling", "ending"}
	case ServiceCheck:
		return []string{"running", "well", "ill"}
	case ServiceIll:
		return IllCodes
	case FaultStorage:
		return []string{"", "quarantined", "full"}
	case FaultStart:
		return []string{"settings", "wrong", "data", "readonly", "board", "reader", "parts"}
	case FaultKeypad:
		return []string{"stuck", "unplugged"}
	}
	return nil
}

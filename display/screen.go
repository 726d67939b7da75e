// SPDX-License-Identifier: Apache-2.0

package display

import (
	"slices"
	"time"
)

// A Screen is everything that is drawn: which screen, in which language, with which facts. It is plain data and holds no part of a PIN.
type Screen struct {
	ID    ID
	Lang  Lang
	Facts Facts
}

// A Date is a civil date in ISO form, "2026-11-22". Empty means unknown or not shown.
type Date string

// DateOf returns the civil date of a time in that time's zone.
func DateOf(t time.Time) Date { return Date(t.Format(time.DateOnly)) }

// Facts are the values a screen may show. A zero value is not shown. ids.go says which screen reads which fact; the others are ignored.
type Facts struct {
	Office    string // name of the office, as configured
	Claim     string // claim number, "K7-3F9A-X"
	Date      Date   // today
	Procedure string // "pin_check", "tries_board" or a procedure of the rules, "pin_change"
	Applicant string // "self", "legal_rep", "proxy"
	Kind      string // PIN kind: "login", "signing", "card_info", "register"; may be left empty on the screens of one kind
	Left, Max int    // tries left of Kind and how many there are after a right entry

	Filled int    // boxes filled
	Half   bool   // letter entry: the first of two presses was made
	Fault  string // why an entry was not taken: "too_short", "needs_letter", "needs_digit", "mismatch"

	Board    []BoardRow // one row per PIN kind, in the order of Kinds
	Ends     Date       // last day of the login certificate
	EndState string     // "valid", "soon", "expired", "none"; empty: unknown
	Species  string     // "my_number", "face_auth", "driving_licence", "juki", "phone", "unknown"

	Link      string        // "up", "down"; empty: no link is configured
	LinkSince time.Duration // how long the link has been so
	Queue     int           // records not yet taken by city hall
	Release   string        // "at_once", "batched": when records leave the box

	Large    bool    // large print, on every resident's screen
	Practice bool    // ResidentLanguage offers the practice round
	Silent   [7]bool // ResidentLanguage: languages that this box does not offer, in the order of Langs
	Slow     bool    // slow keys are on, on ResidentMenu

	Choice  int    // the marked line, from 1; 0 = none
	Reason  string // message code, see the screen's line in ids.go
	Seconds int    // rest of a wait
	Step    string // place in the case, "2/4"

	Build, Fingerprint string // of this box, for the boot and about screens

	// The clerk's lists and texts, see clerk.go.
	Title       string // ready words in the clerk's language: a question, the heading of a list
	Text        string // digits of a date as typed so far, "202611", or characters of a claim number; neither is a secret; on ResidentIssueWait the number of the operation
	Verdict     string // one of Verdicts
	Lines       []Line // of the page shown, at most LinesPerPage
	Paras       []Para // all of them; Page says which part is shown
	Page, Pages int    // from 1; 0 = there is one page only
	Rows        []Row  // of a page of the service menu
	Down, Seen  int    // ServicePad: the contacts that read closed, and the keys that were down alone: bit row × 4 + column, as the caps lie
	Rest        int    // questions still to come after this one at most; 0 = not told
}

// A BoardRow is one line of the tries board.
type BoardRow struct {
	Kind      string
	Left, Max int
	Present   bool // the card has this PIN
	Known     bool // the card told the tries; false: present, but not readable here
	Differs   bool // two counters stand behind this PIN and differ; Left is the lower one
}

// Equal reports whether two screens draw the same picture.
func (s Screen) Equal(o Screen) bool {
	return s.Typed(o) && s.Facts.Filled == o.Facts.Filled && s.Facts.Half == o.Facts.Half
}

// Typed reports whether two screens differ at most in what was typed (Filled, Half): the same entry screen, a key further.
func (s Screen) Typed(o Screen) bool {
	a, b := s.Facts, o.Facts
	if s.ID != o.ID || s.Lang != o.Lang || !slices.Equal(a.Board, b.Board) || !slices.Equal(a.Lines, b.Lines) || !slices.Equal(a.Paras, b.Paras) ||
		!slices.Equal(a.Rows, b.Rows) {
		return false
	}
	return a.scalars() == b.scalars()
}

// scalars are the comparable facts without those of typing.
func (f Facts) scalars() any {
	return [...]any{
		f.Office, f.Claim, f.Date, f.Procedure, f.Applicant, f.Kind, f.Left, f.Max, f.Fault, f.Ends, f.EndState, f.Species, f.Link, f.LinkSince,
		f.Queue, f.Release, f.Choice, f.Reason, f.Seconds, f.Step, f.Build, f.Fingerprint,
		f.Title, f.Text, f.Verdict, f.Page, f.Pages, f.Rest, f.Large, f.Slow, f.Practice, f.Silent,
		f.Down, f.Seen,
	}
}

// SPDX-License-Identifier: Apache-2.0

package claim

import (
	"errors"
	"fmt"
	"time"

	"madoguchi/sync/record"
)

// Step is where a case stands between two visits.
type Step uint8

// The steps.
const (
	_            Step = iota
	LetterMailed      // a letter is on its way to the resident, who comes again with it
	AtTerminal        // the middle part is done at the integrated terminal (統合端末)
	PapersWanted      // papers are missing, the resident comes again with them
	LeaveCheck        // only the leave-check is left
	Closed            // done or given up: the number opens nothing any more
)

var stepCodes = []string{"", "letter_mailed", "at_terminal", "papers_wanted", "leave_check", "closed"}

// String is the code of s as it stands in JSON, such as "letter_mailed".
func (s Step) String() string { return code("step", stepCodes, uint8(s)) }

// Valid says whether s is one of the steps above.
func (s Step) Valid() bool { return s > 0 && int(s) < len(stepCodes) }

// Steps lists every step.
func Steps() []Step { return []Step{LetterMailed, AtTerminal, PapersWanted, LeaveCheck, Closed} }

// Way is how the case is carried out.
type Way uint8

// The ways.
const (
	_ Way = iota
	OnDevice
	IssuerLink
	Handover
)

var wayCodes = []string{"", "on_device", "issuer_link", "handover"}

// String is the code of w as it stands in JSON, such as "handover".
func (w Way) String() string { return code("way", wayCodes, uint8(w)) }

// Valid says whether w is one of the ways above.
func (w Way) Valid() bool { return w > 0 && int(w) < len(wayCodes) }

// Ways lists every way.
func Ways() []Way { return []Way{OnDevice, IssuerLink, Handover} }

// Day is a calendar day in Japan, counted from the first of January 2024. The zero value is no day.
type Day uint16

var (
	japan    = time.FixedZone("JST", 9*60*60) // no other offset since 1951
	firstDay = time.Date(2023, time.December, 31, 0, 0, 0, 0, japan)
)

// DayOf is the day in Japan at t; 0 if it cannot be told, as by a clock that stands at 1970.
func DayOf(t time.Time) Day {
	d := int64(t.Sub(firstDay) / (24 * time.Hour))
	if d < 1 || d > 1<<16-1 || t.Before(firstDay) {
		return 0
	}
	return Day(d)
}

// Start is midnight in Japan at which d begins; the zero time for no day.
func (d Day) Start() time.Time {
	if d == 0 {
		return time.Time{}
	}
	return firstDay.AddDate(0, 0, int(d))
}

// String is d as it stands in JSON, such as "2026-11-22".
func (d Day) String() string { return d.Start().Format(time.DateOnly) }

// ParseDay reads what String writes.
func ParseDay(text string) (Day, error) {
	t, err := time.ParseInLocation(time.DateOnly, text, japan)
	if err != nil {
		return 0, fmt.Errorf("reading day: %q is not like 2026-11-22", clip(text))
	}
	d := DayOf(t)
	if d == 0 || d.String() != text {
		return 0, fmt.Errorf("reading day: %q is out of range", clip(text))
	}
	return d, nil
}

// Rev counts the changes of a claim's state: of two states of one number the higher holds.
type Rev uint8

// State is what lies behind a number. There is no field that could say whose case it is; a test over the types of this package holds that.
type State struct {
	Procedure record.Procedure
	Applicant record.Applicant
	Step      Step
	Way       Way
	Issued    Day // the day on which the number was given
	Expires   Day // the last day on which it opens anything
	Rev       Rev // from 1
}

// Terms of a number, in days.
const (
	HandoverDays = 1   // "24 hours": the day after is its last
	DefaultDays  = 60  // of a second visit whose letter says nothing of its validity
	MaxDays      = 366 // no letter is valid longer
)

// ExpiryOf is the last day of a number given today: a hand-over's next day, else the letter's validity in days, or DefaultDays if letterDays is 0.
func ExpiryOf(s Step, today Day, letterDays int) Day {
	days := DefaultDays
	switch {
	case s == AtTerminal || s == LeaveCheck:
		days = HandoverDays
	case letterDays > 0:
		days = min(letterDays, MaxDays)
	}
	return today + Day(days)
}

// Live says whether s opens anything on a day. With no day known (0) it does: the box then asks the clerk for the date.
func (s State) Live(today Day) bool {
	return s.Step.Valid() && s.Step != Closed && (today == 0 || today <= s.Expires)
}

// Check says what is wrong with s.
func (s State) Check() error {
	switch {
	case !s.Procedure.Valid():
		return fmt.Errorf("unknown %v", s.Procedure)
	case !s.Applicant.Valid():
		return fmt.Errorf("unknown %v", s.Applicant)
	case !s.Step.Valid():
		return fmt.Errorf("unknown %v", s.Step)
	case !s.Way.Valid():
		return fmt.Errorf("unknown %v", s.Way)
	case s.Issued == 0 || s.Expires < s.Issued || s.Expires-s.Issued > MaxDays:
		return fmt.Errorf("from day %d to day %d: want 0 to %d days", s.Issued, s.Expires, MaxDays)
	case s.Rev == 0:
		return errors.New("revision is 0")
	}
	return nil
}

func code(what string, codes []string, v uint8) string {
	if v == 0 || int(v) >= len(codes) {
		return fmt.Sprintf("%s(%d)", what, v)
	}
	return codes[v]
}

func parse(what string, codes []string, text string) (uint8, error) {
	for v := 1; v < len(codes); v++ {
		if codes[v] == text {
			return uint8(v), nil
		}
	}
	return 0, fmt.Errorf("reading %s: unknown code %q", what, clip(text))
}

// clip keeps an error message from carrying a whole hostile message.
func clip(s string) string {
	if len(s) > 24 {
		return s[:24] + "…"
	}
	return s
}

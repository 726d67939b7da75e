// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/pelletier/go-toml/v2"
)

// File is one policy file as it is written; README.md explains every field to its author. A field that is not said stays empty, and what
// that means is the national file's word, or "not stated".
type File struct {
	Policy  Head              `toml:"policy"`
	Sources map[string]string `toml:"sources"` // short name -> name of a page's file
	Terms   Terms             `toml:"terms"`
	Pins    map[string]Pins   `toml:"pins"`

	Documents   map[string][]string `toml:"documents"` // named lists of documents; "@name" stands for another list
	Requirement []Requirement       `toml:"requirement"`
	List        []List              `toml:"list"`
	Place       []PlaceEntry        `toml:"place"`

	Representative []Row `toml:"representative"` // may a legal representative act as one?
	Gate           []Row `toml:"gate"`           // before all else; the first that holds decides
	Path           []Row `toml:"path"`           // the way through the procedure; the first that holds decides
	Fallback       []Row `toml:"fallback"`       // where a path leads when its papers are not all there
	Answer         []Row `toml:"answer"`         // single answers and what to tell; all that hold, the first for each key

	Message     map[string]Text              `toml:"message"`
	Translation map[string]map[string]string `toml:"translation" json:"Translation,omitempty"` // language -> code of a message -> text
}

// Head says whose policy it is.
type Head struct {
	Municipality string          `toml:"municipality"`
	Name         Text            `toml:"name"`
	Version      int             `toml:"version"`
	SourceDate   *toml.LocalDate `toml:"source_date"`
	Note         string          `toml:"note"`
}

// Text is the same in three languages: Japanese, easy Japanese (やさしい日本語) and English. A message may have more, from the translation
// tables.
type Text struct {
	Ja     string `toml:"ja" json:"ja"`
	Easy   string `toml:"ja_easy" json:"ja_easy,omitempty"`
	En     string `toml:"en" json:"en"`
	Source string `toml:"source" json:"source,omitempty"`

	Zh, Ko, Pt, Vi string `toml:"-" json:"-"`
}

// Terms are the numbers of a policy.
type Terms struct {
	AgeRule     string     `toml:"age_rule"` // day_before (the Act on Calculation of Ages) or birthday
	Window      *WindowT   `toml:"window"`
	Certificate *ValidityT `toml:"certificate"`
	Card        *ValidityT `toml:"card"`
	LastYear    *LastYearT `toml:"last_year"`
	Hours       *HoursT    `toml:"hours"`
}

// WindowT says from when certificates may be renewed.
type WindowT struct {
	Months   int    `toml:"months"`
	FirstDay string `toml:"first_day"` // same_day or day_after
	Source   string `toml:"source"`
}

// ValidityT says how long a certificate or a card lasts.
type ValidityT struct {
	From         string `toml:"from"`           // cert_issue or card_issue
	Birthdays    int    `toml:"birthdays"`      // the n-th birthday after the issue
	Under18      int    `toml:"under_18"`       // for a card issued under 18; 0 = the same
	LimitedStay  bool   `toml:"limited_stay"`   // ends with a limited period of stay
	CardEndFirst bool   `toml:"card_end_first"` // ends with the card if that is earlier
	Source       string `toml:"source"`
}

// LastYearT says how many months before its end a card counts as being in its last year.
type LastYearT struct {
	Months int    `toml:"months"`
	Source string `toml:"source"`
}

// HoursT are opening hours; without clock times only the days count.
type HoursT struct {
	Days   []string `toml:"days"`
	Open   string   `toml:"open"`
	Close  string   `toml:"close"` // the last minute is still open
	Source string   `toml:"source"`
}

// Pins is the form of one PIN and how often it may be wrong in a row; tries 0 means that the page gives no number.
type Pins struct {
	Min    int    `toml:"min"`
	Max    int    `toml:"max"`
	Form   string `toml:"form"` // digits, or upper_and_digits (both kinds, capitals only)
	Tries  int    `toml:"tries"`
	Source string `toml:"source"`
}

// Requirement is one thing that may be asked for, and what meets it: a document of an owner, or a circumstance.
type Requirement struct {
	Code       string              `toml:"code"`
	Name       Text                `toml:"name"`
	Owner      string              `toml:"owner"`
	Docs       []string            `toml:"docs"`
	Met        map[string][]string `toml:"met"`
	IssuedFrom map[string]string   `toml:"issued_from"` // document -> first day of issue that counts
}

// List is a named list of needs.
type List struct {
	Name string `toml:"name"`
	Need []Need `toml:"need"`
}

// Need is a requirement on a list.
type Need struct {
	Code     string              `toml:"code"`
	When     map[string][]string `toml:"when"`
	Months   int                 `toml:"max_age_months"`
	Optional bool                `toml:"optional"`
	Met      map[string][]string `toml:"met"`     // what meets it here, instead of what the requirement says
	Assumed  bool                `toml:"assumed"` // the page names no papers: asked for only where documents were looked at
}

// PlaceEntry is a place of section 6.
type PlaceEntry struct {
	Code        string   `toml:"code"`
	Name        Text     `toml:"name"`
	Also        []string `toml:"also"` // other codes of the same place
	Phone       string   `toml:"phone"`
	Reservation *bool    `toml:"reservation"`
	Hours       *HoursT  `toml:"hours"`
	Source      string   `toml:"source"`
}

// Row is one rule. Procedure, applicant and when say when it holds: every named circumstance must have one of its words. What it decides
// stands in the other fields; which of them a table may use is checked.
type Row struct {
	ID        string              `toml:"id"`
	Source    string              `toml:"source"`
	Default   string              `toml:"default"` // numbers of the open questions that it answers: "Q15" or "Q15, Q16"
	From      *toml.LocalDate     `toml:"from"`
	Until     *toml.LocalDate     `toml:"until"`
	Procedure []string            `toml:"procedure"`
	Applicant []string            `toml:"applicant"`
	When      map[string][]string `toml:"when"`
	Note      string              `toml:"note"`
	Yields    []string            `toml:"yields"` // ids of earlier answers, or "*", that this one knowingly gives way to

	Allowed  any            `toml:"allowed"` // representative: true, false or "silent"
	Outcome  string         `toml:"outcome"`
	Reason   string         `toml:"reason"`
	Sequence []string       `toml:"sequence"`
	List     string         `toml:"list"`
	Fallback string         `toml:"fallback"`
	Visits   int            `toml:"visits"`
	Pins     string         `toml:"pins"` // principal, representative, letter
	Set      map[string]any `toml:"set"`
	Tell     []string       `toml:"tell"`
}

// Error is a fault in a policy file, with its place. Line and Column count from 1; 0 is unknown.
type Error struct {
	File         string
	Line, Column int
	Rule         string // id, where it is a rule's
	What         string
}

func (e *Error) Error() string {
	s := e.File
	if e.Line > 0 {
		s += fmt.Sprintf(":%d:%d", e.Line, e.Column)
	}
	if e.Rule != "" {
		s += ": rule " + e.Rule
	}
	return s + ": " + e.What
}

// read parses one file, strictly: a field the format does not know is a fault.
func read(name string, text []byte) (*File, error) {
	d := toml.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	f := new(File)
	err := d.Decode(f)
	if err == nil {
		return f, nil
	}
	var strict *toml.StrictMissingError
	if errors.As(err, &strict) && len(strict.Errors) > 0 {
		row, col := strict.Errors[0].Position()
		return nil, &Error{File: name, Line: row, Column: col, What: "unknown field " + strings.Join(strict.Errors[0].Key(), ".")}
	}
	var bad *toml.DecodeError
	if errors.As(err, &bad) {
		row, col := bad.Position()
		return nil, &Error{File: name, Line: row, Column: col, What: strings.TrimPrefix(bad.Error(), "toml: ")}
	}
	return nil, &Error{File: name, What: err.Error()}
}

// locate finds where a rule of an id, and in it a word, is written. The parser gives no place for what it has read without complaint.
func locate(text []byte, id, word string) (line, col int) {
	at := 0
	if id != "" {
		for _, form := range []string{"id = \"" + id + "\"", "name = \"" + id + "\"", "code = \"" + id + "\"", "\n" + id + " = {"} {
			if i := bytes.Index(text, []byte(form)); i >= 0 {
				at = i
				break
			}
		}
	}
	if word != "" {
		if i := bytes.Index(text[at:], []byte(word)); i >= 0 {
			at += i
		} else if id == "" {
			return 0, 0
		}
	}
	line = 1 + bytes.Count(text[:at], []byte("\n"))
	col = 1 + at - (bytes.LastIndexByte(text[:at], '\n') + 1)
	return line, col
}

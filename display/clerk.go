// SPDX-License-Identifier: Apache-2.0

package display

import (
	"sync"

	"madoguchi/display/words"
)

// A list is a page of numbered lines: digits 1 to LinesPerPage choose (on ClerkDocuments: tick) a line, ▲▼ move the mark and run over
// into the next page, 0 turns to the next page and after the last one to the first. A text is paragraphs in pages, turned by ▲▼.

// LinesPerPage is the most lines on a page of a list.
const LinesPerPage = 6

// A Line is one line of a list.
type Line struct {
	Code string // a code with words in the catalogue: a procedure, an applicant, pin_check, tries_board
	Text string // ready words in the clerk's language, from policy or procedure; wins over Code
	Tick Tick
}

// A Tick is the box of a line that is ticked.
type Tick uint8

// The ticks. A line without one is chosen, not ticked.
const (
	TickNone Tick = iota
	TickOff
	TickOn
)

// A Para is one paragraph of a text: a short head and its words. Words are Text if there is one, else those that the catalogue has for
// the head with Word, N and Date.
type Para struct {
	Code string // the head, one of ParaCodes; "" = words without a head
	Text string // ready words in the clerk's language; wins over what follows
	Word string // a code with words in the catalogue, see ParaCodes
	N    int    // a number in the words
	Date Date
}

// ParaCodes are the heads of paragraphs. Where nothing is said of Word, N or Date, a paragraph carries Text.
var ParaCodes = []string{
	"fee",     // N yen, 0 = free; Word "unknown": the municipality does not say. Stands with "visits" in the row under the verdict
	"visits",  // N visits in all; Word "unknown"
	"opens",   // Date: the first day
	"reason",  // Word: a reason of the rules
	"next",    // Word: a procedure to be done first or instead; one paragraph each, in order
	"way",     // Word: "on_device", "handover", or a channel of the rules: how it is carried out
	"missing", // a paper that lacks, one paragraph each
	"tell",    // what to tell the resident
	"why",     // the words of a rule or of a circumstance
	"source",  // rule and source: "M3 002:40-46"
	"default", // the page leaves this open and the clerk is to confirm; Text or the catalogue's words
	"place",   // where; Word "reservation", "elsewhere" (a warning in a list)
	"hours",   // when; Word "closed" (a warning in a list)
	"phone",   // a number to call
	"carry",   // what to bring along
	"stand",   // Word: a step of a claim: what comes next
	"who",     // Word: an applicant
	"since",   // Date: the day of the first visit
	"until",   // Date: the last day of a claim number
}

// Verdicts are what a decision says in one word: the outcomes of the rules, and "silent" where the municipality's page says nothing.
var Verdicts = []string{
	"complete", "first_visit", "missing_documents", "redirect", "not_yet_open", "refuse", "ask_office", "needs_reservation", "closed",
	"guidance", "silent",
}

// LinePages returns how many of a list's lines each page holds, at most LinesPerPage. s is the list's screen with all its Lines and with the
// title and warning that every page carries. Rows are counted as they are drawn, without a font.
func LinePages(s Screen) []int {
	b, err := counting(s)
	if err != nil {
		return nil
	}
	l := b.list()
	if b.err != nil {
		return nil // Render says what is wrong
	}
	return l.pages()
}

// ParaPages returns the number of pages of a text, at least 1, for a screen with all its Paras.
func ParaPages(s Screen) int {
	b, err := counting(s)
	if err != nil {
		return 1
	}
	return max(1, len(b.text()))
}

// catalogue is the words, read once; every renderer and every count shares them.
var catalogue = sync.OnceValues(words.New)

func counting(s Screen) (*builder, error) {
	cat, err := catalogue()
	if err != nil {
		return nil, err
	}
	s.Lang = Lang(words.ClerkLang(string(s.Lang)))
	return &builder{cat: cat, s: s}, nil
}

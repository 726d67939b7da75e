// SPDX-License-Identifier: Apache-2.0

package display

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
	Word string // see ParaCodes
	N    int    // "fee": yen, "visits": how often in all
	Date Date   // "opens": the first day
}

// ParaCodes are the heads of paragraphs. The first ones have words of their own, the others always carry Text.
var ParaCodes = []string{
	"fee",     // N yen, 0 = free; Word "unknown"
	"visits",  // N visits in all; Word "unknown"
	"opens",   // Date
	"reason",  // Word: a reason of the rules
	"next",    // Word: a procedure to be done first or instead; one paragraph each, in order
	"way",     // Word: "on_device", "issuer_link", "handover": how it is carried out
	"missing", // a paper that lacks, one paragraph each
	"tell",    // what to tell the resident
	"why",     // words of a rule or of a circumstance
	"source",  // rule and source: "M3 002:40-46"
	"default", // the page leaves this open: to be confirmed
	"place",   // where
	"hours",   // when
	"phone",   // a number to call
	"carry",   // what to bring along
}

// Verdicts are what a decision says in one word: the outcomes of the rules, and "silent" where the municipality's page says nothing.
var Verdicts = []string{
	"complete", "first_visit", "missing_documents", "redirect", "not_yet_open", "refuse", "ask_office", "needs_reservation", "closed",
	"guidance", "silent",
}

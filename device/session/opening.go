// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/sync/record"
)

// openCase begins what is recorded: from here a case ends with exactly one record.
func (m *machine) openCase() {
	if !m.dateCase() {
		return
	}
	m.letter = m.ruled() && m.lettered()
	m.reading = 0 // the resident's part reads the card anew
	if m.way() == "issuer_link" {
		p := m.plan()
		m.issuing = issuing{tasks: p.tasks}
		m.procedure = p.procedure
	}
	m.to(stepOpening)
	m.do(Journal{m.ask(Stored), m.entry(OpNone)})
}

// dateCase gives the case its week; false: it cannot be dated.
func (m *machine) dateCase() bool {
	d := m.today()
	year, n := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC).ISOWeek()
	w, err := record.NewWeek(year, n)
	if err != nil {
		m.storageBad = true // a clock outside all years cannot date a record
		m.toRest()
		return false
	}
	m.week = w
	return true
}

// opened turns to the resident.
func (m *machine) opened(ev Event) {
	if !ev.OK {
		m.storageBad, m.storageFull = true, ev.Bad
		m.toRest()
		return
	}
	m.board, m.known = card.Board{}, false
	m.reason = ""
	m.lang = m.tongue
	if m.letter {
		m.lang = m.cfg.Langs[0]
		m.toCard()
		return
	}
	m.toLanguage()
}

// entry is the journal's view of the case with a card command ahead.
func (m *machine) entry(op Op) Entry {
	e := Entry{Procedure: m.procedure, Applicant: m.applicant, Week: m.week, Op: op, Recorded: m.recorded}
	if op != OpNone {
		e.Kind = m.kind
	}
	return e
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// maxSpans is how many steps of one case are told of; one of them is drawn, so the rest of a very long case changes little.
const maxSpans = 32

// Facts are what a case tells beside procedure, outcome and week: closed sets and buckets. Nothing that was typed, or read from a card, is in them. They live in
// memory until the case ends; rules of recording (record.Rules) take them apart.
type Facts struct {
	Duration  record.Duration
	Friction  record.Friction
	Language  record.Language
	Applicant record.Applicant
	Means     record.Means
	Entries   [record.MaxEntries]record.PINEntry // the zero entry is none
	Steps     [maxSpans]record.StepSpan          // likewise
}

// fill puts the facts into a case.
func (f Facts) fill(c record.Case) record.Case {
	c.Duration, c.Friction, c.Language, c.Applicant, c.Means = f.Duration, f.Friction, f.Language, f.Applicant, f.Means
	for _, e := range f.Entries {
		if e != (record.PINEntry{}) {
			c.Entries = append(c.Entries, e)
		}
	}
	for _, s := range f.Steps {
		if s != (record.StepSpan{}) {
			c.Steps = append(c.Steps, s)
		}
	}
	return c
}

// tally is how the facts of a case come together. The zero value is no case.
type tally struct {
	facts    Facts
	opened   time.Time
	measured record.Step // whose time runs; 0: none
	since    time.Time   // it began
	typing   record.Mode // of an entry that has no result yet; 0: none
	wrong    bool        // an entry was wrong before
}

// pins are the PINs of a record for the kinds of the card.
var pins = map[card.Kind]record.PIN{
	card.KindLogin: record.LoginPIN, card.KindSigning: record.SigningPIN, card.KindCardInfo: record.CardInfoPIN, card.KindRegister: record.RegisterPIN,
}

// note compares the state with the one before an event, and keeps what a record may tell of the difference. No transition has to think of it.
func (m *machine) note(before *State) {
	was, is := before.base(), m.base()
	t := &m.tally
	if is > stepCodeWait && t.opened.IsZero() {
		t.opened = m.at
	}
	if s := measured(is); s != t.measured {
		m.endSpan()
		t.measured, t.since = s, m.at
	}
	switch mode := m.mode(is); {
	case t.typing == 0 && mode != 0:
		t.typing = mode
		if t.wrong {
			t.facts.Friction |= record.PINRetry
		}
	case t.typing != 0 && mode == 0:
		m.endEntry(was)
	}
	switch is {
	case stepCardWrong, stepUnreadable, stepRemoved, stepReaderLost, stepFailed:
		t.facts.Friction |= record.ReaderRetry
	}
	if m.step == stepCall {
		t.facts.Friction |= record.HelpCalled
	}
	if before.step == stepTongue && m.lang != before.lang {
		t.facts.Friction |= record.LangSwitch
	}
	if m.step == stepIdleBoard && before.step != stepIdleBoard {
		m.do(Look{})
	}
	if m.step == stepWiping && before.step != stepWiping && m.recorded && !m.storageBad && !m.claim.clerks {
		m.after = m.next()
		m.do(Afterwards{m.after, m.procedure, m.week, t.facts})
	}
}

// measured is the part of a case that a step belongs to; 0: its time says nothing, or is the box's own.
func measured(s stepID) record.Step {
	switch {
	case s == stepQuestion:
		return record.StepQuestions
	case s == stepDocuments:
		return record.StepDocuments
	case s == stepDecision:
		return record.StepDecision
	case s >= stepTurn && s <= stepLanguage:
		return record.StepTurn
	case s == stepBoard:
		return record.StepBoard
	case s == stepPIN, s == stepReview:
		return record.StepEntry
	case s >= stepNew && s <= stepMismatch:
		return record.StepNewPIN
	case s == stepLeave:
		return record.StepLeave
	case s == stepChanged, s == stepLeaveOK, s >= stepDone && s <= stepStopped:
		return record.StepResult
	}
	return 0
}

// endSpan ends the time of the part that runs.
func (m *machine) endSpan() {
	t := &m.tally
	if t.measured == 0 {
		return
	}
	for i := range t.facts.Steps {
		if t.facts.Steps[i] == (record.StepSpan{}) {
			t.facts.Steps[i] = record.StepSpan{Step: t.measured, Span: record.SpanOf(m.at.Sub(t.since))}
			break
		}
	}
	t.measured = 0
}

// mode is what a PIN is typed for at a step; 0: none is being typed or judged.
func (s State) mode(at stepID) record.Mode {
	switch {
	case at == stepLeave, at == stepLeaveChecking:
		return record.LeaveCheck
	case (at == stepPIN || at == stepReview) && s.procedure == record.PinChange, at >= stepRules && at <= stepChanging:
		return record.Change
	case at == stepPIN, at == stepReview, at == stepChecking:
		return record.Verify
	}
	return 0
}

// endEntry ends an entry without an answer of the card: nothing was sent, or, if a command was under way, nobody can say what became of it, and nothing is told.
func (m *machine) endEntry(at stepID) {
	if !steps[at].busy {
		m.tellEntry(m.tally.typing, record.EntryCancelled)
	}
	m.tally.typing = 0
}

// judgedEntry ends an entry by the card's answer.
func (m *machine) judgedEntry(ev Event) {
	mode := m.tally.typing
	m.tally.typing = 0
	switch ev.Result {
	case ResultOK:
		m.tellEntry(mode, record.EntryOK)
	case ResultWrong, ResultSplit:
		m.tally.wrong = true
		if ev.Left > 0 {
			m.tellEntry(mode, record.EntryWrong)
			return
		}
		m.tellEntry(mode, record.EntryLocked)
	case ResultLocked:
		m.tellEntry(mode, record.EntryLocked)
	case ResultTries, ResultGone, ResultUnreadable, ResultNoReader, ResultDeadline:
		m.tellEntry(mode, record.EntryCancelled)
	}
}

// tellEntry notes one entry.
func (m *machine) tellEntry(mode record.Mode, r record.Result) {
	e, all := record.NewEntry(mode, r), &m.tally.facts.Entries
	if e == 0 || pins[m.kind] == 0 {
		return
	}
	for i := range all {
		if all[i] == (record.PINEntry{}) {
			all[i] = record.PINEntry{PIN: pins[m.kind], Entry: e}
			return
		}
	}
}

// facts closes what a case tells with its record. In the resident's part steps go on after it, and the leave-check with its entries: they follow when the case
// is wiped, as Afterwards.
func (m *machine) facts() Facts {
	t := &m.tally
	if t.typing != 0 {
		m.endEntry(m.step)
	}
	here := m.part() == clerks
	if here {
		m.endSpan()
	}
	f := t.facts
	f.Duration, f.Applicant = record.DurationOf(m.at.Sub(t.opened)), record.Applicant(m.applicant)
	if f.Entries[0] != (record.PINEntry{}) {
		if f.Means = record.Memory; m.letter {
			f.Means = record.Letter
		}
	}
	if here { // nothing of it follows
		t.facts = Facts{}
	} else {
		if f.Steps = [maxSpans]record.StepSpan{}; !m.letter { // nobody chose a language for a letter
			f.Language = languageOf(m.lang)
		}
	}
	t.facts.Entries = [record.MaxEntries]record.PINEntry{}
	return f
}

func languageOf(l display.Lang) record.Language { return record.LanguageOf(string(l)) }

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// start begins the day: an open case is closed as interrupted before anything else.
func (m *machine) start(ev Event) {
	m.planCheck()
	m.misses = ev.Misses
	if m.at.Before(ev.Until) {
		m.blocked = m.at.Add(pause(m.misses)) // the whole pause again: pulling the plug does not shorten it, nor does a clock set back lengthen it
	}
	if ev.Quarantined {
		m.notices |= noticeQuarantined
	}
	if ev.Recovering {
		m.notices |= noticeIssue
	}
	m.storageBad, m.storageFull = ev.Bad, ev.Bad
	if !ev.Open {
		m.rest()
		return
	}
	m.notices |= noticeInterrupted
	m.broken = ev.Journal
	if ev.Journal.Recorded || !ev.Journal.Procedure.Valid() || !ev.Journal.Week.Valid() {
		m.after = m.next()
		m.do(Journal{No: m.after})
		m.rest()
		return
	}
	m.to(stepStarting)
	m.unsaved = Finish{Procedure: ev.Journal.Procedure, Outcome: record.Interrupted, Week: ev.Journal.Week}
	m.store()
}

// rest goes to the idle screen and forgets the case.
func (m *machine) rest() {
	if m.reading != 0 { // nobody takes its answer any more
		m.do(EndCard{})
	}
	m.to(stepIdle)
	m.procedure, m.applicant, m.kind, m.week = 0, 0, 0, 0
	m.lang, m.reason, m.cause, m.outcome = m.cfg.Langs[0], "", "", 0
	m.recorded, m.op, m.choice = false, OpNone, 0
	m.claim = claiming{}
	m.inquiry, m.page, m.reading, m.digits, m.dayFault = inquiry{}, 0, 0, "", ""
	m.forgetCard()
	m.unsure, m.changed, m.told, m.extra, m.attempts = false, false, false, 0, 0
	m.large, m.slow, m.certEnds, m.review = false, false, time.Time{}, review{}
	m.letter = false
	m.tally, m.issuing, m.clerk, m.tools = tally{}, issuing{}, "", tools{}
	m.idleDeadline()
}

// idleDeadline is when the idle screen changes by itself: the date at midnight, the age of a broken line by the hour, another attempt to store.
func (m *machine) idleDeadline() {
	t := m.at.In(m.cfg.Zone)
	d := time.Date(t.Year(), t.Month(), t.Day()+1, 0, 0, 0, 0, m.cfg.Zone)
	if m.link.down() {
		next := m.linkSince.Add(m.at.Sub(m.linkSince).Truncate(time.Hour) + time.Hour)
		if next.Before(d) {
			d = next
		}
	}
	if m.storageBad && m.at.Add(probeWait).Before(d) {
		d = m.at.Add(probeWait)
	}
	if m.lang != m.cfg.Langs[0] && m.at.Add(tongueWait).Before(d) {
		d = m.at.Add(tongueWait)
	}
	if m.notices == noticePanel && m.at.Add(panelWait).Before(d) {
		d = m.at.Add(panelWait)
	}
	if !m.check.due.IsZero() && m.check.due.Before(d) && !m.held {
		d = m.check.due
	}
	m.deadline = d
}

// restTick is a tick at rest.
func (m *machine) restTick() {
	switch m.step {
	case stepStarting: // no answer: the attempt stays in flight
		m.storageBad = true
		m.rest()
	case stepIdle:
		if m.restCheck() {
			m.idleDeadline()
			return
		}
		if m.notices == noticePanel {
			m.notices = 0
		}
		m.lang = m.cfg.Langs[0]
		if m.storageBad {
			m.probe()
		}
		m.idleDeadline()
	case stepIdleReading:
		m.do(EndCard{})
		m.to(stepIdleWrong)
	default:
		m.rest()
	}
}

// probe finds out whether storage works again: by the record that waits, or by clearing the journal.
func (m *machine) probe() {
	switch {
	case m.unsaved.No != 0, m.wait != 0: // an attempt is in flight
	case m.unsaved != (Finish{}):
		m.store()
	default:
		m.do(Journal{No: m.ask(Stored)})
	}
}

// cleared answers what clears the journal of a case whose record is stored. Where that failed the screen at rest says so, and the next probe clears it.
func (m *machine) cleared(ev Event) {
	m.after = 0
	if ev.OK {
		return
	}
	m.storageBad, m.storageFull = true, ev.Bad
	if m.step == stepIdle {
		m.idleDeadline()
	}
}

// probed answers a cleared journal at rest.
func (m *machine) probed(ev Event) {
	m.storageBad, m.storageFull = !ev.OK, ev.Bad
	m.idleDeadline()
}

// restPress is a key at rest: 確認 takes a notice away, or opens a case; メニュー changes the language.
func (m *machine) restPress(k Key) {
	if k == KeyMenu && (m.step == stepIdle || m.step == stepIdleBoard) {
		m.lang = m.nextLang(m.lang)
		m.idleOrBoard()
		return
	}
	if k != KeyEnter || m.keypadBad {
		return
	}
	switch {
	case m.step == stepIdle && m.notices&noticeInterrupted != 0:
		m.notices &^= noticeInterrupted
	case m.step == stepIdle && m.notices&noticeQuarantined != 0:
		m.notices &^= noticeQuarantined
	case m.step == stepIdle && m.notices&noticeIssue != 0:
		if m.recovery.Phase == IssueEnded {
			m.notices &^= noticeIssue
		}
	case m.step == stepIdle && m.notices != 0:
		m.notices = 0
	case m.storageBad:
		m.probe()
		return
	case m.lidOpen, m.readerKnown && m.presence == card.NoReader:
		return
	case m.held:
		m.knocked = true
		return
	default:
		if m.step == stepIdleReading {
			m.do(EndCard{})
		}
		m.lang = m.cfg.Langs[0] // a clerk's screens are in the box's language
		m.toCode()
		return
	}
	m.idleDeadline()
}

// nextLang is the language offered after l.
func (m *machine) nextLang(l display.Lang) display.Lang {
	return m.cfg.Langs[(1+index(m.cfg.Langs, l))%len(m.cfg.Langs)]
}

// idleOrBoard starts the wait of what is shown at rest anew.
func (m *machine) idleOrBoard() {
	if m.step == stepIdle {
		m.idleDeadline()
		return
	}
	m.await(boardWait)
}

// reader notes what the reader reports, and leads it to the step.
func (m *machine) reader(ev Event) {
	was := m.presence
	m.presence, m.readerKnown, m.serviceBad = ev.Presence, true, ev.Bad
	if m.presence != was {
		m.touched = true
		if !steps[m.step].busy {
			m.forgetCard()
		}
	}
	switch m.part() {
	case atRest:
		m.restReader(was)
	case clerks:
		if m.presence != was && m.step > stepCodeWait {
			m.touched = m.reading != 0
			m.readHere()
		}
	case residents:
		m.caseReader(was)
	case servicing:
		m.reinspect(stepServiceReader)
	}
}

// forgetCard drops what a card that is gone had told.
func (m *machine) forgetCard() {
	m.board, m.known, m.obeys, m.left, m.guarded = card.Board{}, false, false, 0, false
}

// restReader: a card laid down at rest shows its tries, and takes them away with it. A card that lies there since before the rest stays unread.
func (m *machine) restReader(was card.Presence) {
	if m.step == stepBoot || m.step == stepStarting || m.presence == was {
		return
	}
	switch {
	case m.step == stepIdle && m.notices != 0, m.lidOpen, m.storageBad, m.held:
	case m.presence == card.Present:
		m.to(stepIdleReading)
		m.do(ReadBoard{m.ask(BoardRead)})
	case m.presence == card.Mute:
		m.to(stepIdleWrong)
	case m.step != stepIdle:
		if m.step == stepIdleReading {
			m.do(EndCard{})
		}
		m.rest()
	}
}

// idleRead shows what a card laid down at rest told, and powers it off.
func (m *machine) idleRead(ev Event) {
	m.do(EndCard{})
	switch {
	case ev.Result == ResultGone && !m.cardIn(), ev.Result == ResultNoReader:
		m.rest()
	case ev.Result == ResultOK && (ev.Board.MyNumber()):
		m.board, m.known, m.obeys = ev.Board, true, ev.Obeys
		m.to(stepIdleBoard)
	case ev.Result == ResultOK:
		m.board, m.known, m.obeys = ev.Board, true, ev.Obeys
		m.to(stepIdleWrong)
	default:
		m.to(stepIdleWrong)
	}
}

// linkState notes the word of the network side.
func (m *machine) linkState(ev Event) {
	if ev.Queue >= 0 {
		m.queue = ev.Queue
	}
	if ev.Link.down() != m.link.down() || m.link == LinkNone {
		m.linkSince = m.at
	}
	if f := &m.check.found[PartLink]; *f != 0 && *f == m.link.code() { // what the line has told may be over; what the box has found is not
		*f = ev.Link.code()
	}
	m.link = ev.Link
	if m.step == stepIdle {
		m.idleDeadline()
	}
	m.reinspect(stepServiceQueue)
}

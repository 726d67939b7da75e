// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/device/procedure"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// inquiry is the clerk's conversation with the rules. The zero value is none. It lives until the case ends and is stored nowhere.
type inquiry struct {
	rules    *policy.Policy  // in force when the case was opened
	kinds    procedure.Kinds // chosen before the conversation; 0: not asked
	admitted bool            // the clerk goes on outside hours, or has seen the reservation
	talk     *procedure.Talk
	papers   []procedure.Paper // to be ticked
	ticked   []string          // codes of papers, also of those that are not asked for any more
	verdict  *verdict          // nil before the decision
	rest     bool              // the reasons that only add to the decisive ones are shown
	stale    bool              // the card has told something since, under an overlay
}

// verdict is the decision of a case.
type verdict struct {
	of procedure.Case
	*procedure.Decision
}

// services are the lines of the clerk's first list that the box offers by itself. The rules are asked about the second one, if there are any.
var services = []record.Procedure{record.PinCheck, record.PinChange, record.TriesBoard}

// guides are matters that are only explained; who comes for them makes no difference.
var guides = []record.Procedure{record.Suspension, record.KioskPinReset, record.PinChangeOnline, record.SmartphoneCert,
	record.CardRenewal, record.MovingOneStop, record.ConvenienceCertificates}

// counterMatters are decided by the rules, in the order in which they come to a counter.
var counterMatters = []record.Procedure{record.CertRenewal, record.PinReset, record.CertNewIssue, record.SuspensionRelease, record.CardRecordUpdate,
	record.CertRevocation, record.CardReissue, record.CardAbolition, record.ResidenceExtension, record.LossReport, record.FaceAuthCard, record.JukiCardCert}

// goOn stands for a claim number among the procedures of the first list.
const goOn record.Procedure = 0

// procedures are the lines of the clerk's first list.
func (s State) procedures() []record.Procedure {
	if s.inquiry.rules == nil {
		return services
	}
	return slices.Insert(slices.Concat(services, counterMatters, guides), display.LinesPerPage-1, goOn) // on the first page
}

// ruled tells whether the rules decide about the case.
func (s State) ruled() bool {
	return s.inquiry.rules != nil && s.procedure != record.PinCheck && s.procedure != record.TriesBoard
}

func (s State) guided() bool { return slices.Contains(guides, s.procedure) }

// chosen goes on from the choice of a procedure: first to what stands in its way here and now.
func (m *machine) chosen(p record.Procedure) {
	m.procedure, m.applicant, m.kind = p, Self, 0
	m.inquiry = inquiry{rules: m.inquiry.rules}
	m.tally = tally{opened: m.at} // another matter's times are not this one's
	if m.ruled() && slices.Contains([]string{"closed", "needs_reservation"}, m.outright()) {
		m.page = 1
		m.to(stepNotice)
		return
	}
	m.admit()
}

// admit goes on once nothing stands in the way.
func (m *machine) admit() {
	if m.ruled() && m.guided() {
		m.converse()
		return
	}
	m.applicant, m.choice = 0, 1
	if m.claim.on {
		m.applied(Applicant(m.claim.state.Applicant))
		return
	}
	m.to(stepApplicant)
}

// outright is the outcome that holds before anything is asked.
func (m *machine) outright() string {
	c, _ := m.matter()
	c.Facts.Reserved = procedure.No // as long as nobody has said that there is one
	d, err := procedure.Decide(m.inquiry.rules, &c)
	if err != nil {
		return ""
	}
	return d.Outcome()
}

// converse begins to ask.
func (m *machine) converse() {
	c, known := m.matter()
	m.inquiry.talk, m.inquiry.papers, m.inquiry.verdict = procedure.Begin(m.inquiry.rules, &c, known), nil, nil
	m.inquire(1)
}

// inquire asks the next question with a line marked, or goes on to the papers.
func (m *machine) inquire(mark int) {
	if q, _ := m.inquiry.talk.Next(); q != nil {
		m.choice = mark
		m.to(stepQuestion)
		return
	}
	m.toPapers()
}

// answered takes the answer on a line.
func (m *machine) answered(line int) {
	m.inquiry.talk = m.inquiry.talk.Answer(line - 1)
	m.inquire(1)
}

// toPapers lists the papers to be ticked, if the way through the case asks for any.
func (m *machine) toPapers() {
	c := m.inquiry.talk.Case()
	m.inquiry.papers = m.papersOf(c)
	if m.guided() || len(m.inquiry.papers) == 0 {
		m.decide()
		return
	}
	m.choice = 0
	m.to(stepDocuments)
}

// tickPaper is a choice on the list of papers: the first line says that all are there.
func (m *machine) tickPaper(line int) {
	q := &m.inquiry
	if line == 1 {
		for _, x := range q.papers {
			q.ticked = with(q.ticked, x.Code, true)
		}
		m.decide()
		return
	}
	code := q.papers[line-2].Code
	q.ticked = with(q.ticked, code, !slices.Contains(q.ticked, code))
}

// with is a set of codes with or without one of them. The set that was given stays as it is.
func with(set []string, code string, in bool) []string {
	out := slices.DeleteFunc(slices.Clone(set), func(c string) bool { return c == code })
	if in {
		out = append(out, code)
	}
	return out
}

// decide asks the rules.
func (m *machine) decide() {
	q := &m.inquiry
	c := q.talk.Case()
	if !m.guided() {
		procedure.Lay(&c.Facts, q.papers, func(code string) bool { return slices.Contains(q.ticked, code) })
	}
	d, err := procedure.Decide(q.rules, &c)
	if err != nil { // the policy is of another city: the configuration is checked for that
		m.toRest()
		return
	}
	q.verdict, m.page = &verdict{c, d}, 1
	if m.guided() {
		m.to(stepGuide)
		return
	}
	m.to(stepDecision)
}

// decided goes on from a decision: to what the resident is told, if there is anything.
func (m *machine) decided() {
	m.page = 1
	if len(m.inquiry.verdict.Tell) > 0 {
		m.to(stepTell)
		return
	}
	m.afterTelling()
}

// afterTelling goes on to the resident where this box carries the matter out, asks where only the office can say, and ends the case elsewhere.
func (m *machine) afterTelling() {
	switch v := m.inquiry.verdict; {
	case m.way() == "issuer_link" && !v.open(), m.way() == "on_device" && v.Outcome() == "complete":
		m.to(stepTurn)
	case m.way() != "handover" && v.open() && !m.guided():
		m.choice = 2
		m.to(stepOffice)
	default:
		m.closeCase(m.endsAs())
	}
}

// open tells whether the page leaves it to the office.
func (v *verdict) open() bool { return v.Outcome() == "" || v.Outcome() == "ask_office" }

// ends is how a case is recorded that ends with the decision.
func (v *verdict) ends(guided bool) record.Outcome {
	switch v.Outcome() {
	case "complete", "first_visit", "redirect", "ask_office", "":
		if guided {
			return record.Done
		}
		return record.HandedOver
	case "guidance":
		return record.Done
	case "missing_documents":
		return record.DeviceOrDocumentProblem
	default: // not yet open, refused, a reservation needed: told, and nothing was wrong with box or papers
		return record.Done
	}
}

// way is how the case is carried out, as far as it is known.
func (s State) way() string {
	switch {
	case !s.procedure.Valid():
		return ""
	case !s.ruled(), s.procedure == record.PinChange && (s.applicant != Proxy || s.lettered()) && !s.inquiry.sent():
		return "on_device"
	case s.guided():
		return "guidance"
	case s.linked():
		return "issuer_link"
	}
	return "handover"
}

// sent tells whether the decision leads to another procedure.
func (q inquiry) sent() bool { return q.verdict != nil && q.verdict.Outcome() == "redirect" }

// inquiryBack goes one answer back, with that answer marked. It is what 取消 and 訂正 do everywhere between the choice of the procedure and
// the turn of the box.
func (m *machine) inquiryBack() {
	q := &m.inquiry
	switch m.step {
	case stepTell, stepOffice:
		m.page = 1
		m.to(stepDecision)
		return
	case stepDecision:
		if q.verdict = nil; len(q.papers) > 0 {
			m.choice = 0
			m.to(stepDocuments)
			return
		}
	}
	q.verdict, q.papers = nil, nil
	if before, answer := q.talk.Back(); before != nil {
		q.talk = before
		m.inquire(answer + 1)
		return
	}
	q.talk = nil
	switch {
	case m.claim.on && m.procedure != record.PinChange:
		m.toFound()
	case m.guided():
		m.toProcedures()
	case m.procedure == record.PinChange:
		m.choice = 1 + index(kinds, m.kind)
		m.to(stepKind)
	case len(m.kindSets()) > 0:
		m.toKinds()
	default:
		m.choice = 1 + index(applicants, m.applicant)
		m.to(stepApplicant)
	}
}

// toProcedures shows the first list, with the procedure that was chosen marked.
func (m *machine) toProcedures() {
	if m.choice = 1 + index(m.procedures(), m.procedure); m.procedure == goOn && !m.claim.typing {
		m.choice = 1
	}
	m.applicant, m.procedure, m.claim = 0, 0, claiming{}
	m.inquiry = inquiry{rules: m.inquiry.rules}
	m.to(stepProcedure)
}

// closeCase ends a case in the clerk's hands: it is journaled, its record is stored, and the box is at rest, or shows the claim number.
func (m *machine) closeCase(o record.Outcome) {
	if !m.dateCase() {
		return
	}
	m.outcome = o
	m.unsaved = Finish{Procedure: m.procedure, Outcome: o, Week: m.week, Facts: m.facts(), Claim: m.afterCase(o)}
	m.to(stepSaving)
	m.do(Journal{m.ask(Stored), m.entry(OpNone)})
}

// readHere reads the card that lies in the reader while the clerk is asked: what it tells need not be asked.
func (m *machine) readHere() {
	if m.inquiry.rules == nil || m.reading != 0 || m.known || m.presence != card.Present {
		return
	}
	m.reading = m.next()
	m.do(ReadBoard{m.reading})
}

// readAnswer takes what the card told. What was answered before stays answered, as far as it is still asked.
func (m *machine) readAnswer(ev Event) {
	m.reading = 0
	if m.part() != clerks {
		return
	}
	m.do(EndCard{})
	moved := m.touched
	m.touched = false
	if moved && m.cardIn() { // another one may lie there
		m.readHere()
	}
	if ev.Result != ResultOK || !m.cardIn() || moved {
		return
	}
	m.board, m.known, m.obeys = ev.Board, true, ev.Obeys
	if steps[m.step].over {
		m.inquiry.stale = true
		return
	}
	m.refresh()
}

// refresh asks the rules again with what the card has told. A question whose answers it changes is another question: a key that was meant for the screen
// before is no answer to this one.
func (m *machine) refresh() {
	m.inquiry.stale = false
	if !slices.Contains([]stepID{stepQuestion, stepDocuments, stepDecision, stepTell, stepOffice}, m.step) {
		return
	}
	was := m.asked()
	c, known := m.matter()
	m.inquiry.talk = m.inquiry.talk.Again(&c, known)
	if m.step == stepQuestion && slices.Equal(m.asked(), was) {
		return
	}
	m.inquiry.verdict = nil
	m.inquire(1)
	m.careful = true
}

// asked are the ID of the question that is open and its answers in words.
func (s State) asked() []string {
	if s.inquiry.talk == nil {
		return nil
	}
	q, _ := s.inquiry.talk.Next()
	if q == nil {
		return nil
	}
	words := []string{q.ID}
	for _, a := range q.Answers {
		words = append(words, a.Value, a.Ja)
	}
	return words
}

// asking is the ID of the question that is open.
func (s State) asking() string {
	if s.inquiry.talk == nil {
		return ""
	}
	q, _ := s.inquiry.talk.Next()
	if q == nil {
		return ""
	}
	return q.ID
}

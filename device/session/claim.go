// SPDX-License-Identifier: Apache-2.0

package session

import (
	"errors"
	"slices"
	"strings"
	"time"

	"madoguchi/device/policy"
	"madoguchi/device/procedure"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// A Claim is what a case does to a claim number, in the transaction of its record: the number stands for State from then on. Number zero: one is drawn. The zero Claim
// does nothing.
type Claim struct {
	Number claim.Number
	State  claim.State
}

// FindClaim looks up what lies behind a claim number: here, and at city hall if there is a line. Answered by [ClaimFound]; a number that opens nothing is counted
// before.
type FindClaim struct {
	No     uint32
	Number claim.Number
}

// A Find says what came of looking a claim number up.
type Find uint8

// The finds.
const (
	FindOK Find = iota
	// FindUnknown: no number of this city that opens anything. Whether it was one is not told.
	FindUnknown
	// FindElsewhere: no box of this city gives numbers that begin so.
	FindElsewhere
	// FindExpired: this box gave it, and its last day has passed.
	FindExpired
	// FindClosed: this box knows that its case has been completed.
	FindClosed
	// FindLine: it is not this box's, and the line is down.
	FindLine
	// FindSilent: it is not this box's, and city hall did not answer.
	FindSilent
	// FindBusy: city hall has been asked too often.
	FindBusy
	// FindPause: too many numbers opened nothing; the next is taken at Until. This one was not looked up.
	FindPause
	// FindStorage: the box cannot read or keep how many numbers opened nothing. None is looked up.
	FindStorage

	numFinds
)

var findCodes = [numFinds]string{"found", "unknown", "elsewhere", "expired", "closed", "line", "silent", "busy", "pause", "storage"}

// String is the find's code, e.g. "unknown".
func (f Find) String() string { return findCodes[min(f, numFinds-1)] }

// claiming is what a case has to do with claim numbers. The zero value is nothing.
type claiming struct {
	typing  bool   // the clerk goes on with a number, or wants to
	typed   string // its characters so far
	first   Key    // the first of a character's two presses; 0: none
	fault   string // why it was not taken
	find    Find   // why it opens nothing
	left    int    // numbers before the next pause; 0: not told
	seconds int    // rest of the pause

	number claim.Number
	state  claim.State // behind number
	here   bool        // this box gave it
	on     bool        // the case goes on with it
	given  bool        // it is to be shown to clerk and resident; without number: none could be given
	clerks bool        // the case ended in the clerk's part
}

// claimKeys are the characters of each key: those of its letters that a claim number has, then its digit.
var claimKeys = func() (keys [Key9 + 1]string) {
	for k, row := range [Key9 + 1]string{Key2: "ABC2", Key3: "DEF3", Key4: "GHI4", Key5: "JKL5", Key6: "MNO6", Key7: "PQRS7", Key8: "TUV8", Key9: "WXYZ9"} {
		for _, r := range row {
			if strings.ContainsRune(claim.Alphabet, r) {
				keys[k] += string(r)
			}
		}
	}
	return keys
}()

// checkable are the procedures that leave a PIN to be checked after the work at the integrated terminal.
var checkable = []record.Procedure{record.CertNewIssue, record.CertRenewal, record.PinReset, record.PinChange, record.SuspensionRelease}

// toClaim asks for a number.
func (m *machine) toClaim() {
	m.claim = claiming{typing: true}
	m.procedure, m.applicant, m.kind = goOn, 0, 0
	m.to(stepClaim)
}

// toFound shows what lies behind the number.
func (m *machine) toFound() {
	m.claim.on, m.page = false, 1
	m.procedure, m.applicant, m.kind = m.claim.state.Procedure, Applicant(m.claim.state.Applicant), 0
	m.inquiry = inquiry{rules: m.inquiry.rules}
	m.to(stepClaimFound)
}

// claimPress is a key on the way to a number, and on the screen that gives one.
func (m *machine) claimPress(k Key) {
	switch m.step {
	case stepClaim:
		m.claimKey(k)
	case stepClaimAsking:
		if k == KeyCancel {
			m.to(stepClaim)
		}
	case stepClaimNone:
		switch k {
		case KeyEnter:
			m.to(stepClaim)
		case KeyCancel, KeyClear:
			m.toProcedures()
		}
	case stepClaimFound:
		switch m.turnPage(k) {
		case KeyEnter:
			m.goesOn()
		case KeyCancel, KeyClear:
			m.to(stepClaim)
		}
	case stepTerminal:
		m.terminalPress(k)
	case stepGiven:
		switch {
		case k == KeyEnter && m.claim.number != claim.Number{}:
			m.toWrite()
		case k == KeyEnter, k == KeyCancel:
			m.toRest()
		}
	}
	if !m.fresh && m.step != stepClaimAsking {
		m.await(steps[m.step].wait)
	}
}

// claimKey is a key in the entry of a number: two presses for a character.
func (m *machine) claimKey(k Key) {
	c := &m.claim
	switch {
	case k == KeyEnter:
		m.claimTyped()
		return
	case (k == KeyClear || k == KeyCancel) && c.first != 0:
		c.first = 0
	case k == KeyClear && c.typed != "":
		c.typed = c.typed[:len(c.typed)-1]
	case k == KeyClear, k == KeyCancel:
		m.toProcedures()
		return
	case k > Key9:
		return
	case c.first != 0:
		if i := int(k) - int(Key1); i >= 0 && i < len(claimKeys[c.first]) {
			c.typed += claimKeys[c.first][i : i+1]
			c.first = 0
		}
	case claimKeys[k] != "" && len(c.typed) < claim.Len:
		c.first = k
	}
	c.fault = ""
}

// claimTyped takes a number that checks. One that does not costs nothing.
func (m *machine) claimTyped() {
	c := &m.claim
	n, err := claim.Parse(c.typed)
	switch {
	case errors.Is(err, claim.ErrCheck):
		c.first, c.fault = 0, "check"
	case err != nil:
		c.first, c.fault = 0, "short"
	default:
		m.to(stepClaimAsking)
		m.do(FindClaim{m.ask(ClaimFound), n})
		c.number, c.fault = claim.Number{}, ""
	}
}

// claimFound takes what lies behind the number.
func (m *machine) claimFound(ev Event) {
	c := &m.claim
	c.find, c.left, c.seconds = ev.Found, ev.Left, max(0, int((ev.Until.Sub(m.at)+time.Second-1)/time.Second)) // the answer may come after the pause
	if ev.Found != FindOK {
		m.to(stepClaimNone)
		return
	}
	c.number, c.state, c.here = ev.Number, ev.State, ev.Here
	m.toFound()
}

// goesOn continues the case where it stands.
func (m *machine) goesOn() {
	m.claim.on = true
	switch m.claim.state.Step {
	case claim.LetterMailed, claim.PapersWanted:
		m.chosen(m.claim.state.Procedure)
	case claim.AtTerminal:
		m.choice = 1
		m.to(stepTerminal)
	default:
		m.checkPIN()
	}
}

// terminalPress is the answer to what came of the work at the integrated terminal.
func (m *machine) terminalPress(k Key) {
	if k == KeyCancel || k == KeyClear {
		m.toFound()
		return
	}
	line := m.line(k)
	if line > 0 && staffed(m.procedure) { // no PIN comes of it
		line++
	}
	switch line {
	case 1:
		m.checkPIN()
	case 2:
		m.closeCase(record.Done)
	case 3: // the number stays good
		m.toProcedures()
	}
}

// checkPIN goes on with the check of a PIN that the terminal has set, or that a change may have left behind.
func (m *machine) checkPIN() {
	m.procedure, m.kind = record.PinCheck, 0
	m.inquiry = inquiry{rules: m.inquiry.rules}
	m.tally = tally{opened: m.at}
	m.applied(Applicant(m.claim.state.Applicant))
}

// fromClaim puts in what the first visit has decided.
func (s State) fromClaim(f *procedure.Facts, known map[string]bool) {
	if !s.claim.on {
		return
	}
	known["visit"] = true
	if s.claim.state.Step != claim.LetterMailed {
		return
	}
	f.Visit = 2
	if s.claim.here { // the same window
		f.Visit1Place, known["visit1_place"] = f.Place, true
	}
}

// afterCase is what becomes of the case's claim number when it ends with an outcome: one is given, or it moves on, or it is used up.
func (m *machine) afterCase(o record.Outcome) Claim {
	switch {
	case m.part() == clerks:
		return m.afterDecision()
	case m.reason == "unsure":
		return m.claimAt(claim.LeaveCheck, m.procedure)
	case m.claim.on && o == record.Done:
		return m.claimAt(claim.Closed, m.procedure)
	case slices.Contains([]string{"failed", "handover", "offline", "partly"}, m.reason): // the integrated terminal is the way that is left
		if slices.Contains(checkable, m.procedure) {
			return m.claimAt(claim.AtTerminal, m.procedure)
		}
	}
	return Claim{}
}

// afterDecision is afterCase for a case that ends in the clerk's part.
func (m *machine) afterDecision() Claim {
	v := m.inquiry.verdict
	switch {
	case m.step == stepTerminal:
		return m.claimAt(claim.Closed, m.procedure)
	case v == nil, m.guided():
		return Claim{}
	case staffed(m.procedure):
		return m.toStaff(v)
	}
	switch v.Outcome() {
	case "first_visit":
		return m.claimAt(claim.LetterMailed, m.procedure)
	case "missing_documents":
		if v.of.Facts.Visit == 2 {
			return m.claimAt(claim.LetterMailed, m.procedure)
		}
		return m.claimAt(claim.PapersWanted, m.procedure)
	case "complete":
		return m.atTerminal()
	case "redirect":
		return m.redirected()
	}
	return Claim{}
}

// atTerminal is the claim of a case that the integrated terminal completes: its PIN is checked here afterwards, by whoever may type it.
func (m *machine) atTerminal() Claim {
	switch {
	case slices.Contains(checkable, m.procedure) && m.applicant != Proxy:
		return m.claimAt(claim.AtTerminal, m.procedure)
	case m.claim.on:
		return m.claimAt(claim.Closed, m.procedure)
	}
	return Claim{}
}

// redirected is the claim of a case that leads to another procedure first.
func (m *machine) redirected() Claim {
	next, _ := m.inquiry.verdict.Get(policy.KSequence)
	codes, _ := next.([]string)
	if len(codes) == 0 {
		return Claim{}
	}
	first, err := record.ParseProcedure(codes[0])
	if err != nil || !slices.Contains(checkable, first) {
		return Claim{} // not this counter's
	}
	if visits, _ := m.inquiry.verdict.Get(policy.KVisits); visits == 2 {
		return m.claimAt(claim.LetterMailed, first)
	}
	return m.atTerminal()
}

// claimAt is the claim at another step: that of the case, or a new one for a procedure. One that stays where it is keeps its days.
func (m *machine) claimAt(step claim.Step, p record.Procedure) Claim {
	day, err := claim.ParseDay(m.today().String())
	if err != nil || m.inquiry.rules == nil { // without rules nobody can go on with it
		return Claim{}
	}
	c := Claim{m.claim.number, m.claim.state}
	switch {
	case !m.claim.on:
		c = Claim{State: claim.State{Procedure: p, Applicant: record.Applicant(m.applicant), Issued: day}}
	case c.State.Step == step, c.State.Rev+1 == 0:
		return c
	}
	c.State.Step, c.State.Way = step, claim.Handover
	if step == claim.LeaveCheck {
		c.State.Way = claim.OnDevice
	}
	if c.State.Rev++; step != claim.Closed {
		c.State.Expires = min(claim.ExpiryOf(step, day, 0), c.State.Issued+claim.MaxDays)
	}
	if c.State.Check() != nil {
		return Claim{}
	}
	return c
}

// claimStored notes the number that was stored with the case's record.
func (m *machine) claimStored(c Claim, n claim.Number) {
	if c == (Claim{}) {
		return
	}
	m.claim.number, m.claim.state = n, c.State
	m.claim.given = c.State.Step != claim.Closed
}

// toGiven shows the number to the clerk.
func (m *machine) toGiven() {
	m.recorded, m.claim.clerks = true, true
	if m.reason = stand(m.claim.state); m.claim.number == (claim.Number{}) {
		m.reason = "no_number"
	}
	m.to(stepGiven)
}

// toWrite turns to the resident, who copies the number.
func (m *machine) toWrite() {
	m.do(WipePINs{}, EndCard{})
	m.reading, m.lang = 0, m.tongue
	m.to(stepWrite)
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"math/bits"
	"time"

	"madoguchi/display"
)

// A purpose is what a clerk code is typed for.
type purpose uint8

const (
	toOpen   purpose = iota // a case
	toServe                 // the service menu
	toChange                // the code itself
)

// codeIDs are the screens on which a code is typed.
var codeIDs = [...]display.ID{toOpen: display.ClerkCode, toServe: display.ServiceCode, toChange: display.ServiceOldCode}

// tools are what the service menu must know. They are forgotten at rest.
type tools struct {
	purpose  purpose
	survey   Survey
	surveyed bool

	closed, seen uint16    // contacts
	until        time.Time // the key test ends, whatever the contacts do
	armed        bool      // all keys were up since the key test began
	picture      int       // of the panel test
	lamp         Lamp
	refused      string // why the new code was not taken
	refusals     int
}

// A Survey is what the box knows of itself and the session does not.
type Survey struct {
	Panel         string        // driver and port
	Class         string        // "fast", "slow"; "": not measured yet
	Full, Partial time.Duration // the latest refreshes, by BUSY; 0: none yet
	Reader        string        // "": none, or not known
	OwnPad        OwnPad
	Cases         int       // records of cases that city hall does not have
	Oldest        time.Time // Monday of the oldest one's week; zero: none
	Receipt       time.Time // city hall's latest, since the start; zero: none
	Fingerprint   string    // of the line's certificate, hex digits; "": none
	Update        string    // why the last update is not in force, one of display.UpdateFaults; "": nothing is wrong
	Lamp, Buzzer  bool      // fitted
	Sound         bool      // keys sound
}

// OwnPad says whether the card reader has a PIN pad of its own, which is never used.
type OwnPad uint8

// What is known of a reader's own PIN pad.
const (
	OwnPadUnknown OwnPad = iota
	OwnPadNo
	OwnPadYes
)

// A Refusal says why a new clerk code was not taken.
type Refusal uint8

// The refusals. What makes a code unfit is not told apart: another clerk's code would be known by it.
const (
	RefusedNone    Refusal = iota
	RefusedUnfit           // easy, like the old one, or another clerk's
	RefusedFull            // there is no room to keep it
	RefusedStorage         // it could not be kept

	numRefusals
)

// maxRefusals is how many unfit codes are taken before the menu ends: whoever guesses other clerks' codes so must open it again.
const maxRefusals = 3

// openService asks for the clerk code of the service menu. It opens from rest alone, whatever stands there: a fault is what it is for. A code is
// not typed into an open box.
func (m *machine) openService() {
	if m.step.part() != atRest || m.step == stepBoot || m.step == stepStarting || m.keypadBad || m.lidOpen || m.held {
		return
	}
	if m.step == stepIdleReading {
		m.do(EndCard{})
	}
	m.wait = 0
	m.lang = m.cfg.Langs[0] // メニュー alone may have changed it first
	m.tools = tools{purpose: toServe}
	m.toCode()
}

// toService shows the menu, with the line marked that was left.
func (m *machine) toService() {
	m.do(WipePINs{})
	m.tools.purpose, m.choice = toServe, max(1, m.choice)
	m.to(stepService)
}

// entries are the lines of the menu.
var entries = [...]stepID{
	stepServicePad, stepServicePanel, stepServiceReader, stepServiceQueue, stepServiceAbout, stepServiceClock, stepServiceLamp, stepCode, stepServiceCheck,
}

// serviceTick: nobody is there.
func (m *machine) serviceTick() {
	switch m.step {
	case stepServicePad: // or 取消 was held
		m.toService()
	case stepServiceSaving:
		m.do(WipePINs{})               // what comes late changes nothing
		m.tools.refusals = maxRefusals // and the old code is asked for anew
		m.refuse("storage")
	default:
		m.toRest()
	}
}

// servicePress is a key in the service menu. 取消 and 訂正 go back everywhere.
func (m *machine) servicePress(k Key) {
	switch m.step {
	case stepService:
		m.serviceChoose(k)
	case stepServicePicture:
		m.picturePress(k)
	case stepServiceConfirm, stepServiceDate:
		m.serviceDate(k)
	case stepServiceLamp:
		m.lampPress(k)
	case stepServiceSaved:
		if k == KeyEnter || k == KeyCancel {
			m.toService()
		}
	case stepServiceRefused:
		m.refusedPress(k)
	case stepServiceCheck, stepServiceIll:
		m.checkPress(k)
	default:
		switch {
		case k == KeyCancel, k == KeyClear:
			m.toService()
		case k == KeyEnter && m.step == stepServicePanel:
			m.tools.picture = 0
			m.to(stepServicePicture)
		}
	}
	if !m.fresh && m.part() == servicing {
		m.await(steps[m.step].wait)
	}
}

// serviceChoose is a key on the menu itself.
func (m *machine) serviceChoose(k Key) {
	if k == KeyCancel || k == KeyClear {
		m.toRest()
		return
	}
	i := m.pick(k, len(entries))
	if i == 0 {
		return
	}
	switch to := entries[i-1]; to {
	case stepServicePad:
		m.tools.closed, m.tools.seen, m.tools.armed, m.tools.until = 0, 0, false, m.at.Add(padMost)
		m.to(to)
	case stepServiceClock:
		if m.dateOpen() {
			to = stepServiceConfirm
		}
		m.to(to)
	case stepCode:
		if m.lidOpen {
			m.toRest() // which says so
			return
		}
		m.tools.purpose = toChange
		m.toCode()
	case stepServiceCheck:
		m.toCheck()
	default:
		m.tools.lamp = LampOff
		m.to(to)
		m.inspect()
	}
}

// inspect asks the box what it knows of itself; until it answers the rows say "…".
func (m *machine) inspect() { m.do(Inspect{m.ask(Inspected)}) }

// reinspect asks anew, if the page is the one that has changed.
func (m *machine) reinspect(page stepID) {
	if m.step == page {
		m.inspect()
	}
}

// cancelContact is where 取消 lies.
const cancelContact = 1 << 3

// contacts is what reads closed in the key test. A key counts as seen when it was closed alone, and not by the press that chose the test.
func (m *machine) contacts(closed uint16) {
	t := &m.tools
	t.closed = closed
	if closed == 0 {
		t.armed = true
	}
	if t.armed && bits.OnesCount16(closed) == 1 {
		t.seen |= closed
	}
	m.await(padWait)
	if t.armed && closed == cancelContact {
		m.await(padHold)
	}
	if m.deadline.After(t.until) { // a contact that chatters is no person
		m.deadline = t.until
	}
}

// padReason says what the contacts mean.
func (m *machine) padReason() string {
	t := m.tools
	switch {
	case m.keypadBad && m.keypadLines:
		return "unplugged"
	case m.keypadBad:
		return "stuck"
	case ghost(t.closed):
		return "ghost"
	case bits.OnesCount16(t.closed) > 1:
		return "several"
	case t.seen == 0xffff:
		return "all"
	}
	return ""
}

// ghost tells whether four contacts make a rectangle: one of them may be closed by the other three.
func ghost(closed uint16) bool {
	for a := range 4 {
		for b := range a {
			if both := closed >> (4 * a) & (closed >> (4 * b)) & 0xf; bits.OnesCount16(both) > 1 {
				return true
			}
		}
	}
	return false
}

// pictures are the pictures of the panel test.
var pictures = [...]display.ID{display.ServiceBlack, display.ServiceWhite, display.ServiceFine, display.ServicePrint}

// picturePress shows the next picture; after the last one, what was measured.
func (m *machine) picturePress(k Key) {
	switch {
	case k == KeyEnter && m.tools.picture+1 < len(pictures):
		m.tools.picture++
		m.to(stepServicePicture)
	case k == KeyEnter, k == KeyCancel, k == KeyClear:
		m.to(stepServicePanel)
		m.inspect()
	}
}

// serviceDate is a key while the day is confirmed or typed.
func (m *machine) serviceDate(k Key) {
	switch {
	case m.step == stepServiceDate:
		if ahead, ok := m.dayKey(k, stepServiceConfirm); ok {
			m.settleDay(ahead)
			m.to(stepServiceClock)
		}
	case k == KeyCancel:
		m.toService()
	case k == KeyEnter:
		m.settleDay(m.ahead)
		m.to(stepServiceClock)
	case k == KeyClear:
		m.digits, m.dayFault = "", ""
		m.to(stepServiceDate)
	}
}

// lampPress turns the lamp through its states, or sounds the buzzer.
func (m *machine) lampPress(k Key) {
	const n = int(LampStopped) + 1
	switch k {
	case KeyDown:
		m.tools.lamp = Lamp((int(m.tools.lamp) + 1) % n)
	case KeyUp:
		m.tools.lamp = Lamp((int(m.tools.lamp) + n - 1) % n)
	case KeyEnter:
		m.do(Beep{})
	case KeyCancel, KeyClear:
		m.toService()
	}
}

// newCodeKey is an event while the new code is typed, or typed again.
func (m *machine) newCodeKey(ev Event) {
	switch ev.Kind {
	case Entered:
		switch {
		case ev.Fault == FaultMismatch:
			m.refuse("mismatch")
		case ev.Fault != FaultNone:
			m.fault = ev.Fault
			m.await(nextWait)
		case m.step == stepServiceNew:
			m.to(stepServiceAgain)
		default:
			m.to(stepServiceSaving)
			m.do(StoreCode{m.ask(CodeStored)})
		}
	case Cancelled:
		m.toService()
	default:
		m.await(nextWait)
	}
}

// codeStored tells what became of the new code.
func (m *machine) codeStored(r Refusal) {
	switch r {
	case RefusedNone:
		m.do(WipePINs{})
		m.to(stepServiceSaved)
	case RefusedUnfit:
		m.tools.refusals++
		m.refuse("unfit")
	case RefusedFull:
		m.refuse("full")
	default:
		m.refuse("storage")
	}
}

func (m *machine) refuse(why string) {
	m.tools.refused = why
	m.to(stepServiceRefused)
}

// refusedPress: another code, or the old one.
func (m *machine) refusedPress(k Key) {
	switch {
	case (k == KeyEnter || k == KeyCancel) && m.tools.refusals >= maxRefusals:
		m.toRest()
	case k == KeyEnter:
		m.to(stepServiceNew)
	case k == KeyCancel:
		m.toService()
	}
}

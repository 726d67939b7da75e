// SPDX-License-Identifier: Apache-2.0

package session

import "time"

// freeMisses is how many wrong clerk codes in a row cost nothing but typing.
const freeMisses = 5

// pause is the wait after the n-th wrong code in a row: 1, then 5, then 15 minutes.
func pause(n int) time.Duration {
	switch {
	case n < freeMisses:
		return 0
	case n == freeMisses:
		return time.Minute
	case n == freeMisses+1:
		return 5 * time.Minute
	default:
		return 15 * time.Minute
	}
}

// toCode asks for the clerk code, or says how long none is taken.
func (m *machine) toCode() {
	if m.at.Before(m.blocked) {
		m.to(stepCodeWait)
		return
	}
	m.do(WipePINs{})
	m.to(stepCode)
}

// codeKey is a key of the clerk-code entry.
func (m *machine) codeKey(ev Event) {
	switch ev.Kind {
	case Entered:
		if ev.Fault != FaultNone { // too short: costs no miss
			m.fault = ev.Fault
			m.await(nextWait)
			return
		}
		// The miss is stored before the code is judged and taken back after: pulling the plug in between gains nothing.
		m.to(stepCodeChecking)
		until := m.at.Add(pause(m.misses + 1))
		if until.Equal(m.at) {
			until = time.Time{}
		}
		m.do(Misses{m.ask(Stored), m.misses + 1, until})
	case Cancelled:
		m.leaveCode()
	}
}

// leaveCode goes back to where the code was asked for.
func (m *machine) leaveCode() {
	if m.tools.purpose == toChange {
		m.toService()
		return
	}
	m.toRest()
}

// codeResult: first the miss is stored, then the code is judged, then the miss is taken back.
func (m *machine) codeResult(ev Event) {
	switch {
	case ev.Kind == Stored && !ev.OK:
		m.storageBad = true
		m.toRest()
	case ev.Kind == Stored:
		m.do(CheckCode{No: m.ask(CodeChecked), Keep: m.tools.purpose == toChange})
	case ev.Kind == CodeChecked && ev.OK:
		m.misses, m.blocked = 0, time.Time{}
		m.do(Misses{No: m.next()})
		switch m.tongue, m.clerk = m.cfg.Langs[0], ev.Label; m.tools.purpose {
		case toServe:
			m.toService()
		case toChange:
			m.to(stepServiceNew)
		default:
			m.admitClerk()
		}
	case ev.Kind == CodeChecked:
		m.misses++
		if p := pause(m.misses); p > 0 {
			m.blocked = m.at.Add(p)
			m.to(stepCodeWait)
			return
		}
		m.to(stepCodeWrong)
	}
}

func (m *machine) toCodeAgain(k Key) {
	if m.step == stepCodeWait {
		m.toRest()
		return
	}
	if k == KeyCancel {
		m.leaveCode()
		return
	}
	m.toCode()
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/device/policy/civil"
)

// maxAhead is how far a typed day may lie after the latest day that the box knows has passed: a box that lay in a store for years is looked
// at by a technician.
const maxAhead = 5 * 366

// admitClerk goes on after a right clerk code. A doubtful clock is confirmed once a day, before anything is judged by it.
func (m *machine) admitClerk() {
	m.inquiry = inquiry{rules: m.rules}
	m.procedure = 0
	if m.rules != nil && m.dateOpen() {
		m.to(stepConfirmDate)
		return
	}
	m.toProcedures()
	m.readHere()
}

// datePress is a key while the day is confirmed or typed.
func (m *machine) datePress(k Key) {
	if m.step == stepDate && (k <= Key9 || k == KeyClear || k == KeyEnter) {
		m.await(steps[m.step].wait)
	}
	switch {
	case k == KeyCancel && m.step == stepDate:
		m.to(stepConfirmDate)
	case k == KeyCancel:
		m.toRest()
	case m.step == stepConfirmDate && k == KeyEnter:
		m.confirm(m.ahead)
	case m.step == stepConfirmDate && k == KeyClear:
		m.digits, m.dayFault = "", ""
		m.to(stepDate)
	case m.step != stepDate:
	case k <= Key9 && len(m.digits) < 8:
		m.digits, m.dayFault = m.digits+string(rune('0'+k)), ""
	case k == KeyClear && len(m.digits) > 0:
		m.digits, m.dayFault = m.digits[:len(m.digits)-1], ""
	case k == KeyClear:
		m.to(stepConfirmDate)
	case k == KeyEnter:
		m.dayTyped()
	}
}

// dayTyped takes the day that was typed, if there is such a day and it can be today.
func (m *machine) dayTyped() {
	d, err := civil.Parse(dashed(m.digits))
	if err != nil {
		m.dayFault = "no_such_day"
		return
	}
	ahead := d.Number() - m.clockDay().Number()
	if ahead < 0 || ahead > maxAhead {
		m.dayFault = "out_of_range"
		return
	}
	m.confirm(ahead)
}

// confirm settles the day, until the clock's next midnight: the day is ahead days after the one that the box took it for.
func (m *machine) confirm(ahead int) {
	m.ahead, m.confirmed, m.digits = ahead, m.rawDay(), ""
	m.toProcedures()
	m.readHere()
}

// dashed is YYYYMMDD as YYYY-MM-DD.
func dashed(s string) string {
	if len(s) != 8 {
		return s
	}
	return s[:4] + "-" + s[4:6] + "-" + s[6:]
}

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
	case m.step == stepDate:
		if ahead, ok := m.dayKey(k, stepConfirmDate); ok {
			m.confirm(ahead)
		}
	case k == KeyCancel:
		m.toRest()
	case m.step == stepConfirmDate && k == KeyEnter:
		m.confirm(m.ahead)
	case m.step == stepConfirmDate && k == KeyClear:
		m.digits, m.dayFault = "", ""
		m.to(stepDate)
	}
}

// dayKey is a key while a day is typed; back is where 取消 leads. true: the day lies ahead days after the one that the box takes it for.
func (m *machine) dayKey(k Key, back stepID) (ahead int, ok bool) {
	switch {
	case k == KeyCancel, k == KeyClear && m.digits == "":
		m.to(back)
	case k <= Key9 && len(m.digits) < 8:
		m.digits, m.dayFault = m.digits+string(rune('0'+k)), ""
	case k == KeyClear:
		m.digits, m.dayFault = m.digits[:len(m.digits)-1], ""
	case k == KeyEnter:
		return m.dayTyped()
	}
	return 0, false
}

// dayTyped takes the day that was typed, if there is such a day and it can be today.
func (m *machine) dayTyped() (ahead int, ok bool) {
	d, err := civil.Parse(dashed(m.digits))
	if err != nil {
		m.dayFault = "no_such_day"
		return 0, false
	}
	ahead = d.Number() - m.clockDay().Number()
	if ahead < 0 || ahead > maxAhead {
		m.dayFault = "out_of_range"
		return 0, false
	}
	return ahead, true
}

// confirm goes on with the day that was confirmed or typed.
func (m *machine) confirm(ahead int) {
	m.settleDay(ahead)
	m.toProcedures()
	m.readHere()
}

// settleDay holds until the clock's next midnight: the day is ahead days after the one that the box took it for.
func (m *machine) settleDay(ahead int) {
	m.ahead, m.confirmed, m.digits = ahead, m.rawDay(), ""
}

// dashed is YYYYMMDD as YYYY-MM-DD.
func dashed(s string) string {
	if len(s) != 8 {
		return s
	}
	return s[:4] + "-" + s[4:6] + "-" + s[6:]
}

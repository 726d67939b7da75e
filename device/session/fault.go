// SPDX-License-Identifier: Apache-2.0

package session

import "madoguchi/sync/record"

// faults is the last word of every step: a resident cannot go on in front of a dead panel, a dead key-pad or an open lid, and no PIN stays behind. What runs
// on the card is waited for, because its result is owed to the resident.
func (m *machine) faults() {
	if (m.panelBad || m.keypadBad) && steps[m.step].over && m.atIssue() {
		m.back() // what lies over an operation has no say in its end
	}
	if m.step == stepIssuing {
		m.issueFaults()
	}
	if steps[m.step].busy || m.step == stepBoot {
		return
	}
	t := steps[m.base()]
	switch m.part() {
	case atRest:
		if m.step != stepIdle && (m.panelBad || m.keypadBad || m.lidOpen) {
			if m.step == stepIdleReading {
				m.do(EndCard{})
			}
			m.rest()
		}
	case clerks:
		if m.panelBad || m.keypadBad {
			m.toRest()
		}
	case servicing:
		switch {
		case m.panelBad, m.keypadBad && m.step != stepServicePad, m.lidOpen && steps[m.step].mode == ModeSecret:
			m.toRest()
		}
	case residents:
		switch {
		case (m.panelBad || m.keypadBad) && m.recorded:
			m.toWipe()
		case m.panelBad || m.keypadBad:
			m.do(WipePINs{}, EndCard{})
			m.finish(record.DeviceOrDocumentProblem, "failed", stepWiping)
		case m.lidOpen && t.pin && m.recorded:
			m.toTake()
		case m.lidOpen && t.pin:
			m.end(record.DeviceOrDocumentProblem, "lid")
		}
	}
}

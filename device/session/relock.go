// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/device/procedure"
	"madoguchi/display"
)

// A PIN can lock while the resident is led through a case that needs it. The rules are asked again with what the card says now. Where they lead to a reset first,
// its papers are on the desk, and the issuer link can do all of it, the reset becomes part of the same case, with the same one record. Otherwise the case ends, and the
// clerk reads what a reset needs.

// relock makes the reset of the PIN that has locked a part of the case; false: it cannot be one.
func (m *machine) relock() bool {
	i, ok := certKinds[m.kind]
	if m.inquiry.verdict == nil || !ok || m.recorded || m.unsure || m.letter {
		return false
	}
	c := m.inquiry.verdict.of
	c.Facts.Pins[i] = procedure.PinLocked
	d, err := procedure.Decide(m.inquiry.rules, &c)
	if err != nil {
		return false
	}
	m.inquiry.verdict = &verdict{c, d}
	p := m.plan()
	done := m.issuing.tasks[:m.issuing.at:m.issuing.at]
	due := slices.DeleteFunc(p.tasks, func(t task) bool { return slices.Contains(done, t) })
	if d.Outcome() != "redirect" || !slices.Contains(due, task{IssueReset, m.kind}) || !m.issues(p.procedure) {
		return false
	}
	m.procedure, m.issuing.tasks = p.procedure, append(done, due...)
	return true
}

// resetNeeds are the papers that a reset of the PIN that has locked still needs.
func (m *machine) resetNeeds() (out []display.Para) {
	v := m.inquiry.verdict
	if v == nil || v.Outcome() != "redirect" {
		return nil
	}
	for _, code := range v.Missing {
		if need := m.inquiry.rules.Needs[code]; need != nil {
			out = append(out, display.Para{Code: "missing", Text: m.text(need.Name)})
		}
	}
	return out
}

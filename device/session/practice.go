// SPDX-License-Identifier: Apache-2.0

package session

// The practice round is offered where the resident chooses the language: the entry as it is later, with characters that the screen shows, and no
// card. Nobody looks at what was typed: it is wiped unread, and a real PIN typed by mistake with it.

// practising tells whether the round is under way.
func (s State) practising() bool { return s.step >= stepPractice && s.step <= stepPractised }

// practicePress is a key between the entries of the round.
func (m *machine) practicePress(k Key) {
	if k != KeyEnter {
		return
	}
	switch m.step {
	case stepPractice:
		m.to(stepTry)
	case stepTryHow:
		m.to(stepTryLetters)
	case stepPractised:
		m.toLanguage()
	}
}

// practised goes on from an entry of the round.
func (m *machine) practised() {
	m.do(WipePINs{})
	if m.step == stepTry {
		m.to(stepTryHow)
		return
	}
	m.to(stepPractised)
}

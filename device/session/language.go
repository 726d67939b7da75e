// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"

	"madoguchi/display"
)

// The numbers on the language screen: a language has the same one on every box, also where others are not offered; the practice round is the last.
// Where one language is offered there is nothing to choose, and the screen says only that it is the resident's turn.
const (
	startNow      = 1
	startPractice = 2
)

// practiceLine is the language screen's line for the practice round.
var practiceLine = len(display.Langs) + 1

// toLanguage begins the resident's part: with the language, the one that is shown marked.
func (m *machine) toLanguage() {
	m.do(WipePINs{})
	if m.choice = 1 + index(display.Langs, m.lang); m.oneTongue() {
		m.choice = startNow
	}
	m.to(stepLanguage)
}

// oneTongue tells whether there is no language to choose.
func (s State) oneTongue() bool { return len(s.cfg.Langs) == 1 }

// languagePress is a key on the resident's first screen.
func (m *machine) languagePress(k Key) {
	if m.oneTongue() {
		switch m.pick(k, startPractice) {
		case startNow:
			m.toCard()
		case startPractice:
			m.to(stepPractice)
		default:
			m.await(firstWait)
		}
		return
	}
	marked := m.choice
	switch l, ok := m.pickLang(&m.choice, k, practiceLine); {
	case ok:
		m.lang = l
		m.toCard()
	case m.choice == practiceLine && (k == KeyEnter || k == Key0+Key(practiceLine)):
		if marked < practiceLine && m.offered(marked) {
			m.lang = display.Langs[marked-1]
		}
		m.to(stepPractice)
	default:
		m.await(firstWait)
	}
}

// pickLang chooses a language among n lines. The mark passes over languages that are not offered; their digits mean nothing.
func (m *machine) pickLang(mark *int, k Key, n int) (display.Lang, bool) {
	at := *mark
	if i := choose(&at, k, n); i > 0 && i < practiceLine {
		if !m.offered(i) {
			return "", false
		}
		*mark = i
		return display.Langs[i-1], true
	}
	for at < practiceLine && !m.offered(at) {
		next := at
		if choose(&next, k, n); next == at { // the list ends here
			return "", false
		}
		at = next
	}
	*mark = at
	return "", false
}

// offered tells whether the language of line i is spoken here.
func (s State) offered(i int) bool { return slices.Contains(s.cfg.Langs, display.Langs[i-1]) }

// silent are the languages that are not offered, for the language screen.
func (s State) silent() (out [len(display.Facts{}.Silent)]bool) {
	for i := range display.Langs {
		out[i] = !s.offered(i + 1)
	}
	return out
}

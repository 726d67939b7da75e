// SPDX-License-Identifier: Apache-2.0

package session

import "time"

// A password may be looked at before it is used, where the box's configuration allows it: a wrong character costs one of five tries. The session knows how
// many characters stand and at which one the resident looks, never a character: the painter brings its picture from the locked page to the panel.

// A phase says how far the look at one character has come.
type phase uint8

const (
	glimpseNone  phase = iota
	glimpseAsked       // the panel is busy with it: the PIN's page is in use, and nothing goes on
	glimpseShown       // it stands on the glass, until メニュー is let go or for glimpseWait
)

// glimpseWait is how long a character stands at most. Who needs longer holds the key again.
const glimpseWait = 3 * time.Second

// review is a typed password that is looked at.
type review struct {
	length, at int // characters; the one that is marked, from 1
	phase      phase
	no         uint32 // of the effect
	let        bool   // the key came up before the character stood
}

// reviewable tells whether the resident may look at what was typed: a password, never four digits, of which one would be a quarter.
func (s State) reviewable(length int) bool {
	return s.cfg.Reveal && s.kind.Form().Letters() && length > 0
}

// reviewing tells whether the review is on the screen.
func (s State) reviewing() bool { return s.step == stepReview || s.step == stepReviewNew }

// toReview offers a look at what was typed.
func (m *machine) toReview(s stepID, length int) {
	m.review = review{length: length, at: 1}
	m.careful = true // 確認 struck twice must not pass it; ▼▼ is typed ahead
	m.to(s)
}

// reviewPress is a key on the review, other than 取消. メニュー is the key that is held, so the menu is not at hand here.
func (m *machine) reviewPress(k Key) {
	if m.review.phase == glimpseAsked { // less than the panel's refresh
		return
	}
	m.cover()
	m.await(firstWait)
	now := m.step == stepReview
	switch k {
	case KeyUp:
		m.review.at = max(1, m.review.at-1)
	case KeyDown:
		m.review.at = min(m.review.length, m.review.at+1)
	case KeyClear: // what was typed stands in the entry again, to be taken back from its end
		n := m.review.length
		if now {
			m.to(stepPIN)
		} else {
			m.to(stepNew)
		}
		m.filled, m.resume = n, true
	case KeyEnter:
		if now {
			m.typed()
		} else {
			m.to(stepAgain)
		}
	}
}

// longPress is the long press of a key, or its end.
func (m *machine) longPress(k Key, down bool) {
	r := &m.review
	switch {
	case !m.reviewing() || k != KeyMenu:
	case down && r.phase == glimpseNone:
		slot := SlotCurrent
		if m.step == stepReviewNew {
			slot = SlotNew
		}
		r.phase, r.no, r.let = glimpseAsked, m.next(), false
		m.do(Reveal{r.no, slot, r.at - 1})
	case !down && r.phase == glimpseAsked:
		r.let = true
	case !down && r.phase == glimpseShown:
		m.cover()
		m.await(nextWait)
	}
}

// revealed: the character stands on the glass, or does not.
func (m *machine) revealed(ev Event) {
	r := &m.review
	if r.phase != glimpseAsked || ev.No != r.no {
		return
	}
	r.phase = glimpseShown
	switch {
	case ev.Bad, r.let:
		m.cover()
		m.await(nextWait)
	default:
		m.deadline = m.at.Add(glimpseWait)
	}
}

// cover ends the look at a character, whatever it has come to.
func (m *machine) cover() {
	if m.review.phase != glimpseNone {
		m.review.phase = glimpseNone
		m.do(Cover{})
	}
}

// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"time"

	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/enrol"
)

// Times of a wipe.
const (
	eraseAgain = 10 * time.Second // after an erasing that failed
	tellAgain  = 10 * time.Second // after a last word of which nothing was heard
	aloneAfter = 2 * time.Minute  // without the line a person may go on
	tellMost   = 24 * time.Hour   // and after so long nobody waits any more: the key to city hall must not stay
	endMost    = time.Minute      // for the network side to forget; it may have done so before a power cut
)

// forgetting is a box that is being wiped, without its clock and its disk: erasing, then telling city hall, then letting the network side forget. Each step is noted before the next begins, so
// that a power cut anywhere leads back to the same place.
type forgetting struct {
	lang display.Lang
	mark enrol.Mark

	began   time.Time // telling, or ending
	sent    time.Time // the last farewell
	failed  time.Time // the last erasing
	here    bool      // the network side is connected
	erasing bool
	keeping bool // a mark
	gone    bool // nothing more is to come from the network side
	over    bool // the mark is gone, too
}

// What the machine wants done, beside finish.
type (
	eraseData struct{}
	keepMark  struct{ mark enrol.Mark }
	farewell  struct{ word []byte } // nil: forget
	dropMark  struct{}
)

// What happened, beside away, tick and shown.
type (
	erased  struct{ err error }
	marked  struct{ err error } // of keepMark and dropMark
	arrived struct{}            // the network side
	said    struct{ gone enrol.Gone }
)

// begin is what the machine wants first.
func (m *forgetting) begin() []any {
	if m.mark.Erased {
		return nil
	}
	m.erasing = true
	return []any{eraseData{}}
}

func (m *forgetting) handle(now time.Time, ev any) []any {
	switch ev := ev.(type) {
	case erased:
		m.erasing = false
		if ev.err != nil {
			m.failed = now
			return nil
		}
		m.mark.Erased = true
		return m.keep()
	case marked:
		m.keeping = false
		if ev.err != nil {
			m.failed = now
			return nil
		}
		m.failed = time.Time{}
		if m.gone {
			m.over = true
			return nil
		}
	case arrived:
		m.here, m.sent = true, time.Time{}
	case away:
		m.here = false
	case said:
		return m.heard(ev.gone)
	case pinpad.Key:
		if ev == pinpad.KeyEnter && m.alone(now) {
			m.mark.Told, m.mark.Alone = true, true
			return m.keep()
		}
	case shown:
		if m.over {
			return []any{finish{}}
		}
	}
	return m.next(now)
}

func (m *forgetting) keep() []any {
	m.keeping, m.began, m.sent = true, time.Time{}, time.Time{}
	return []any{keepMark{m.mark}}
}

// heard is the network side's answer.
func (m *forgetting) heard(g enrol.Gone) []any {
	switch {
	case !m.mark.Erased || m.keeping || m.gone:
	case !m.mark.Told && (g.Told || g.Gone):
		m.mark.Told = true
		return m.keep()
	case m.mark.Told && g.Gone:
		return m.end()
	}
	return nil
}

func (m *forgetting) end() []any {
	m.gone, m.keeping = true, true
	return []any{dropMark{}}
}

// next is what is due.
func (m *forgetting) next(now time.Time) []any {
	switch {
	case m.over || m.erasing || m.keeping || !m.failed.IsZero() && now.Sub(m.failed) < eraseAgain:
		return nil
	case m.gone:
		return m.end()
	case !m.mark.Erased:
		m.erasing = true
		return []any{eraseData{}}
	}
	if !m.failed.IsZero() { // a mark that could not be kept
		m.failed = time.Time{}
		return m.keep()
	}
	if m.began.IsZero() {
		m.began = now
	}
	switch waited := now.Sub(m.began); {
	case m.mark.Told && waited >= endMost:
		return m.end()
	case !m.mark.Told && waited >= tellMost:
		m.mark.Told, m.mark.Alone = true, true
		return m.keep()
	case !m.here || !m.sent.IsZero() && now.Sub(m.sent) < tellAgain:
		return nil
	}
	m.sent = now
	if m.mark.Told {
		return []any{farewell{}}
	}
	word, err := m.mark.LastWord()
	if err != nil {
		return nil
	}
	return []any{farewell{word}}
}

// alone tells whether city hall could not be told for so long that a person may go on without.
func (m *forgetting) alone(now time.Time) bool {
	return m.mark.Erased && !m.mark.Told && !m.keeping && !m.began.IsZero() && now.Sub(m.began) >= aloneAfter
}

func (m *forgetting) language() display.Lang { return m.lang }

func (m *forgetting) screen(now time.Time) display.Screen {
	s := display.Screen{ID: display.ServiceWipe, Lang: m.lang}
	switch {
	case m.over:
		s.ID = display.ServiceWiped
	case !m.failed.IsZero():
		s.Facts.Reason = "storage"
	case !m.mark.Erased:
		s.Facts.Reason = "erasing"
	case m.mark.Told:
		s.Facts.Reason = "ending"
	case m.alone(now):
		s.ID = display.ServiceWipeAlone
	default:
		s.Facts.Reason = "telling"
	}
	return s
}

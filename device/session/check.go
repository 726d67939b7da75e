// SPDX-License-Identifier: Apache-2.0

package session

import (
	"strings"
	"time"

	"madoguchi/card"
	"madoguchi/display"
)

// A Part is a part of the box that the check looks at, in the order of its lines.
type Part uint8

// The parts.
const (
	PartKeys Part = iota
	PartPanel
	PartReader
	PartClock
	PartStorage
	PartLink

	NumParts
)

// parts are each part's letters, and the name of its line.
var parts = [NumParts]struct{ letters, row string }{
	{"KY", "check_keys"}, {"PN", "check_panel"}, {"RD", "check_reader"}, {"CL", "check_clock"}, {"ST", "check_storage"}, {"LK", "check_link"},
}

// Findings are a digit for each part: 0 well, 9 no answer, others as "counter selftest" has them. The box gives those that only it can see, and the
// session puts in what it knows.
type Findings [NumParts]uint8

// Code is what was found of a part, "RD2".
func (f Findings) Code(p Part) string { return parts[p].letters + string('0'+f[p]) }

// String is the codes of what is wrong, "CL1 ST3"; "ok" if nothing is.
func (f Findings) String() string {
	if ill := f.ill(); len(ill) > 0 {
		return strings.Join(ill, " ")
	}
	return "ok"
}

// ill are the codes of what is wrong.
func (f Findings) ill() (out []string) {
	for p := range NumParts {
		if f[p] != 0 {
			out = append(out, f.Code(p))
		}
	}
	return out
}

// Examine asks the box to look at the parts that need no person. Ask: the reader may be asked, too; no card lies in it that is about to be read.
// Answered by [Examined].
type Examine struct {
	No  uint32
	Ask bool
}

func (Examine) effect() {}

// The times of the check.
const (
	checkSoon  = 30 * time.Second // after a start later than the time of the check: the line needs a moment
	checkAgain = time.Hour        // while something is wrong, so that what was mended goes from the screen by itself
	checkRetry = 5 * time.Minute  // if no answer came
)

// checking is the check: what it found, and when the next is due.
type checking struct {
	no    uint32 // of the one in flight
	found Findings
	known bool
	due   time.Time // zero: it does not run by itself
	shown int       // which of what is wrong stands on the panel
}

// Check is what the latest check found, see [Findings.String]; "" before the first.
func (s State) Check() string {
	if !s.check.known {
		return ""
	}
	return s.check.found.String()
}

// planCheck sets when the first check is due: at its time of day, or soon if the box was switched on later.
func (m *machine) planCheck() {
	if m.cfg.CheckAt == 0 {
		return
	}
	if m.check.due = m.checkTime(); m.check.due.Before(m.at.Add(checkSoon)) {
		m.check.due = m.at.Add(checkSoon)
	}
}

// checkTime is the time of the check on the clock's day.
func (m *machine) checkTime() time.Time {
	t := m.at.In(m.cfg.Zone)
	return time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, m.cfg.Zone).Add(m.cfg.CheckAt)
}

// restCheck begins a check at rest if it is due; false: it is not. A card that lies there is not disturbed.
func (m *machine) restCheck() bool {
	if m.check.due.IsZero() || m.at.Before(m.check.due) || m.held {
		return false
	}
	m.check.due = m.at.Add(checkRetry)
	m.examine(m.presence == card.Empty)
	return true
}

func (m *machine) examine(ask bool) {
	m.check.no = m.next()
	m.do(Examine{No: m.check.no, Ask: ask})
}

// examined takes the box's answer, wherever the session stands by now.
func (m *machine) examined(ev Event) {
	if ev.No == 0 || ev.No != m.check.no {
		return
	}
	m.check.no, m.check.known, m.check.found = 0, true, m.weighed(ev.Findings)
	if m.cfg.CheckAt != 0 {
		m.check.due = m.checkTime()
		for !m.check.due.After(m.at) {
			m.check.due = m.check.due.Add(24 * time.Hour)
		}
		if next := m.at.Add(checkAgain); m.Check() != "ok" && next.Before(m.check.due) {
			m.check.due = next
		}
	}
	if m.step == stepIdle {
		m.idleDeadline()
	}
}

// weighed puts into the findings what the session knows of the parts.
func (m *machine) weighed(f Findings) Findings {
	for _, c := range []struct {
		p     Part
		n     uint8
		holds bool
	}{
		{PartKeys, 2, m.keypadBad && m.keypadLines}, {PartKeys, 3, m.keypadBad && !m.keypadLines}, {PartPanel, 2, m.panelBad},
		{PartReader, 1, m.serviceBad}, {PartReader, 2, !m.serviceBad && m.readerKnown && m.presence == card.NoReader}, {PartReader, 3, m.presence == card.Mute},
		{PartClock, 1, m.clockDoubtful()}, {PartStorage, 2, m.storageBad}, {PartLink, m.link.code(), m.link.down() && f[PartLink] == 0},
	} {
		if c.holds {
			f[c.p] = c.n
		}
	}
	return f
}

// wipeCode stands among the check's codes while the fleet wants the box wiped.
const wipeCode = "WP1"

// marked is what the screen at rest says of the check: what is wrong and does not stand on it anyway.
func (m *machine) marked() string {
	var all []string
	if m.wipe {
		all = append(all, wipeCode)
	}
	f := m.check.found
	if f[PartLink] == 0 {
		f[PartLink] = m.link.code() // needs no check to be known
	}
	if f[PartLink] == lineDown {
		f[PartLink] = 0 // has a mark of its own
	}
	all = append(all, f.ill()...)
	return strings.Join(all, " ")
}

// toCheck begins a check from the service menu.
func (m *machine) toCheck() {
	m.check.known, m.check.shown = false, 0
	m.to(stepServiceCheck)
	m.examine(true)
}

// checkPress is a key on the check's page, or on one of what is wrong: 確認 goes on to the next, and after the last to the menu.
func (m *machine) checkPress(k Key) {
	ill := 0
	if m.checked() {
		ill = len(m.check.found.ill())
	}
	switch {
	case k == KeyCancel, k == KeyClear:
		m.toService()
	case k != KeyEnter || !m.checked():
	case m.step == stepServiceCheck && ill > 0:
		m.check.shown = 0
		m.to(stepServiceIll)
	case m.step == stepServiceIll && m.check.shown+1 < ill:
		m.check.shown++
		m.to(stepServiceIll)
	default:
		m.toService()
	}
}

// checked tells whether the check in the service menu is over. That the panel works is seen by its showing the page.
func (m *machine) checked() bool { return m.check.known && (m.painted || m.step == stepServiceIll) }

// checkPage is the check's lines. Until a part is known its line says "…".
func (m *machine) checkPage() (display.ID, display.Facts) {
	var f display.Facts
	if m.step == stepServiceIll {
		ill := m.check.found.ill()
		f.Reason = strings.ToLower(ill[min(m.check.shown, len(ill)-1)])
		return display.ServiceIll, f
	}
	for p := range NumParts {
		r := display.Row{Code: parts[p].row}
		if m.check.known {
			r.Word = strings.ToLower(m.check.found.Code(p))
		}
		f.Rows = append(f.Rows, r)
	}
	f.Reason = "running"
	switch {
	case !m.check.known:
	case m.check.found == Findings{}:
		f.Reason = "well"
	default:
		f.Reason = "ill"
	}
	return display.ServiceCheck, f
}

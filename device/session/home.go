// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"time"

	"madoguchi/card"
	"madoguchi/device/procedure"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// lasting are the messages of the rules that matter after the counter, too. The others, such as where to go and what to bring, the clerk has
// told before.
var lasting = []string{"keep_pin", "change_pin_regularly", "lock_counts", "lock_no_daily_reset", "pin_change_at_home", "pin_forgotten_reset",
	"pin_mismatch_reset", "write_expiry_on_card"}

// toHome says what to take home from a case in which a PIN was right or was changed; any other goes on to the card.
func (m *machine) toHome() {
	if m.dueCheck() {
		return
	}
	if m.letter || m.outcome != record.Done || m.unsure || m.procedure == record.TriesBoard {
		m.toTake()
		return
	}
	m.do(WipePINs{}, EndCard{})
	m.to(stepHome)
}

// takeHome is what the PIN is for, to keep it, what the municipality has to say, and the day to write on the card.
func (m *machine) takeHome() []display.Para {
	var out []display.Para
	for _, k := range m.pinsHome() {
		out = append(out, display.Para{Code: "pin", Word: kindName(k)})
	}
	keep := true
	if v := m.inquiry.verdict; v != nil {
		for _, code := range v.Tell {
			if !slices.Contains(lasting, code) {
				continue
			}
			texts := m.inquiry.rules.Messages[code].Texts()
			for lang, s := range texts {
				texts[lang] = procedure.Fill(s, v.Decision)
			}
			told := display.Told(texts, m.lang)
			keep = keep && (code != "keep_pin" || len(told) == 0)
			out = append(out, told...)
		}
	}
	if keep {
		out = slices.Insert(out, len(m.pinsHome()), display.Para{Code: "keep"})
	}
	if s := m.endState(m.certEnds); s == "valid" || s == "soon" {
		out = append(out, display.Para{Code: "ends", Date: display.DateOf(m.certEnds)})
	}
	return out
}

// noteEnds keeps the last day of the certificate that a right PIN opens, until the case ends.
func (m *machine) noteEnds(signing time.Time) {
	switch m.kind {
	case card.KindSigning:
		m.certEnds = signing
	case card.KindLogin:
		m.certEnds = m.board.AuthEnds
	}
}

// leaves puts the print and the page into a resident's screen. In large print most texts take several pages.
func (m *machine) leaves(id display.ID, f *display.Facts) {
	f.Large = m.large
	if id != display.ResidentTell && !f.Large {
		return
	}
	if n := display.Pages(display.Screen{ID: id, Lang: m.lang, Facts: *f}); n > 1 {
		f.Page, f.Pages = min(max(1, m.leaf), n), n
	}
}

// turnLeaf turns a page of a resident's screen: ▲▼, and 確認, in large print and where a text is told: there it goes on from the last page only, so that nobody passes over the rest unseen. false:
// the key means something else.
func (m *machine) turnLeaf(k Key) bool {
	f := m.screen.Facts
	if m.part() != residents || f.Pages < 2 || m.step == stepTimeout {
		return false
	}
	switch {
	case (k == KeyDown || k == KeyEnter && (m.large || m.screen.ID == display.ResidentTell)) && f.Page < f.Pages:
		m.leaf = f.Page + 1
	case k == KeyUp && f.Page > 1:
		m.leaf = f.Page - 1
	default:
		return false
	}
	m.await(steps[m.step].wait)
	return true
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"madoguchi/card"
	"madoguchi/display"
)

// Settings are the parts of [Config] that an update may change while the program runs.
type Settings struct {
	Office, Place string
	Langs         []display.Lang // at least one
}

// Quiet tells whether the box is at rest and nothing is under way: no case, no card being read, no record on its way to storage. Only then may an update be put in force.
func (s State) Quiet() bool { return s.step == stepIdle && s.wait == 0 && s.unsaved.No == 0 }

// hold keeps cases from opening, or lets them. Who pressed 確認 meanwhile need not do it again.
func (m *machine) hold(ev Event) {
	m.held, m.heldLong = ev.OK, ev.OK && ev.Bad
	if m.held {
		return
	}
	knocked := m.knocked
	m.knocked = false
	if knocked && m.step == stepIdle {
		m.restPress(KeyEnter)
	}
}

// settings takes over what an update has changed. The idle screen follows at once; a case that is open, which an update waits for, would follow with its next screen.
func (m *machine) settings(s Settings) {
	m.cfg.Office, m.cfg.Place, m.cfg.Langs = s.Office, s.Place, s.Langs
	if m.part() == atRest {
		m.lang = s.Langs[0]
	}
}

// Vitals are what of the box itself works, as the session knows it.
type Vitals struct {
	Reader, Keypad, Panel, Storage bool
	Link                           bool // the line to city hall is up
}

// Vitals tells what works now.
func (s State) Vitals() Vitals {
	return Vitals{Reader: s.readerKnown && s.presence != card.NoReader && !s.serviceBad, Keypad: !s.keypadBad, Panel: !s.panelBad, Storage: !s.storageBad,
		Link: s.link == LinkUp}
}

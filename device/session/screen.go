// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
	"madoguchi/sync/record"
)

// draw is the screen the state wants. Steps that only wait keep what is shown.
func (m *machine) draw() display.Screen {
	var id display.ID
	var f display.Facts
	switch m.part() {
	case atRest:
		id, f = m.drawRest()
	case clerks:
		id, f = m.drawClerk()
	case residents:
		id, f = m.drawResident()
	case servicing:
		id, f = m.drawService()
	default:
		id, f = m.drawEnding()
	}
	if id == "" {
		return m.screen
	}
	if m.part() == residents {
		m.leaves(id, &f)
	}
	return display.Screen{ID: id, Lang: m.lang, Facts: f}
}

// drawRest: the worst fault first.
func (m *machine) drawRest() (display.ID, display.Facts) {
	f := display.Facts{Office: m.cfg.Office}
	switch m.step {
	case stepIdleReading:
		return display.IdleReading, f
	case stepIdleBoard:
		m.putBoard(&f)
		return display.IdleBoard, f
	case stepIdleWrong:
		if !m.known {
			return display.IdleUnreadable, f
		}
		f.Species = string(m.board.Species)
		return display.IdleWrongCard, f
	case stepIdle:
	default:
		return "", f
	}
	switch {
	case m.keypadBad:
		f.Reason = "stuck"
		if m.keypadLines {
			f.Reason = "unplugged"
		}
		return display.FaultKeypad, f
	case m.notices&noticeInterrupted != 0:
		f.Procedure = name(m.broken.Procedure)
		if f.Reason = [...]string{"none", "verify", "change", "verify", ""}[min(m.broken.Op, OpIssue)]; f.Reason == "" {
			f.Reason = linkReason(m.broken.Procedure)
		}
		f.Kind = kindName(m.broken.Kind)
		return display.ClerkInterrupted, f
	case m.notices&noticeQuarantined != 0:
		f.Reason = "quarantined"
		return display.FaultStorage, f
	case m.notices&noticeIssue != 0:
		return m.drawRecovery()
	case m.storageBad:
		if m.storageFull {
			f.Reason = "full"
		}
		return display.FaultStorage, f
	case m.lidOpen:
		return display.FaultLid, f
	case m.serviceBad:
		return display.FaultService, f
	case m.readerKnown && m.presence == card.NoReader:
		return display.FaultReader, f
	case m.heldLong:
		return display.FaultUpdate, f
	case m.notices&noticePanel != 0:
		return display.FaultPanel, f
	}
	if !m.dateOpen() { // else nobody knows what day it is
		f.Date = display.Date(m.today().String())
	}
	f.Queue, f.Release, f.Text = m.queue, m.cfg.Release, m.marked()
	switch {
	case m.link == LinkUp:
		f.Link = "up"
	case m.link.down():
		f.Link, f.LinkSince = "down", m.at.Sub(m.linkSince).Truncate(time.Hour)
	}
	return display.Idle, f
}

// drawEnding: white, then the clerk's last word.
func (m *machine) drawEnding() (display.ID, display.Facts) {
	if m.step == stepWiping {
		return display.Wipe, display.Facts{}
	}
	f := display.Facts{Office: m.cfg.Office, Procedure: name(m.procedure), Kind: kindName(m.kind), Reason: m.reason, Queue: m.queue, Claim: m.claim.number.String()}
	if m.unsure { // also after a second change, when the reason is the first one's
		f.Reason = "unsure"
	}
	if f.Reason == "locked" {
		f.Paras = m.resetNeeds()
	}
	return display.ClerkClosed, f
}

func name(p record.Procedure) string {
	if !p.Valid() {
		return ""
	}
	return p.String()
}

func kindName(k card.Kind) string {
	if !k.Valid() {
		return ""
	}
	return k.String()
}

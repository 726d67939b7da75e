// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"strings"
	"time"

	"madoguchi/card"
	"madoguchi/display"
)

// drawService is the service menu in codes and numbers.
func (m *machine) drawService() (display.ID, display.Facts) {
	var f display.Facts
	switch m.step {
	case stepService:
		f.Choice = m.choice
		return display.ServiceMenu, f
	case stepServicePad:
		f.Down, f.Seen, f.Reason = int(m.tools.closed), int(m.tools.seen), m.padReason()
		return display.ServicePad, f
	case stepServicePanel:
		return m.panelPage()
	case stepServicePicture:
		return pictures[m.tools.picture], f
	case stepServiceReader:
		return m.readerPage()
	case stepServiceQueue:
		return m.queuePage()
	case stepServiceAbout:
		return m.aboutPage()
	case stepServiceClock:
		f.Rows = []display.Row{{Code: "date", Date: display.Date(m.today().String())}, {Code: "time", Text: m.civil().Format("15:04") + m.doubt()}}
		f.Reason = "sure"
		if m.clockDoubtful() {
			f.Reason = "confirmed"
		}
		return display.ServiceClock, f
	case stepServiceConfirm:
		return display.ClerkConfirmDate, display.Facts{Date: display.Date(m.today().String())}
	case stepServiceDate:
		return display.ClerkDate, display.Facts{Text: m.digits, Fault: m.dayFault}
	case stepServiceLamp:
		return m.lampPage()
	case stepServiceNew:
		f.Filled, f.Fault = m.filled, m.fault.code()
		return display.ServiceNewCode, f
	case stepServiceAgain:
		f.Filled, f.Fault = m.filled, m.fault.code()
		return display.ServiceAgain, f
	case stepServiceSaving:
		return display.ServiceSaving, f
	case stepServiceSaved:
		return display.ServiceSaved, f
	case stepServiceCheck, stepServiceIll:
		return m.checkPage()
	case stepServiceRefused:
		f.Reason = m.tools.refused
		return display.ServiceRefused, f
	}
	return "", f
}

// fact is a row that says a text, or a word where there is none; nothing before the box has answered.
func (m *machine) fact(code, text, word string) display.Row {
	switch {
	case !m.tools.surveyed:
		return display.Row{Code: code}
	case text == "":
		return display.Row{Code: code, Word: word}
	}
	return display.Row{Code: code, Text: text}
}

func (m *machine) panelPage() (display.ID, display.Facts) {
	s := m.tools.survey
	took := func(d time.Duration) string {
		if d == 0 {
			return ""
		}
		return fmt.Sprintf("%.2f s", d.Seconds())
	}
	return display.ServicePanel, display.Facts{Reason: s.Class, Rows: []display.Row{
		m.fact("panel", s.Panel, ""), m.fact("full", took(s.Full), "none"), m.fact("partial", took(s.Partial), "none"),
	}}
}

// readerPage says what the reader reports now; a card is not read.
func (m *machine) readerPage() (display.ID, display.Facts) {
	slot := map[card.Presence]string{card.Empty: "empty", card.Present: "in", card.Mute: "mute"}[m.presence]
	switch {
	case m.serviceBad:
		slot = "service"
	case slot == "", !m.readerKnown:
		slot = "none"
	}
	pad := [...]string{OwnPadUnknown: "unknown", OwnPadNo: "no", OwnPadYes: "yes"}[m.tools.survey.OwnPad]
	return display.ServiceReader, display.Facts{Reason: slot, Rows: []display.Row{
		m.fact("reader", m.tools.survey.Reader, "unknown"), m.fact("own_pad", "", pad), {Code: "slot", Word: slot},
	}}
}

func (m *machine) queuePage() (display.ID, display.Facts) {
	s := m.tools.survey
	cases, oldest := m.fact("cases", "", "none"), m.fact("oldest", "", "none")
	if s.Cases > 0 {
		cases.Word, cases.N = "n", s.Cases
	}
	if !s.Oldest.IsZero() {
		oldest = display.Row{Code: "oldest", Date: display.DateOf(s.Oldest)}
	}
	receipt := ""
	if !s.Receipt.IsZero() {
		receipt = s.Receipt.In(m.cfg.Zone).Format("01-02 15:04")
	}
	line := [...]string{LinkNone: "none", LinkUp: "up", LinkDown: "down"}[min(m.link, LinkDown)]
	return display.ServiceQueue, display.Facts{Reason: line, Rows: []display.Row{
		cases, oldest, {Code: "line", Word: line}, m.fact("receipt", receipt, "none"),
	}}
}

func (m *machine) aboutPage() (display.ID, display.Facts) {
	rules := display.Row{Code: "rules", Word: "none"}
	if m.rules != nil {
		rules = display.Row{Code: "rules", Text: m.rules.Label()}
	}
	return display.ServiceAbout, display.Facts{Reason: m.tools.survey.Update, Rows: []display.Row{
		{Code: "device", Text: m.cfg.Device}, {Code: "build", Text: m.cfg.Build}, {Code: "spoken", Text: m.cfg.Build},
		m.fact("fingerprint", grouped(m.tools.survey.Fingerprint), "none"), rules,
		{Code: "clock", Text: m.civil().Format("2006-01-02 15:04") + m.doubt()},
	}}
}

// doubt marks a time that is not believed.
func (m *machine) doubt() string {
	if m.clockDoubtful() {
		return " ?"
	}
	return ""
}

func (m *machine) lampPage() (display.ID, display.Facts) {
	s := m.tools.survey
	lamp, buzzer := m.tools.lamp.String(), "on"
	switch {
	case !s.Buzzer:
		buzzer = "none"
	case !s.Sound:
		buzzer = "off"
	}
	if !s.Lamp {
		lamp = "none"
	}
	return display.ServiceLamp, display.Facts{Rows: []display.Row{m.fact("lamp", "", lamp), m.fact("buzzer", "", buzzer)}}
}

// grouped writes hex digits in capitals, four together, as they are read out.
func grouped(s string) string {
	var out []string
	for s = strings.ToUpper(s); len(s) > 4; s = s[4:] {
		out = append(out, s[:4])
	}
	return strings.TrimSpace(strings.Join(append(out, s), " "))
}

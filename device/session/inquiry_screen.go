// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"strings"
	"time"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
	"madoguchi/device/procedure"
	"madoguchi/display"
)

// applicantLines are the codes of applicants in the order of applicants.
var applicantLines = []display.Line{{Code: "self"}, {Code: "legal_representative"}, {Code: "voluntary_proxy"}}

// say is words in the clerk's language: English where the box speaks it first, else Japanese.
func (s State) say(ja, en string) string {
	if s.cfg.Langs[0] == display.English {
		return en
	}
	return ja
}

func (s State) text(t policy.Text) string { return s.say(t.Ja, t.En) }

// drawList is a list of the clerk's, with all its lines.
func (m *machine) drawList() (display.ID, display.Facts) {
	f := display.Facts{Procedure: name(m.procedure)}
	switch m.step {
	case stepProcedure:
		f.Procedure = ""
		for _, p := range m.procedures() {
			l := display.Line{Code: p.String()}
			if p == goOn {
				l.Code = "claim"
			}
			f.Lines = append(f.Lines, l)
		}
		f.Paras = m.warning()
		return display.ClerkProcedure, f
	case stepApplicant:
		f.Lines = applicantLines
		return display.ClerkApplicant, f
	case stepKinds:
		f.Title, f.Lines = m.drawKinds()
		return display.ClerkQuestion, f
	case stepOffice:
		f.Title = m.say("この手続きは市のページに書かれていません。担当課は認めましたか。", "The page does not state this. Did the office in charge agree?")
		f.Lines = []display.Line{{Text: m.say("認めた", "It agreed")}, {Text: m.say("認めない・確認していない", "It did not, or was not asked")}}
		return display.ClerkQuestion, f
	case stepTerminal:
		f.Title = m.say("統合端末での作業は終わりましたか。", "Is the work at the terminal done?")
		f.Lines = []display.Line{{Text: m.say("終わった・番号を確かめる", "Done, check the PIN")}, {Text: m.say("終わった・確かめない", "Done, no check")},
			{Text: m.say("まだ・できなかった", "Not yet, or it could not be")}}
		if staffed(m.procedure) {
			f.Title, f.Lines = m.say("担当での手続きは終わりましたか。", "Has the office in charge done it?"), f.Lines[1:]
			f.Lines[0].Text = m.say("終わった", "Done")
		}
		return display.ClerkQuestion, f
	case stepDocuments:
		f.Title = m.say("あるものを押す(原本・期限内)", "What is there? Valid originals")
		f.Lines = []display.Line{{Text: m.say("すべてそろっている", "All of them")}}
		for _, x := range m.inquiry.papers {
			l := display.Line{Text: m.paper(x), Tick: display.TickOff}
			if slices.Contains(m.inquiry.ticked, x.Code) {
				l.Tick = display.TickOn
			}
			f.Lines = append(f.Lines, l)
		}
		return display.ClerkDocuments, f
	}
	q, rest := m.inquiry.talk.Next()
	f.Title, f.Rest = m.say(q.Ja, q.En), rest
	for _, a := range q.Answers {
		f.Lines = append(f.Lines, display.Line{Text: m.say(a.Ja, a.En)})
	}
	return display.ClerkQuestion, f
}

// warning is what stands over the first list: nothing is typed in vain outside hours, or at a window that needs a reservation.
func (m *machine) warning() []display.Para {
	if m.inquiry.rules == nil {
		return nil
	}
	c, _ := m.matter()
	here := procedure.At(m.inquiry.rules, &c.Facts)
	switch {
	case here.Closed:
		return []display.Para{{Code: "hours", Word: "closed"}}
	case here.Place != nil && here.Place.Reservation == 1:
		return []display.Para{{Code: "place", Word: "reservation"}}
	}
	return nil
}

// paper is a paper's name, and how old it may be.
func (m *machine) paper(x procedure.Paper) string {
	s := m.text(x.Name)
	if x.Months > 0 {
		n := string(rune('0' + x.Months%10))
		s += m.say("("+n+"か月以内のもの)", " (not older than "+n+" months)")
	}
	return s
}

// drawText is a text of the clerk's, with all its paragraphs.
func (m *machine) drawText() (display.ID, display.Facts) {
	f := display.Facts{Procedure: name(m.procedure)}
	switch m.step {
	case stepNotice:
		f.Verdict, f.Paras = m.outright(), m.notice()
		return display.ClerkNotice, f
	case stepTell:
		f.Paras = m.telling()
		return display.ClerkTell, f
	case stepClerkWhy:
		f.Paras = m.reasons()
		return display.ClerkWhy, f
	case stepClaimFound:
		f.Claim, f.Paras = m.claim.number.String(), m.behind()
		return display.ClerkClaimFound, f
	case stepGuide:
		f.Verdict = m.inquiry.verdict.code()
		f.Paras = slices.Concat(m.says(), m.telling())
		return display.ClerkGuide, m.named(display.ClerkGuide, f)
	}
	f.Verdict, f.Paras = m.inquiry.verdict.code(), m.says()
	return display.ClerkDecision, m.named(display.ClerkDecision, f)
}

// code is the outcome in one word.
func (v *verdict) code() string {
	if out := v.Outcome(); out != "" {
		return out
	}
	return "silent"
}

// notice is what stands in the way here and now.
func (m *machine) notice() (out []display.Para) {
	p := m.inquiry.rules
	c, _ := m.matter()
	here := procedure.At(p, &c.Facts)
	if here.Closed {
		out = append(out, display.Para{Code: "hours", Text: m.hours(here.Hours)})
	}
	if pl := here.Place; pl != nil && pl.Reservation == 1 {
		out = append(out, display.Para{Code: "place", Text: m.text(pl.Name)})
		if pl.Phone != "" {
			out = append(out, display.Para{Code: "phone", Text: pl.Phone})
		}
		out = append(out, display.Para{Text: m.say("電話予約のある方だけ、進んでください。", "Go on only for somebody with a reservation.")})
	}
	if here.Closed {
		out = append(out, display.Para{Text: m.say("臨時に窓口を開けているときだけ、進んでください。", "Go on only if the window is open today by way of exception.")})
	}
	return out
}

// hours are opening hours in words.
func (m *machine) hours(h *policy.Hours) string {
	if h == nil {
		return ""
	}
	var days []string
	for i, d := range []string{"月", "火", "水", "木", "金", "土", "日"} {
		if h.Days>>i&1 == 1 {
			days = append(days, m.say(d, [...]string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"}[i]))
		}
	}
	s := strings.Join(days, m.say("・", " "))
	if h.Open >= 0 {
		clock := func(min int) string {
			return time.Date(2000, 1, 1, 0, min, 0, 0, time.UTC).Format("15:04")
		}
		s += " " + clock(h.Open) + "-" + clock(h.Close)
	}
	return s
}

// says is the decision in paragraphs: what it costs and takes, what is missing, what comes first, and where.
func (m *machine) says() (out []display.Para) {
	v, p := m.inquiry.verdict, m.inquiry.rules
	add := func(x display.Para) { out = append(out, x) }
	if yen, stated, asked := m.fee(); asked && stated {
		add(display.Para{Code: "fee", N: yen})
	} else if asked {
		add(display.Para{Code: "fee", Word: "unknown"})
	}
	switch n, ok := v.Get(policy.KVisits); {
	case !ok:
	case n == nil:
		add(display.Para{Code: "visits", Word: "unknown"})
	default:
		add(display.Para{Code: "visits", N: n.(int)})
	}
	if v.Outcome() == "not_yet_open" {
		add(m.opens())
	}
	if r, _ := v.Get(policy.KReason); r != nil {
		add(display.Para{Code: "reason", Word: r.(string)})
	}
	for _, code := range v.Missing {
		if need := p.Needs[code]; need != nil {
			add(display.Para{Code: "missing", Text: m.text(need.Name)})
		}
	}
	next, _ := v.Get(policy.KSequence)
	first, _ := next.([]string)
	if r, _ := v.Get(policy.KRequired); r != nil && len(first) == 0 {
		first = []string{r.(string)}
	}
	for _, code := range first {
		add(display.Para{Code: "next", Word: code})
	}
	if v.open() {
		add(display.Para{Text: m.say("この市のページに書かれていません。担当課に確認してください。", "The municipality's page does not say. Please ask the office in charge.")})
	}
	if x, ok := m.carriedOut(); ok {
		add(x)
	}
	m.where(add)
	if slices.ContainsFunc(v.Because, func(r *policy.Ref) bool { return r.Source == "default" }) {
		add(display.Para{Code: "default"})
	}
	return out
}

// carriedOut says how the matter is carried out.
func (m *machine) carriedOut() (display.Para, bool) {
	v := m.inquiry.verdict
	if ch, _ := v.Get(policy.KChannel); ch != nil && ch != "counter" { // that it is done at a counter is no news at one
		return display.Para{Code: "way", Word: ch.(string)}, true
	}
	switch v.Outcome() {
	case "complete":
	case "redirect":
		if m.way() == "issuer_link" {
			return m.byLine(), true
		}
		return display.Para{Code: "way", Word: "handover"}, true
	default:
		return display.Para{}, false
	}
	if from, _ := v.Get(policy.KPinsFrom); from == "letter" && m.way() != "handover" {
		return display.Para{Code: "way", Text: m.say("この装置で、封書の番号を職員が入れます。", "On this device: staff type the PINs of the sealed letter.")}, true
	} else if from == "letter" {
		return display.Para{Code: "way", Text: m.say("統合端末で、封書の暗証番号を使います。", "On the integrated terminal, with the PINs of the sealed letter.")}, true
	}
	if m.way() == "issuer_link" {
		return m.byLine(), true
	}
	return display.Para{Code: "way", Word: m.way()}, !m.guided()
}

// where adds place and telephone, and that a second visit comes back here.
func (m *machine) where(add func(display.Para)) {
	v, p := m.inquiry.verdict, m.inquiry.rules
	if visits, _ := v.Get(policy.KVisits); visits == 2 && p.SameWindow && v.of.Facts.Visit == 1 {
		add(display.Para{Code: "place", Text: m.say("2回目も、この同じ窓口です。", "The second visit is at this same window.")})
	} else if code, _ := v.Get(policy.KPlace); code != nil && v.Outcome() != "complete" {
		if pl := p.PlaceOf(code.(string)); pl != nil {
			add(display.Para{Code: "place", Text: m.text(pl.Name)})
		}
	}
	if phone, _ := v.Get(policy.KPhone); phone != nil && v.Outcome() != "complete" {
		s := phone.(string)
		if menu, ok := v.Get(policy.KPhoneMenu); ok && menu != nil {
			n := string(rune('0' + menu.(int)%10))
			s += m.say("(音声案内 "+n+"番)", " (voice menu "+n+")")
		}
		add(display.Para{Code: "phone", Text: s})
	}
}

// opens is the first day of the renewal window. Where the clerk knows only roughly when the certificates end, it is said as a rule.
func (m *machine) opens() display.Para {
	given := m.inquiry.talk.Given()
	day, ok := m.inquiry.verdict.Get(policy.KRenewalOpensOn)
	if d, exact := day.(civil.Date); ok && exact && given["cert_expires"] == "" && given["card_expires"] == "" {
		return display.Para{Code: "opens", Date: display.Date(d.String())}
	}
	return display.Para{Code: "opens", Text: m.windowWords()}
}

func (m *machine) windowWords() string {
	w := m.inquiry.rules.Window
	if w == nil {
		return ""
	}
	n := string(rune('0' + w.Months%10))
	if w.DayAfter {
		return m.say("有効期限の"+n+"か月前の翌日から", "from the day after "+n+" months before the end")
	}
	return m.say("有効期限の"+n+"か月前から", "from "+n+" months before the end")
}

// general are the messages that hold for every matter. Who stands at the right window needs them least.
var general = []string{"place", "residence_only", "contact"}

// inOrder are the messages of the decision in the order in which they are told: those of this matter first, unless the way to the window is what is decided.
func (m *machine) inOrder() []string {
	v := m.inquiry.verdict
	if !slices.Contains([]string{"complete", "first_visit", "redirect", "missing_documents"}, v.Outcome()) {
		return v.Tell
	}
	of := func(in bool) []string {
		return slices.DeleteFunc(slices.Clone(v.Tell), func(code string) bool { return slices.Contains(general, code) != in })
	}
	return append(of(false), of(true)...)
}

// telling is what to tell the resident, in the words of the municipality.
func (m *machine) telling() (out []display.Para) {
	v, p := m.inquiry.verdict, m.inquiry.rules
	for _, code := range m.inOrder() {
		s := m.text(p.Messages[code])
		if mark := "{" + policy.KRenewalOpensOn.Name() + "}"; strings.Contains(s, mark) {
			if d := m.opens(); d.Date == "" {
				// the message has a "from" of its own
				s = strings.ReplaceAll(s, mark, strings.TrimPrefix(strings.TrimSuffix(d.Text, "から"), "from "))
			}
		}
		if s = procedure.Fill(s, v.Decision); s != "" {
			out = append(out, display.Para{Code: "tell", Text: s})
		}
	}
	return out
}

// rulesLine says which rules are in force for the next case, and that newer ones were refused.
func (s State) rulesLine() string {
	if s.rules == nil {
		return ""
	}
	line := s.say("規則 ", "Rules ") + s.rules.Label()
	if s.rulesBad {
		line += s.say(" 更新は不採用", " (newer refused)")
	}
	return line
}

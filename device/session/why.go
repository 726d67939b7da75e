// SPDX-License-Identifier: Apache-2.0

package session

import (
	"strings"

	"madoguchi/device/policy"
	"madoguchi/display"
)

// A decision may rest on a dozen rows of the rules. The clerk is shown the few that it came from, what is to be confirmed, and the answers that were given; メニュー
// turns to the other rows and to the page that they stand on.

// whyPress is a key on the reasons of a decision.
func (m *machine) whyPress(k Key) {
	switch k {
	case KeyEnter, KeyCancel, KeyClear:
		m.back()
		return
	case KeyMenu:
		m.inquiry.rest, m.mark = !m.inquiry.rest, 1
	default:
		m.mark = m.turned(k, m.mark)
	}
	m.await(talkWait)
}

// reasons are what the decision came from, or what it rests on besides.
func (m *machine) reasons() (out []display.Para) {
	chief, rest := m.inquiry.verdict.Decisive()
	if m.inquiry.rest {
		return append(m.rows(rest), m.origin())
	}
	if len(chief) == 0 { // the page does not say: all that there is
		chief = rest
	}
	out = m.rows(chief)
	for _, a := range m.inquiry.talk.Answers() {
		out = append(out, display.Para{Code: "why", Text: m.say(a.Question.Ja+" "+a.Answer.Ja, a.Question.En+" "+a.Answer.En)})
	}
	if len(out) == 0 {
		out = append(out, m.origin())
	}
	return out
}

// rows are rows of the rules with their sources, and in one paragraph what the page leaves open.
func (m *machine) rows(refs []*policy.Ref) (out []display.Para) {
	var open []string
	for _, r := range refs {
		if r.Source == "default" {
			open = append(open, r.Rule)
			continue
		}
		out = append(out, display.Para{Code: "source", Text: r.Rule + " " + shortSource(r.Source)})
	}
	if len(open) > 0 {
		out = append(out, display.Para{Code: "default", Text: strings.Join(open, " ") +
			m.say(": ページに書かれていないので、安全な方に決めました。担当課に確認してください。", ": not on the page, decided for the safe side. Please confirm with the office.")})
	}
	return out
}

// origin is the municipality's page and the version of the rules.
func (m *machine) origin() display.Para {
	p := m.inquiry.rules
	page := m.text(p.Name) + m.say(" 規則 ", " rules ") + p.Label()
	if !p.SourceDate.IsZero() {
		page += m.say(" ページ ", " page of ") + p.SourceDate.String()
	}
	return display.Para{Code: "source", Text: page}
}

// shortSource leaves of a page's file name its number: "002_cd36fc2bac4aab2b.txt:40-46" is "002:40-46".
func shortSource(s string) string {
	var parts []string
	for _, one := range strings.Split(s, ", ") {
		file, lines, ok := strings.Cut(one, ":")
		n, _, _ := strings.Cut(file, "_")
		if !ok {
			parts = append(parts, one)
			continue
		}
		parts = append(parts, n+":"+lines)
	}
	return strings.Join(parts, ", ")
}

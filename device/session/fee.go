// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"strings"

	"madoguchi/device/policy"
	"madoguchi/device/procedure"
	"madoguchi/display"
)

// fee is what all that is done costs: of a redirect the procedures that it leads to, not the one that was asked for. stated is false if the page does not say it of
// one of them; asked is false if nobody would ask.
func (s State) fee() (yen int, stated, asked bool) {
	v := s.inquiry.verdict
	decided := []*procedure.Decision{v.Decision}
	if seq := names(v, policy.KSequence); v.Outcome() == "redirect" && len(seq) > 0 {
		decided = decided[:0]
		for _, code := range seq {
			c := v.of
			var ok bool
			if c.Procedure, ok = policy.Procedure.CellOf(code); !ok {
				continue
			}
			if d, err := procedure.Decide(s.inquiry.rules, &c); err == nil {
				decided = append(decided, d)
			}
		}
	}
	stated = true
	_, asked = v.Get(policy.KFee)
	for _, d := range decided {
		x, ok := d.Get(policy.KFee)
		n, is := x.(int)
		yen, asked, stated = yen+n, asked || ok, stated && is
	}
	return yen, stated, asked
}

// lineWords are what the operations of the issuer link are called.
var lineWords = [numIssueOps][2]string{IssueReset: {"再設定", "reset"}, IssueNew: {"発行", "issue"}, IssueRenewal: {"更新", "renewal"}, IssueRelease: {"一時停止解除", "release"}}

// byLine says what is done on this box over the line, in the order in which it is done.
func (m *machine) byLine() display.Para {
	var words []string
	say := func(op IssueOp) {
		if w := m.say(lineWords[op][0], lineWords[op][1]); !slices.Contains(words, w) {
			words = append(words, w)
		}
	}
	for _, t := range m.plan().tasks {
		if t.op == IssueRelease && t.kind.Valid() { // with a new certificate
			say(t.op)
			say(IssueNew)
		} else if t.op != 0 {
			say(t.op)
		}
	}
	return display.Para{Code: "way", Text: m.say("この装置(回線で"+strings.Join(words, "・")+")", "This box (by the line: "+strings.Join(words, ", ")+")")}
}

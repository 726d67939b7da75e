// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

// AskedRow is how many questions a procedure asks.
type AskedRow struct {
	Procedure, Applicant policy.Cell
	Usual                int      // when every answer is the usual one
	Most                 int      // in the longest conversation
	Facts                []string // all that may be asked, the first first
}

// Asked counts the questions for every procedure and applicant of a municipality, with what the card tells known: the end of its
// certificates, two months ahead. Guidance for proxies is left out where it asks nothing.
func Asked(p *policy.Policy, today civil.Date) []AskedRow {
	soon, _ := today.AddMonths(2)
	var out []AskedRow
	for proc := range policy.Procedures {
		for app := range policy.Applicants {
			c := Case{ID: "asked", Municipality: p.City, Procedure: policy.Cell(proc), Applicant: policy.Cell(app),
				Facts: Facts{Today: today, CertExpires: soon, Visit: 1, CardPresented: Unsaid}}
			t := Begin(p, &c, nil)
			row := AskedRow{Procedure: c.Procedure, Applicant: c.Applicant}
			for _, q := range t.rank() {
				row.Facts = append(row.Facts, t.questions[q].ID)
			}
			row.Usual, row.Most = t.usual(), t.longest()
			if row.Most > 0 || app == 0 {
				out = append(out, row)
			}
		}
	}
	return out
}

func (t *Talk) usual() int {
	if t.asked < 0 {
		return 0
	}
	return 1 + t.Answer(0).usual()
}

func (t *Talk) longest() int {
	if t.asked < 0 {
		return 0
	}
	n := 0
	for a := range t.questions[t.asked].Answers {
		n = max(n, t.Answer(a).longest())
	}
	return 1 + n
}

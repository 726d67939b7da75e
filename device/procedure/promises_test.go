// SPDX-License-Identifier: Apache-2.0

package procedure_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
	"madoguchi/device/procedure"
)

func raws(t testing.TB, name string) [][]byte {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(text), []byte("\n"))
}

// check holds a decision to what every decision promises.
func check(t *testing.T, d *procedure.Decision) {
	t.Helper()
	done, _ := d.Get(policy.KCompletedToday)
	visits, _ := d.Get(policy.KVisits)
	same, hasSame := d.Get(policy.KSameDay)
	switch out := d.Outcome(); {
	case done == true && out != "complete":
		t.Errorf("completed today with outcome %q", out)
	case done == true && len(d.Missing) > 0:
		t.Errorf("completed today although %v is missing", d.Missing)
	case out == "missing_documents" && len(d.Missing) == 0 && done != false:
		t.Error("nothing is missing of the missing documents")
	case same == true && visits == 2:
		t.Error("same day and two visits")
	case hasSame && same == nil:
		t.Error("same_day not stated")
	}
	for _, c := range d.Tell {
		if c == "" {
			t.Error("tells nothing")
		}
	}
	for _, b := range d.Because {
		if b.Rule == "" || b.Source == "" {
			t.Errorf("because of %+v", b)
		}
	}
	if _, ok := d.Get(policy.KOutcome); !ok {
		t.Error("no outcome")
	}
}

// No family case of any municipality breaks a promise: a proxy never finishes a reset at the first visit, no signing certificate under 15 …
func TestPromises(t *testing.T) {
	set := load(t)
	today := civil.Date{Year: 2026, Month: 1, Day: 20}
	n := 0
	for _, city := range set.Cities() {
		p, _ := set.City(city)
		for c := range procedure.Family(city, today) {
			n++
			d, err := procedure.Decide(p, &c)
			if err != nil {
				t.Fatal(err)
			}
			check(t, d)
			done, _ := d.Get(policy.KCompletedToday)
			proc := policy.Procedure.Value(c.Procedure)
			city1 := c.Facts.Letter == nil || !c.Facts.Letter.City
			if proc == "pin_reset" && c.Applicant == 2 && done == true && c.Facts.Visit == 1 && city1 {
				t.Errorf("%s: a proxy's reset is finished at the first visit: %+v", city, c.Facts)
			}
			if allowed, ok := d.Get(policy.KSigningAllowed); ok && allowed == true && (c.Facts.Ward == procedure.Yes || c.Facts.Birth.Year > 2011) {
				t.Errorf("%s: signing certificate allowed: %+v", city, c.Facts)
			}
			if c.Facts.Resident == procedure.No && done == true {
				t.Errorf("%s: done for somebody who lives elsewhere: %s", city, proc)
			}
			for _, code := range d.Tell {
				if p.Messages[code].Ja == "" {
					t.Errorf("%s: no text for %q", city, code)
				}
			}
		}
	}
	t.Logf("%d cases", n)
}

// Each questions' answers lead to the decision without anything else being asked, and every answer has its texts.
func TestQuestions(t *testing.T) {
	set := load(t)
	today := civil.Date{Year: 2026, Month: 1, Day: 20}
	for _, city := range set.Cities() {
		p, _ := set.City(city)
		for _, row := range procedure.Asked(p, today) {
			if row.Most > 7 {
				t.Errorf("%s %s %s: %d questions", city, policy.Procedure.Value(row.Procedure), policy.Applicant.Value(row.Applicant), row.Most)
			}
		}
	}
	p, _ := set.City("nabari")
	c := procedure.Case{Municipality: "nabari", Procedure: cell(t, policy.Procedure, "cert_renewal"), Facts: procedure.Facts{Today: today, Visit: 1,
		CertExpires: civil.Date{Year: 2026, Month: 3, Day: 15}, CardExpires: civil.Date{Year: 2031, Month: 3, Day: 15}}}
	got := procedure.Questions(p, &c, map[string]bool{"age_group": true, "adult_ward": true})
	if len(got) != 1 || got[0].ID != "pins" {
		t.Errorf("a renewal by oneself, card read: asks %v, want the PINs alone", got)
	}
	for _, q := range got {
		if q.Ja == "" || q.En == "" || len(q.Answers) > 9 || slices.ContainsFunc(q.Answers, func(a procedure.Answer) bool { return a.Ja == "" || a.En == "" }) {
			t.Errorf("question %+v", q)
		}
	}
}

func cell(t testing.TB, d policy.Dim, word string) policy.Cell {
	t.Helper()
	c, ok := d.CellOf(word)
	if !ok {
		t.Fatalf("%s has no %s", d.Name(), word)
	}
	return c
}

func TestExplain(t *testing.T) {
	set := load(t)
	for _, l := range lines(t, set, "testdata/samples.jsonl") {
		p, _ := set.City(l.Case.Municipality)
		var b bytes.Buffer
		if err := procedure.Explain(&b, p, &l.Case); err != nil {
			t.Fatal(err)
		}
		if l.Case.ID == "nab-039" && !strings.Contains(b.String(), "guardianship_certificate: MISSING") {
			t.Errorf("the missing paper is not named:\n%s", &b)
		}
		if !strings.Contains(b.String(), "Because") {
			t.Errorf("no reasons:\n%s", &b)
		}
	}
}

// A rule changes on its day and not before.
func TestEffectiveDates(t *testing.T) {
	base, _ := os.ReadFile("../policy/data/national.toml")
	city, _ := os.ReadFile("../policy/data/sakuragawa.toml")
	next := strings.Replace(string(city), "[[answer]]\nid = \"S_fee\"", "[[answer]]\nid = \"S_fee26\"\nsource = \"003:9-10\"\nfrom = 2026-04-01\nprocedure = [\"cert_renewal\"]\nset = { fee_yen = 300 }\n[[answer]]\nid = \"S_fee\"", 1)
	p, err := policy.Compile(base, "sakuragawa.toml", []byte(next))
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range []struct {
		day string
		fee int
	}{{"2026-03-31", 0}, {"2026-04-01", 300}} {
		today, _ := civil.Parse(w.day)
		d, err := procedure.Decide(p, &procedure.Case{Municipality: "sakuragawa", Procedure: cell(t, policy.Procedure, "cert_renewal"), Facts: procedure.Facts{Today: today, Visit: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if fee, _ := d.Get(policy.KFee); fee != w.fee {
			t.Errorf("fee on %s: %v, want %d", w.day, fee, w.fee)
		}
	}
}

func BenchmarkDecide(b *testing.B) {
	set := load(b)
	all := append(lines(b, set, "testdata/samples.jsonl"), lines(b, set, "testdata/cases.jsonl")...)
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		c := &all[i%len(all)].Case
		p, _ := set.City(c.Municipality)
		if _, err := procedure.Decide(p, c); err != nil {
			b.Fatal(err)
		}
		i++
	}
}

func BenchmarkQuestions(b *testing.B) {
	set := load(b)
	p, _ := set.City("nabari")
	c := procedure.Case{Municipality: "nabari", Procedure: cell(b, policy.Procedure, "cert_renewal"), Applicant: 2,
		Facts: procedure.Facts{Today: civil.Date{Year: 2026, Month: 1, Day: 20}, Visit: 1}}
	b.ReportAllocs()
	for b.Loop() {
		procedure.Questions(p, &c, nil)
	}
}

func Example() {
	set, err := policy.Embedded()
	if err != nil {
		panic(err)
	}
	line, err := procedure.ParseLine([]byte(`{"id":"a","municipality":"matsue","procedure":"pin_reset","applicant":"self",
		"facts":{"today":"2025-11-05","documents":[{"owner":"principal","doc":"my_number_card"}]}}`), set)
	if err != nil {
		panic(err)
	}
	p, _ := set.City(line.Case.Municipality)
	d, err := procedure.Decide(p, &line.Case)
	if err != nil {
		panic(err)
	}
	rule, _ := json.Marshal(d.Because[0])
	fmt.Println(d.Outcome(), d.Missing, string(rule))
	// Output: complete [] {"rule":"M6","source":"002_cd36fc2bac4aab2b.txt:57-63,67-68"}
}

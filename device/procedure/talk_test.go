// SPDX-License-Identifier: Apache-2.0

package procedure

import (
	flags "flag"
	"math/rand/v2"
	"testing"

	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
)

var seed = flags.Uint64("seed", 0, "seed of random conversations; 0 draws one")

// talks calls do for every municipality, procedure and applicant, with and without the card.
func talks(t testing.TB, do func(p *policy.Policy, c *Case, r *rand.Rand)) {
	t.Helper()
	set, err := policy.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	s := *seed
	if s == 0 {
		s = rand.Uint64()
	}
	t.Logf("-seed %d", s)
	r := rand.New(rand.NewPCG(s, 0))
	today := civil.Date{Year: 2026, Month: 1, Day: 20}
	for _, city := range set.Cities() {
		p, _ := set.City(city)
		for proc := range policy.Procedures {
			for app := range policy.Applicants {
				for _, carded := range []bool{true, false} {
					c := Case{Municipality: city, Procedure: policy.Cell(proc), Applicant: policy.Cell(app), Facts: Facts{Today: today, Visit: 1}}
					if len(p.Places) > 0 {
						c.Facts.Place = p.Places[r.IntN(len(p.Places))].Code
					}
					if carded {
						c.Facts.CardPresented, c.Facts.CertExpires = Yes, civil.Date{Year: 2026, Month: 3, Day: 15}
					} else if r.IntN(2) == 0 {
						c.Facts.Weekday, c.Facts.Today = 6, civil.Date{Year: 2026, Month: 1, Day: 24}
					}
					do(p, &c, r)
				}
			}
		}
	}
}

// Every combination has the decision that it would have alone, although most are not decided one by one.
func TestCombinations(t *testing.T) {
	n := 0
	talks(t, func(p *policy.Policy, c *Case, r *rand.Rand) {
		x := Begin(p, c, nil)
		signs := map[string]uint16{}
		given := make([]int8, len(x.questions))
		for range 30 {
			i := r.IntN(len(x.leads))
			for q := range given {
				given[q] = int8(x.answer(i, q))
			}
			k := x.with(given)
			s := sign(p, &k, nil)
			if was, ok := signs[s]; ok && was != x.leads[i] {
				t.Fatalf("%s %s %d: combination %v has another decision than it would have alone", p.City, policy.Procedure.Value(c.Procedure), c.Applicant, given)
			}
			signs[s] = x.leads[i]
			n++
		}
		for s, lead := range signs {
			for o, other := range signs {
				if s != o && lead == other {
					t.Fatalf("%s %s %d: two decisions count as one:\n%q\n%q", p.City, policy.Procedure.Value(c.Procedure), c.Applicant, s, o)
				}
			}
		}
	})
	t.Logf("%d combinations", n)
}

// A conversation ends after a few answers, and then nothing that was not asked would have changed the decision. Going back gives the same
// question again.
func TestTalk(t *testing.T) {
	longest := 0
	talks(t, func(p *policy.Policy, c *Case, r *rand.Rand) {
		x := Begin(p, c, nil)
		n := 0
		for {
			q, rest := x.Next()
			if q == nil {
				break
			}
			if rest < 0 || len(q.Answers) < 2 || q.Ja == "" || q.En == "" {
				t.Fatalf("question %+v, %d to come", q, rest)
			}
			a := r.IntN(len(q.Answers))
			y := x.Answer(a)
			if back, was := y.Back(); back != x || was != a {
				t.Fatalf("%s: back from %s gives answer %d", p.City, q.ID, was)
			}
			if again := y.Again(c, nil); again.asked != y.asked {
				t.Fatalf("%s: asked again after %s, question %d follows and not %d", p.City, q.ID, again.asked, y.asked)
			}
			x, n = y, n+1
		}
		longest = max(longest, n)
		k := x.Case()
		want := sign(p, &k, nil)
		for q := range x.questions {
			if x.given[q] >= 0 {
				continue
			}
			for a := range x.questions[q].Answers {
				full := make([]int8, len(x.given))
				for i, g := range x.given {
					full[i] = max(g, 0)
				}
				full[q] = int8(a)
				o := x.with(full)
				if got := sign(p, &o, nil); got != want {
					t.Fatalf("%s %s %d after %v: not asked, but %s = %s decides otherwise:\n%q\n%q", p.City, policy.Procedure.Value(c.Procedure), c.Applicant, x.Given(),
						x.questions[q].ID, x.questions[q].Answers[a].Value, want, got)
				}
			}
		}
	})
	if longest > 7 {
		t.Errorf("a conversation of %d questions", longest)
	}
}

// The papers that are ticked are the ones that decide: all of them complete what can be completed, none of them do not.
func TestPapers(t *testing.T) {
	talks(t, func(p *policy.Policy, c *Case, r *rand.Rand) {
		x := Begin(p, c, nil)
		for q, _ := x.Next(); q != nil; q, _ = x.Next() {
			x = x.Answer(r.IntN(len(q.Answers)))
		}
		k := x.Case()
		papers, err := Papers(p, &k)
		if err != nil {
			t.Fatal(err)
		}
		Lay(&k.Facts, papers, func(string) bool { return true })
		all, err := Decide(p, &k)
		if err != nil {
			t.Fatal(err)
		}
		for _, code := range all.Missing {
			for _, x := range papers {
				if x.Code == code && (code != "my_number_card" || k.Facts.CardExpires.IsZero() || !k.Facts.CardExpires.Before(k.Facts.Today)) { // an expired card does not count as one
					t.Errorf("%s %s: %s is ticked and missing", p.City, policy.Procedure.Value(c.Procedure), code)
				}
			}
		}
		Lay(&k.Facts, papers, func(string) bool { return false })
		none, err := Decide(p, &k)
		if err != nil {
			t.Fatal(err)
		}
		if len(papers) == 0 && len(none.Missing) != len(all.Missing) {
			t.Errorf("%s %s: nothing to tick, but %v is missing", p.City, policy.Procedure.Value(c.Procedure), none.Missing)
		}
		for _, x := range papers {
			if x.Name.Ja == "" || x.Name.En == "" {
				t.Errorf("%s: paper %s has no name", p.City, x.Code)
			}
		}
	})
}

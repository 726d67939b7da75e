// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/world"
	"madoguchi/device/policy"
)

// TestNineMatters carries nine matters to the decision at the counters of two cities, over the HTTP interface, where they differ and where they do
// not. The card in the slot ends within the renewal window.
func TestNineMatters(t *testing.T) {
	type want struct{ step, rule string } // the rule is why: it stands on the next screen
	matters := []struct {
		name, procedure, applicant string
		answers                    map[string]string // keys for questions that do not get the usual answer
		papers                     string            // "" all there; "enter": none
		nabari, matsue             want
	}{
		{"renewal by the holder", "cert_renewal", "1", nil, "", want{"decision.complete", "N1"}, want{"decision.complete", "M1"}},
		// Matsue resets the PINs first for those who wish other ones; Nabari does not ask.
		{"renewal with a wish for new PINs", "cert_renewal", "1", map[string]string{"wants_new_pin": "2"}, "", want{"decision.complete", "N1"}, want{"decision.redirect", "M2n"}},
		// Matsue's holders whose card is in its last year apply for a new one; Nabari has no such rule.
		{"renewal, card in its last year", "cert_renewal", "1", map[string]string{"card_expires": "2"}, "", want{"decision.complete", "N1"}, want{"decision.redirect", "M5"}},
		// Without the letter Nabari takes the application and mails one; at Matsue the notice's own letter is missing.
		{"renewal by a proxy without a letter", "cert_renewal", "3", nil, "", want{"decision.first_visit", "N6"}, want{"decision.missing_documents", "M3n"}},
		// A reset takes one more paper at Nabari.
		{"reset by the holder with the card alone", "pin_reset", "1", nil, "enter", want{"decision.missing_documents", "N11"}, want{"decision.complete", "M6"}},
		{"reset by a proxy", "pin_reset", "3", nil, "", want{"decision.first_visit", "N14"}, want{"decision.first_visit", "M8"}},
		// What Matsue's page does not say is not decided by another city's rule.
		{"change of a PIN", "pin_change", "1", nil, "", want{"decision.complete", "N8"}, want{"decision.silent", ""}},
		{"release of a suspension", "suspension_release", "1", nil, "", want{"decision.complete", "N15"}, want{"decision.silent", ""}},
		{"suspension by telephone", "suspension", "", nil, "", want{"guide.guidance", "N20"}, want{"guide.guidance", "B16"}},
	}
	for _, city := range []string{"nabari", "matsue"} {
		t.Run(city, func(t *testing.T) {
			rules, err := policy.EmbeddedCity(city)
			if err != nil {
				t.Fatal(err)
			}
			_, v := openWorld(t, world.Opts{City: city, Date: date(2026, 11, 24)})
			v.until("idle")
			v.post("/api/card", `{"insert":"expiring"}`)
			v.until("idle.board")
			v.walk("clerk.procedure")
			for _, m := range matters {
				w := map[string]want{"nabari": m.nabari, "matsue": m.matsue}[city]
				if w.rule != "" && !slices.ContainsFunc(rules.Rules(), func(r *policy.Rule) bool { return r.Ref.Rule == w.rule }) {
					t.Errorf("%s: %s has no rule %s", m.name, city, w.rule)
				}
				step, asked := v.matter(m.procedure, m.applicant, m.answers, m.papers)
				t.Logf("%s: %s because of %s; asked: %s", m.name, step, w.rule, strings.Join(asked, ", "))
				if step != w.step {
					t.Errorf("%s: %s, want %s (%s)", m.name, step, w.step, w.rule)
				}
				for v.until("clerk.decision", "clerk.guide", "clerk.documents", "clerk.question", "clerk.kind", "clerk.applicant", "clerk.procedure").Screen != "clerk.procedure" {
					v.press("cancel") // one answer back each
				}
			}
			if r := v.records(); len(r) != 0 {
				t.Errorf("matters that were left again made records: %s", r)
			}
		})
	}
}

// matter goes from the first list to a decision and returns its step, and the questions that were asked.
func (v *visitor) matter(procedure, applicant string, answers map[string]string, papers string) (step string, asked []string) {
	v.t.Helper()
	h := &hand{visitor: v}
	h.choose(h.next(moment{}), line(v.t, procedure))
	last := "procedure"
	for range 20 {
		var s world.State
		v.await("what follows "+last, func() bool {
			s = v.state()
			return !s.Busy && s.Case != nil && s.Case.Step != last && !strings.HasPrefix(s.Case.Step, "procedure")
		})
		last = s.Case.Step
		switch s.Screen {
		case "clerk.decision", "clerk.guide":
			return last, asked
		case "clerk.applicant":
			v.press(applicant)
		case "clerk.documents":
			v.press(map[string]string{"": "1", "enter": "enter"}[papers])
		case "clerk.question":
			id := strings.TrimPrefix(last, "question.")
			asked = append(asked, id)
			key := answers[id]
			if key == "" {
				key = "1"
			}
			v.press(key)
		default:
			v.press("1")
		}
	}
	v.t.Fatalf("no decision; it stands at %s", last)
	return "", nil
}

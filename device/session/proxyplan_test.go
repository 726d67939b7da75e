// SPDX-License-Identifier: Apache-2.0

package session

import (
	"testing"

	"madoguchi/sync/record"
)

// TestProxyPlan: what the issuer link would do for the holder it does not do for a proxy without the holder's sealed letter, whatever the rules decide: the holder is not there
// to type a PIN, and the proxy must not know it. (TestLetter has the proxy with a letter.)
func TestProxyPlan(t *testing.T) {
	for _, tt := range []struct {
		city      string
		procedure record.Procedure
		applicant Key
		question  string // that is not answered by its first answer
		answer    string
		outcome   string
	}{
		{"nabari", record.PinReset, Key1, "", "", "complete"},
		{"nabari", record.CertRenewal, Key1, "", "", "complete"},
		{"nabari", record.CertRenewal, Key1, "pins", "signing", "redirect"},
		{"city_004", record.PinReset, Key3, "", "", ""},
		{"city_004", record.CertRenewal, Key3, "", "", ""},
		{"city_001", record.PinReset, Key3, "asked_office", "false", "ask_office"},
	} {
		w := newWorld(t)
		w.linked(tt.city)
		w.code(true)
		w.choose(tt.procedure)
		w.press(tt.applicant)
		for n := 0; w.s.inquiry.verdict == nil && n < 40; n++ {
			switch {
			case w.s.step == stepQuestion && w.s.asking() == tt.question:
				w.reply(tt.question, tt.answer)
			case w.s.step == stepNotice:
				w.press(KeyEnter)
			default:
				w.press(Key1)
			}
		}
		if w.s.inquiry.verdict == nil {
			w.fatalf("no decision")
		}
		tasks := map[Applicant]int{}
		for _, w.s.applicant = range []Applicant{Self, Proxy} {
			tasks[w.s.applicant] = len(w.s.plan().tasks)
		}
		if outcome := w.s.inquiry.verdict.Outcome(); outcome != tt.outcome || tasks[Self] == 0 || tasks[Proxy] != 0 {
			t.Errorf("%s %v: %q, %d tasks for the holder, %d for a proxy", tt.city, tt.procedure, outcome, tasks[Self], tasks[Proxy])
		}
	}
}

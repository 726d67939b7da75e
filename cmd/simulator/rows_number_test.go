// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strings"
	"testing"

	"madoguchi/display"
	"madoguchi/display/words"
	"madoguchi/sync/record"
)

// given notes the claim number that stands on the clerk's last screen, and what the screen says it is for.
func (h *hand) given(m moment) {
	h.t.Helper()
	if m.Case == nil || m.Case.Claim == "" {
		return
	}
	cat, err := words.New()
	if err != nil {
		h.t.Fatal(err)
	}
	h.claim = m.Case.Claim
	shown := strings.Join(m.words, "")
	for _, step := range display.Steps {
		if text, err := cat.Text("ja", "clerk.closed."+step+".body", nil, 1); err == nil && strings.Contains(shown, strings.ReplaceAll(text, "|", "")) {
			h.number = step
		}
	}
	if h.number == "" || !strings.Contains(shown, h.claim) {
		h.t.Errorf("number %q, and what it is for, do not stand on %v", h.claim, m)
	}
}

// resumed takes the number of a run up at the next counter: it is known at city hall, says what stands behind it, is done there, and opens nothing any more.
func (h *hand) resumed(t *testing.T, o outcome) {
	t.Helper()
	h.t = t
	b := h.beside
	b.t = t
	if o.claim == "" {
		t.Fatal("no number to take up")
	}
	s := b.continues(o.claim)
	if s.Screen != "clerk.claim.found" || s.Case.Claim != o.claim || s.Case.Procedure != h.run.matter {
		t.Fatalf("at the next counter: %s %+v", s.Screen, s.Case)
	}
	b.press("enter")
	b.until("clerk.question")
	b.press("1")
	b.until("idle")
	want := facet(t, h.run.matter, record.Done)
	h.await("the record of the next counter", func() bool { return slices.Contains(h.outcomes(), want) })
	h.remember()
	if s = b.continues(o.claim); s.Screen != "clerk.claim.none" {
		t.Errorf("used up, and then: %s", s.Screen)
	}
	b.press("cancel")
	b.until("clerk.procedure")
	b.press("cancel")
	b.until("idle")
}

// facet is a case as city hall counts it.
func facet(t *testing.T, procedure string, o record.Outcome) string {
	t.Helper()
	p, err := record.ParseProcedure(procedure)
	if err != nil {
		t.Fatal(err)
	}
	return p.String() + " " + o.String()
}

// outcomes are the cases that city hall has counted since the last run.
func (h *hand) outcomes() (out []string) {
	h.t.Helper()
	for _, text := range h.records() {
		if h.seen[string(text)] {
			continue
		}
		r, err := record.Decode(text)
		if err != nil {
			h.t.Fatalf("record %s: %v", text, err)
		}
		if r.Kind() == record.PO {
			out = append(out, r.Procedure().String()+" "+r.Outcome().String())
		}
	}
	return out
}

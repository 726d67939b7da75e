// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/sync/record"
)

// left checks what the run has left at city hall: every facet, and nothing else. What comes later is found by nothingElse.
func (h *hand) left(took time.Duration) {
	h.t.Helper()
	if h.run.want.record == 0 {
		return
	}
	want := h.facets()
	var got []string
	h.await(fmt.Sprintf("%d facets at city hall", len(want)), func() bool {
		got = h.fresh(took)
		return len(got) >= len(want)
	})
	h.remember()
	slices.Sort(want)
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		h.t.Errorf("at city hall (-want +got):\n%s", d)
	}
}

// remember notes all that city hall holds as seen.
func (h *hand) remember() {
	h.t.Helper()
	for _, text := range h.records() {
		h.seen[string(text)] = true
	}
}

// fresh are the facets that no earlier run left, as text. How long things took depends on the machine, and which step was drawn on chance: whether they can
// be right is checked here.
func (h *hand) fresh(took time.Duration) (out []string) {
	h.t.Helper()
	for _, text := range h.records() {
		if h.seen[string(text)] {
			continue
		}
		r, err := record.Decode(text)
		if err != nil {
			h.t.Fatalf("record %s: %v", text, err)
		}
		a, b := r.Attributes()
		switch r.Kind() {
		case record.ST:
			if !slices.ContainsFunc(h.went, func(step string) bool {
				return namedIn(step) == a || step == "pin.from_letter" && a == "new_pin" // the letter has the new one, too
			}) {
				h.t.Errorf("a step %q is told that the case did not go: %v", a, h.went)
			}
			a, b = "one", "step"
		case record.PD:
			if b != record.DurationOf(took).String() && b != record.DurationOf(took/2).String() {
				h.t.Errorf("a case of %v is told as %s", took, b)
			}
			b = "in time"
		}
		out = append(out, strings.Join(strings.Fields(fmt.Sprintln(r.Week(), r.Group(), r.Kind(), a, b)), " "))
	}
	return out
}

// measured are the steps of a case behind each name that a record has for them.
var measured = map[string][]string{
	"questions": {"question"}, "documents": {"documents"}, "decision": {"decision"}, "turn": {"turn", "language"}, "board": {"board"}, "entry": {"pin"},
	"new_pin": {"new_pin", "look_alike", "new_pin_again", "mismatch"}, "leave_check": {"leave_check"},
	"result": {"changed", "leave_ok", "done", "locked", "stopped", "no_pin", "absent"},
}

// namedIn is the name that records have for a step of a case; "" if they do not tell of it.
func namedIn(step string) string {
	step, _, _ = strings.Cut(step, ".")
	for name, steps := range measured {
		if slices.Contains(steps, step) {
			return name
		}
	}
	return ""
}

// facets are what the run must leave.
func (h *hand) facets() []string {
	h.t.Helper()
	y, n := h.at.on.ISOWeek()
	w, err := record.NewWeek(y, n)
	if err != nil {
		h.t.Fatal(err)
	}
	p, err := record.ParseProcedure(h.run.matter)
	if err != nil {
		h.t.Fatal(err)
	}
	told := append(list(h.run.want.told), fmt.Sprintf("po %v %v", p, h.run.want.record), fmt.Sprintf("pd %v in time", p.Class()), "fr none")
	if slices.ContainsFunc(h.went, func(step string) bool { return namedIn(step) != "" }) {
		told = append(told, "st one step")
	}
	for i := range told {
		told[i] = fmt.Sprintf("%v %v %s", w, h.group, told[i])
	}
	return told
}

// nothingElse checks that no facet came after a run had been looked at.
func (h *hand) nothingElse(t *testing.T) {
	t.Helper()
	h.t = t
	for _, text := range h.records() {
		if !h.seen[string(text)] {
			t.Errorf("a facet that no run left: %s", text)
		}
	}
}

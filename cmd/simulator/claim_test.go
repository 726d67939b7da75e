// SPDX-License-Identifier: Apache-2.0

package main

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/record"
)

// decides answers what is asked until a screen of those named stands, the named questions by the keys given, the others as is usual, and returns what was asked.
func (v *visitor) decides(answers map[string]string, to ...string) (_ world.State, asked []string) {
	v.t.Helper()
	last := ""
	for range 40 {
		var s world.State
		now := ""
		v.await("what follows "+last, func() bool {
			s = v.state()
			if now = s.Screen; s.Case != nil {
				now += " " + s.Case.Step
			}
			return !s.Busy && now != last
		})
		if last = now; slices.Contains(to, s.Screen) {
			return s, asked
		}
		key := "1"
		switch s.Screen {
		case "clerk.question":
			q := strings.TrimPrefix(s.Case.Step, "question.")
			if asked = append(asked, q); answers[q] != "" {
				key = answers[q]
			}
		case "clerk.applicant":
			key = "3"
		case "clerk.decision", "clerk.tell", "clerk.notice", "clerk.claim.found":
			key = "enter"
		}
		v.press(key)
	}
	v.t.Fatalf("never came to %v; it stands at %s", to, last)
	return world.State{}, nil
}

// types types a claim number as a clerk reads it from the slip: each character by its key and its place there.
func (v *visitor) types(number string) {
	v.t.Helper()
	for _, r := range strings.ReplaceAll(number, "-", "") {
		for key, chars := range map[string]string{"2": "AC2", "3": "EF3", "4": "H4", "5": "JK5", "6": "MN6", "7": "PR7", "8": "T8", "9": "WXY9"} {
			if i := strings.IndexRune(chars, r); i >= 0 {
				v.press(key, strconv.Itoa(i+1))
				v.until("clerk.claim") // on the glass, as a clerk looks
			}
		}
	}
	v.press("enter")
}

// continues goes from rest to the answer on a claim number.
func (v *visitor) continues(number string) world.State {
	v.t.Helper()
	v.until("idle")
	v.press("enter")
	v.until("clerk.code")
	v.press("2", "4", "6", "8", "enter")
	v.until("clerk.procedure")
	v.press("6")
	v.until("clerk.claim")
	v.types(number)
	return v.until("clerk.claim.found", "clerk.claim.none")
}

// TestTwoOffices: a proxy's first visit at one office, with a power cut right after the number was shown, and the second at another office of the city, over one
// broker and one city hall. Each visit is one record, and nothing but the number that the resident carries joins them; afterwards it opens nothing anywhere.
func TestTwoOffices(t *testing.T) {
	hall, a := openWorld(t, world.Opts{City: "sakuragawa", Office: "iwase", Date: date(2026, 11, 24)})
	_, b := openWorld(t, world.Opts{City: "sakuragawa", Office: "yamato", Date: date(2026, 11, 24), Beside: hall})

	a.until("idle")
	a.press("enter")
	a.until("clerk.code")
	a.press("2", "4", "6", "8", "enter")
	a.until("clerk.procedure")
	a.press("5") // PIN reset
	s, _ := a.decides(nil, "clerk.closed")
	if s.Case == nil || s.Case.Claim == "" {
		t.Fatalf("the first visit ends without a number: %+v", s.Case)
	}
	number := s.Case.Claim
	a.post("/api/power", `{"cut":true}`)
	a.post("/api/power", `{"cut":false}`)
	a.only(record.PinReset, record.HandedOver)

	a.post("/api/line", `{"up":false}`) // the same office goes on without a line
	if s = a.continues(number); s.Screen != "clerk.claim.found" || s.Case.Claim != number {
		t.Fatalf("at the first office, without a line: %s %+v", s.Screen, s.Case)
	}
	a.press("cancel", "cancel")
	a.until("clerk.procedure")
	a.press("cancel")
	a.post("/api/line", `{"up":true}`)

	if s = b.continues(number); s.Screen != "clerk.claim.found" {
		t.Fatalf("at the other office: %s %+v", s.Screen, s.Case)
	}
	s, asked := b.decides(map[string]string{"letter": "3"}, "clerk.decision") // from the city, sealed
	if slices.Contains(asked, "visit") || !slices.Contains(asked, "letter") || s.Case.Procedure != "pin_reset" || s.Case.Applicant != "proxy" {
		t.Errorf("the second visit asks %v in %+v", asked, s.Case)
	}
	b.decides(nil, "idle")
	a.await("two cases at city hall", func() bool { return len(a.cases()) == 2 })
	for _, r := range a.cases() {
		if r.Procedure() != record.PinReset || r.Outcome() != record.HandedOver {
			t.Errorf("record %v %v", r.Procedure(), r.Outcome())
		}
	}
	for _, text := range a.records() {
		if strings.Contains(string(text), strings.ReplaceAll(number, "-", "")) || strings.Contains(string(text), number) {
			t.Errorf("a record holds the number: %s", text)
		}
	}
	for office, v := range map[string]*visitor{"other": b, "first": a} {
		if s = v.continues(number); s.Screen != "clerk.claim.none" {
			t.Errorf("the number is used up, and at the %s office: %s", office, s.Screen)
		}
	}
}

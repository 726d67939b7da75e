// SPDX-License-Identifier: Apache-2.0

package main

import (
	"fmt"
	"strings"
	"testing"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/record"
)

// link goes on as the people do, with a second clerk who releases, until a screen stands; pins are what is typed for each kind.
func (v *visitor) link(pins map[string][]string, to string) {
	v.t.Helper()
	var last string
	for range 200 {
		s := v.state()
		if s.Screen == to && !s.Busy {
			return
		}
		if s.Busy || s.Screen == "resident.issue.wait" {
			v.await("what follows "+last, func() bool {
				var sw world.Switches
				v.get("/api/world", &sw)
				for _, o := range sw.Waiting {
					v.post("/api/issuer", fmt.Sprintf(`{"release":%q}`, o.Number))
				}
				n := v.state()
				return !n.Busy && n.Screen != "resident.issue.wait"
			})
			continue
		}
		if s.Case != nil && s.Case.Way != "issuer_link" && s.Face == "resident" {
			v.t.Fatalf("at %s the way is %q", s.Screen, s.Case.Way)
		}
		last = s.Screen
		kind := last[strings.LastIndexByte(last, '.')+1:]
		typed := strings.Contains(last, ".pin.") || strings.Contains(last, ".newpin.") || strings.Contains(last, ".again.") || strings.Contains(last, "leavecheck."+kind) && pins[kind] != nil
		switch {
		case typed:
			v.press(append(append([]string{}, pins[kind]...), "enter")...)
		case last == "clerk.question", last == "clerk.documents", last == "clerk.applicant", last == "resident.language":
			v.press("1")
		case last == "resident.card.take":
			v.post("/api/card", `{"remove":true}`)
			v.until("resident.turnback")
		default:
			v.press("enter")
		}
		v.await("an answer to a key at "+last, func() bool { n := v.state(); return !n.Busy || n.Screen != last })
	}
	v.t.Fatalf("%s is not reached; it stands at %+v", to, v.state())
}

// TestIssuerLink: a reset and a renewal over the real broker, from the counter to city hall's records.
func TestIssuerLink(t *testing.T) {
	for _, tt := range []struct {
		card, line string
		pins       map[string][]string
		want       record.Procedure
	}{
		{"issuer_locked", "5", map[string][]string{"login": {"4", "7", "1", "1"}}, record.PinReset},
		{"issuer_expiring", "4", map[string][]string{"login": {"1", "2", "3", "4"}, "signing": {"2", "1", "2", "2", "2", "3", "1", "1", "2", "4", "3", "4"}}, record.CertRenewal},
	} {
		t.Run(tt.card, func(t *testing.T) {
			_, v := openWorld(t, world.Opts{Date: date(2026, 11, 24)})
			v.until("idle")
			v.post("/api/card", fmt.Sprintf(`{"insert":%q}`, tt.card))
			v.until("idle.board")
			v.walk("clerk.procedure")
			v.press(tt.line)
			v.until("clerk.applicant")
			v.link(tt.pins, "clerk.closed")
			v.only(tt.want, record.Done)
		})
	}
}

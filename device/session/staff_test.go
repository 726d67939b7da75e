// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"testing"

	"madoguchi/display"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// TestStaffMatters: each is on the clerk's list and none is carried out here; its number asks whether it was done, checks no PIN, and stays good until it was.
func TestStaffMatters(t *testing.T) {
	for _, p := range staffMatters {
		if !slices.Contains(counterMatters, p) || slices.Contains(checkable, p) || slices.Contains(guides, p) {
			t.Errorf("%v is not a matter of its own", p)
		}
		for line, done := range []bool{true, false} {
			w := newWorld(t)
			w.asks(aNumber)
			w.finds(FindOK, mailedBut(func(s *claim.State) {
				s.Procedure, s.Step, s.Expires = p, claim.AtTerminal, s.Issued+1
			}))
			w.at(stepClaimFound)
			if paras := w.s.screen.Facts.Paras; !slices.ContainsFunc(paras, func(x display.Para) bool { return x.Code == "stand" && x.Word == "at_staff" }) {
				t.Errorf("%v: %+v", p, paras)
			}
			w.press(KeyEnter)
			w.at(stepTerminal)
			if n := len(w.s.screen.Facts.Lines); n != 2 {
				t.Fatalf("%v: %d lines", p, n)
			}
			w.press(Key1 + Key(line))
			if !done {
				w.at(stepProcedure)
				if len(w.finishes) != 0 {
					t.Errorf("%v: a record of what was not done", p)
				}
				continue
			}
			w.at(stepIdle)
			if f := w.finishes; len(f) != 1 || f[0].Procedure != p || f[0].Outcome != record.Done || f[0].Claim.State.Step != claim.Closed || f[0].Claim.Number != aNumber {
				t.Errorf("%v: %+v", p, f)
			}
		}
	}
}

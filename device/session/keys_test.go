// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"testing"

	"madoguchi/device/policy"
	"madoguchi/device/procedure"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// TestRenewalKeys: a renewal is decided in at most eight keys in each municipality, 確認 included, from the opened case on, with the card in the
// reader and all papers there, whatever the answers.
func TestRenewalKeys(t *testing.T) {
	most := 0
	for _, city := range policy.EmbeddedCities() {
		for app := range applicants {
			var n [2]int
			for i, signing := range []bool{true, false} { // a child's card has no signing certificate
				w := newWorld(t)
				w.under(city, "")
				w.code(true)
				b := endsSoon()
				b.HasSigning = signing
				w.lay(b)
				w.press(Key4, Key1+Key(app)) // renewal, applicant
				n[i] = 2
				if w.s.step == stepQuestion {
					n[i] += longest(t, w.s.inquiry.talk)
				} else if w.s.step == stepDocuments {
					n[i]++
				}
				most = max(most, n[i])
			}
			t.Logf("%s %v: %d keys, %d without a signing certificate", city, applicants[app], n[0], n[1])
		}
	}
	if most > 8 {
		t.Errorf("a renewal takes up to %d keys, want at most 8", most)
	}
}

// longest is the most keys from a question to the decision: one for each answer, and one for the papers if there are any.
func longest(t *testing.T, talk *procedure.Talk) int {
	t.Helper()
	q, _ := talk.Next()
	if q == nil {
		c := talk.Case()
		papers, err := procedure.Papers(rulesOf(t, c.Municipality), &c)
		if err != nil {
			t.Fatal(err)
		}
		return min(1, len(papers))
	}
	n := 0
	for a := range q.Answers {
		n = max(n, 1+longest(t, talk.Answer(a)))
	}
	return n
}

// TestUndo: 取消 and 訂正 go one answer back at every place, with the answer that was given marked, down to the first list.
func TestUndo(t *testing.T) {
	for _, back := range []Key{KeyCancel, KeyClear} {
		w := newWorld(t)
		w.under("nabari", "")
		w.code(true)
		w.choose(record.CertRenewal)
		w.press(Key3) // a proxy
		type place struct {
			step   stepID
			asking string
			choice int
		}
		var way []place
		for w.s.step != stepDecision {
			was := place{w.s.step, w.s.asking(), 0}
			key := Key1
			if w.s.step == stepQuestion && w.s.asking() == "letter" {
				key = Key2
			}
			if w.s.step == stepDocuments {
				w.press(Key2) // one ticked
				key = KeyEnter
			} else {
				was.choice = int(key - Key0)
			}
			w.press(key)
			way = append(way, was)
		}
		if len(way) < 4 {
			t.Fatalf("the way is too short to try: %v", way)
		}
		for _, want := range slices.Backward(way) {
			w.press(back)
			got := place{w.s.step, w.s.asking(), w.s.choice}
			if d := cmp.Diff(want, got, cmp.AllowUnexported(place{})); d != "" {
				w.fatalf("after %v (-want +got):\n%s", back, d)
			}
			if want.step == stepDocuments && len(w.s.inquiry.ticked) != 1 {
				t.Errorf("ticks after going back: %v", w.s.inquiry.ticked)
			}
		}
		w.press(back)
		w.at(stepApplicant)
		if w.s.choice != 3 {
			t.Errorf("applicant %d is marked, want 3", w.s.choice)
		}
		w.press(back)
		w.at(stepProcedure)
		if p := w.s.procedures()[w.s.choice-1]; p != record.CertRenewal {
			t.Errorf("%v is marked", p)
		}
		w.press(KeyCancel)
		w.at(stepIdle)
		if len(w.finishes) != 0 {
			t.Errorf("records of a case that was left: %v", w.finishes)
		}
	}
}

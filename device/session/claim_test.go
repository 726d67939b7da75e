// SPDX-License-Identifier: Apache-2.0

package session

import (
	"strings"
	"testing"
	"time"

	"madoguchi/display"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// types types characters of a claim number, two presses each.
func (w *world) types(chars string) {
	w.t.Helper()
	for _, r := range chars {
		for k, row := range claimKeys {
			if i := strings.IndexRune(row, r); i >= 0 {
				w.press(Key(k), Key1+Key(i))
			}
		}
	}
}

// asks takes a box in Nabari from rest to the look-up of a number.
func (w *world) asks(n claim.Number) {
	w.t.Helper()
	if w.s.rules == nil {
		w.under("nabari", "")
	}
	w.code(true)
	w.choose(goOn)
	w.types(n.Plain())
	w.press(KeyEnter)
	w.at(stepClaimAsking)
}

// finds answers the look-up.
func (w *world) finds(f Find, s claim.State) {
	w.t.Helper()
	e := take[FindClaim](w)
	w.apply(Event{Kind: ClaimFound, No: e.No, Number: e.Number, Found: f, State: s})
}

// mailed is a proxy's renewal whose letter is on its way.
func mailed() claim.State {
	day := claim.DayOf(noon)
	return claim.State{Procedure: record.CertRenewal, Applicant: record.Proxy, Step: claim.LetterMailed, Way: claim.Handover, Issued: day, Expires: day + 60, Rev: 1}
}

// mailedBut is another state.
func mailedBut(f func(*claim.State)) claim.State {
	s := mailed()
	f(&s)
	return s
}

// claimed is the claim of the latest case, as its transaction carries it.
func (w *world) claimed() Claim {
	w.t.Helper()
	if len(w.finishes) == 0 {
		w.fatalf("no case was stored")
	}
	return w.finishes[len(w.finishes)-1].Claim
}

// decides gives the named answers and the usual ones until a case of a municipality is decided.
func (w *world) decides(answers map[string]string) {
	w.t.Helper()
	for range 20 {
		switch w.s.step {
		case stepDecision:
			return
		case stepQuestion:
			if v := answers[w.s.asking()]; v != "" {
				w.reply(w.s.asking(), v)
				continue
			}
			w.press(Key1)
		case stepDocuments:
			if answers["papers"] == "none" {
				w.press(KeyEnter)
				continue
			}
			w.press(Key1)
		default:
			w.press(KeyEnter)
		}
	}
	w.fatalf("the case is not decided")
}

// TestWhoGetsANumber: a case gets a number if it is to go on here, and no other.
func TestWhoGetsANumber(t *testing.T) {
	day := claim.DayOf(noon)
	self, proxy := record.Self, record.Proxy
	for _, tc := range []struct {
		name, city string
		procedure  record.Procedure
		applicant  Key
		answers    map[string]string
		outcome    string
		want       claim.State // without days of issue, way and revision; zero: none
	}{
		{"a letter is mailed", "nabari", record.PinReset, Key3, nil, "first_visit",
			claim.State{Procedure: record.PinReset, Applicant: proxy, Step: claim.LetterMailed, Expires: day + 60}},
		{"papers are missing", "nabari", record.PinReset, Key1, map[string]string{"papers": "none"}, "missing_documents",
			claim.State{Procedure: record.PinReset, Applicant: self, Step: claim.PapersWanted, Expires: day + 60}},
		{"the terminal does it", "nabari", record.PinReset, Key1, nil, "complete",
			claim.State{Procedure: record.PinReset, Applicant: self, Step: claim.AtTerminal, Expires: day + 1}},
		{"staff do it", "nabari", record.CertRevocation, Key1, nil, "complete",
			claim.State{Procedure: record.CertRevocation, Applicant: self, Step: claim.AtTerminal, Expires: day + 1}},
		{"staff do it, the page says nothing", "nabari", record.CardReissue, Key3, nil, "silent",
			claim.State{Procedure: record.CardReissue, Applicant: proxy, Step: claim.AtTerminal, Expires: day + 1}},
		{"staff hear of it", "city_004", record.LossReport, Key1, nil, "guidance",
			claim.State{Procedure: record.LossReport, Applicant: self, Step: claim.AtTerminal, Expires: day + 1}},
		{"staff lack a paper", "nabari", record.CardAbolition, Key1, map[string]string{"police_receipt_number": "no"}, "missing_documents",
			claim.State{Procedure: record.CardAbolition, Applicant: self, Step: claim.PapersWanted, Expires: day + 60}},
		{"staff may not", "nabari", record.CertRevocation, Key3, nil, "refuse", claim.State{}},
		{"reset first, then renewal", "nabari", record.CertRenewal, Key1, map[string]string{"pins": "both"}, "redirect",
			claim.State{Procedure: record.CertRenewal, Applicant: self, Step: claim.AtTerminal, Expires: day + 1}},
		{"a proxy comes with the city's letter", "nabari", record.PinReset, Key3, map[string]string{"visit": "2", "letter": "city"}, "complete", claim.State{}},
		{"a matter that is only explained", "nabari", record.Suspension, 0, nil, "", claim.State{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.under(tc.city, "")
			w.lay(endsSoon())
			w.code(true)
			w.choose(tc.procedure)
			if tc.applicant != 0 {
				w.press(tc.applicant)
				w.decides(tc.answers)
				if got := w.outcome(); got != tc.outcome {
					t.Fatalf("outcome %s, want %s", got, tc.outcome)
				}
			}
			for w.s.step == stepDecision || w.s.step == stepTell || w.s.step == stepGuide {
				w.press(KeyEnter)
			}
			if tc.want == (claim.State{}) {
				w.at(stepIdle)
				if c := w.claimed(); c != (Claim{}) {
					t.Errorf("got a claim: %+v", c)
				}
				return
			}
			tc.want.Issued, tc.want.Way, tc.want.Rev = day, claim.Handover, 1
			if d := cmp.Diff(Claim{State: tc.want}, w.claimed(), cmp.AllowUnexported(claim.Number{})); d != "" {
				t.Errorf("claim (-want +got):\n%s", d)
			}
			w.at(stepGiven)
			f := w.s.screen.Facts
			if w.s.screen.ID != display.ClerkClosed || f.Claim != aNumber.String() || f.Reason != stand(tc.want) || f.Ends != display.Date(tc.want.Expires.String()) {
				t.Errorf("screen %s: %+v", w.s.screen.ID, f)
			}
			if got := w.s.View().Case; got == nil || got.Claim != aNumber.String() {
				t.Errorf("the case in view: %+v", got)
			}
		})
	}
}

// TestShownOnlyWhenStored: the number is shown when number and record are in the file, and not before.
func TestShownOnlyWhenStored(t *testing.T) {
	w := newWorld(t)
	scenes[stepSaving](w)
	for range 3 {
		if w.s.screen.Facts.Claim != "" || w.s.step == stepGiven {
			t.Fatalf("%v shows %+v", w.s.step, w.s.screen.Facts)
		}
		w.wait(time.Second)
	}
	w.slow, w.store = false, false
	for w.answer() {
	}
	w.at(stepIdle)
	if w.s.screen.ID != display.FaultStorage {
		t.Errorf("screen %s", w.s.screen.ID)
	}
	w.store = true
	w.wait(2 * probeWait) // the record is kept; the number of it nobody has seen
	if w.records != 1 || w.s.screen.ID != display.Idle {
		t.Errorf("%d records, screen %s", w.records, w.s.screen.ID)
	}

	w = newWorld(t)
	w.full = true
	scenes[stepGiven](w)
	if f := w.s.screen.Facts; f.Reason != "no_number" || f.Claim != "" {
		t.Errorf("without room for a number: %+v", f)
	}
	w.press(KeyEnter)
	w.at(stepIdle)
}

// TestJournalFirst: also a case that ends in the clerk's part is journaled before its record, so that a power cut costs the outcome and not the case.
func TestJournalFirst(t *testing.T) {
	w := newWorld(t)
	scenes[stepSaving](w)
	j, ok := w.asked[len(w.asked)-1].(Journal)
	if !ok || j.Entry.Procedure != record.CertRenewal || j.Entry.Applicant != Self || w.s.unsaved.No != 0 {
		t.Fatalf("asked %v", w.asked)
	}
	s := New(w.s.cfg)
	s, out := Step(s, Event{At: w.now, Kind: Start, Open: true, Journal: j.Entry})
	if f, ok := out[0].(Finish); !ok || f.Outcome != record.Interrupted || f.Procedure != record.CertRenewal || f.Claim != (Claim{}) {
		t.Errorf("after the cut: %v %+v", s.step, out)
	}
}

// TestResidentCopies: the resident's page has the number, its last day, the window, what to do and the papers, in the resident's language, and it goes with a white panel.
func TestResidentCopies(t *testing.T) {
	for _, tc := range []struct {
		city, place string
		where       []string // codes and words of what is told
	}{
		{"nabari", "", []string{"claim ", "number ", "until ", "where any", "again letter_mailed"}},
		{"matsue", "city_hall", []string{"claim ", "number ", "until ", "where same", "tell 市民課", "again letter_mailed"}},
	} {
		w := newWorld(t)
		w.under(tc.city, tc.place)
		w.code(true)
		w.choose(record.PinReset)
		w.press(Key3)
		w.decides(nil)
		if got := w.outcome(); got != "first_visit" {
			t.Fatalf("%s: outcome %s", tc.city, got)
		}
		w.s.tongue = "pt"
		for w.s.step != stepGiven {
			w.press(KeyEnter)
		}
		w.press(KeyEnter)
		w.at(stepWrite)
		f := w.s.screen.Facts
		if w.s.screen.ID != display.ResidentTell || w.s.screen.Lang != "pt" || f.Claim != aNumber.String() {
			t.Errorf("%s in %s: %+v", w.s.screen.ID, w.s.screen.Lang, f)
		}
		var got []string
		for _, p := range f.Paras {
			if strings.HasPrefix(p.Text, "・") {
				continue
			}
			got = append(got, p.Code+" "+p.Word+p.Text)
		}
		if d := cmp.Diff(tc.where, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.city, d)
		}
		if len(f.Paras) < len(got)+2 {
			t.Errorf("%s names %d papers", tc.city, len(f.Paras)-len(got))
		}
		w.press(KeyMenu, Key1, Key1) // another language after all
		w.at(stepWrite)
		if w.s.screen.Lang != "ja" {
			t.Errorf("language %s", w.s.screen.Lang)
		}
		w.readOn()
		w.press(KeyEnter)
		w.at(stepIdle)
		if w.s.claim != (claiming{}) || w.s.View().Case != nil {
			t.Errorf("at rest: %+v", w.s.claim)
		}
		if len(w.finishes) != 1 || len(w.afters) != 0 || w.journal != (Entry{}) {
			t.Errorf("%d records, %d more, journal %+v", len(w.finishes), len(w.afters), w.journal)
		}
	}
}

// TestTypingANumber: two presses a character, 訂正 takes back a press or a character, and what does not check is asked of nobody.
func TestTypingANumber(t *testing.T) {
	plain := aNumber.Plain()
	wrong := plain[:2] + string(claim.Alphabet[(strings.IndexByte(claim.Alphabet, plain[2])+1)%len(claim.Alphabet)]) + plain[3:]
	swapped := plain[1:2] + plain[:1] + plain[2:]
	for _, tc := range []struct {
		name  string
		keys  func(w *world)
		typed string
		fault string
	}{
		{"one press", func(w *world) { w.press(Key9) }, "", ""},
		{"a press taken back", func(w *world) { w.press(Key9, KeyClear, Key2, Key2) }, "C", ""},
		{"a character taken back", func(w *world) { w.press(Key9, Key1, Key8, Key1, KeyClear) }, "W", ""},
		{"a place that the key has not", func(w *world) { w.press(Key4, Key9, Key1) }, "H", ""},
		{"keys without characters", func(w *world) { w.press(Key0, Key1, KeyUp, KeyMenu) }, "", ""},
		{"too short", func(w *world) { w.types("K73"); w.press(KeyEnter) }, "K73", "short"},
		{"no eighth", func(w *world) { w.types(plain + "K"); w.press(KeyClear) }, plain[:6], ""},
		{"one wrong", func(w *world) { w.types(wrong); w.press(KeyEnter) }, wrong, "check"},
		{"two swapped", func(w *world) { w.types(swapped); w.press(KeyEnter) }, swapped, "check"},
		{"a fault goes with the next key", func(w *world) { w.types(wrong); w.press(KeyEnter, KeyClear) }, wrong[:6], ""},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.under("nabari", "")
			w.code(true)
			w.choose(goOn)
			tc.keys(w)
			w.at(stepClaim)
			if f := w.s.screen.Facts; w.s.screen.ID != display.ClerkClaim || f.Text != tc.typed || f.Fault != tc.fault || len(w.asked) != 0 {
				t.Errorf("typed %q, fault %q, asked %v; want %q, %q, nothing", f.Text, f.Fault, w.asked, tc.typed, tc.fault)
			}
		})
	}
	keys := 0
	for _, chars := range claimKeys {
		keys += len(chars)
	}
	if keys != len(claim.Alphabet) {
		t.Errorf("the keys have %d characters of %d", keys, len(claim.Alphabet))
	}
}

// TestNumberOpensNothing: each reason has its own words, nothing is recorded, and the way back and the way to type again are open.
func TestNumberOpensNothing(t *testing.T) {
	for f := FindUnknown; f < numFinds; f++ {
		w := newWorld(t)
		w.asks(aNumber)
		e := take[FindClaim](w)
		w.apply(Event{Kind: ClaimFound, No: e.No, Found: f, Left: 3, Until: w.now.Add(5 * time.Minute)})
		w.at(stepClaimNone)
		if s := w.s.screen; s.ID != display.ClerkClaimNone || s.Facts.Reason != f.String() || s.Facts.Left != 3 || s.Facts.Seconds != 300 {
			t.Errorf("%v: %+v", f, s)
		}
		w.press(KeyEnter)
		w.at(stepClaim)
		if w.s.screen.Facts.Text != aNumber.Plain() {
			t.Errorf("%v: what was typed is gone", f)
		}
		w.press(KeyCancel)
		w.at(stepProcedure)
		if w.s.procedures()[w.s.choice-1] != goOn {
			t.Errorf("line %d is marked", w.s.choice)
		}
		w.press(KeyCancel)
		w.at(stepIdle)
		if len(w.finishes) != 0 {
			t.Errorf("%v: %d records", f, len(w.finishes))
		}
	}
	w := newWorld(t)
	w.asks(aNumber)
	w.wait(findWait)
	w.at(stepClaimNone)
	if w.s.claim.find != FindSilent {
		t.Errorf("without any answer: %v", w.s.claim.find)
	}
}

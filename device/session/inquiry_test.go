// SPDX-License-Identifier: Apache-2.0

package session

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/device/policy/civil"
	"madoguchi/display"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

// endsSoon is a card whose certificates end within the renewal window of noon.
func endsSoon() card.Board {
	b := adult(3, 5)
	b.AuthEnds = time.Date(2027, 1, 15, 0, 0, 0, 0, time.UTC)
	return b
}

// outcome is what a decision comes to, in short.
func (w *world) outcome() string {
	w.t.Helper()
	w.at(stepDecision)
	return w.s.inquiry.verdict.code()
}

// TestCardAnswers: what the card in the reader tells is not asked, also when it is laid down late; a key that was struck for the question before
// is no answer to the one that follows then.
func TestCardAnswers(t *testing.T) {
	w := newWorld(t)
	w.under("matsue", "")
	w.code(true)
	w.press(Key4, Key1)
	if got := w.s.asking(); got != "cert_expires" {
		t.Fatalf("without a card %q is asked first, want cert_expires", got)
	}
	w.hold = true
	w.lay(endsSoon())
	if got := w.s.asking(); got == "cert_expires" || got == "" {
		t.Fatalf("with the card %q is asked", got)
	}
	now := w.s.asking()
	w.press(Key1)
	if w.s.asking() != now {
		t.Error("a key struck before the question was seen answered it")
	}
	w.hold = false
	w.apply(Event{Kind: Shown, Gen: w.s.gen})
	w.press(Key1)
	if w.s.asking() == now {
		t.Error("the question does not take an answer")
	}
	w.usual(stepDecision)
	if got := w.outcome(); got != "complete" {
		t.Errorf("outcome %s", got)
	}
	w.put(card.Empty) // the card goes; what it told stays decided
	if got := w.outcome(); got != "complete" {
		t.Errorf("outcome %s without the card", got)
	}

	w = newWorld(t)
	w.under("nabari", "")
	b := adult(3, 5) // its certificates end in 2029
	w.lay(b)
	w.code(true)
	w.press(Key4, Key1)
	if got := w.outcome(); got != "not_yet_open" {
		t.Errorf("outcome %s, want not_yet_open without a question", got)
	}
	if f := w.s.screen.Facts; !slices.ContainsFunc(f.Paras, func(p display.Para) bool { return p.Code == "opens" && p.Date == "2028-10-16" }) {
		t.Errorf("the first day is not told: %+v", f.Paras)
	}
}

// TestLockedOnCard: a PIN that the card says is locked is not asked about.
func TestLockedOnCard(t *testing.T) {
	w := newWorld(t)
	w.under("nabari", "")
	w.lay(adult(0, 5))
	w.code(true)
	w.press(Key2, Key1, Key1)
	w.at(stepDocuments) // those of a reset
	w.press(Key1)
	if got := w.outcome(); got != "redirect" {
		t.Errorf("a change of a locked PIN: %s", got)
	}
	if v := w.s.View().Case; v.Way != "handover" || v.Step != "decision.redirect" || v.Procedure != "pin_change" {
		t.Errorf("case %+v", v)
	}
	w.press(KeyEnter, KeyEnter)
	w.ends()
	if d := cmp.Diff([]Finish{{Procedure: record.PinChange, Outcome: record.HandedOver, Week: w.finishes[0].Week}}, w.finishes, cmp.FilterPath(func(p cmp.Path) bool { return slices.Contains([]string{".No", ".Facts", ".Claim"}, p.Last().String()) }, cmp.Ignore())); d != "" {
		t.Error(d)
	}
}

// TestNotice: closing hours and a reservation are said before anything is typed, and hold nobody up who is there all the same.
func TestNotice(t *testing.T) {
	sunday := time.Date(2026, 11, 22, 12, 0, 0, 0, japan)
	for _, tc := range []struct {
		name, city, place string
		at                time.Time
		procedure         record.Procedure
		notice            string
		warns             string
	}{
		{"a branch that needs a reservation", "matsue", "kashima_branch", noon, record.CertRenewal, "needs_reservation", "place"},
		{"the city hall needs none", "matsue", "city_hall", noon, record.CertRenewal, "", ""},
		{"Sunday", "nabari", "nabari_city_hall", sunday, record.CertRenewal, "closed", "hours"},
		{"Sunday, by telephone", "nabari", "nabari_city_hall", sunday, record.Suspension, "", "hours"},
		{"evening", "sakuragawa", "iwase", noon.Add(6 * time.Hour), record.CertRenewal, "closed", "hours"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			w := newWorld(t)
			w.now = tc.at
			w.under(tc.city, tc.place)
			w.code(true)
			warns := ""
			if f := w.s.screen.Facts; len(f.Paras) > 0 {
				warns = f.Paras[0].Code
			}
			if warns != tc.warns {
				t.Errorf("the first list warns of %q, want %q", warns, tc.warns)
			}
			w.choose(tc.procedure)
			if tc.notice == "" {
				if w.s.step == stepNotice {
					t.Errorf("notice %+v", w.s.screen.Facts)
				}
				return
			}
			w.at(stepNotice)
			if f := w.s.screen.Facts; f.Verdict != tc.notice || len(f.Paras) == 0 {
				t.Errorf("notice %+v", f)
			}
			w.press(KeyEnter, Key1)
			w.usual(stepDecision)
			if got := w.outcome(); got != "complete" {
				t.Errorf("outcome %s", got)
			}
		})
	}
}

// TestSecondVisit: whether a second visit is made at the first one's window is asked before papers and PINs, and another one is refused.
func TestSecondVisit(t *testing.T) {
	w := newWorld(t)
	w.under("matsue", "kashima_branch")
	w.code(true)
	w.choose(record.PinReset)
	w.press(KeyEnter, Key3)
	w.reply("visit", "2")
	w.reply("visit1_place", "other")
	w.usual(stepDecision)
	if got := w.outcome(); got != "refuse" {
		t.Errorf("outcome %s", got)
	}
}

// TestDoubtfulClock: a clock that shows a time that has passed is confirmed once a day before dates are judged, and put right by typing.
func TestDoubtfulClock(t *testing.T) {
	w := newWorld(t)
	w.under("nabari", "")
	w.s.cfg.Floor = noon.AddDate(0, 0, 10)
	w.lay(endsSoon())
	if w.s.screen.Facts.EndState != "" {
		t.Errorf("the board judges the end: %q", w.s.screen.Facts.EndState)
	}
	w.code(true)
	w.at(stepConfirmDate)
	if got := w.s.screen.Facts.Date; got != "2026-12-04" {
		t.Errorf("asks for %s", got)
	}
	w.press(KeyClear)
	for _, tc := range []struct{ digits, fault string }{{"20270230", "no_such_day"}, {"20261201", "out_of_range"}, {"2027", "no_such_day"}, {"20991231", "out_of_range"}} {
		for range 9 {
			if len(w.s.digits) > 0 {
				w.press(KeyClear)
			}
		}
		for _, d := range tc.digits {
			w.press(Key(d - '0'))
		}
		w.press(KeyEnter)
		if got := w.s.screen.Facts.Fault; w.s.step != stepDate || got != tc.fault {
			t.Errorf("%s: %v, fault %q, want %q", tc.digits, w.s.step, got, tc.fault)
		}
	}
	for range 8 {
		w.press(KeyClear)
	}
	for _, d := range "20270116" { // the day after the certificates' end
		w.press(Key(d - '0'))
	}
	w.press(KeyEnter)
	w.at(stepProcedure)
	if w.s.today() != (civil.Date{Year: 2027, Month: 1, Day: 16}) {
		t.Errorf("today is %v", w.s.today())
	}
	w.press(KeyCancel)
	w.code(true)
	w.at(stepProcedure) // not asked again on the same day
	w.press(KeyCancel)
	w.now = noon.AddDate(0, 0, 1)
	w.code(true)
	w.at(stepConfirmDate)
}

// TestRulesHold: a case that is open keeps its rules to its end.
func TestRulesHold(t *testing.T) {
	w := newWorld(t)
	w.under("nabari", "")
	w.code(true)
	next := *rulesOf(t, "nabari")
	next.Version = 2
	w.apply(Event{Kind: NewRules, Rules: &next})
	w.press(Key4, Key1)
	w.usual(stepDecision)
	if v := w.s.inquiry.rules.Version; v != 1 {
		t.Errorf("the case goes on by version %d", v)
	}
	w.press(KeyEnter, KeyEnter)
	w.ends()
	w.code(true)
	if v := w.s.inquiry.rules.Version; v != 2 {
		t.Errorf("the next case goes by version %d", v)
	}
	w.press(KeyCancel)
	w.apply(Event{Kind: NewRules, Bad: true})
	w.code(true)
	if v := w.s.inquiry.rules.Version; v != 2 || !w.s.rulesBad {
		t.Errorf("after refused rules: version %d", v)
	}
}

// TestNothingOfTheFactsStays: a birth date is never asked, and what was asked leaves the box with the case: journal and record have no room for it,
// and the state at rest holds none of it.
func TestNothingOfTheFactsStays(t *testing.T) {
	for _, city := range policy.EmbeddedCities() {
		for i, p := range append(slices.Clone(counterMatters), record.PinChange) {
			w := newWorld(t)
			w.under(city, "")
			w.code(true)
			w.lay(endsSoon())
			w.choose(p)
			w.press(Key1 + Key((i+1)%3))
			if w.s.step == stepKind {
				w.press(Key1)
			}
			for w.s.step == stepQuestion {
				q, _ := w.s.inquiry.talk.Next()
				if strings.Contains(q.ID, "birth") || strings.Contains(q.Ja, "生年月日") {
					t.Errorf("%s asks for %q", city, q.Ja)
				}
				w.press(Key1)
			}
			w.usual(stepDecision)
			c := w.s.inquiry.verdict.of
			if !c.Facts.Birth.IsZero() {
				t.Error("a birth date is among the facts")
			}
			w.press(KeyEnter)
			for w.s.step == stepTell || w.s.step == stepOffice {
				w.press(KeyEnter)
			}
			if w.s.step == stepTurn {
				w.press(KeyEnter, Key1, KeyCancel, KeyCancel)
			}
			w.ends()
			w.put(card.Empty)
			w.at(stepIdle)
			if !reflect.DeepEqual(w.s.inquiry, inquiry{}) || w.s.known || w.journal != (Entry{}) {
				t.Errorf("%s %v: the state at rest keeps %+v", city, p, w.s.inquiry)
			}
			if len(w.finishes) != 1 {
				t.Errorf("%s %v: %d records", city, p, len(w.finishes))
			}
		}
	}
	for _, typ := range []reflect.Type{reflect.TypeFor[Entry](), reflect.TypeFor[Finish](), reflect.TypeFor[Afterwards]()} {
		closed(t, typ, typ.String())
	}
}

// closed fails for a type that could hold a date or a name.
func closed(t *testing.T, typ reflect.Type, where string) {
	t.Helper()
	switch typ.Kind() {
	case reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Bool:
	case reflect.Array:
		closed(t, typ.Elem(), where+"[]")
	case reflect.Struct:
		for i := range typ.NumField() {
			closed(t, typ.Field(i).Type, where+"."+typ.Field(i).Name)
		}
	default:
		t.Errorf("%s is a %v, which could hold a date or a name", where, typ)
	}
}

// TestEveryMatterEnds: every procedure of every municipality comes to a decision or a guide by the usual answers, in words that fit, and 取消 leads
// back out.
func TestEveryMatterEnds(t *testing.T) {
	screens := map[string]display.Screen{}
	for _, city := range policy.EmbeddedCities() {
		for _, p := range slices.Concat(counterMatters, guides) {
			for app := range applicants {
				w := newWorld(t)
				w.screens = screens
				w.under(city, "")
				w.code(true)
				w.choose(p)
				if w.s.step == stepApplicant {
					w.press(Key1 + Key(app))
				}
				for w.s.step == stepQuestion || w.s.step == stepDocuments {
					w.press(Key1)
				}
				if w.s.step != stepDecision && w.s.step != stepGuide {
					w.fatalf("%s %v ends at %v", city, p, w.s.step)
				}
				screens[fmt.Sprint(city, p, app)] = w.s.screen
				w.press(KeyMenu)
				w.at(stepClerkWhy)
				screens[fmt.Sprint(city, p, app, "why")] = w.s.screen
				w.press(KeyCancel)
				for range 20 {
					if w.s.step == stepIdle {
						break
					}
					w.press(KeyCancel)
				}
				w.at(stepIdle)
			}
		}
	}
	drawable(t, screens)
}

// SPDX-License-Identifier: Apache-2.0

package session

import (
	"slices"
	"testing"

	"madoguchi/card"
)

// TestLateCard: a card may be laid down at any question, with any line marked, also under the clerk's menu. A line that the card takes away is not taken
// for an answer, and what the card tells reaches the decision.
func TestLateCard(t *testing.T) {
	for _, city := range []string{"nabari", "matsue", "sakuragawa", "city_001", "city_004"} {
		first := newWorld(t)
		first.under(city, "")
		first.code(true)
		tried := 0
		for _, p := range first.s.procedures() {
			for _, who := range []Key{Key1, Key2, Key3} {
				for depth := range 4 { // answers before the card; with 3 it comes under the menu
					menu := depth == 3
					w := newWorld(t)
					w.under(city, "")
					w.code(true)
					w.choose(p)
					for range 4 {
						switch w.s.step {
						case stepNotice:
							w.press(KeyEnter)
						case stepApplicant:
							w.press(who)
						case stepKind:
							w.press(Key1)
						}
					}
					for i := 0; i < depth%3 && w.s.step == stepQuestion; i++ {
						w.press(Key1)
					}
					if w.s.step != stepQuestion {
						continue
					}
					tried++
					asked := w.s.asked()
					for range 9 {
						w.press(KeyDown)
					}
					if menu {
						w.press(KeyMenu)
						w.lay(endsSoon())
						w.press(KeyCancel)
					} else {
						w.lay(endsSoon())
					}
					w.apply(Event{Kind: Shown, Gen: w.s.gen})
					if w.s.inquiry.stale {
						t.Errorf("%s %v: the card's word was not taken", city, p)
					}
					if w.s.step == stepQuestion && !slices.Equal(asked, w.s.asked()) && w.s.choice > 1 && w.s.choice > (len(w.s.asked())-1)/2 {
						t.Errorf("%s %v: line %d is marked of %q", city, p, w.s.choice, w.s.asked())
					}
					w.press(KeyEnter)
				}
			}
		}
		if tried < 20 {
			t.Errorf("%s: only %d questions were tried", city, tried)
		}
	}
}

// TestLeftWhileReading: a clerk who leaves while the card is being read leaves no powered card behind.
func TestLeftWhileReading(t *testing.T) {
	w := newWorld(t)
	w.under("nabari", "")
	w.code(true)
	w.hold = true
	w.put(card.Present)
	if w.s.reading == 0 {
		t.Fatal("the card is not read")
	}
	ended := false
	next, effects := Step(w.s, Event{Kind: Press, Key: KeyCancel, Gen: w.keys.Gen, At: w.s.at})
	for _, e := range effects {
		if _, is := e.(EndCard); is {
			ended = true
		}
	}
	if next.step == stepIdle && !ended {
		t.Error("the box went to rest and left the card powered")
	}
	if next.step != stepIdle {
		t.Fatalf("step %v, want idle", next.step)
	}
}

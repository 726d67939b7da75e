// SPDX-License-Identifier: Apache-2.0

package session

import (
	"sync"
	"testing"

	"madoguchi/card"
	"madoguchi/device/policy"
	"madoguchi/sync/record"
)

var embedded = sync.OnceValues(policy.Embedded)

// rulesOf are the rules of a municipality.
func rulesOf(t testing.TB, city string) *policy.Policy {
	t.Helper()
	set, err := embedded()
	if err != nil {
		t.Fatal(err)
	}
	p, ok := set.City(city)
	if !ok {
		t.Fatalf("no rules of %s", city)
	}
	return p
}

// under puts the box into a municipality, at a place of its rules.
func (w *world) under(city, place string) {
	w.t.Helper()
	w.s = New(Config{Office: "市民課", Place: place, Rules: rulesOf(w.t, city), Release: "at_once"})
	w.screen, w.keys, w.asked = Show{}, Keys{}, nil
	w.apply(Event{Kind: Start})
	w.apply(Event{Kind: Reader, Presence: card.Empty})
}

// lay lays a card down and answers its reading.
func (w *world) lay(b card.Board) {
	w.t.Helper()
	w.put(card.Present)
	w.board(b)
}

// choose chooses a procedure on the first list.
func (w *world) choose(p record.Procedure) {
	w.t.Helper()
	w.at(stepProcedure)
	for w.s.procedures()[w.s.choice-1] != p {
		before := w.s.choice
		if w.press(KeyDown); w.s.choice == before {
			w.fatalf("%v is not on the list", p)
		}
	}
	w.press(KeyEnter)
}

// usual gives the usual answers until a step is reached.
func (w *world) usual(want stepID) {
	w.t.Helper()
	for range 20 {
		switch w.s.step {
		case want:
			return
		case stepQuestion, stepDocuments:
			w.press(Key1)
		case stepNotice, stepDecision, stepTell:
			w.press(KeyEnter)
		default:
			w.fatalf("%v is not reached", want)
		}
	}
	w.fatalf("%v is not reached", want)
}

// reply gives an answer by its value to the question that is open, which must be the one named.
func (w *world) reply(id, value string) {
	w.t.Helper()
	w.at(stepQuestion)
	if got := w.s.asking(); got != id {
		w.fatalf("%s is asked, want %s", got, id)
	}
	q, _ := w.s.inquiry.talk.Next()
	for i, a := range q.Answers {
		if a.Value == value {
			w.press(Key1 + Key(i))
			return
		}
	}
	w.fatalf("%s has no answer %s", id, value)
}

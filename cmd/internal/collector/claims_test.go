// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/claim"
	"madoguchi/sync/record"
)

// counter is a box that asks city hall about claim numbers.
type counter struct {
	*box
	answers chan claim.Answer
}

func ask(t *testing.T, w *world, id string) *counter {
	t.Helper()
	c := &counter{dial(t, w, id), make(chan claim.Answer, 100)}
	if err := listen(c.box, "claim", func(text []byte) {
		a, err := claim.OpenAnswer(testKey.Public().(ed25519.PublicKey), id, text)
		if err != nil {
			panic(fmt.Sprintf("%s: answer: %v", id, err))
		}
		c.answers <- a
	}); err != nil {
		t.Fatal(err)
	}
	return c
}

func (c *counter) answer(t *testing.T, nonce claim.Nonce) claim.Answer {
	t.Helper()
	late := time.After(wait)
	for {
		select {
		case a := <-c.answers:
			if a.Nonce == nonce {
				return a
			}
		case <-late:
			t.Fatal("no answer")
		}
	}
}

func (c *counter) put(t *testing.T, n claim.Number, s claim.State) claim.Verdict {
	t.Helper()
	p := claim.Put{Number: n, State: s, Nonce: claim.NewNonce()}
	text, err := p.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c.say(t, "claim/put", text)
	return c.answer(t, p.Nonce).Verdict
}

func (c *counter) get(t *testing.T, n claim.Number) claim.Answer {
	t.Helper()
	g := claim.Get{Number: n, Nonce: claim.NewNonce()}
	text, err := g.Encode()
	if err != nil {
		t.Fatal(err)
	}
	c.say(t, "claim/get", text)
	return c.answer(t, g.Nonce)
}

// hears waits until city hall knows of a box.
func (w *world) hears(t *testing.T, id string) {
	t.Helper()
	b := dial(t, w, id)
	b.say(t, "presence", []byte(`{"online":true,"session":1}`))
	w.untilStored(t, id+" is known", func() bool {
		names, err := w.store.Names(t.Context())
		return err == nil && slices.Contains(names, id)
	})
}

// TestClaimMoves gives a number at one office and goes on with it at another.
func TestClaimMoves(t *testing.T) {
	w := start(t, nil)
	w.hears(t, "box-1")
	one, two := ask(t, w, "box-1"), ask(t, w, "box-2")
	foreign, err := claim.Draw(claim.PrefixOf("a box of another city"), func(claim.Number) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	if a := two.get(t, foreign); a.Verdict != claim.Elsewhere {
		t.Errorf("another city's: %v", a.Verdict)
	}
	n, err := claim.Draw(claim.PrefixOf("box-1"), func(claim.Number) bool { return false })
	if err != nil {
		t.Fatal(err)
	}
	today := claim.DayOf(time.Now())
	s := claim.State{Procedure: record.CertRenewal, Applicant: record.Proxy, Step: claim.LetterMailed, Way: claim.Handover, Issued: today, Expires: today + 20, Rev: 1}
	with := func(f func(*claim.State)) claim.State { v := s; f(&v); return v }
	if a := two.get(t, n); a.Verdict != claim.Unknown {
		t.Errorf("before it is there: %v", a.Verdict)
	}
	for _, c := range []struct {
		name  string
		by    *counter
		state claim.State
		want  claim.Verdict
		then  claim.Step // what another office finds; 0: nothing
	}{
		{"another box's number", two, s, claim.Refused, 0},
		{"first", one, s, claim.Stored, claim.LetterMailed},
		{"again", one, s, claim.Stored, claim.LetterMailed},
		{"another claim under the number", one, with(func(s *claim.State) { s.Procedure, s.Rev = record.PinReset, 9 }), claim.Refused, claim.LetterMailed},
		{"the other office goes on", two, with(func(s *claim.State) { s.Step, s.Rev = claim.LeaveCheck, 2 }), claim.Stored, claim.LeaveCheck},
		{"so does the first, later", one, with(func(s *claim.State) { s.Step, s.Rev = claim.Closed, 2 }), claim.Refused, claim.LeaveCheck},
		{"the first comes late", one, s, claim.Stored, claim.LeaveCheck},
		{"closed", two, with(func(s *claim.State) { s.Step, s.Rev = claim.Closed, 3 }), claim.Stored, 0},
		{"closed stays closed", one, with(func(s *claim.State) { s.Step, s.Rev = claim.LeaveCheck, 2 }), claim.Stored, 0},
	} {
		if got := c.by.put(t, n, c.state); got != c.want {
			t.Errorf("%s: %v, want %v", c.name, got, c.want)
		}
		a := two.get(t, n)
		if found := a.Verdict == claim.Found; found != (c.then != 0) || a.State.Step != c.then {
			t.Errorf("%s: then %v %v, want %v", c.name, a.Verdict, a.State.Step, c.then)
		}
	}
}

// TestGuessing asks for numbers until city hall says that it is enough: also for
// one that is there, and it is an alarm.
func TestGuessing(t *testing.T) {
	w := start(t, nil)
	c := ask(t, w, "box-1")
	w.hears(t, "box-9")
	busy := 0
	for range 12 {
		n, err := claim.Draw(claim.PrefixOf("box-9"), func(claim.Number) bool { return false })
		if err != nil {
			t.Fatal(err)
		}
		switch a := c.get(t, n); a.Verdict {
		case claim.Unknown:
			if busy > 0 {
				t.Error("answered after it was enough")
			}
		case claim.Busy:
			busy++
		default:
			t.Errorf("verdict %v", a.Verdict)
		}
	}
	if busy != 2 {
		t.Errorf("%d of 12 were put off, want 2: a box may ask for 10 at once", busy)
	}
	if got := w.alarms(t)[store.AlarmGuess+" box-1"]; got != 2 {
		t.Errorf("%d alarms, want 2", got)
	}
	for _, text := range []string{"", "{}", `{"n":"AAAAAAA","q":"0000000000000000","s":"madoguchi.claim-get/2"}`} {
		c.say(t, "claim/get", []byte(text))
		c.say(t, "claim/put", []byte(text))
	}
	w.untilStored(t, "six malformed messages are counted", func() bool { return w.alarms(t)[store.AlarmMalformed+" box-1"] == 6 })
}

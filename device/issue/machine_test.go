// SPDX-License-Identifier: Apache-2.0

package issue

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/sync/issuer"
)

var (
	noon  = time.Date(2026, 11, 20, 3, 0, 0, 0, time.UTC)
	token = issuer.Token{1}
	opts  = Opts{City: "nabari", Device: "box-17"}
	reset = issuer.Order{Operation: issuer.PinReset, Kind: issuer.Login, Procedure: issuer.ResetCase, Case: issuer.Case{1}, Opener: issuer.LabelOf("A")}
	both  = issuer.Order{Operation: issuer.CertIssue, Kind: issuer.Login, Procedure: issuer.IssueCase, Case: issuer.Case{1}, Opener: issuer.LabelOf("A")}
	ready = issuer.Ready{Token: token, Nonce: issuer.Nonce{2}, At: 1700000000, For: 900}
	mine  = issuer.Proof{Number: issuer.CardNumber{7: 9}}
)

// bond is the one of these orders.
func bond(o issuer.Order) issuer.Bond {
	return issuer.NewBond(opts.City, opts.Device, issuer.Open{Token: token, Order: o}, ready, mine.Number)
}

func done(o issuer.Order) issuer.Proof { p := mine; p.Bond = bond(o); return p }

// at walks to a step.
func at(t testing.TB, o issuer.Order, step Step) State {
	t.Helper()
	var s State
	open := issuer.Open{Token: token, Order: o}
	if step == Resuming || step == WaitCard || step == AskingCard {
		j := Journal{Mark: Sent, Open: open, Ready: ready, Nonce: ready.Nonce, Bond: bond(o)}
		s, _ = Apply(s, Recover{noon, opts, j})
		if step == Resuming {
			return s
		}
		s, _ = Apply(s, Heard{noon, ready})
		if step == AskingCard {
			s, _ = Apply(s, Here{noon})
		}
		return s
	}
	for _, e := range []Event{
		Begin{noon, opts, open, true}, Heard{noon, ready}, Card{Proof: mine, At: noon}, Heard{noon, issuer.Grant{Token: token, Bond: bond(o)}}, Card{At: noon}, Typed{noon}, Card{At: noon},
		Card{At: noon}, Card{At: noon, Proof: mine}, Heard{noon, issuer.Issued{Token: token, Cert: issuer.Cert{Len: 1}}}, Card{At: noon}, Card{At: noon, Proof: done(o)}, Heard{noon, issuer.Receipt{Token: token, State: issuer.Done}},
	} {
		if s.Step == step {
			return s
		}
		if c, ok := e.(Card); ok {
			c.Seq = s.Seq
			e = c
		}
		s, _ = Apply(s, e)
	}
	if s.Step != step {
		t.Fatalf("walked to %v, want %v", s.Step, step)
	}
	return s
}

// TestTable: every step times every event: where it goes and what it does. "-" is nothing at all.
func TestTable(t *testing.T) {
	events := []struct {
		name string
		make func(s State) Event
	}{
		{"begin", func(State) Event { return Begin{noon, opts, issuer.Open{Token: issuer.Token{9}, Order: reset}, true} }},
		{"begin, no line", func(State) Event { return Begin{noon, opts, issuer.Open{Token: issuer.Token{9}, Order: reset}, false} }},
		{"ready", func(State) Event { return Heard{noon, ready} }},
		{"pending", func(State) Event { return Heard{noon, issuer.Pending{Token: token, Check: 7}} }},
		{"grant", func(State) Event { return Heard{noon, issuer.Grant{Token: token, Bond: bond(both)}} }},
		{"grant, another's", func(State) Event { return Heard{noon, issuer.Grant{Token: token, Bond: issuer.Bond{3}}} }},
		{"issued", func(State) Event { return Heard{noon, issuer.Issued{Token: token, Cert: issuer.Cert{Len: 1}}} }},
		{"receipt", func(State) Event { return Heard{noon, issuer.Receipt{Token: token, State: issuer.Done}} }},
		{"refusal", func(State) Event { return Heard{noon, issuer.Refusal{Token: token, Reason: issuer.NotReleased}} }},
		{"another token", func(State) Event { return Heard{noon, issuer.Receipt{Token: issuer.Token{8}, State: issuer.Done}} }},
		{"card, bond there", func(s State) Event { return Card{At: noon, Seq: s.Seq, Proof: done(both)} }},
		{"card, bond not there", func(s State) Event { return Card{At: noon, Seq: s.Seq, Proof: mine} }},
		{"card, another one", func(s State) Event {
			return Card{At: noon, Seq: s.Seq, Proof: issuer.Proof{Number: issuer.CardNumber{5}}}
		}},
		{"card failed", func(s State) Event { return Card{At: noon, Seq: s.Seq, Err: Failed} }},
		{"card lost", func(s State) Event { return Card{At: noon, Seq: s.Seq, Err: Lost} }},
		{"card, older", func(s State) Event { return Card{At: noon, Seq: s.Seq + 1, Err: Failed} }},
		{"here", func(State) Event { return Here{noon} }},
		{"gone", func(State) Event { return Gone{noon} }},
		{"typed", func(State) Event { return Typed{noon} }},
		{"cancel", func(State) Event { return Cancel{noon} }},
		{"tick", func(State) Event { return Tick{noon.Add(time.Second)} }},
		{"5 s later", func(State) Event { return Tick{noon.Add(5 * time.Second)} }},
		{"20 s later", func(State) Event { return Tick{noon.Add(20 * time.Second)} }},
		{"16 min later", func(State) Event { return Tick{noon.Add(16 * time.Minute)} }},
	}
	const (
		up    = "reporting: Wipe, Send, End"
		ended = "ended: Wipe, Forget, End"
		early = "ended: Wipe, Wipe, Forget, End" // nothing was told to the authority yet
	)
	// What is not in here is "-"; begin is "busy" in all but idle and ended.
	want := map[Step]map[string]string{
		Idle:       {},
		Asking:     {"ready": "proving: Prove", "refusal": ended, "cancel": early, "5 s later": "asking: Send", "20 s later": ended, "16 min later": ended},
		Proving:    {"card, bond there": "requesting: Keep, Send", "card, bond not there": "requesting: Keep, Send", "card, another one": "requesting: Keep, Send", "refusal": ended, "card failed": early, "card lost": early, "gone": early, "cancel": early, "16 min later": early},
		Requesting: {"grant": "allowed: Authenticate", "grant, another's": up, "refusal": ended, "gone": up, "cancel": up, "5 s later": "requesting: Send", "20 s later": "requesting: Send", "16 min later": up},
		Allowed:    {"card, bond there": "typing: WantPIN", "card, bond not there": "typing: WantPIN", "card, another one": "typing: WantPIN", "card failed": up, "card lost": up, "refusal": ended, "gone": up, "cancel": up, "16 min later": up},
		Typing:     {"typed": "resetting: ResetPIN", "refusal": ended, "gone": up, "cancel": up, "16 min later": up},
		Resetting:  {"card, bond there": "making: Generate", "card, bond not there": "making: Generate", "card, another one": "making: Generate", "card failed": up, "card lost": up, "refusal": ended, "gone": up, "cancel": up, "16 min later": up},
		Making:     {"card, bond there": "proving_key: Prove", "card, bond not there": "proving_key: Prove", "card, another one": "proving_key: Prove", "card failed": up, "card lost": up, "refusal": ended, "gone": up, "cancel": up, "16 min later": up},
		ProvingKey: {"card, bond there": "certifying: Send", "card, bond not there": "certifying: Send", "card, another one": "certifying: Send", "card failed": up, "card lost": up, "refusal": ended, "gone": up, "cancel": up, "16 min later": up},
		Certifying: {"issued": "writing: PutCertificate", "refusal": ended, "gone": up, "cancel": up, "5 s later": "certifying: Send", "20 s later": "certifying: Send", "16 min later": up},
		Writing:    {"card, bond there": "activating: Keep, Activate", "card, bond not there": "activating: Keep, Activate", "card, another one": "activating: Keep, Activate", "card failed": up, "card lost": up, "refusal": ended, "gone": up, "cancel": up, "16 min later": up},
		Activating: {"card, bond there": "reporting: Keep, Send", "card, bond not there": "reporting: Keep, Send", "card, another one": "reporting: Keep, Send", "card failed": "asking_card: Prove", "card lost": "wait_card: WantCard"},
		WaitCard:   {"here": "asking_card: Prove", "16 min later": "reporting: Send"},
		AskingCard: {"card, bond there": "reporting: Keep, Send", "card, bond not there": "reporting: Keep, Send", "card, another one": "wait_card: WantCard", "card failed": "wait_card: WantCard", "card lost": "wait_card: WantCard", "16 min later": "reporting: Send"},
		Resuming:   {"ready": "wait_card: Keep, WantCard", "receipt": ended, "5 s later": "resuming: Send", "20 s later": "resuming: End, Send", "16 min later": "resuming: End, Send"},
		Reporting:  {"receipt": ended, "5 s later": "reporting: Send", "20 s later": "reporting: End, Send", "16 min later": "reporting: End, Send"},
		Ended:      {},
	}
	for step := Idle; step <= Ended; step++ {
		for _, e := range events {
			s := State{}
			if step != Idle {
				s = at(t, both, step)
			}
			next, out := Apply(s, e.make(s))
			names := []string{}
			for _, f := range out {
				names = append(names, strings.TrimPrefix(fmt.Sprintf("%T", f), "issue."))
			}
			got := next.Step.String() + ": " + strings.Join(names, ", ")
			if len(out) == 0 && next.Step == s.Step {
				got = "-"
			}
			expect, ok := want[step][e.name]
			switch {
			case ok:
			case e.name == "begin" && !s.Open():
				expect = "asking: Send"
			case e.name == "begin, no line" && !s.Open():
				expect = "ended: End"
			case strings.HasPrefix(e.name, "begin"):
				expect = step.String() + ": End" // the new one is refused, the older one goes on
			default:
				expect = "-"
			}
			if got != expect {
				t.Errorf("%v, %s: %s, want %s", step, e.name, got, expect)
			}
			// Whatever happens: a journal says that the last command goes out before it goes out, and nobody types before the grant.
			for i, f := range out {
				if _, ok := f.(Activate); ok && (i == 0 || out[i-1] != Keep{next.Journal} || next.Journal.Mark != Sent) {
					t.Errorf("%v, %s: the last command without a journal", step, e.name)
				}
				if _, ok := f.(WantPIN); ok && step != Allowed {
					t.Errorf("%v, %s: somebody types", step, e.name)
				}
			}
		}
	}
}

// TestOfflineAsksNothing: without a line, and without an answer, no card command runs and nobody types.
func TestOfflineAsksNothing(t *testing.T) {
	s, out := Apply(State{}, Begin{noon, opts, issuer.Open{Token: token, Order: reset}, false})
	if d := cmp.Diff([]Effect{End{Outcome: Offline}}, out); d != "" {
		t.Error(d)
	}
	s, out = Apply(s, Begin{noon, opts, issuer.Open{Token: token, Order: reset}, true})
	for i := 1; s.Open() && i < 60; i++ {
		var more []Effect
		s, more = Apply(s, Tick{noon.Add(time.Duration(i) * time.Second)})
		out = append(out, more...)
	}
	for _, f := range out {
		if !slices.Contains([]string{"issue.Send", "issue.Wipe", "issue.Forget", "issue.End"}, fmt.Sprintf("%T", f)) {
			t.Errorf("%T without an authority", f)
		}
	}
	if s.Outcome != Offline {
		t.Errorf("ended as %v", s.Outcome)
	}
}

// TestTimeIsCountedFromTheQuestion: a Ready that was held back leaves less time, never more.
func TestTimeIsCountedFromTheQuestion(t *testing.T) {
	s, _ := Apply(State{}, Begin{noon, opts, issuer.Open{Token: token, Order: reset}, true})
	s, _ = Apply(s, Heard{noon.Add(19 * time.Second), ready})
	if want := noon.Add(900 * time.Second); !s.until.Equal(want) {
		t.Errorf("until %v, want %v", s.until, want)
	}
}

// TestJournal comes back, has one size within the outbox's 512 bytes, and nothing else reads as one.
func TestJournal(t *testing.T) {
	if JournalSize > 512 {
		t.Errorf("%d bytes", JournalSize)
	}
	t.Logf("%d bytes", JournalSize)
	open := issuer.Open{Token: token, Order: reset}
	for _, j := range []Journal{{Mark: Asked, Open: open, Ready: ready}, {Mark: Sent, Open: open, Ready: ready, Nonce: issuer.Nonce{4}, Bond: bond(reset)}, {Mark: Settled, Open: open, Ready: ready, Bond: bond(reset), Proof: done(reset)}} {
		b := j.Encode()
		back, err := DecodeJournal(b)
		if d := cmp.Diff(j, back); d != "" || err != nil || len(b) != JournalSize {
			t.Errorf("%d bytes, %s, %v", len(b), d, err)
		}
		for _, bad := range [][]byte{b[1:], append(slices.Clone(b), 0), append([]byte{9}, b[1:]...), nil} {
			if _, err := DecodeJournal(bad); err == nil {
				t.Errorf("%d bytes were read", len(bad))
			}
		}
	}
	for _, j := range []Journal{{}, {Mark: Settled, Open: open}, {Mark: Sent, Open: open, Proof: mine}, {Mark: 9, Open: open}, {Mark: Asked}} {
		if _, err := DecodeJournal(j.Encode()); err == nil {
			t.Errorf("%+v was read", j)
		}
	}
}

// Example is an operation that meets nobody.
func Example() {
	s, _ := Apply(State{}, Begin{At: noon, Opts: opts, Open: issuer.Open{Token: token, Order: reset}, Ready: true})
	fmt.Println(s.Step)
	s, out := Apply(s, Tick{At: noon.Add(DefaultOpts.Reach)})
	fmt.Println(s.Step, s.Outcome, len(out))
	// Output:
	// asking
	// ended offline 3
}

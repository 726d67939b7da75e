// SPDX-License-Identifier: Apache-2.0

package issue

import (
	"time"

	"madoguchi/sync/issuer"
)

// Apply takes one event. What the state does not wait for changes nothing.
func Apply(s State, e Event) (State, []Effect) {
	var out []Effect
	now := e.at()
	switch e := e.(type) {
	case Begin:
		if !s.Open() {
			return begin(e)
		}
		return s, []Effect{End{Refused, issuer.NotAvailable}} // of the new one; the older one goes on
	case Recover:
		if s.Step == Idle {
			return recovered(e)
		}
	case Heard:
		out = s.heard(now, e.Message)
	case Card:
		if e.Seq == s.Seq {
			out = s.answered(now, e)
		}
	case Here:
		if s.Step == WaitCard {
			out = s.askCard()
		}
	case Gone:
		if s.Step >= Proving && s.Step < Activating {
			out = s.giveUp(now)
		}
	case Typed:
		if s.Step == Typing {
			s.Step = Resetting
			out = append(out, ResetPIN{s.next(), s.order().Kind})
		}
	case Cancel:
		if s.Step >= Asking && s.Step < Activating {
			out = s.giveUp(now)
		}
	case Tick:
		out = s.tick(now)
	}
	return s, out
}

func (s *State) order() issuer.Order { return s.Journal.Open.Order }
func (s *State) token() issuer.Token { return s.Journal.Open.Token }

// next numbers a card command.
func (s *State) next() uint32 {
	s.Seq++
	return s.Seq
}

// send remembers a message, so that it is sent again until it is answered.
func (s *State) send(now time.Time, m issuer.Message) Effect {
	s.last, s.again = m, now.Add(s.Opts.Again)
	return Send{m}
}

func begin(e Begin) (State, []Effect) {
	s := State{Opts: e.Opts.withDefaults(), Journal: Journal{Mark: Asked, Open: e.Open}}
	if !e.Ready || e.Open.Order.Check() != nil {
		s.Step, s.Outcome, s.Told = Ended, Offline, true
		if e.Ready {
			s.Outcome, s.Reason = Refused, issuer.NotSupported
		}
		return s, []Effect{End{s.Outcome, s.Reason}}
	}
	s.Step, s.step = Asking, e.At.Add(s.Opts.Reach)
	// Counted from the question: an answer that was held back leaves less time, never more.
	s.until = e.At
	return s, []Effect{s.send(e.At, e.Open)}
}

func recovered(e Recover) (State, []Effect) {
	s := State{Opts: e.Opts.withDefaults(), Journal: e.Journal, cut: e.Journal.Mark == Sent}
	s.step = e.At.Add(s.Opts.Report)
	if e.Journal.Mark == Settled {
		s.Outcome = s.says(e.Journal.Proof)
		s.Step = Reporting
		return s, []Effect{s.send(e.At, issuer.Result{Token: s.token(), Outcome: issuer.Proved, Proof: e.Journal.Proof})}
	}
	s.Step = Resuming
	return s, []Effect{s.send(e.At, issuer.Resume{Token: s.token()})}
}

// says reads a proof: whether the last operation that took effect on the card is this one.
func (s *State) says(p issuer.Proof) Outcome {
	if p.Bond == s.Journal.Bond && s.Journal.Bond != (issuer.Bond{}) {
		return Done
	}
	return Undone
}

// heard takes a message of the authority.
func (s *State) heard(now time.Time, m issuer.Message) []Effect {
	if m == nil || s.Step == Idle || s.Step == Ended || issuer.TokenOf(m) != s.token() {
		return nil
	}
	switch m := m.(type) {
	case issuer.Ready:
		return s.ready(now, m)
	case issuer.Pending:
		if s.Step == Requesting {
			// The Grant comes unasked; the question goes on being asked, in case it is lost.
			s.Pending, s.Check = true, m.Check
		}
	case issuer.Grant:
		if s.Step != Requesting {
			return nil
		}
		if m.Bond != s.Journal.Bond {
			return s.giveUp(now) // for another card, case, box or time
		}
		s.Step, s.Pending, s.last = Allowed, false, nil
		o := s.order()
		return []Effect{Authenticate{s.next(), m.Bond, o.Operation, o.Kind, m.Cryptogram}}
	case issuer.Issued:
		if s.Step != Certifying {
			return nil
		}
		s.Step, s.last, s.issued = Writing, nil, m
		return []Effect{PutCertificate{s.next(), s.order().Kind, m.Cert}}
	case issuer.Receipt:
		return s.receipt(m)
	case issuer.Refusal:
		if s.Step < Activating {
			s.Outcome, s.Reason = Refused, m.Reason
			return s.finish()
		}
	}
	return nil
}

func (s *State) ready(now time.Time, m issuer.Ready) []Effect {
	switch s.Step {
	case Asking:
		s.Journal.Ready, s.Journal.Nonce = m, m.Nonce
		s.until = s.until.Add(time.Duration(m.For) * time.Second)
		s.Step, s.last = Proving, nil
		return []Effect{Prove{s.next(), m.Nonce}}
	case Resuming:
		s.last = nil
		s.Journal.Nonce = m.Nonce
		if !s.cut {
			return s.report(now, issuer.NotSent)
		}
		out := []Effect{Keep{s.Journal}}
		return append(out, s.wantCard(now, false)...)
	}
	return nil
}

// wantCard asks for the card, which alone can say.
func (s *State) wantCard(now time.Time, other bool) []Effect {
	s.Step, s.step = WaitCard, now.Add(s.Opts.Card)
	return []Effect{WantCard{other}}
}

func (s *State) askCard() []Effect {
	s.Step = AskingCard
	return []Effect{Prove{s.next(), s.Journal.Nonce.For("done")}}
}

// answered takes the card's answer.
func (s *State) answered(now time.Time, e Card) []Effect {
	parts, _ := s.order().Operation.Parts(s.order().Kind)
	if e.Err != OK {
		return s.fault(now, e.Err)
	}
	switch s.Step {
	case Proving:
		s.Journal.Bond = issuer.NewBond(s.Opts.City, s.Opts.Device, s.Journal.Open, s.Journal.Ready, e.Proof.Number)
		s.Step = Requesting
		return []Effect{Keep{s.Journal}, s.send(now, issuer.Request{Token: s.token(), Proof: e.Proof})}
	case Allowed:
		if parts.PIN {
			s.Step = Typing
			return []Effect{WantPIN{s.order().Kind}}
		}
		return s.key(now, parts)
	case Resetting:
		return s.key(now, parts)
	case Making:
		s.Step, s.modulus = ProvingKey, e.Modulus
		return []Effect{Prove{s.next(), s.Journal.Nonce.For("made")}}
	case ProvingKey:
		s.Step = Certifying
		return []Effect{s.send(now, issuer.Made{Token: s.token(), Modulus: s.modulus, Proof: e.Proof})}
	case Writing:
		return s.activate(now, s.issued.Permit)
	case Activating, AskingCard:
		if s.Step == AskingCard && !s.same(e.Proof) {
			s.Step = WaitCard // until the wait that runs is over
			return []Effect{WantCard{Other: true}}
		}
		s.Outcome = s.says(e.Proof)
		s.Journal.Mark, s.Journal.Proof = Settled, e.Proof
		out := append([]Effect{Keep{s.Journal}}, s.report(now, issuer.Proved)...)
		return out
	}
	return nil
}

// same says whether the proof is of the card that the operation was granted for.
func (s *State) same(p issuer.Proof) bool {
	return issuer.NewBond(s.Opts.City, s.Opts.Device, s.Journal.Open, s.Journal.Ready, p.Number) == s.Journal.Bond
}

// key goes on to the new key, or to the end if the operation has none.
func (s *State) key(now time.Time, parts issuer.Parts) []Effect {
	if !parts.Key {
		return s.activate(now, issuer.MAC{})
	}
	s.Step = Making
	return []Effect{Generate{s.next(), s.order().Kind}}
}

// activate writes down that the one command goes out, and sends it, unless its time is over.
func (s *State) activate(now time.Time, permit issuer.MAC) []Effect {
	if now.After(s.until) {
		return s.giveUp(now)
	}
	s.Step, s.cut, s.Journal.Mark = Activating, true, Sent
	return []Effect{Keep{s.Journal}, Activate{s.next(), s.Journal.Nonce.For("done"), permit}}
}

// fault judges a card command that did not work.
func (s *State) fault(now time.Time, f Fault) []Effect {
	switch s.Step {
	case Proving:
		if f == NoIssuer {
			s.Outcome, s.Reason = Refused, issuer.NotSupported
			return s.finish()
		}
		return s.giveUp(now)
	case Allowed, Resetting, Making, ProvingKey, Writing:
		return s.giveUp(now)
	case Activating:
		if f == Lost {
			return s.wantCard(now, false)
		}
		s.step = now.Add(s.Opts.Card)
		return s.askCard()
	case AskingCard:
		s.Step = WaitCard // until the wait that runs is over
		return []Effect{WantCard{Other: f == NoIssuer}}
	}
	return nil
}

// giveUp ends an operation whose last command was not sent. Before the authority was shown a card it has nothing to be told.
func (s *State) giveUp(now time.Time) []Effect {
	out := []Effect{Wipe{}}
	s.Pending = false
	if s.Step <= Proving {
		s.Outcome = Undone
		return append(out, s.finish()...)
	}
	return append(out, s.report(now, issuer.NotSent)...)
}

// report tells the authority. That nothing was sent people need not wait for.
func (s *State) report(now time.Time, how issuer.Outcome) []Effect {
	m := issuer.Result{Token: s.token(), Outcome: how}
	s.Step, s.step = Reporting, now.Add(s.Opts.Report)
	switch how {
	case issuer.Proved:
		m.Proof = s.Journal.Proof
		return []Effect{s.send(now, m)}
	case issuer.Unknown:
		s.Outcome = Doubt
		return []Effect{s.send(now, m)}
	}
	s.Outcome = Undone
	return append([]Effect{s.send(now, m)}, s.tell()...)
}

// tell says the outcome once.
func (s *State) tell() []Effect {
	if s.Told {
		return nil
	}
	s.Told = true
	return []Effect{End{s.Outcome, s.Reason}}
}

// finish ends it for both sides.
func (s *State) finish() []Effect {
	s.Step, s.last, s.Pending = Ended, nil, false
	s.modulus, s.issued = issuer.Modulus{}, issuer.Issued{}
	return append([]Effect{Wipe{}, Forget{}}, s.tell()...)
}

func (s *State) receipt(m issuer.Receipt) []Effect {
	if s.Step != Reporting && s.Step != Resuming {
		return nil
	}
	s.Outcome = map[issuer.State]Outcome{issuer.Done: Done, issuer.Undone: Undone, issuer.Doubt: Doubt}[m.State]
	return s.finish()
}

// tick lets waits end.
func (s *State) tick(now time.Time) []Effect {
	switch {
	case s.Step == Idle || s.Step == Ended:
		return nil
	case s.Step == Asking && !now.Before(s.step):
		s.Outcome = Offline
		return s.finish()
	case s.Step > Asking && s.Step < Activating && now.After(s.until):
		return s.giveUp(now)
	case (s.Step == WaitCard || s.Step == AskingCard) && !now.Before(s.step):
		return s.report(now, issuer.Unknown)
	}
	var out []Effect
	if (s.Step == Reporting || s.Step == Resuming) && !now.Before(s.step) {
		if s.Outcome == None && s.cut {
			s.Outcome = Doubt
		} else if s.Outcome == None {
			s.Outcome = Undone
		}
		out = s.tell()
	}
	if s.last != nil && !now.Before(s.again) {
		out = append(out, s.send(now, s.last))
	}
	return out
}

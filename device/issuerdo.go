// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"crypto/x509"
	"errors"
	"time"

	"madoguchi/card"
	"madoguchi/device/issue"
	"madoguchi/device/session"
	"madoguchi/sync/issuer"
)

// do carries one effect of the operation out.
func (l *issuerLink) do(f issue.Effect) {
	switch f := f.(type) {
	case issue.Send:
		l.send(f.Message)
	case issue.Keep:
		l.store(f.Journal.Encode())
	case issue.Forget:
		l.store(nil)
	case issue.Prove:
		l.command(f.Seq, func(c *card.Card, e *issue.Card) error {
			p, err := c.Prove(f.Nonce)
			e.Proof = issuer.ReadProof(p)
			return err
		})
	case issue.Authenticate:
		l.command(f.Seq, func(c *card.Card, _ *issue.Card) error {
			return c.Authenticate(f.Bond, byte(f.Operation), byte(f.Kind), f.MAC)
		})
	case issue.ResetPIN:
		p := l.d.hw.Pad.Take(padSlots[session.SlotNew])
		o := &order{next: p, issue: &issueOrder{seq: f.Seq, run: func(c *card.Card, _ *issue.Card) error {
			if p == nil {
				return errors.New("no PIN was typed")
			}
			return c.ResetPIN(cardKinds[f.Kind], p)
		}}}
		l.d.cards.put(o)
	case issue.Generate:
		l.command(f.Seq, func(c *card.Card, e *issue.Card) (err error) {
			e.Modulus, err = c.Generate(cardKinds[f.Kind])
			return err
		})
	case issue.PutCertificate:
		cert := f.Cert
		if x, err := x509.ParseCertificate(cert.Bytes()); err == nil {
			y, m, day := x.NotAfter.In(japan).Date()
			l.ends = time.Date(y, m, day, 0, 0, 0, 0, time.UTC)
		}
		l.command(f.Seq, func(c *card.Card, _ *issue.Card) error { return c.PutCertificate(cardKinds[f.Kind], cert.Bytes()) })
	case issue.Activate:
		l.d.cards.put(&order{issue: &issueOrder{seq: f.Seq, last: true, run: func(c *card.Card, e *issue.Card) error {
			var permit []byte
			if f.Permit != (issuer.MAC{}) {
				permit = f.Permit[:]
			}
			p, err := c.Activate(f.Nonce, permit)
			e.Proof = issuer.ReadProof(p)
			return err
		}}})
	case issue.WantCard:
		l.want, l.other = true, f.Other
		l.offer()
	case issue.Wipe:
		l.d.hw.Pad.Wipe()
	case issue.WantPIN, issue.End: // the session is told by news
	}
}

// send seals a message and hands it to the network side. What finds no room is lost, and sent again.
func (l *issuerLink) send(m issuer.Message) {
	b, err := l.line.Seal(m)
	if err != nil {
		l.d.log.Error("issuer link", "cause", err)
		return
	}
	select {
	case l.out <- b:
	default:
	}
}

func (l *issuerLink) command(seq uint32, run func(*card.Card, *issue.Card) error) {
	l.d.cards.put(&order{issue: &issueOrder{seq: seq, run: run}})
}

// news tells the session how the operation stands, if that has changed.
func (l *issuerLink) news() {
	if l.no == 0 && !l.after || l.next != nil {
		return
	}
	n := session.IssueNews{Check: int(l.state.Check), Final: l.state.Step >= issue.Activating && l.state.Step < issue.Reporting || l.state.Step == issue.Reporting && !l.state.Told}
	switch l.state.Step {
	case issue.Idle:
		return
	case issue.Asking:
		n.Phase = session.IssueAsking
	case issue.Requesting:
		if n.Phase = session.IssueAsking; l.state.Pending {
			n.Phase = session.IssueWaiting
		}
	case issue.Typing:
		n.Phase = session.IssueTyping
	case issue.Certifying:
		n.Phase = session.IssueCert
	case issue.WaitCard:
		n.Phase, n.Other = session.IssueAgain, l.other
	case issue.Resuming, issue.Reporting, issue.AskingCard:
		n.Phase = session.IssueProving
	default:
		n.Phase = session.IssueWriting
	}
	if n.Phase != session.IssueWaiting {
		n.Check = 0
	}
	if l.state.Told {
		n = session.IssueNews{Phase: session.IssueEnded, Outcome: outcomeOf(l.state)}
		if n.Outcome == session.IssueDone {
			n.Ends = l.ends
		}
	}
	l.tell(n)
}

// tell tells the session once.
func (l *issuerLink) tell(n session.IssueNews) {
	if n == l.told && !l.first {
		return
	}
	l.told, l.first = n, false
	l.d.later = append(l.d.later, session.Event{Kind: session.Issuing, At: l.d.clock.Now(), No: l.no, Issue: n})
}

// outcomeOf is the session's word for how an operation ended.
func outcomeOf(s issue.State) session.IssueOutcome {
	switch s.Outcome {
	case issue.Done:
		return session.IssueDone
	case issue.Offline:
		return session.IssueOffline
	case issue.Doubt:
		return session.IssueDoubt
	case issue.Refused:
		switch s.Reason {
		case issuer.NotReleased:
			return session.IssueNotReleased
		case issuer.NotAvailable:
			return session.IssueOffline
		case issuer.NotSupported:
			return session.IssueNotObeyed
		case issuer.OtherCard:
			return session.IssueOtherCard
		case issuer.Expired:
			return session.IssueUndone
		}
		return session.IssueRefused
	}
	return session.IssueUndone
}

// An issueOrder is one command of the issuer link for the card goroutine. last is the one that lets everything take effect.
type issueOrder struct {
	seq  uint32
	last bool
	run  func(*card.Card, *issue.Card) error
}

// issue runs a command of the issuer link. After any fault the card is powered off: it forgets what has not taken effect.
func (c *cards) issue(ctx context.Context, o *issueOrder) {
	e := issue.Card{Seq: o.seq, Err: issue.Failed}
	if c.card == nil && c.connect(ctx) != session.ResultOK {
		c.d.link.putCard(e)
		return
	}
	type answer struct {
		e   issue.Card
		err error
	}
	got, crd := make(chan answer, 1), c.card
	if !c.within(c.d.opts.Limits.Work, func() {
		a := answer{e: e}
		a.err = o.run(crd, &a.e)
		got <- a
	}) {
		if o.last {
			e.Err = issue.Lost
		}
		c.d.link.putCard(e)
		return
	}
	a := <-got
	var cut *card.InterruptedError
	switch a.e.Err = issue.OK; {
	case a.err == nil:
	case errors.Is(a.err, card.ErrNoIssuer):
		a.e.Err = issue.NoIssuer
	case errors.As(a.err, &cut) && cut.Step == card.StepActivate:
		a.e.Err = issue.Lost
	default:
		a.e.Err = issue.Failed
	}
	if a.err != nil {
		c.d.log.Info("card command of the issuer link", "result", resultOf(a.err))
		c.leave()
	}
	c.d.link.putCard(a.e)
}

// putCard hands a card's answer to the loop.
func (l *issuerLink) putCard(e issue.Card) {
	e.At = l.d.clock.Now()
	l.put(linkInput{event: e})
}

// obeys asks the card that was just read whether it obeys an issuer of ours: it reads what every card lets anybody read.
func (c *cards) obeys() bool {
	got, crd := make(chan bool, 1), c.card
	if !c.within(c.d.opts.Limits.Board, func() {
		ok, err := crd.Obeys()
		got <- ok && err == nil
	}) {
		return false
	}
	return <-got
}

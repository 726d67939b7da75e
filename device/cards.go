// SPDX-License-Identifier: Apache-2.0

package device

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"time"

	"madoguchi/card"
	"madoguchi/device/session"
	"madoguchi/pinpad/pin"
)

// An order is one thing the card goroutine shall do. It holds the PINs of its command, and wipes them on every path.
type order struct {
	reply   session.Event // Kind and No; the rest is filled in
	kind    card.Kind
	left    int
	current *pin.PIN
	next    *pin.PIN
	end     bool
	issue   *issueOrder // a command of the issuer link; its PIN is next
}

// wipe empties both pages. It may be called while a command that was abandoned still holds one.
func (o *order) wipe() {
	o.current.Wipe()
	o.next.Wipe()
}

// cards owns the link to the card: one command at a time, each with a deadline. A command that outlives it is abandoned, because nothing can stop
// SCardTransmit: its PINs are wiped, so that a command not yet sent stays unsent, its link is closed beside it, and the next command connects anew. If connecting hangs too, only a new process helps.
type cards struct {
	d      *Device
	orders chan *order

	mu   sync.Mutex
	held *order // being carried out; its PINs are wiped if the box ends

	link card.Link
	card *card.Card
}

// orderRoom is more than the session ever has under way: one command and the ends of cases.
const orderRoom = 32

func newCards(d *Device) *cards { return &cards{d: d, orders: make(chan *order, orderRoom)} }

// put hands an order over. Its PINs are the card goroutine's from here.
func (c *cards) put(o *order) {
	select {
	case c.orders <- o:
	default: // cannot happen; a PIN must not stay where nobody wipes it
		o.wipe()
		c.d.fail(&ExitError{ExitReader, errors.New("card goroutine does not take orders")})
	}
}

// run carries orders out until ctx ends, then leaves the card.
func (c *cards) run(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			c.leave()
			return
		case o := <-c.orders:
			c.carryOut(ctx, o)
		}
	}
}

// wipeAll empties every PIN that was handed over.
func (c *cards) wipeAll() {
	c.mu.Lock()
	held := c.held
	c.mu.Unlock()
	if held != nil {
		held.wipe()
	}
	for {
		select {
		case o := <-c.orders:
			o.wipe()
		default:
			return
		}
	}
}

func (c *cards) hold(o *order) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held = o
}

func (c *cards) carryOut(ctx context.Context, o *order) {
	c.hold(o)
	defer c.hold(nil)
	defer o.wipe()
	if o.end {
		c.leave()
		return
	}
	if o.issue != nil {
		c.issue(ctx, o.issue)
		return
	}
	ev := o.reply
	switch o.reply.Kind {
	case session.BoardRead:
		c.leave() // a board is read from a card that has just been powered
		ev.Result = c.connect(ctx)
		if ev.Result == session.ResultOK {
			ev.Board, ev.Result = c.board()
		}
		if ev.Result == session.ResultOK && ev.Board.MyNumber() && c.d.link != nil {
			ev.Obeys = c.obeys()
		}
		if ev.Result != session.ResultOK {
			c.leave()
		}
	default:
		if c.card == nil { // a leave-check: the card was powered off after the change
			ev.Result = c.connect(ctx)
		}
		if ev.Result == session.ResultOK {
			c.work(o, &ev)
		}
	}
	c.d.send(ctx, ev)
}

// within runs f in a goroutine of its own and waits for it at most limit. false: it was abandoned, and with it the link.
func (c *cards) within(limit time.Duration, f func()) bool {
	done := make(chan struct{})
	c.d.loose("card command", func() {
		defer close(done)
		f()
	})
	timeout, stop := c.d.clock.Timer(limit)
	defer stop()
	select {
	case <-done:
		return true
	case <-timeout:
		if link := c.link; link != nil {
			c.d.loose("abandoned link", func() { link.Close() }) // may hang too; exclusive use of the card must end
		}
		c.link, c.card = nil, nil
		return false
	}
}

// connect powers the card.
func (c *cards) connect(ctx context.Context) session.Result {
	type answer struct {
		link card.Link
		err  error
	}
	ctx, cancel := context.WithCancel(ctx)
	got := make(chan answer, 1)
	limit := c.d.opts.Limits.Connect
	if !c.within(limit, func() {
		defer cancel()
		l, err := c.d.hw.Reader.Connect(ctx)
		got <- answer{l, err}
	}) {
		cancel()
		c.d.loose("late connection", func() { // whatever comes of it is closed
			if a := <-got; a.link != nil {
				a.link.Close()
			}
		})
		c.d.log.Error("reader hangs", "limit", limit)
		c.d.fail(&ExitError{ExitReader, errors.New("card reader and card service do not answer; look at the reader's cable")})
		return session.ResultDeadline
	}
	a := <-got
	if a.err != nil {
		return resultOf(a.err)
	}
	c.link, c.card = a.link, card.New(a.link)
	return session.ResultOK
}

// board reads what the card tells without a PIN.
func (c *cards) board() (card.Board, session.Result) {
	type answer struct {
		b   card.Board
		err error
	}
	got, crd := make(chan answer, 1), c.card
	if !c.within(c.d.opts.Limits.Board, func() {
		b, err := crd.Board()
		got <- answer{b, err}
	}) {
		return card.Board{}, session.ResultDeadline
	}
	a := <-got
	var sw *card.StatusError
	var odd *card.MalformedError
	if a.err != nil && a.b.MyNumber() && (errors.As(a.err, &sw) || errors.As(a.err, &odd)) {
		return a.b, session.ResultOK // one answer was odd: what is missing is unknown on the board
	}
	if a.err != nil {
		return card.Board{}, resultOf(a.err)
	}
	return a.b, session.ResultOK
}

// work sends one command that carries a PIN, and puts its end into ev. The tries are asked for first: if they are not what the resident was shown, nothing is sent.
func (c *cards) work(o *order, ev *session.Event) {
	if o.current == nil || o.reply.Kind == session.Changed && o.next == nil {
		ev.Result = session.ResultFailed
		return
	}
	type answer struct {
		left int
		err  error
		sent bool
		ends time.Time
	}
	got, crd := make(chan answer, 1), c.card
	var begun atomic.Bool // set once: by the sending, or by the deadline, after which nothing is sent
	if !c.within(c.d.opts.Limits.Work, func() {
		left, err := crd.Tries(o.kind)
		if err != nil || left != o.left {
			got <- answer{left: left, err: err}
			return
		}
		if !begun.CompareAndSwap(false, true) {
			got <- answer{err: context.DeadlineExceeded}
			return
		}
		if o.reply.Kind == session.Changed {
			err = crd.Change(o.kind, o.current, o.next)
		} else {
			err = crd.Verify(o.kind, o.current)
		}
		if err == nil {
			if left, err = crd.Tries(o.kind); err != nil {
				left, err = 0, nil // done is done; only the leave-check is not offered
			}
		}
		got <- answer{left, err, true, crd.SigningEnds()}
	}) {
		if ev.Result = session.ResultLate; begun.CompareAndSwap(false, true) {
			ev.Result = session.ResultDeadline
		}
		return
	}
	a := <-got
	var try *card.TryError
	var split *card.SplitError
	switch {
	case errors.As(a.err, &try) && try.Left > 0:
		ev.Result, ev.Left = session.ResultWrong, try.Left
	case errors.As(a.err, &split) && split.Left > 0:
		c.d.log.Warn("the two halves of the register PIN differ")
		ev.Result, ev.Left = session.ResultSplit, split.Left
	case a.err != nil:
		ev.Result = resultOf(a.err)
	case a.sent:
		ev.Result, ev.Left, ev.Ends = session.ResultOK, a.left, a.ends
	case a.left == 0:
		ev.Result = session.ResultLocked
	default:
		ev.Result, ev.Left = session.ResultTries, a.left
	}
}

// leave ends the session on the card and powers it off.
func (c *cards) leave() {
	if c.link == nil {
		return
	}
	link, crd := c.link, c.card
	c.link, c.card = nil, nil
	if !c.within(c.d.opts.Limits.End, func() {
		if err := crd.End(); err != nil {
			c.d.log.Info("card did not end its session", "result", resultOf(err))
		}
		link.Close()
	}) {
		c.d.loose("abandoned link", func() { link.Close() })
		c.d.log.Error("card does not let go", "limit", c.d.opts.Limits.End)
	}
}

// resultOf sorts an error of card or reader. An interrupted command comes first: its cause is often a removal, but what it may have done counts.
func resultOf(err error) session.Result {
	var cut *card.InterruptedError
	var locked *card.LockedError
	switch {
	case err == nil:
		return session.ResultOK
	case errors.As(err, &cut) && cut.Step == card.StepChange:
		return session.ResultGoneChange
	case errors.As(err, &cut):
		return session.ResultGoneVerify
	case errors.As(err, &locked):
		return session.ResultLocked
	case errors.Is(err, card.ErrRemoved), errors.Is(err, card.ErrNoCard), errors.Is(err, card.ErrReset):
		return session.ResultGone
	case errors.Is(err, card.ErrMute):
		return session.ResultUnreadable
	case errors.Is(err, card.ErrNoReader):
		return session.ResultNoReader
	case errors.Is(err, context.DeadlineExceeded):
		return session.ResultDeadline
	default:
		return session.ResultFailed
	}
}

// noService tells a card service that is down from a reader that is not plugged in: the screen names another thing to do for each.
func noService(e card.Event) bool {
	return e.Presence == card.NoReader && e.Err != nil && (errors.Is(e.Err, card.ErrNoService) || !errors.Is(e.Err, card.ErrNoReader))
}

// readReader hands the reader's events on.
func (d *Device) readReader(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case e, ok := <-d.hw.Reader.Events():
			if !ok {
				return
			}
			if e.Err != nil {
				d.log.Error("reader", "presence", e.Presence, "cause", e.Err)
			}
			d.send(ctx, session.Event{At: e.At, Kind: session.Reader, Presence: e.Presence, Bad: noService(e)})
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"
	"time"

	"madoguchi/pinpad/pin"
)

// Card is one card in one powered session. It is not for concurrent use.
//
// Any error of the link ends the session: every later call returns it, and
// nothing more is sent. In particular a card that another program has reset
// ([ErrReset]) has forgotten its PINs; the caller starts again with a new Link
// and asks the resident, it never sends a PIN by itself.
type Card struct {
	link  Link
	woken bool  // the first command after power-up has been answered
	dirty bool  // a PIN command went out and nothing has overwritten it yet
	short bool  // the card takes short file ids
	gone  error // a lost card or session

	signingEnds time.Time // see SigningEnds
}

// New returns the card behind l. It sends nothing. Closing l stays with the
// caller, after [Card.End].
func New(l Link) *Card { return &Card{link: l} }

// selectApp makes an application current, which drops every PIN state.
func (c *Card) selectApp(aid AID) error {
	step := fmt.Sprintf("selecting application %v", aid)
	d, sw, err := c.exchange(step, selectAppAPDU(aid), maxData)
	clear(d)
	switch {
	case err != nil:
		return err
	case sw == swNotFound && aid == jpkiAP:
		return fmt.Errorf("%w: %w", ErrNotMyNumber, &StatusError{sw, step})
	case sw != swOK:
		return &StatusError{sw, step}
	}
	return nil
}

// selectFile makes a file of the current application current.
func (c *Card) selectFile(ef uint16) error {
	step := fmt.Sprintf("selecting file %04X", ef)
	d, sw, err := c.exchange(step, selectFileAPDU(ef), maxData)
	clear(d)
	if err == nil && sw != swOK {
		err = &StatusError{sw, step}
	}
	return err
}

// left asks the current file for its tries.
func (c *Card) left() (int, error) { return c.ask(triesAPDU()) }

// ask sends a question for tries.
func (c *Card) ask(cmd []byte) (int, error) {
	const step = "asking for tries left"
	_, sw, err := c.exchange(step, cmd, 0)
	if err != nil {
		return 0, err
	}
	if n, ok := tries(sw); ok {
		return n, nil
	}
	if sw == swLocked || sw == swBlocked {
		return 0, nil
	}
	return 0, &StatusError{sw, step}
}

// triesAt selects one key reference and asks for its tries.
func (c *Card) triesAt(r Ref) (int, error) {
	if err := c.selectApp(r.AP); err != nil {
		return 0, err
	}
	if err := c.selectFile(r.EF); err != nil {
		return 0, err
	}
	return c.left()
}

// Tries asks the card for the tries left of k; of 住民基本台帳用 the lower of
// its two counters. It costs no try.
func (c *Card) Tries(k Kind) (int, error) {
	if !k.Valid() {
		return 0, fmt.Errorf("asking tries of %v: %w", k, ErrUnsupported)
	}
	low := -1
	for _, r := range infos[k].Refs {
		n, err := c.triesAt(r)
		if err != nil {
			return 0, fmt.Errorf("asking tries of %v PIN: %w", k, err)
		}
		if low < 0 || n < low {
			low = n
		}
	}
	return low, nil
}

// Verify hands p to the card as the PIN k and wipes it, on every path. In
// order: p's form ([*FormError]), the card's tries ([*LockedError]), then one
// VERIFY. A wrong PIN is a [*TryError]; no readable answer an
// [*InterruptedError]; an answer of another sort a [*StatusError]. Nothing is
// ever sent twice. 住民基本台帳用 is asked of both its halves: both must hold p,
// a wrong PIN costs each one try, and halves that differ are a [*SplitError].
func (c *Card) Verify(k Kind, p *pin.PIN) error {
	defer p.Wipe()
	err := c.ready(k, p)
	if err == nil {
		if refs := infos[k].Refs; len(refs) == 2 {
			err = c.verifyHalves(k, p)
		} else {
			err = c.verify(k, refs[0], p)
		}
		if err == nil && k == KindSigning {
			p.Wipe()
			c.readSigningEnds()
		}
		c.scrub()
	}
	if err != nil {
		return fmt.Errorf("checking %v PIN: %w", k, err)
	}
	return nil
}

// Change replaces the PIN k, whose current value the holder has typed, by
// next. It wipes both, on every path. Both forms are checked before anything is
// sent. Then as [Card.Verify] with current, then the change with next alone. A
// [*StatusError] of the step "changing PIN" means that the card refused next and
// keeps current; an [*InterruptedError] of [StepChange], that either may be in
// force. 住民基本台帳用 is changed in both its halves, and halves that an earlier
// change left different are brought together: see [SplitError].
func (c *Card) Change(k Kind, current, next *pin.PIN) error {
	defer current.Wipe()
	defer next.Wipe()
	err := c.ready(k, current)
	if err == nil {
		if f := next.Fault(infos[k].NewForm); f != pin.FaultNone {
			err = &FormError{Kind: k, Fault: f, New: true}
		}
	}
	if err == nil {
		if refs := infos[k].Refs; len(refs) == 2 {
			err = c.changeHalves(k, current, next)
		} else if err = c.verify(k, refs[0], current); err == nil {
			current.Wipe()
			err = c.change(k, refs[0], next)
		}
		if err == nil && k == KindSigning {
			next.Wipe()
			c.readSigningEnds()
		}
		c.scrub()
	}
	if err != nil {
		return fmt.Errorf("changing %v PIN: %w", k, err)
	}
	return nil
}

// ready checks what can be checked without the card.
func (c *Card) ready(k Kind, p *pin.PIN) error {
	if !k.Valid() {
		return ErrUnsupported
	}
	if f := p.Fault(infos[k].Form); f != pin.FaultNone {
		return &FormError{Kind: k, Fault: f}
	}
	return nil
}

// verify asks for the tries and sends one VERIFY.
func (c *Card) verify(k Kind, ref Ref, p *pin.PIN) error {
	n, err := c.triesAt(ref)
	if err != nil {
		return err
	}
	if n == 0 {
		return &LockedError{k}
	}
	return c.try(k, p)
}

// try sends one VERIFY to the current file, whose tries were asked.
func (c *Card) try(k Kind, p *pin.PIN) error {
	sw, err := c.send(k, StepVerify, p, 0x00, 0x20, 0x00)
	if err != nil {
		return err
	}
	if left, ok := tries(sw); ok {
		return &TryError{k, left}
	}
	switch sw {
	case swOK:
		return nil
	case swLocked, swBlocked:
		return &LockedError{k}
	}
	return &StatusError{sw, "verifying PIN"}
}

// change sends the new PIN alone; the card relies on the VERIFY before it. Two
// applications want JICSAP's CHANGE KEY instead (soltia48/myna-card).
func (c *Card) change(k Kind, ref Ref, p *pin.PIN) error {
	cla, ins, p1 := byte(0x00), byte(0x24), byte(0x01)
	if ref.AP == commonAP || ref.AP == jukiAP {
		cla, ins, p1 = 0x80, 0x32, 0x00
	}
	sw, err := c.send(k, StepChange, p, cla, ins, p1)
	if err == nil && sw != swOK {
		err = &StatusError{sw, "changing PIN"}
	}
	return err
}

// send lets the page hand one command to the link: once, whatever comes back.
func (c *Card) send(k Kind, step string, p *pin.PIN, cla, ins, p1 byte) (uint16, error) {
	sent := false
	resp, err := p.Send(cla, ins, p1, 0x80, func(apdu []byte) ([]byte, error) {
		sent, c.dirty = true, true
		return c.link.Transmit(apdu)
	})
	switch {
	case err != nil && !sent:
		return 0, err
	case errors.Is(err, ErrReset):
		return 0, c.lose(err) // refused before the card saw it
	case err != nil:
		return 0, &InterruptedError{k, step, c.lose(err)}
	}
	d, sw, err := split(step, resp)
	if err != nil {
		return 0, &InterruptedError{k, step, err}
	}
	clear(d)
	return sw, nil
}

// scrubAPDU selects an application that no card has: sixteen bytes of name make
// it as long as the longest VERIFY, and its class, instruction and parameters
// are those of every other SELECT, so it can cost no try. (GET CHALLENGE is only
// five bytes long; a VERIFY of an empty file name would be a PIN command.) The
// card answers 6A82 and, for all that is known, stays where it was; nothing
// here relies on it.
func scrubAPDU() []byte {
	return []byte{0x00, 0xA4, 0x04, 0x0C, 0x10, 0xF0, 20: 0}
}

// scrub overwrites the buffers of the reader's software (libpcsclite, pcscd,
// the CCID driver, USB) that have held a PIN command. Its answer says nothing.
func (c *Card) scrub() {
	if !c.dirty || c.gone != nil {
		return
	}
	c.dirty = false
	resp, err := c.link.Transmit(scrubAPDU())
	if err != nil {
		_ = c.lose(err)
		return
	}
	clear(resp)
}

// End leaves every application that holds PINs by selecting the card manager.
// What the card answers does not matter; powering it off ([Link.Close]) comes
// after it in any case. On a session that is lost already it does nothing.
func (c *Card) End() error {
	c.signingEnds = time.Time{}
	if c.gone != nil {
		return nil
	}
	if _, err := c.link.Transmit(selectAppAPDU(isd)); err != nil {
		return fmt.Errorf("ending session: %w", c.lose(err))
	}
	return nil
}

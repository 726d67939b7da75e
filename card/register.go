// SPDX-License-Identifier: Apache-2.0

package card

import (
	"errors"
	"fmt"

	"madoguchi/pinpad/pin"
)

// The PIN that residents know as 住民基本台帳用 lies on the card twice, as the key
// 001C of 共通カードAP and of 住基AP (soltia48/myna-card), and selecting the one
// application drops what was verified in the other. Nobody can change both at
// once, so a card that is pulled between the two changes holds two PINs, and no
// question without a PIN shows it: both counters are full. Hence:
//
//   - An entry is always tried on both halves. It costs both counters the same,
//     and an entry that fits one half only is a SplitError, never a wrong PIN.
//   - A change begins when the current PIN has been right on both, so it stops
//     before the first change if anything is odd, and not between the two.
//   - If the second half refuses, the first is put back; if that fails, or the
//     card goes, the error says that either PIN may be in force.
//   - A change on split halves finishes the one that was cut: where the current
//     PIN is wrong the new one is tried, if the half has two tries or more, and
//     where that is right only the other half is changed. Typing the same two
//     PINs again finishes it, typing them the other way round undoes it.
//   - The last try of a half is never spent on a guess of ours.

// SplitError means that the two halves of a PIN hold different values, as a
// change leaves them that was cut between the two. The PIN that was typed is the
// value of one half. [Card.Change] with the earlier and the newer value, in
// either order, brings them together. errors.As also finds an
// [*InterruptedError] of [StepChange].
type SplitError struct {
	Kind Kind
	Left int // tries left of the half that the typed PIN is wrong for
}

// Error names the kind and the tries left.
func (e *SplitError) Error() string {
	return fmt.Sprintf("%v PIN: an earlier change was cut and its halves differ, %d left", e.Kind, e.Left)
}

// Unwrap returns the interruption that has led to this.
func (e *SplitError) Unwrap() error { return &InterruptedError{e.Kind, StepChange, ErrHalves} }

// halves tries p on both halves: the fuller counter first, the second half if
// they are equal, because it is current after the question. fits is the half
// that p is right for if err is a SplitError, and the half that is current and
// verified without an error. With keep, a half that has
// its last try is left alone if p has been right on the other: it may well be
// the one that p was wrong for before.
func (c *Card) halves(k Kind, p *pin.PIN, keep bool) (fits int, err error) {
	refs := infos[k].Refs
	var left [2]int
	for i, r := range refs {
		if left[i], err = c.triesAt(r); err != nil {
			return 0, err
		}
		if left[i] == 0 {
			return 0, &LockedError{k}
		}
	}
	one, other := 1, 0
	if left[0] > left[1] {
		one, other = 0, 1
		err = c.verify(k, refs[one], p)
	} else {
		err = c.try(k, p)
	}
	var first, second *TryError
	if err != nil && (!errors.As(err, &first) || first.Left == 0) {
		return 0, err
	}
	if keep && first == nil && left[other] == 1 && left[one] > 1 {
		return one, &SplitError{k, 1}
	}
	err = c.verify(k, refs[other], p)
	if err != nil && (!errors.As(err, &second) || second.Left == 0) {
		return 0, err
	}
	switch {
	case first != nil && second != nil:
		return 0, &TryError{k, min(first.Left, second.Left)}
	case first != nil:
		return other, &SplitError{k, first.Left}
	case second != nil:
		return one, &SplitError{k, second.Left}
	}
	return other, nil
}

// verifyHalves is verify for a PIN of two halves.
func (c *Card) verifyHalves(k Kind, p *pin.PIN) error {
	_, err := c.halves(k, p, false)
	return err
}

// changeHalves changes both halves, or finishes what was cut.
func (c *Card) changeHalves(k Kind, current, next *pin.PIN) error {
	fits, err := c.halves(k, current, true)
	var split *SplitError
	if errors.As(err, &split) {
		return c.mend(k, fits, split, current, next)
	}
	if err != nil {
		return err
	}
	one, other := infos[k].Refs[fits], infos[k].Refs[1-fits]
	if err := c.change(k, one, next); err != nil {
		return err // refused: nothing has changed; no answer: either may be in force
	}
	err = c.moveHalf(k, other, current, next)
	var cut *InterruptedError
	switch {
	case err == nil:
		return nil
	case c.gone != nil, errors.As(err, &cut):
		return &InterruptedError{k, StepChange, err}
	}
	if e := c.moveHalf(k, one, next, current); e != nil {
		return &InterruptedError{k, StepChange, fmt.Errorf("%w (%w), and the first half was not put back: %w", ErrHalves, err, e)}
	}
	return fmt.Errorf("second half refused, first put back: %w", err)
}

// mend finishes a change that was cut; fits is the half that current is right
// for.
func (c *Card) mend(k Kind, fits int, split *SplitError, current, next *pin.PIN) error {
	refs := infos[k].Refs
	if split.Left < 2 {
		return split // the last try is the resident's own
	}
	var wrong *TryError
	switch err := c.verify(k, refs[1-fits], next); {
	case errors.As(err, &wrong):
		return &SplitError{k, wrong.Left}
	case err != nil:
		return &InterruptedError{k, StepChange, err}
	}
	if err := c.moveHalf(k, refs[fits], current, next); err != nil {
		return &InterruptedError{k, StepChange, err}
	}
	return nil
}

// moveHalf changes one half from a PIN that is known to be right.
func (c *Card) moveHalf(k Kind, r Ref, from, to *pin.PIN) error {
	if err := c.verify(k, r, from); err != nil {
		return err
	}
	return c.change(k, r, to)
}

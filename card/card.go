// SPDX-License-Identifier: Apache-2.0

package card

import (
	"fmt"

	"madoguchi/pinpad/pin"
)

// Card is one card in one powered session. It is not for concurrent use.
type Card struct {
	link  Link
	woken bool  // the first command after power-up has been answered
	gone  error // a lost card or session; every later call returns it
}

// New returns the card behind l. It sends nothing. Closing l stays with the
// caller, after [Card.End].
func New(l Link) *Card { return &Card{link: l} }

// Verify hands p to the card as the PIN k and wipes it, on every path.
func (c *Card) Verify(k Kind, p *pin.PIN) error {
	defer p.Wipe()
	return fmt.Errorf("checking %v PIN: %w", k, ErrUnsupported)
}

// Change replaces the PIN k, whose current value the holder has typed, by
// next. It wipes both, on every path.
func (c *Card) Change(k Kind, current, next *pin.PIN) error {
	defer current.Wipe()
	defer next.Wipe()
	return fmt.Errorf("changing %v PIN: %w", k, ErrUnsupported)
}

// Tries asks for the tries left of k.
func (c *Card) Tries(k Kind) (int, error) { return 0, ErrUnsupported }

// Board reads what the card says without a PIN.
func (c *Card) Board() (Board, error) { return Board{}, ErrUnsupported }

// End leaves every application that holds PINs.
func (c *Card) End() error { return nil }

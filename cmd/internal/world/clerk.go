// SPDX-License-Identifier: Apache-2.0

package world

import (
	"fmt"
	"slices"

	"madoguchi/pinpad/pin"
)

// Clerk is a clerk of the demo with a code for everybody to read. A real code is
// typed by its clerk and kept as a hash.
type Clerk struct {
	Label string `json:"label"`
	Code  string `json:"code"`
}

var clerks = []Clerk{{"A", "2468"}, {"B", "1357"}}

// Clerks are the demo's clerks.
func Clerks() []Clerk { return slices.Clone(clerks) }

// typed puts the code where the key-pad would. The caller wipes it.
func (c Clerk) typed() (*pin.Code, error) {
	code, err := pin.NewCode()
	if err != nil {
		return nil, fmt.Errorf("making code of clerk %s: %w", c.Label, err)
	}
	for i := range len(c.Code) {
		code.Append(c.Code[i])
	}
	return code, nil
}

// hash makes the hash that the box's configuration holds.
func (c Clerk) hash() (pin.Hash, error) {
	code, err := c.typed()
	if err != nil {
		return "", err
	}
	defer code.Wipe()
	h, err := code.Hash()
	if err != nil {
		return "", fmt.Errorf("making code of clerk %s: %w", c.Label, err)
	}
	return h, nil
}

// fits reports whether a hash is that of the code.
func (c Clerk) fits(h pin.Hash) bool {
	code, err := c.typed()
	if err != nil {
		return false
	}
	defer code.Wipe()
	return code.Matches(h)
}

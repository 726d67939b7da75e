// SPDX-License-Identifier: Apache-2.0

package pcsc

import (
	"context"
	"fmt"

	"madoguchi/card"
)

// Describe names the reader that is used, the one with the card first, and tells whether it has a PIN pad of its own. An error with a name means
// that the reader did not say. Without a reader it is card.ErrNoReader.
func (r *Reader) Describe(ctx context.Context) (name string, ownPad bool, err error) {
	for _, s := range r.Slots() {
		if s.Chosen && (name == "" || s.Presence == card.Present) {
			name = s.Name
		}
	}
	if name == "" {
		return "", false, card.ErrNoReader
	}
	own, err := r.OwnPad(ctx, name)
	if err != nil {
		return name, false, fmt.Errorf("asking %s for a PIN pad: %w", name, err)
	}
	return name, own.Any(), nil
}

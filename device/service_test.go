// SPDX-License-Identifier: Apache-2.0

package device

import (
	"errors"
	"fmt"
	"testing"

	"madoguchi/card"
)

// TestNoService: the screen must not send people to look for a cable when the card service is down.
func TestNoService(t *testing.T) {
	for _, tc := range []struct {
		name string
		e    card.Event
		want bool
	}{
		{"reader not plugged in", card.Event{Presence: card.NoReader, Err: fmt.Errorf("%w: plug it in", card.ErrNoReader)}, false},
		{"reader, no cause", card.Event{Presence: card.NoReader}, false},
		{"pcscd down, as card/pcsc says it", card.Event{Presence: card.NoReader, Err: fmt.Errorf("reaching card service: %w: %w", card.ErrNoReader, card.ErrNoService)}, true},
		{"pcscd failing", card.Event{Presence: card.NoReader, Err: errors.New("internal error")}, true},
		{"card", card.Event{Presence: card.Present}, false},
	} {
		if got := noService(tc.e); got != tc.want {
			t.Errorf("%s: %v, want %v", tc.name, got, tc.want)
		}
	}
}

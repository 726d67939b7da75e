// SPDX-License-Identifier: Apache-2.0

package card_test

import (
	"testing"

	"madoguchi/card"
)

// TestDeliver: a receiver that is late still learns how things stand, and the sender never waits.
func TestDeliver(t *testing.T) {
	events := make(chan card.Event, 2)
	for _, p := range []card.Presence{card.NoReader, card.Empty, card.Present, card.Mute} {
		card.Event{Presence: p}.Deliver(events)
	}
	for _, want := range []card.Presence{card.Present, card.Mute} {
		if got := (<-events).Presence; got != want {
			t.Errorf("received %v, want %v", got, want)
		}
	}
}

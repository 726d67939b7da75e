// SPDX-License-Identifier: Apache-2.0

package session_test

import (
	"fmt"
	"time"

	"madoguchi/card"
	"madoguchi/device/session"
)

// A card is laid down at rest: it is read, and its board goes when the card goes.
func Example() {
	at := time.Date(2026, 11, 24, 10, 0, 0, 0, time.UTC)
	s := session.New(session.Config{Office: "市民課"})
	for _, ev := range []session.Event{
		{Kind: session.Start},
		{Kind: session.Reader, Presence: card.Empty},
		{Kind: session.Reader, Presence: card.Present},
		{Kind: session.BoardRead, No: 1, Board: card.Board{Species: card.SpeciesMyNumber}},
		{Kind: session.Reader, Presence: card.Empty},
	} {
		at = at.Add(time.Second)
		ev.At = at
		var effects []session.Effect
		s, effects = session.Step(s, ev)
		fmt.Print(ev.Kind, " →")
		for _, e := range effects {
			if e, ok := e.(session.Show); ok {
				fmt.Print(" ", e.Screen.ID)
				continue
			}
			fmt.Printf(" %T", e)
		}
		fmt.Println()
	}
	// Output:
	// start → idle session.Keys
	// reader →
	// reader → session.ReadBoard idle.reading
	// board_read → session.EndCard session.Look idle.board
	// reader → idle
}

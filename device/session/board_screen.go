// SPDX-License-Identifier: Apache-2.0

package session

import (
	"time"

	"madoguchi/card"
	"madoguchi/display"
)

// renewable is how long before its end a certificate can be renewed: three months before the holder's birthday, as the end dates fall on it.
const renewable = 3

// putBoard puts the tries board into f.
func (m *machine) putBoard(f *display.Facts) {
	f.Species = string(m.board.Species)
	for _, k := range card.Kinds() {
		t := m.board.Of(k)
		f.Board = append(f.Board, display.BoardRow{Kind: k.String(), Left: t.Left, Max: t.Max, Present: m.has(k), Known: t.Known, Differs: t.Differ})
	}
	f.EndState = "none"
	if m.board.HasAuth {
		f.EndState = m.endState(m.board.AuthEnds)
	}
	if f.EndState != "none" && !m.board.AuthEnds.IsZero() {
		f.Ends = display.DateOf(m.board.AuthEnds)
	}
}

// putAbsent tells the clerk which PINs the card lacks, and no counter.
func (m *machine) putAbsent(f *display.Facts) {
	if !m.known {
		return
	}
	for _, k := range card.Kinds() {
		f.Board = append(f.Board, display.BoardRow{Kind: k.String(), Present: m.has(k)})
	}
}

// has tells whether the card has a PIN of kind k that opens something.
func (s State) has(k card.Kind) bool {
	switch {
	case s.board.Species == card.SpeciesFaceAuth:
		return false
	case k == card.KindSigning:
		return s.board.HasSigning
	case k == card.KindLogin:
		return s.board.HasAuth
	default: // every My Number Card has them; what cannot be read is shown as unknown, not as absent
		return true
	}
}

// endState says how a certificate's end stands to today. Both are dates, not instants.
func (m *machine) endState(ends time.Time) string {
	if ends.IsZero() || m.dateOpen() { // nobody knows what day it is: what has expired cannot be judged
		return ""
	}
	d := m.today()
	today := time.Date(d.Year, time.Month(d.Month), d.Day, 0, 0, 0, 0, time.UTC)
	switch {
	case today.After(ends):
		return "expired"
	case !today.Before(ends.AddDate(0, -renewable, 0)):
		return "soon"
	default:
		return "valid"
	}
}

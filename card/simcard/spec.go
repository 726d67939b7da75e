// SPDX-License-Identifier: Apache-2.0

package simcard

import (
	"time"

	"madoguchi/card"
)

// Profile is the sort of card.
type Profile uint8

// The profiles.
const (
	MyNumber Profile = iota // all applications, the rules of a physical card
	Licence                 // a card that knows no JPKI application
	// SimulatedIssuer is MyNumber and also obeys an issuer that does not exist
	// (see [IssuerKey]). No physical card answers like this. Off by default.
	SimulatedIssuer
)

// Spec describes a card to be made.
type Spec struct {
	Profile Profile
	ATR     []byte // nil: the contact card's
	Label   string // token label; "": JPKIAPICCTOKEN2
	// PINs as they are typed, upper case; a kind that is missing has a PIN that
	// nobody knows.
	PINs map[card.Kind]string
	// Left sets tries left at first; a kind that is missing has all of them.
	Left map[card.Kind]int
	// JukiLeft, if not nil, is the counter of the second half of the register
	// PIN (住基AP); else Left holds for both.
	JukiLeft *int
	// NoSigning and NoAuth leave a certificate out.
	NoSigning, NoAuth bool
	// Ends is the last day of the certificates in Japan (only its date counts).
	// Zero: 2030-01-15.
	Ends time.Time
	// Seed makes two cards different; equal specs make equal cards.
	Seed uint64
	// Mute makes a card that does not answer to reset.
	Mute bool
	// Sluggish makes the first command after power-up fail with 6F00, as one
	// physical card did (soltia48/myna-card, src/transport/pcsc.rs).
	Sluggish bool
}

// Header is what a log may keep of a command.
type Header struct{ CLA, INS, P1, P2 byte }

// Text is a short text for the front panel.
type Text struct {
	JA string `json:"ja"`
	EN string `json:"en"`
}

// Sample is one card of the front panel.
type Sample struct {
	ID    string
	Title Text
	What  Text // what it is for
	PINs  map[card.Kind]string
	Spec  Spec
	// Suspended: its holder has telephoned. The card knows nothing of it.
	Suspended bool
}

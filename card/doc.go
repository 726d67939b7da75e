// SPDX-License-Identifier: Apache-2.0

// Package card drives the My Number Card (マイナンバーカード) over ISO 7816-4
// command APDUs with JICSAP habits: it tells which card lies in the reader,
// reads what the card says without a PIN (tries left for each PIN, which
// certificates exist, the day the login certificate ends), checks a PIN and
// changes one whose current value the holder has typed. The facts about
// applications, files and status words come from public programs that were
// tried on physical cards: jpki/myna, OpenSC's card-jpki.c, soltia48/myna-card.
//
// The order is always the same: the PIN's form is checked, the card is asked
// for its tries, and only then is the PIN sent, once. Whoever is handed a PIN
// wipes it, on every path. A PIN goes from its locked page to [Link.Transmit]
// and nowhere else; after it a harmless command of the same or greater length
// overwrites what the reader's software may have kept of it.
//
// One PIN, 住民基本台帳用, lies on the card in two halves that no command changes
// together. Its checks and changes go to both, in an order in which a card that
// is pulled between the two is found out and brought together: [SplitError].
//
// The package does not unlock, reset, sign or issue on a physical card: only the
// issuer's terminal can unlock, and nothing here needs a signature. What issue.go
// sends is for cards that say of themselves that they are simulated. The package keeps no certificate, no
// name, no serial number. Presence, removal and power belong to the reader
// (card/pcsc); a simulated card is card/simcard.
package card

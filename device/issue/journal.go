// SPDX-License-Identifier: Apache-2.0

package issue

import (
	"encoding/binary"
	"errors"
	"fmt"

	"madoguchi/sync/issuer"
)

// Mark is how far an operation had come when its journal was written.
type Mark uint8

// The marks.
const (
	_       Mark = iota
	Asked        // the authority may have granted it; the card's last command was not sent
	Sent         // the card's last command is about to be sent, or was
	Settled      // the card has answered it: the proof is in the journal
)

// Journal is what the box keeps of an open operation. It holds no PIN, no number of the card and no certificate. The bond is a hash over the card's number among others, so that the
// same card can be told from another one.
type Journal struct {
	Mark  Mark
	Open  issuer.Open
	Ready issuer.Ready // the first one: the bond is reckoned with it
	Nonce issuer.Nonce // for proofs: that of the latest Ready
	Bond  issuer.Bond
	Proof issuer.Proof // with Settled; it names the card, and lies here until the authority has it
}

// journalVersion begins every journal.
const journalVersion = 1

// JournalSize is the size of every journal in bytes.
var JournalSize = 1 + binary.Size(Journal{})

// Encode writes a journal: JournalSize bytes.
func (j Journal) Encode() []byte {
	b, _ := binary.Append([]byte{journalVersion}, binary.BigEndian, j) // fixed sizes into a slice
	return b
}

// DecodeJournal reads what Encode wrote.
func DecodeJournal(b []byte) (j Journal, err error) {
	if len(b) != JournalSize || b[0] != journalVersion {
		return j, fmt.Errorf("reading journal of an operation: %d bytes, want %d of version %d", len(b), JournalSize, journalVersion)
	}
	if _, err := binary.Decode(b[1:], binary.BigEndian, &j); err != nil {
		return Journal{}, fmt.Errorf("reading journal of an operation: %w", err)
	}
	if err := j.Open.Order.Check(); err != nil || j.Mark < Asked || j.Mark > Settled || j.Open.Token == (issuer.Token{}) || (j.Mark == Settled) != (j.Proof != issuer.Proof{}) {
		return Journal{}, errors.Join(errors.New("reading journal of an operation: it contradicts itself"), err)
	}
	return j, nil
}

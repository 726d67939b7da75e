// SPDX-License-Identifier: Apache-2.0

package issuer

import (
	"bytes"
	"encoding/json"
	"fmt"
)

// entryWire is an entry in a book: as it is, but for the answer, which is written as it travels.
type entryWire struct {
	Entry
	Answer []byte
}

// Encode writes an entry for a book.
func (e Entry) Encode() ([]byte, error) {
	w := entryWire{Entry: e}
	w.Entry.Answer = nil
	if e.Answer != nil {
		var err error
		if w.Answer, err = encode(e.Answer); err != nil {
			return nil, fmt.Errorf("writing entry: %w", err)
		}
	}
	b, err := json.Marshal(w)
	if err != nil {
		return nil, fmt.Errorf("writing entry: %w", err)
	}
	return b, nil
}

// DecodeEntry reads what Encode wrote.
func DecodeEntry(b []byte) (Entry, error) {
	var w entryWire
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return Entry{}, fmt.Errorf("reading entry: %w", err)
	}
	if w.Answer != nil {
		var err error
		if w.Entry.Answer, err = decode(w.Answer, down); err != nil {
			return Entry{}, fmt.Errorf("reading entry: %w", err)
		}
	}
	return w.Entry, nil
}

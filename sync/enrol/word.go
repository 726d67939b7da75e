// SPDX-License-Identifier: Apache-2.0

package enrol

import (
	"errors"
	"fmt"
)

const wordSchema = "madoguchi.enrol.word/1"

// Word is what the network side of a box tells the PIN side of its identity, the body of a wall.Enrol frame: all that it knows, at every change and at the beginning of
// every connection. The other way the frame carries a [Request], which the network side publishes as it is.
type Word struct {
	Schema      string `json:"s"`
	CSR         []byte `json:"csr,omitempty"`         // of the key that it has drawn; empty: it draws none, for it has a certificate
	Line        Line   `json:"line,omitempty"`        // why there is no line to the broker; empty: there is one
	Answer      []byte `json:"answer,omitempty"`      // the newest of the fleet, as it came
	Certificate []byte `json:"certificate,omitempty"` // the box's, stored; DER
}

// Line is why a new box does not reach its broker: stable, for the panel.
type Line string

// The lines.
const (
	LineUp        Line = ""
	LineTrying    Line = "trying"    // the first connection is being made
	LineResolve   Line = "resolve"   // the broker's name has no address
	LineReach     Line = "reach"     // nobody answers at the address
	LineClock     Line = "clock"     // by the box's clock the broker's certificate is not valid
	LineAuthority Line = "authority" // the broker's certificate is not of the city's authority, or for another name
	LineRefused   Line = "refused"   // the broker does not let the box in
)

// Lines are all of them but LineUp.
var Lines = []Line{LineTrying, LineResolve, LineReach, LineClock, LineAuthority, LineRefused}

// Encode writes a word.
func (w Word) Encode() ([]byte, error) {
	w.Schema = wordSchema
	return encode(w)
}

// ParseWord reads a word.
func ParseWord(raw []byte) (Word, error) {
	var w Word
	if err := decode(raw, &w); err != nil || w.Schema != wordSchema {
		return w, errors.Join(errors.New("parsing word: not "+wordSchema), err)
	}
	known := w.Line == LineUp
	for _, l := range Lines {
		known = known || w.Line == l
	}
	if !known {
		return w, fmt.Errorf("parsing word: line %q", w.Line)
	}
	return w, nil
}

// DecodeRequest reads a stored request without checking its CSR.
func DecodeRequest(raw []byte) (Request, error) {
	var r Request
	if err := decode(raw, &r); err != nil || r.Schema != requestSchema {
		return r, errors.Join(errors.New("reading request: not "+requestSchema), err)
	}
	return r, nil
}

// Ask makes the first request of a CSR that the network side has made: the PIN side has the code, and never the key.
func Ask(f File, codeKey, csr []byte) (Request, error) {
	r := Request{requestSchema, f.Serial, csr, CodeProof(codeKey, csr)}
	text, err := r.Encode()
	if err != nil {
		return r, err
	}
	_, _, err = ParseRequest(text, f.Device)
	return r, err
}

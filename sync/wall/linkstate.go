// SPDX-License-Identifier: Apache-2.0

package wall

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"
)

// State is how far the line to city hall reaches.
type State string

// The states of the line.
const (
	Down      State = "down"      // no broker
	Untrusted State = "untrusted" // who answers shows a certificate that is over, not yet valid, of another authority or for another name
	Refused   State = "refused"   // the broker does not let this box in
	NoHost    State = "no_host"   // the broker is there, city hall's collector says that it is not
	Up        State = "up"        // records may be sent
)

// LinkState is the network side's word on the line. It is a hint and never a reason to delete a record.
type LinkState struct {
	State       State
	Since       time.Time // when this state began, by the network side's clock, whole seconds; zero: unknown
	Fingerprint string    // the client certificate's, 16 hex digits; empty on a line without TLS
	TimeHint    time.Time // what the network says the time is, whole seconds; zero: it says nothing
}

// linkSchema is the schema name of a link state.
const linkSchema = "madoguchi.link/1"

type linkWire struct {
	Fingerprint string `json:"fingerprint"`
	Schema      string `json:"s"`
	Since       int64  `json:"since"`
	State       State  `json:"state"`
	TimeHint    int64  `json:"time_hint"`
}

// maxUnix keeps times in years that a box can live in (to 2105).
const maxUnix = 1<<32 - 1

func toUnix(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}

func fromUnix(s int64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(s, 0).UTC()
}

func (w linkWire) check() error {
	switch w.State {
	case Down, Untrusted, Refused, NoHost, Up:
	default:
		return errors.New("unknown state")
	}
	if w.Since < 0 || w.Since > maxUnix || w.TimeHint < 0 || w.TimeHint > maxUnix {
		return errors.New("time out of range")
	}
	if len(w.Fingerprint) != 0 && len(w.Fingerprint) != 16 {
		return fmt.Errorf("fingerprint has %d digits, want 16 or none", len(w.Fingerprint))
	}
	for _, c := range []byte(w.Fingerprint) {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return errors.New("fingerprint is not in small hex digits")
		}
	}
	return nil
}

// Encode is the canonical JSON of s, the body of a Link frame.
func (s LinkState) Encode() ([]byte, error) {
	w := linkWire{s.Fingerprint, linkSchema, toUnix(s.Since), s.State, toUnix(s.TimeHint)}
	if err := w.check(); err != nil {
		return nil, fmt.Errorf("encoding link state: %w", err)
	}
	return json.Marshal(w)
}

// DecodeLinkState reads the body of a Link frame and refuses everything that Encode would have written otherwise.
func DecodeLinkState(body []byte) (LinkState, error) {
	var w linkWire
	if err := json.Unmarshal(body, &w); err != nil {
		return LinkState{}, fmt.Errorf("decoding link state: %w", err)
	}
	if w.Schema != linkSchema {
		return LinkState{}, fmt.Errorf("decoding link state: schema is not %s", linkSchema)
	}
	s := LinkState{w.State, fromUnix(w.Since), w.Fingerprint, fromUnix(w.TimeHint)}
	again, err := s.Encode()
	if err != nil {
		return LinkState{}, fmt.Errorf("decoding link state: %w", err)
	}
	if !bytes.Equal(again, body) {
		return LinkState{}, errors.New("decoding link state: not in canonical form")
	}
	return s, nil
}

// SPDX-License-Identifier: Apache-2.0

package link

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Topics are the topics of one box. No name of an office or a person is in them.
type Topics struct {
	Presence, Reported, Rec, ClaimPut, ClaimGet, IssuerUp, Req, EnrolUp string // up
	Ack, Desired, Claim, IssuerDown, Chunk, EnrolDown, Host             string // down
}

// NewTopics makes the topics of a device in a city.
func NewTopics(city, device string) Topics {
	own := "mg/1/" + city + "/d/" + device + "/"
	return Topics{
		Presence: own + "presence", Reported: own + "reported", Rec: own + "rec",
		ClaimPut: own + "claim/put", ClaimGet: own + "claim/get", Claim: own + "claim",
		IssuerUp: own + "issuer/up", IssuerDown: own + "issuer/down",
		Req: own + "req", Chunk: own + "chunk",
		EnrolUp: own + "enrol/up", EnrolDown: own + "enrol/down",
		Ack: own + "ack", Desired: own + "desired", Host: "mg/1/" + city + "/host/state",
	}
}

// presence is what the box says of its connection; the broker says it with online false in its place when the connection is lost. session counts the box's connections, so
// that a will that comes late is seen to be of an older one. group is the office group, for a city hall that has not heard of the box before; empty: not said.
func presence(group string, online bool, session uint64) []byte {
	b := []byte("{")
	if group != "" {
		b = fmt.Appendf(b, `"group":"%s",`, group)
	}
	return fmt.Appendf(b, `"online":%t,"session":%d}`, online, session)
}

// hostSchema is the schema name of city hall's state.
const hostSchema = "madoguchi.host/1"

// hostOnline reads city hall's own state: whether it takes records now.
func hostOnline(text []byte) (bool, error) {
	if len(text) > 256 {
		return false, fmt.Errorf("reading city hall's state: %d bytes are more than 256", len(text))
	}
	var w struct {
		Online  bool   `json:"online"`
		Schema  string `json:"s"`
		Session uint64 `json:"session"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&w); err != nil {
		return false, fmt.Errorf("reading city hall's state: %w", err)
	}
	if w.Schema != hostSchema || d.More() {
		return false, errors.New("reading city hall's state: not " + hostSchema)
	}
	return w.Online, nil
}

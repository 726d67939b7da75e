// SPDX-License-Identifier: Apache-2.0

package wall

import "fmt"

// Type is the type of a frame.
type Type uint8

// The frame types. "Out" is from the PIN side to the network side.
const (
	_        Type = iota
	Records       // out: a record.Batch
	Reported      // out: the box's state document
	Ack           // in: a signed record.Ack
	Link          // in: a LinkState
	Want          // out: wants a part of an update object
	Bytes         // in: a part of an update object
	Desired       // in: the signed assignment for this box
	Issuer        // both: a message of the issuer link
	ClaimPut      // out: stores a claim
	ClaimGet      // out: asks for a claim
	Claim         // in: the answer to ClaimGet
	Enrol         // out: a new box's request for a certificate; in: an enrol.Word
	Wipe          // out: what a box that is being wiped wants of its network side, an enrol.Farewell; in: an enrol.Gone
)

// Side is one end of the wall.
type Side uint8

// The sides.
const (
	_       Side = iota
	Counter      // the PIN side
	Network      // the network side
)

// String is "counter" or "network".
func (s Side) String() string {
	switch s {
	case Counter:
		return "counter"
	case Network:
		return "network"
	}
	return fmt.Sprintf("side(%d)", uint8(s))
}

// The largest body of any frame, in bytes: a Bytes frame of 64 KiB and its head.
const MaxBody = 64<<10 + 128

// kind is what the wall knows of a type: its name and the most bytes its body may have in each direction; 0: it does not run that way.
type kind struct {
	name    string
	out, in int
}

var kinds = [...]kind{
	Records:  {"records", 32 << 10, 0},
	Reported: {"reported", 4 << 10, 0},
	Ack:      {"ack", 0, 512},
	Link:     {"linkstate", 0, 512},
	Want:     {"want", 256, 0},
	Bytes:    {"bytes", 0, MaxBody},
	Desired:  {"desired", 0, 8 << 10},
	Issuer:   {"issuer", 4 << 10, 4 << 10},
	ClaimPut: {"claim_put", 512, 0},
	ClaimGet: {"claim_get", 512, 0},
	Claim:    {"claim", 0, 512},
	Enrol:    {"enrol", 4 << 10, 4 << 10},
	Wipe:     {"wipe", 1 << 10, 64},
}

// String is the name of t, such as "records".
func (t Type) String() string {
	if int(t) < len(kinds) && kinds[t].name != "" {
		return kinds[t].name
	}
	return fmt.Sprintf("type(%d)", uint8(t))
}

// Limit is the most bytes that a body of type t may have when from sends it; 0: from may not send t.
func (t Type) Limit(from Side) int {
	if int(t) >= len(kinds) {
		return 0
	}
	switch from {
	case Counter:
		return kinds[t].out
	case Network:
		return kinds[t].in
	}
	return 0
}

// Types lists every frame type.
func Types() []Type {
	var all []Type
	for t := Records; int(t) < len(kinds); t++ {
		all = append(all, t)
	}
	return all
}

// Frame is one message over the wall. The body belongs to the receiver.
type Frame struct {
	Type Type
	Body []byte
}

// RefusedError says why a frame was refused. After it the connection is closed.
type RefusedError struct {
	From   Side   // who sent it or wanted to
	Type   Type   // as given
	Len    uint32 // announced length of the body in bytes
	Reason Reason
}

// Reason is why a frame was refused.
type Reason uint8

// The reasons.
const (
	_         Reason = iota
	WrongType        // unknown, or it does not run this way
	WrongSize        // empty, or over the limit of its type
)

// String is "wrong type" or "wrong size".
func (r Reason) String() string {
	switch r {
	case WrongType:
		return "wrong type"
	case WrongSize:
		return "wrong size"
	}
	return fmt.Sprintf("reason(%d)", uint8(r))
}

// Error names the frame, never its content.
func (e *RefusedError) Error() string {
	return fmt.Sprintf("refusing %v frame of %d bytes from the %v side: %v", e.Type, e.Len, e.From, e.Reason)
}

// check says whether from may send a body of n bytes as type t.
func check(from Side, t Type, n uint32) error {
	limit := t.Limit(from)
	switch {
	case limit == 0:
		return &RefusedError{From: from, Type: t, Len: n, Reason: WrongType}
	case n == 0 || n > uint32(limit):
		return &RefusedError{From: from, Type: t, Len: n, Reason: WrongSize}
	}
	return nil
}

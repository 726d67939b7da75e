// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// Limits of an acknowledgement. With these a signed one never has more than MaxAckSize bytes.
const (
	MaxAckSize    = 512 // bytes of the signed envelope
	MaxMissing    = 8   // gaps named in one acknowledgement
	MaxMissingGap = 9999
	MaxRejected   = 4  // rejections named in one acknowledgement
	MaxDeviceName = 32 // bytes of a device id
)

// Code says why city hall rejected a record.
type Code uint8

// The reject codes.
const (
	_              Code = iota
	BadRecord           // the record did not pass the schema gate
	UnknownValue        // a value that the policy of its week does not know
	ConflictingDup      // the same number arrived earlier with other content: tampering, or two boxes with one identity
)

var codes = names("reject code", "", "bad_record", "unknown_value", "conflicting_duplicate")

// String is the code's name, such as "bad_record". In JSON it is a number, for room.
func (c Code) String() string { return codes.name(uint8(c)) }

// Valid says whether c is one of the codes above.
func (c Code) Valid() bool { return codes.valid(uint8(c)) }

// Reject names a record that city hall will never take. The outbox moves it to its dead list.
type Reject struct {
	Seq  uint64
	Code Code
}

// Ack is city hall's cumulative receipt for one outbox.
//
// Every record up to and including Upto is dealt with: stored and synced to disk, or rejected. Records up to Durable are also in a verified backup and need
// not be kept by the box. Missing names up to MaxMissing gaps above Upto, at most MaxMissingGap above it: the box sends these first. Rejected repeats the last MaxRejected
// rejections of the epoch in every receipt, because a receipt is retained by the broker and replaces the one before it.
//
// Hall numbers the lives of city hall's database: it is raised when the database is made and when it is restored from a backup, by the clock's seconds, and never
// goes back. A receipt with a higher Hall may speak of fewer records than one before it, and the box sends again what is missing then; one with a lower Hall is
// stale. 0: city hall does not say.
type Ack struct {
	Device   string // device id: 1 to 32 of a–z 0–9 -
	Epoch    uint64
	Hall     uint32
	Upto     uint64
	Durable  uint64
	Missing  []uint64 // ascending
	Rejected []Reject // ascending by Seq
}

// ValidDevice says whether id can be a device id: 1 to MaxDeviceName of a–z, 0–9 and '-'. It is part of topics, so no '/', '+' or '#'.
func ValidDevice(id string) bool {
	if len(id) == 0 || len(id) > MaxDeviceName {
		return false
	}
	for _, c := range []byte(id) {
		if (c < 'a' || c > 'z') && (c < '0' || c > '9') && c != '-' {
			return false
		}
	}
	return true
}

func (a Ack) check() error {
	switch {
	case !ValidDevice(a.Device):
		return fmt.Errorf("device id %q is not 1 to %d of a–z 0–9 -", clip(a.Device), MaxDeviceName)
	case a.Epoch == 0:
		return fmt.Errorf("epoch is 0")
	case a.Upto > MaxSeq:
		return fmt.Errorf("upto %d is more than %d", a.Upto, uint64(MaxSeq))
	case a.Durable > a.Upto:
		return fmt.Errorf("durable %d is more than upto %d", a.Durable, a.Upto)
	case len(a.Missing) > MaxMissing:
		return fmt.Errorf("%d missing are more than %d", len(a.Missing), MaxMissing)
	case len(a.Rejected) > MaxRejected:
		return fmt.Errorf("%d rejected are more than %d", len(a.Rejected), MaxRejected)
	}
	last := a.Upto
	for _, seq := range a.Missing {
		if seq <= last || seq > a.Upto+MaxMissingGap || seq > MaxSeq {
			return fmt.Errorf("missing %d is not in order or not in %d to %d", seq, a.Upto+1, a.Upto+MaxMissingGap)
		}
		last = seq
	}
	last = 0
	for _, r := range a.Rejected {
		if r.Seq <= last || r.Seq > MaxSeq {
			return fmt.Errorf("rejected %d is not in order or not in 1 to %d", r.Seq, uint64(MaxSeq))
		}
		if !r.Code.Valid() {
			return fmt.Errorf("rejected %d: unknown %v", r.Seq, r.Code)
		}
		last = r.Seq
	}
	return nil
}

// encode is the canonical JSON of a: missing numbers as distances from upto, for room.
func (a Ack) encode() ([]byte, error) {
	if err := a.check(); err != nil {
		return nil, err
	}
	b := append(make([]byte, 0, 256), `{"device":"`...)
	b = append(b, a.Device...)
	b = append(b, `","durable":`...)
	b = strconv.AppendUint(b, a.Durable, 10)
	b = append(b, `,"epoch":"`...)
	b = appendEpoch(b, a.Epoch)
	b = fmt.Appendf(b, `","hall":"%08x","missing":[`, a.Hall)
	for i, seq := range a.Missing {
		if i > 0 {
			b = append(b, ',')
		}
		b = strconv.AppendUint(b, seq-a.Upto, 10)
	}
	b = append(b, `],"rejected":[`...)
	for i, r := range a.Rejected {
		if i > 0 {
			b = append(b, ',')
		}
		b = fmt.Appendf(b, "[%d,%d]", r.Seq, uint8(r.Code))
	}
	b = append(b, `],"upto":`...)
	b = strconv.AppendUint(b, a.Upto, 10)
	return append(b, '}'), nil
}

func decodeAck(text []byte) (Ack, error) {
	var w struct {
		Device   string      `json:"device"`
		Durable  uint64      `json:"durable"`
		Epoch    string      `json:"epoch"`
		Hall     string      `json:"hall"`
		Missing  []uint64    `json:"missing"`
		Rejected [][2]uint64 `json:"rejected"`
		Upto     uint64      `json:"upto"`
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return Ack{}, err
	}
	a := Ack{Device: w.Device, Upto: w.Upto, Durable: w.Durable}
	var err error
	if a.Epoch, err = parseEpoch(w.Epoch); err != nil {
		return Ack{}, err
	}
	hall, err := strconv.ParseUint(w.Hall, 16, 32)
	if err != nil {
		return Ack{}, fmt.Errorf("reading hall: %w", err)
	}
	a.Hall = uint32(hall)
	for _, d := range w.Missing {
		if d > MaxMissingGap {
			return Ack{}, fmt.Errorf("missing distance %d is more than %d", d, MaxMissingGap)
		}
		a.Missing = append(a.Missing, a.Upto+d)
	}
	for _, r := range w.Rejected {
		if r[1] > 255 {
			return Ack{}, fmt.Errorf("reject code %d is unknown", r[1])
		}
		a.Rejected = append(a.Rejected, Reject{r[0], Code(r[1])})
	}
	again, err := a.encode()
	if err != nil {
		return Ack{}, err
	}
	if !bytes.Equal(again, text) {
		return Ack{}, ErrNotCanonical
	}
	return a, nil
}

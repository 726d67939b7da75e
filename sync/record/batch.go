// SPDX-License-Identifier: Apache-2.0

package record

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
)

// BatchSchema is the schema name of a batch.
const BatchSchema = "madoguchi.batch/1"

// Limits of a batch.
const (
	MaxBatchSize = 32 << 10             // bytes of canonical JSON: the wall's limit for a records frame
	MaxSeq       = 9_999_999_999        // highest sequence number; a box at 1,000 records a day needs 27,000 years
	MaxRecords   = 64                   // records in a batch: the window of the outbox
	batchRoom    = MaxRecords * MaxSize // what the records of a batch can take at most
)

var _ [MaxBatchSize - batchRoom - 256]byte // a full batch always fits

// Batch carries records from one outbox. The records are numbered First, First+1 and so on, inside Epoch. Which device sent it is not written in it: that is said by
// the connection's certificate and the topic.
type Batch struct {
	Epoch   uint64 // the outbox file's random number, not 0
	First   uint64 // sequence number of Records[0], from 1
	Policy  uint32 // version of the policy in force when the batch was made, 0 if none
	Records []Record
}

// Last is the sequence number of the last record.
func (b Batch) Last() uint64 { return b.First + uint64(len(b.Records)) - 1 }

func (b Batch) check() error {
	switch {
	case b.Epoch == 0:
		return fmt.Errorf("epoch is 0")
	case b.First == 0 || b.First > MaxSeq-MaxRecords:
		return fmt.Errorf("first sequence number %d is not in 1 to %d", b.First, uint64(MaxSeq-MaxRecords))
	case len(b.Records) == 0 || len(b.Records) > MaxRecords:
		return fmt.Errorf("%d records are not in 1 to %d", len(b.Records), MaxRecords)
	}
	seen := make(map[ID]bool, len(b.Records))
	for i, r := range b.Records {
		if err := r.check(); err != nil {
			return fmt.Errorf("record %d: %w", i, err)
		}
		if seen[r.id] {
			return fmt.Errorf("record %d: its random number stands twice in the batch", i)
		}
		seen[r.id] = true
	}
	return nil
}

// Encode is the canonical JSON of b, at most MaxBatchSize bytes. A batch without epoch, number or records, with too many records or with one twice is an error.
func (b Batch) Encode() ([]byte, error) {
	if err := b.check(); err != nil {
		return nil, fmt.Errorf("encoding batch: %w", err)
	}
	return b.append(make([]byte, 0, 256+len(b.Records)*MaxSize)), nil
}

func (b Batch) append(out []byte) []byte {
	out = append(out, `{"epoch":"`...)
	out = appendEpoch(out, b.Epoch)
	out = append(out, `","first":`...)
	out = strconv.AppendUint(out, b.First, 10)
	out = append(out, `,"policy":`...)
	out = strconv.AppendUint(out, uint64(b.Policy), 10)
	out = append(out, `,"records":[`...)
	for i, r := range b.Records {
		if i > 0 {
			out = append(out, ',')
		}
		out = r.append(out)
	}
	return append(out, `],"s":"`+BatchSchema+`"}`...)
}

// appendEpoch writes an epoch as 16 hex digits: JSON numbers are safe up to 2^53 only.
func appendEpoch(b []byte, epoch uint64) []byte { return fmt.Appendf(b, "%016x", epoch) }

func parseEpoch(s string) (uint64, error) {
	if len(s) != 16 {
		return 0, fmt.Errorf("epoch has %d digits, want 16", len(s))
	}
	v, err := strconv.ParseUint(s, 16, 64)
	if err != nil {
		return 0, fmt.Errorf("reading epoch: %w", err)
	}
	return v, nil
}

// DecodeBatch reads canonical JSON as Batch.Encode writes it, and refuses everything else, also if one record of it is bad.
func DecodeBatch(text []byte) (Batch, error) {
	if len(text) > MaxBatchSize {
		return Batch{}, fmt.Errorf("decoding batch: %d bytes are more than %d", len(text), MaxBatchSize)
	}
	var w struct {
		Epoch   string `json:"epoch"`
		First   uint64 `json:"first"`
		Policy  uint32 `json:"policy"`
		Records []wire `json:"records"`
		Schema  string `json:"s"`
	}
	if err := json.Unmarshal(text, &w); err != nil {
		return Batch{}, fmt.Errorf("decoding batch: %w", err)
	}
	if w.Schema != BatchSchema {
		return Batch{}, fmt.Errorf("decoding batch: schema %q is not %s", clip(w.Schema), BatchSchema)
	}
	b := Batch{First: w.First, Policy: w.Policy}
	var err error
	if b.Epoch, err = parseEpoch(w.Epoch); err != nil {
		return Batch{}, fmt.Errorf("decoding batch: %w", err)
	}
	for i, rw := range w.Records {
		r, err := rw.record()
		if err != nil {
			return Batch{}, fmt.Errorf("decoding batch: record %d: %w", i, err)
		}
		b.Records = append(b.Records, r)
	}
	again, err := b.Encode()
	if err != nil {
		return Batch{}, fmt.Errorf("decoding batch: %w", err)
	}
	if !bytes.Equal(again, text) {
		return Batch{}, fmt.Errorf("decoding batch: %w", ErrNotCanonical)
	}
	return b, nil
}

// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

// topics of one city.
type topics struct{ city string }

func (t topics) all(what string) string        { return "mg/1/" + t.city + "/d/+/" + what }
func (t topics) device(id, what string) string { return "mg/1/" + t.city + "/d/" + id + "/" + what }
func (t topics) host() string                  { return "mg/1/" + t.city + "/host/state" }
func (t topics) deviceOf(topic, what string) (string, bool) {
	id, ok := strings.CutPrefix(topic, "mg/1/"+t.city+"/d/")
	if !ok {
		return "", false
	}
	id, ok = strings.CutSuffix(id, "/"+what)
	return id, ok && record.ValidDevice(id)
}

// gate turns a message into what may be stored. A batch that record.DecodeBatch
// takes passes whole. One that differs from a good batch only in some of its
// records passes with these marked as refused, so that one bad record does not
// block the queue behind it. Everything else is an error that quotes nothing.
func gate(device string, payload []byte) (store.Batch, error) {
	if b, err := record.DecodeBatch(payload); err == nil {
		return accepted(device, b), nil
	}
	return triage(device, payload)
}

func accepted(device string, b record.Batch) store.Batch {
	out := store.Batch{Device: device, Epoch: b.Epoch, First: b.First, Items: make([]store.Item, len(b.Records))}
	for i, r := range b.Records {
		out.Items[i] = item(r)
	}
	return out
}

func item(r record.Record) store.Item {
	a, b := r.Attributes()
	return store.Item{Body: r.Encode(), Facet: store.Facet{
		ID: r.ID(), Kind: r.Kind().String(), Week: r.Week().String(), Group: r.Group().String(),
		A: a, B: b,
	}}
}

// triage reads a batch record by record. The frame around them must be exactly
// the canonical one.
func triage(device string, payload []byte) (store.Batch, error) {
	if len(payload) > record.MaxBatchSize {
		return store.Batch{}, fmt.Errorf("batch of %d bytes, want at most %d", len(payload), record.MaxBatchSize)
	}
	var w struct {
		Epoch   string            `json:"epoch"`
		First   uint64            `json:"first"`
		Policy  uint32            `json:"policy"`
		Records []json.RawMessage `json:"records"`
	}
	if err := json.Unmarshal(payload, &w); err != nil {
		return store.Batch{}, fmt.Errorf("batch is not JSON of the right types")
	}
	epoch, err := strconv.ParseUint(w.Epoch, 16, 64)
	switch {
	case err != nil || epoch == 0:
		return store.Batch{}, fmt.Errorf("batch has no epoch")
	case w.First == 0 || w.First > record.MaxSeq-record.MaxRecords:
		return store.Batch{}, fmt.Errorf("first number is out of range")
	case len(w.Records) == 0 || len(w.Records) > record.MaxRecords:
		return store.Batch{}, fmt.Errorf("batch of %d records, want 1 to %d", len(w.Records), record.MaxRecords)
	case !bytes.Equal(frame(epoch, w.First, w.Policy, w.Records), payload):
		return store.Batch{}, fmt.Errorf("batch is not in canonical form")
	}
	out := store.Batch{Device: device, Epoch: epoch, First: w.First, Items: make([]store.Item, len(w.Records))}
	seen := make(map[record.ID]bool)
	for i, text := range w.Records {
		r, err := record.Decode(text)
		if err != nil || seen[r.ID()] {
			out.Items[i] = store.Item{Body: text, Reject: record.BadRecord.String()}
			continue
		}
		seen[r.ID()] = true
		out.Items[i] = item(r)
	}
	return out, nil
}

// frame writes a batch as record.Batch.Encode does, around records as they are.
func frame(epoch, first uint64, policy uint32, records []json.RawMessage) []byte {
	b := fmt.Appendf(nil, `{"epoch":"%016x","first":%d,"policy":%d,"records":[`, epoch, first, policy)
	for i, r := range records {
		if i > 0 {
			b = append(b, ',')
		}
		b = append(b, r...)
	}
	return append(b, `],"s":"`+record.BatchSchema+`"}`...)
}

// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"context"
	"testing"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

func TestAckFor(t *testing.T) {
	bad := func(seqs ...uint64) (list []store.Rejection) {
		for _, s := range seqs {
			list = append(list, store.Rejection{Seq: s, Code: "bad_record"})
		}
		return list
	}
	conflict := func(seqs ...uint64) (list []store.Rejection) {
		for _, s := range seqs {
			list = append(list, store.Rejection{Seq: s, Code: store.RejectConflict})
		}
		return list
	}
	rejects := func(c record.Code, seqs ...uint64) (list []record.Reject) {
		for _, s := range seqs {
			list = append(list, record.Reject{Seq: s, Code: c})
		}
		return list
	}
	long := make([]uint64, 32)
	for i := range long {
		long[i] = uint64(11 + i)
	}
	for _, c := range []struct {
		name string
		in   store.Result
		want record.Ack
	}{
		{"plain", store.Result{Upto: 10, Durable: 4, New: 3}, record.Ack{Upto: 10, Durable: 4}},
		{"gaps", store.Result{Upto: 10, Missing: long}, record.Ack{Upto: 10, Missing: long[:8]}},
		{"far gap", store.Result{Upto: 10, Missing: []uint64{11, 10_009, 10_010}}, record.Ack{Upto: 10, Missing: []uint64{11, 10_009}}},
		{"four refused", store.Result{Upto: 10, Rejected: bad(3, 4, 5, 6)}, record.Ack{Upto: 10, Rejected: rejects(record.BadRecord, 3, 4, 5, 6)}},
		{"more refused than room", store.Result{Upto: 10, Durable: 10, Rejected: bad(3, 4, 5, 6, 8, 9), Missing: []uint64{12}},
			record.Ack{Upto: 7, Durable: 7, Rejected: rejects(record.BadRecord, 3, 4, 5, 6), Missing: []uint64{12}}},
		{"more conflicts than room", store.Result{Upto: 10, Rejected: conflict(3, 4, 5, 6, 8)},
			record.Ack{Upto: 10, Rejected: rejects(record.ConflictingDup, 3, 4, 5, 6)}},
		{"earlier ones", store.Result{Upto: 10, Rejected: bad(7, 8, 9), Earlier: bad(1, 2, 3)},
			record.Ack{Upto: 10, Rejected: rejects(record.BadRecord, 3, 7, 8, 9)}},
		{"later ones", store.Result{Upto: 10, Rejected: bad(7), Earlier: bad(20)},
			record.Ack{Upto: 10, Rejected: rejects(record.BadRecord, 7, 20)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := ackFor(9, store.Batch{Device: "box-a", Epoch: 7}, c.in)
			c.want.Device, c.want.Epoch, c.want.Hall = "box-a", 7, 9
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if _, err := record.SignAck(testKey, got); err != nil {
				t.Errorf("it cannot be signed: %v", err)
			}
		})
	}
}

func TestQueue(t *testing.T) {
	q := newQueue[record.Ack]()
	for _, a := range []record.Ack{{Device: "a", Upto: 1}, {Device: "b", Upto: 5}, {Device: "a", Upto: 2}} {
		q.put(a.Device, a)
	}
	ctx, cancel := context.WithCancel(t.Context())
	for _, want := range []record.Ack{{Device: "a", Upto: 2}, {Device: "b", Upto: 5}} {
		got, ok := q.take(ctx)
		if diff := cmp.Diff(want, got); !ok || diff != "" {
			t.Errorf("%t (-want +got):\n%s", ok, diff)
		}
	}
	q.put("c", record.Ack{Device: "c"})
	cancel()
	if a, ok := q.take(ctx); ok {
		t.Errorf("took %+v after the end", a)
	}
	if a, ok := q.take(t.Context()); !ok || a.Device != "c" {
		t.Errorf("got %+v, %t: the end of one line lost what the next should send", a, ok)
	}
}

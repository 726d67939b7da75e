// SPDX-License-Identifier: Apache-2.0

package collector

import (
	"cmp"
	"slices"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"
)

// ackFor writes what the store did as an acknowledgement. There is room for few
// rejections: if a batch has more, it is acknowledged up to the first that finds
// none, and the device, which sends the rest again, is told then.
func ackFor(hall uint32, b store.Batch, r store.Result) record.Ack {
	a := record.Ack{Device: b.Device, Epoch: b.Epoch, Hall: hall, Upto: r.Upto}
	for _, rej := range r.Rejected {
		switch {
		case len(a.Rejected) < record.MaxRejected:
			a.Rejected = append(a.Rejected, record.Reject{Seq: rej.Seq, Code: code(rej.Code)})
		case rej.Code != store.RejectConflict: // the number itself is stored, with its first content
			a.Upto = min(a.Upto, rej.Seq-1)
		}
	}
	if room := record.MaxRejected - len(a.Rejected); room > 0 {
		for _, rej := range r.Earlier[max(0, len(r.Earlier)-room):] {
			a.Rejected = append(a.Rejected, record.Reject{Seq: rej.Seq, Code: code(rej.Code)})
		}
	}
	slices.SortFunc(a.Rejected, func(x, y record.Reject) int { return cmp.Compare(x.Seq, y.Seq) })
	a.Durable = min(r.Durable, a.Upto)
	for _, seq := range r.Missing {
		if len(a.Missing) < record.MaxMissing && seq <= a.Upto+record.MaxMissingGap {
			a.Missing = append(a.Missing, seq)
		}
	}
	return a
}

// code finds the code of a name that the store keeps.
func code(name string) record.Code {
	for c := record.BadRecord; c.Valid(); c++ {
		if c.String() == name {
			return c
		}
	}
	return record.BadRecord
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"cmp"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"slices"
)

// number is one row of the transport table: one number, or up to perRow of them
// that came in their order and were all stored, ending with seq. digest holds
// those of all.
type number struct {
	key
	seq    int64
	n      int64
	digest []byte
	reject string
}

// perRow is how many numbers one row holds at most: those of a usual batch.
const perRow = 64

const digestLen = 16

// number notes what is done. Rows that would be behind Keep at once are not written.
func (a *applier) number() error {
	var list []number
	for _, r := range a.runs {
		refused := false
		for i, code := range r.codes {
			if code != "" {
				refused = true
				r.result.Rejected = append(r.result.Rejected, Rejection{r.b.First + uint64(i), code})
			}
		}
		slices.SortFunc(r.result.Rejected, func(x, y Rejection) int { return cmp.Compare(x.Seq, y.Seq) })
		if r.straight && !refused {
			list = append(list, a.whole(r)...)
			continue
		}
		for i, code := range r.codes {
			if !r.skip[i] {
				list = append(list, number{r.mark.key, int64(r.b.First) + int64(i), 1, r.digests[i], code})
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	if err := a.s.engine.addNumbers(a.ctx, a.tx, list); err != nil {
		return fmt.Errorf("numbering records: %w", err)
	}
	return nil
}

// whole puts the numbers of a batch that continues at the watermark into few rows.
func (a *applier) whole(r *run) []number {
	var list []number
	for from := 0; from < len(r.digests); from += perRow {
		part := r.digests[from:min(from+perRow, len(r.digests))]
		last := int64(r.b.First) + int64(from+len(part)) - 1
		if last+int64(a.s.opts.Keep) <= r.last {
			continue
		}
		list = append(list, number{r.mark.key, last, int64(len(part)), bytes.Join(part, nil), ""})
	}
	return list
}

// walk moves the watermarks: over numbers that came out of order too, and lists
// what is missing above.
func (a *applier) walk() error {
	for _, r := range a.runs {
		if len(r.b.Items) > 0 {
			r.mark.top = max(r.mark.top, r.last)
		}
		if r.straight {
			r.mark.upto = r.mark.top
		} else if err := a.gaps(r); err != nil {
			return fmt.Errorf("looking for gaps: %w", err)
		}
		r.result.Upto, r.result.Durable = uint64(r.mark.upto), uint64(r.mark.durable)
	}
	return nil
}

func (a *applier) gaps(r *run) error {
	rows, err := a.s.rows(a.ctx, a.tx, qGaps, r.mark.device, r.mark.epoch, r.mark.upto)
	if err != nil {
		return err
	}
	defer rows.Close()
	missing := &r.result.Missing
	next := r.mark.upto + 1
	for rows.Next() && len(*missing) < maxMissing {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return err
		}
		for ; next < seq && len(*missing) < maxMissing; next++ {
			*missing = append(*missing, uint64(next))
		}
		if len(*missing) == 0 {
			r.mark.upto = seq
		}
		next = seq + 1
	}
	return rows.Err()
}

func (a *applier) move() error {
	marks := make([]mark, len(a.runs))
	for i, r := range a.runs {
		marks[i] = r.mark
	}
	if err := a.s.engine.move(a.ctx, a.tx, marks, a.s.opts.Keep); err != nil {
		return fmt.Errorf("moving watermarks: %w", err)
	}
	return nil
}

// earlier lists what was refused before, because a retained acknowledgement
// replaces the one before it.
func (a *applier) earlier() error {
	for _, r := range a.runs {
		if !r.mark.refused {
			continue
		}
		list, err := a.refused(r)
		if err != nil {
			return fmt.Errorf("listing rejections: %w", err)
		}
		r.result.Earlier = list
	}
	return nil
}

func (a *applier) refused(r *run) ([]Rejection, error) {
	rows, err := a.s.rows(a.ctx, a.tx, qRejects, r.mark.device, r.mark.epoch, int64(r.b.First), r.last)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var list []Rejection
	for rows.Next() {
		var seq int64
		var code string
		if err := rows.Scan(&seq, &code); err != nil {
			return nil, err
		}
		list = append(list, Rejection{uint64(seq), code})
	}
	slices.Reverse(list)
	return list, rows.Err()
}

// digest is keyed so that the transport table alone cannot be matched with the
// facets, although the facets are known.
func (a *applier) digest(body []byte) []byte {
	h := hmac.New(sha256.New, a.s.opts.DigestKey)
	h.Write(body)
	return h.Sum(nil)[:digestLen]
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"cmp"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"fmt"
	"maps"
	"slices"
)

// key is one outbox: a device and the bits of its epoch.
type key struct {
	device string
	epoch  int64
}

// mark is an outbox's watermark.
type mark struct {
	key
	upto, durable, top int64
	refused            bool // some of its numbers were refused
	fresh              bool // its first batch
}

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

// applier is one run of ApplyAll: at most one batch of each outbox.
type applier struct {
	s      *Store
	ctx    context.Context
	tx     *sql.Tx
	runs   []*run
	alarms map[alarmKey]int
}

type alarmKey struct{ kind, device string }

// run is one batch on its way.
type run struct {
	b        Batch
	last     int64 // number of the last item
	mark     mark
	straight bool // it continues at the watermark, the usual case: nothing in it can be known
	digests  [][]byte
	known    map[int64]number
	codes    []string // by item: refused with
	skip     []bool   // by item: was there already
	result   Result
}

func (a *applier) alarm(kind, device string) { a.alarms[alarmKey{kind, device}]++ }

// apply runs the steps over all batches, each step for all of them at once where
// the database can do that.
func (a *applier) apply() error {
	for _, step := range []func() error{a.load, a.look, a.store, a.number, a.walk, a.move, a.earlier, a.count} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// load reads the watermarks, or begins them; a second epoch of a device is alarming.
func (a *applier) load() error {
	marks := make([]mark, len(a.runs))
	for i, r := range a.runs {
		marks[i].key = key{r.b.Device, int64(r.b.Epoch)}
	}
	marks, err := a.s.engine.marks(a.ctx, a.tx, marks)
	if err != nil {
		return fmt.Errorf("reading watermarks: %w", err)
	}
	for i, r := range a.runs {
		r.mark = marks[i]
		if !r.mark.fresh {
			continue
		}
		var others int
		if err := a.s.row(a.ctx, a.tx, qEpochs, r.mark.device, r.mark.epoch).Scan(&others); err != nil {
			return fmt.Errorf("reading epochs: %w", err)
		}
		if others > 0 {
			a.alarm(AlarmEpoch, r.b.Device)
		}
	}
	return nil
}

// look reads what is known of the numbers of batches that do not continue at the
// watermark.
func (a *applier) look() error {
	for _, r := range a.runs {
		n := len(r.b.Items)
		r.digests, r.codes, r.skip = make([][]byte, n), make([]string, n), make([]bool, n)
		for i, item := range r.b.Items {
			r.digests[i] = a.digest(item.Body)
		}
		r.last = int64(r.b.First) + int64(n) - 1
		r.straight = int64(r.b.First) == r.mark.upto+1 && r.mark.top == r.mark.upto
		if r.straight || n == 0 {
			continue
		}
		rows, err := a.s.rows(a.ctx, a.tx, qKnown, r.mark.device, r.mark.epoch, int64(r.b.First), r.last+perRow-1)
		if err != nil {
			return fmt.Errorf("reading record numbers: %w", err)
		}
		r.known, err = collect(rows, func(rows *sql.Rows, into map[int64]number) error {
			var v number
			err := rows.Scan(&v.seq, &v.n, &v.digest, &v.reject)
			for i := range v.n {
				one := number{seq: v.seq - v.n + 1 + i, n: 1, reject: v.reject}
				if len(v.digest) > 0 {
					one.digest = v.digest[i*digestLen : (i+1)*digestLen]
				}
				into[one.seq] = one
			}
			return err
		})
		if err != nil {
			return fmt.Errorf("reading record numbers: %w", err)
		}
		for i := range r.b.Items {
			a.recall(r, i)
		}
	}
	return nil
}

func collect(rows *sql.Rows, take func(*sql.Rows, map[int64]number) error) (map[int64]number, error) {
	defer rows.Close()
	m := map[int64]number{}
	for rows.Next() {
		if err := take(rows, m); err != nil {
			return nil, err
		}
	}
	return m, rows.Err()
}

// recall handles a number that was there before.
func (a *applier) recall(r *run, i int) {
	seq := int64(r.b.First) + int64(i)
	old, ok := r.known[seq]
	switch {
	case !ok && seq > r.mark.upto:
		return
	case !ok:
		// Behind the watermark and forgotten: done long ago.
	case len(old.digest) > 0 && !bytes.Equal(old.digest, r.digests[i]):
		a.alarm(AlarmConflict, r.b.Device)
		r.result.Rejected = append(r.result.Rejected, Rejection{uint64(seq), RejectConflict})
		r.skip[i] = true
		return
	case old.reject != "":
		r.result.Rejected = append(r.result.Rejected, Rejection{uint64(seq), old.reject})
	}
	r.result.Repeated++
	r.skip[i] = true
}

// store inserts the facets, and marks those that are refused.
func (a *applier) store() error {
	type place struct {
		r *run
		i int
	}
	var list []Facet
	var places []place
	early := Week(a.s.opts.Now().Add(week))
	for _, r := range a.runs {
		for i, item := range r.b.Items {
			switch {
			case r.skip[i]:
			case item.Reject != "":
				a.alarm(AlarmRejected, r.b.Device)
				r.codes[i] = item.Reject
			default:
				if item.Facet.Week > early {
					a.alarm(AlarmEarly, r.b.Device)
				}
				list, places = append(list, item.Facet), append(places, place{r, i})
			}
		}
	}
	if len(list) == 0 {
		return nil
	}
	fresh, err := a.s.engine.addFacets(a.ctx, a.tx, list)
	if err != nil {
		return fmt.Errorf("storing facets: %w", err)
	}
	for n, p := range places {
		if fresh[n] {
			p.r.result.New++
			continue
		}
		f := list[n]
		old := Facet{ID: f.ID}
		if err := a.s.row(a.ctx, a.tx, qFacet, f.ID[:]).Scan(&old.Kind, &old.Week, &old.Group, &old.A, &old.B); err != nil {
			return fmt.Errorf("reading facet: %w", err)
		}
		if old != f {
			a.alarm(AlarmReused, p.r.b.Device)
			p.r.codes[p.i] = RejectConflict
			continue
		}
		// The same facet under another number, as after a quarantined outbox: it
		// is here already and counts once.
		p.r.result.Repeated++
	}
	return nil
}

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

// count raises the alarms and adds up.
func (a *applier) count() error {
	keys := slices.SortedFunc(maps.Keys(a.alarms), func(x, y alarmKey) int {
		return cmp.Or(cmp.Compare(x.kind, y.kind), cmp.Compare(x.device, y.device))
	})
	for _, k := range keys {
		if err := a.s.alarm(a.ctx, a.tx, k.kind, k.device, a.alarms[k]); err != nil {
			return err
		}
	}
	sum := map[string]int{CountBatches: len(a.runs)}
	for _, r := range a.runs {
		sum[CountNew] += r.result.New
		sum[CountRepeated] += r.result.Repeated
		sum[CountRejected] += len(r.result.Rejected)
	}
	return a.s.count(a.ctx, a.tx, sum)
}

// digest is keyed so that the transport table alone cannot be matched with the
// facets, although the facets are known.
func (a *applier) digest(body []byte) []byte {
	h := hmac.New(sha256.New, a.s.opts.DigestKey)
	h.Write(body)
	return h.Sum(nil)[:digestLen]
}

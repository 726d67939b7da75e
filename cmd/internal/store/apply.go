// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"cmp"
	"context"
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

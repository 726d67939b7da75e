// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"slices"
)

// applier is one run of Apply.
type applier struct {
	s      *Store
	ctx    context.Context
	tx     *sql.Tx
	b      Batch
	epoch  int64 // the bits of b.Epoch
	result Result

	upto, durable, top uint64
	alarms             map[string]int

	addFacet, addNumber *sql.Stmt // of this transaction
}

// row and exec run a prepared statement inside the transaction.
func (a *applier) row(q *sql.Stmt, args ...any) *sql.Row {
	return a.tx.StmtContext(a.ctx, q).QueryRowContext(a.ctx, args...)
}

func (a *applier) exec(q *sql.Stmt, args ...any) (sql.Result, error) {
	return a.tx.StmtContext(a.ctx, q).ExecContext(a.ctx, args...)
}

func (a *applier) run() error {
	a.alarms = map[string]int{}
	a.addFacet = a.tx.StmtContext(a.ctx, a.s.stmt.addFacet)
	a.addNumber = a.tx.StmtContext(a.ctx, a.s.stmt.addNumber)
	if err := a.load(); err != nil {
		return err
	}
	// The usual batch continues at the watermark: nothing in it can be known
	// already, and rows that would be behind Keep at once are not written.
	straight := a.b.First == a.upto+1 && a.top == a.upto
	last := a.b.First + uint64(len(a.b.Items)) - 1
	for i, item := range a.b.Items {
		seq := a.b.First + uint64(i)
		digest := a.digest(item.Body)
		if !straight {
			known, err := a.known(seq, digest)
			if err != nil {
				return err
			}
			if known {
				continue
			}
		}
		code, err := a.insert(item)
		if err != nil {
			return err
		}
		if code != "" {
			a.result.Rejected = append(a.result.Rejected, Rejection{seq, code})
		}
		if straight && code == "" && seq+uint64(a.s.opts.Keep) <= last {
			continue
		}
		if _, err := a.addNumber.ExecContext(a.ctx, a.b.Device, a.epoch, int64(seq), digest, code); err != nil {
			return fmt.Errorf("numbering record: %w", err)
		}
	}
	return a.finish(straight, last)
}

// load reads the watermark, or begins it; a second epoch of a device is alarming.
func (a *applier) load() error {
	var upto, durable, top int64
	err := a.row(a.s.stmt.watermark, a.b.Device, a.epoch).Scan(&upto, &durable, &top)
	if err == nil {
		a.upto, a.durable, a.top = uint64(upto), uint64(durable), uint64(top)
		return nil
	}
	if !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("reading watermark: %w", err)
	}
	var others int
	if err := a.row(a.s.stmt.epochs, a.b.Device).Scan(&others); err != nil {
		return fmt.Errorf("reading epochs: %w", err)
	}
	if others > 0 {
		a.alarms[AlarmEpoch]++
	}
	return nil
}

// known handles a number that was there before.
func (a *applier) known(seq uint64, digest []byte) (bool, error) {
	var old []byte
	var code string
	err := a.row(a.s.stmt.number, a.b.Device, a.epoch, int64(seq)).Scan(&old, &code)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		if seq > a.upto {
			return false, nil
		}
		// Behind the watermark and forgotten: done long ago.
	case err != nil:
		return false, fmt.Errorf("reading record number: %w", err)
	case len(old) > 0 && !bytes.Equal(old, digest):
		a.alarms[AlarmConflict]++
		a.result.Rejected = append(a.result.Rejected, Rejection{seq, RejectConflict})
		return true, nil
	case code != "":
		a.result.Rejected = append(a.result.Rejected, Rejection{seq, code})
	}
	a.result.Repeated++
	return true, nil
}

// insert stores the facet, and returns the code if it is refused.
func (a *applier) insert(item Item) (string, error) {
	if item.Reject != "" {
		a.alarms[AlarmRejected]++
		return item.Reject, nil
	}
	f := item.Facet
	r, err := a.addFacet.ExecContext(a.ctx, f.ID[:], f.Kind, f.Week, f.Group, f.A, f.B)
	if err != nil {
		return "", fmt.Errorf("storing facet: %w", err)
	}
	n, err := r.RowsAffected()
	if err != nil {
		return "", fmt.Errorf("storing facet: %w", err)
	}
	if n == 1 {
		a.result.New++
		return "", nil
	}
	old := Facet{ID: f.ID}
	if err := a.row(a.s.stmt.facet, f.ID[:]).
		Scan(&old.Kind, &old.Week, &old.Group, &old.A, &old.B); err != nil {
		return "", fmt.Errorf("reading facet: %w", err)
	}
	if old != f {
		a.alarms[AlarmReused]++
		return RejectConflict, nil
	}
	// The same facet under another number, as after a quarantined outbox: it
	// is here already and counts once.
	a.result.Repeated++
	return "", nil
}

// finish moves the watermark, forgets behind it, and counts.
func (a *applier) finish(straight bool, last uint64) error {
	if len(a.b.Items) > 0 {
		a.top = max(a.top, last)
	}
	if straight {
		a.upto = a.top
	} else if err := a.walk(); err != nil {
		return err
	}
	if _, err := a.exec(a.s.stmt.move, a.b.Device, a.epoch, int64(a.upto), int64(a.durable), int64(a.top)); err != nil {
		return fmt.Errorf("moving watermark: %w", err)
	}
	if _, err := a.exec(a.s.stmt.forget, a.b.Device, a.epoch, int64(a.upto)-int64(a.s.opts.Keep)); err != nil {
		return fmt.Errorf("forgetting behind watermark: %w", err)
	}
	a.result.Upto, a.result.Durable = a.upto, a.durable
	if err := a.earlier(last); err != nil {
		return err
	}
	for kind, n := range a.alarms {
		if err := a.s.alarm(a.ctx, a.tx, kind, a.b.Device, n); err != nil {
			return err
		}
	}
	return a.s.count(a.ctx, a.tx, map[string]int{
		CountBatches: 1, CountNew: a.result.New, CountRepeated: a.result.Repeated, CountRejected: len(a.result.Rejected),
	})
}

// walk moves the watermark over numbers that came out of order and lists what
// is missing above it.
func (a *applier) walk() error {
	rows, err := a.tx.StmtContext(a.ctx, a.s.stmt.gaps).QueryContext(a.ctx, a.b.Device, a.epoch, int64(a.upto))
	if err != nil {
		return fmt.Errorf("looking for gaps: %w", err)
	}
	defer rows.Close()
	next := a.upto + 1
	for rows.Next() && len(a.result.Missing) < maxMissing {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return fmt.Errorf("looking for gaps: %w", err)
		}
		for ; next < uint64(seq) && len(a.result.Missing) < maxMissing; next++ {
			a.result.Missing = append(a.result.Missing, next)
		}
		if len(a.result.Missing) == 0 {
			a.upto = uint64(seq)
		}
		next = uint64(seq) + 1
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("looking for gaps: %w", err)
	}
	return nil
}

// earlier lists what was refused before, because a retained acknowledgement
// replaces the one before it.
func (a *applier) earlier(last uint64) error {
	rows, err := a.tx.StmtContext(a.ctx, a.s.stmt.rejects).QueryContext(a.ctx, a.b.Device, a.epoch, int64(a.b.First), int64(last))
	if err != nil {
		return fmt.Errorf("listing rejections: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var seq int64
		var code string
		if err := rows.Scan(&seq, &code); err != nil {
			return fmt.Errorf("listing rejections: %w", err)
		}
		a.result.Earlier = append(a.result.Earlier, Rejection{uint64(seq), code})
	}
	slices.Reverse(a.result.Earlier)
	if err := rows.Err(); err != nil {
		return fmt.Errorf("listing rejections: %w", err)
	}
	return nil
}

// digest is keyed so that the transport table alone cannot be matched with the
// facets, although the facets are known.
func (a *applier) digest(body []byte) []byte {
	h := hmac.New(sha256.New, a.s.opts.DigestKey)
	h.Write(body)
	return h.Sum(nil)[:16]
}

// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// Finish stores the records of a finished case and clears its journal, in one transaction: after a power cut either both have happened or neither. Each record is
// stored once: a second Finish with the same records before their release changes nothing. *FullError: no room, nothing changed.
func (o *Outbox) Finish(records ...record.Record) error {
	return o.FinishCase(record.Facets{Records: records})
}

// FinishCase is Finish for everything that a case leaves: its records, its counters raised by one each, and the claims that it gave or moved on. The same facets are counted once, as long
// as no others come between.
func (o *Outbox) FinishCase(f record.Facets, claims ...Claim) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.store("finish", f, func(tx *bolt.Tx) error {
		for _, c := range claims {
			if err := putClaim(tx.Bucket(bClaim), c); err != nil {
				return err
			}
		}
		return tx.Bucket(bJournal).Delete(kJournal)
	})
	if err != nil {
		return fmt.Errorf("finishing case: %w", err)
	}
	return nil
}

// store stores facets with what more belongs into their transaction. The caller holds mu.
func (o *Outbox) store(name string, f record.Facets, more func(tx *bolt.Tx) error) error {
	if err := o.usable(); err != nil {
		return err
	}
	if used, limit := o.used(), int64(o.opts.MaxSize)-o.reserve(); len(f.Records)+len(f.Cells) > 0 && used > limit {
		return &FullError{Used: used, Limit: int64(o.opts.MaxSize)}
	}
	return o.update(name, func(tx *bolt.Tx, st *state, n *counts) error {
		hold := tx.Bucket(bHold)
		for _, r := range f.Records {
			if err := put(hold, r, st, n); err != nil {
				return err
			}
		}
		if err := count(tx.Bucket(bCount), f); err != nil {
			return err
		}
		return more(tx)
	})
}

// put stores a record into hold, once.
func put(hold *bolt.Bucket, r record.Record, st *state, n *counts) error {
	text := r.Encode()
	if _, err := record.Decode(text); err != nil {
		return err // a zero Record: the gate before the disk
	}
	id := r.ID()
	if hold.Get(id[:]) != nil {
		return nil
	}
	if err := hold.Put(id[:], seal(text)); err != nil {
		return err
	}
	st.Created++
	n.hold++
	return nil
}

// All as argument of Release takes every record that waits.
const All = -1

var errNotCounted = errors.New("fewer records wait than were counted")

// releaseStep is how many records one transaction of Release numbers.
const releaseStep = 512

// Release numbers up to n waiting records (or All) and puts them into the queue, in an order drawn anew: the numbers say nothing of the order in which the cases ended. It returns
// how many: fewer when room ran out on the way, for a copy-on-write file needs room also to move things; they go on as the queue empties itself. *FullError: not even one.
func (o *Outbox) Release(n int) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if n < 0 || n > o.n.hold {
		n = o.n.hold
	}
	done := 0
	for step := releaseStep; done < n; {
		step = min(step, n-done)
		err := o.release(step)
		var full *FullError
		switch {
		case err == nil:
			done += step
		case errors.As(err, &full) && step > 1:
			// Fewer records touch fewer pages.
			step /= 2
		case errors.As(err, &full) && done > 0:
			return done, nil
		default:
			return done, fmt.Errorf("releasing records: %w", err)
		}
	}
	return done, o.usable()
}

// release numbers step records in one transaction. They are the neighbours of a point drawn at random, shuffled: records lie in hold in the order of their own random numbers, so neighbours have
// nothing to do with each other, and neighbours touch the fewest pages.
func (o *Outbox) release(step int) error {
	return o.update("release", func(tx *bolt.Tx, st *state, n *counts) error {
		hold, out := tx.Bucket(bHold), tx.Bucket(bOut)
		var start record.ID
		crand.Read(start[:])
		c := hold.Cursor()
		var moved [][2][]byte
		for k, v := c.Seek(start[:]); len(moved) < step; k, v = c.Next() {
			if k == nil {
				if k, v = c.First(); k == nil {
					return errNotCounted
				}
			}
			if len(moved) > 0 && string(k) == string(moved[0][0]) {
				return errNotCounted // once around
			}
			moved = append(moved, [2][]byte{slices.Clone(k), slices.Clone(v)})
		}
		// math/rand/v2's own source is ChaCha8, seeded by the operating system.
		rand.Shuffle(len(moved), func(i, j int) { moved[i], moved[j] = moved[j], moved[i] })
		for _, m := range moved {
			if err := hold.Delete(m[0]); err != nil {
				return err
			}
			st.Released++
			if st.Released > record.MaxSeq-record.MaxRecords {
				return errors.New("out of sequence numbers")
			}
			if err := out.Put(seqKey(st.Released), m[1]); err != nil {
				return err
			}
			n.hold--
			n.out++
		}
		return nil
	})
}

// Next is the batch to send now: up to max records (and record.MaxRecords) with consecutive numbers from the oldest that city hall has not confirmed, or, after a receipt
// that names gaps, those first and once. It is the same batch until Apply moves on: the caller sends it again when no receipt comes. The caller sets the batch's
// Policy. A number of which the disk is not sure is not handed out: after a cut it could go to another record. false: nothing to send, or the file cannot be read.
func (o *Outbox) Next(max int) (record.Batch, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b := record.Batch{Epoch: o.st.Epoch}
	max = min(max, record.MaxRecords)
	if max <= 0 || o.n.out == 0 {
		return b, false
	}
	// On a failing disk this fails, and what is sure goes out all the same: city hall is the better place for it.
	_ = o.settle()
	if o.sure.epoch != b.Epoch {
		return b, false
	}
	err := o.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(bOut).Cursor()
		k, v := c.First()
		only := o.missing
		o.missing = nil
		for len(only) > 0 {
			if k2, v2 := c.Seek(seqKey(only[0])); k2 != nil && string(k2) == string(seqKey(only[0])) {
				k, v = k2, v2
				break
			}
			only = only[1:] // no longer queued
		}
		gaps := len(only) > 0
		for ; k != nil && len(b.Records) < max; k, v = c.Next() {
			seq, err := keySeq(k)
			if err != nil {
				return err
			}
			if seq > o.sure.upto {
				break
			}
			if len(b.Records) == 0 {
				b.First = seq
			} else if seq != b.Last()+1 {
				break
			}
			if gaps {
				if len(only) == 0 || only[0] != seq {
					break
				}
				only = only[1:]
			}
			r, err := openRecord(v)
			if err != nil {
				return &BrokenError{Cause: fmt.Errorf("record %d: %w", seq, err)}
			}
			b.Records = append(b.Records, r)
		}
		o.missing = only
		return nil
	})
	if err != nil || len(b.Records) == 0 {
		return record.Batch{}, false
	}
	o.mark(b.Last())
	return b, true
}

// mark notes the highest number handed out, against which receipts are checked. If the disk is too full for the note it is kept in memory: the queue must be
// able to empty itself. After a restart it is noted again, before a receipt for it can be of use.
func (o *Outbox) mark(last uint64) {
	if last <= o.st.Sent {
		return
	}
	if err := o.update("mark", func(_ *bolt.Tx, st *state, _ *counts) error { st.Sent = last; return nil }); err != nil {
		o.st.Sent = max(o.st.Sent, last)
	}
}

// Dead is one record that city hall rejected.
type Dead struct {
	Seq    uint64
	Code   record.Code
	Record record.Record
}

func openDead(seq uint64, sealed []byte) (Dead, error) {
	b, err := unseal(sealed)
	if err != nil {
		return Dead{}, err
	}
	if len(b) == 0 || !record.Code(b[0]).Valid() {
		return Dead{}, errors.New("reject code is missing")
	}
	r, err := record.Decode(b[1:])
	if err != nil {
		return Dead{}, err
	}
	return Dead{seq, record.Code(b[0]), r}, nil
}

// Dead lists up to max rejected records, oldest first.
func (o *Outbox) Dead(max int) ([]Dead, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var all []Dead
	err := o.view(func(tx *bolt.Tx) error {
		c := tx.Bucket(bDead).Cursor()
		for k, v := c.First(); k != nil && len(all) < max; k, v = c.Next() {
			seq, err := keySeq(k)
			if err != nil {
				return err
			}
			d, err := openDead(seq, v)
			if err != nil {
				return &BrokenError{Cause: fmt.Errorf("dead record %d: %w", seq, err)}
			}
			all = append(all, d)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("listing dead records: %w", err)
	}
	return all, nil
}

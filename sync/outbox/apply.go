// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// ForgedError means a receipt that no honest city hall sends, although its signature is good: somebody has the key, or two boxes share one identity. It changed nothing and is counted.
type ForgedError struct {
	Epoch, Want uint64 // the receipt's epoch and the outbox's
	Upto, Sent  uint64 // the highest number that the receipt speaks of, and the highest ever handed out
	Device      string // the receipt's device, if that is what is wrong
}

// Error says what does not fit.
func (e *ForgedError) Error() string {
	switch {
	case e.Device != "":
		return fmt.Sprintf("receipt is for device %s", e.Device)
	case e.Epoch != e.Want:
		return fmt.Sprintf("receipt is for epoch %016x, this outbox is %016x", e.Epoch, e.Want)
	}
	return fmt.Sprintf("receipt speaks of record %d, the highest sent is %d", e.Upto, e.Sent)
}

// Apply takes city hall's verified receipt: confirmed records leave the queue, rejected ones move to the dead list, gaps are sent first. A receipt older than one applied before, or of a
// database before a restore, changes nothing, is counted, and is no error. One of a database that came back from a backup puts what it lacks into the queue again. *ForgedError: refused and
// counted.
func (o *Outbox) Apply(a record.Ack) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := o.usable(); err != nil {
		return fmt.Errorf("applying receipt: %w", err)
	}
	if err := o.honest(a); err != nil {
		// The count goes to disk with the next change: a flood of forgeries must not wear out the card.
		o.st.Forged++
		return fmt.Errorf("applying receipt: %w", err)
	}
	switch hall := uint64(a.Hall); {
	case hall > o.st.Hall:
		if err := o.newHall(a); err != nil {
			return fmt.Errorf("applying receipt: %w", err)
		}
		if a.Epoch != o.st.Epoch {
			return nil // begun anew: the receipt is of the numbering before
		}
	case hall < o.st.Hall:
		o.stale++
		return nil // of a database that is no more: what it confirmed may be lost
	}
	if a.Upto < o.st.Upto {
		o.stale++
		return nil
	}
	if err := o.apply(a); err != nil {
		return fmt.Errorf("applying receipt: %w", err)
	}
	o.missing = slices.Clone(a.Missing)
	return nil
}

func (o *Outbox) honest(a record.Ack) error {
	if o.opts.Device != "" && a.Device != o.opts.Device {
		return &ForgedError{Device: a.Device}
	}
	top := a.Upto
	for _, seq := range a.Missing {
		top = max(top, seq)
	}
	for _, r := range a.Rejected {
		top = max(top, r.Seq)
	}
	if a.Epoch != o.st.Epoch || top > o.st.Sent {
		return &ForgedError{Epoch: a.Epoch, Want: o.st.Epoch, Upto: top, Sent: o.st.Sent}
	}
	return nil
}

// apply changes the file, if there is anything to change.
func (o *Outbox) apply(a record.Ack) error {
	durable := min(max(a.Durable, o.st.Durable), a.Upto)
	if a.Upto == o.st.Upto && durable == o.st.Durable {
		if news, err := o.newlyRejected(a); err != nil || !news {
			return err
		}
	}
	return o.update("apply", func(tx *bolt.Tx, st *state, n *counts) error {
		out, sent, dead := tx.Bucket(bOut), tx.Bucket(bSent), tx.Bucket(bDead)
		for _, r := range a.Rejected {
			k := seqKey(r.Seq)
			from, count := out, &n.out
			v := out.Get(k)
			if v == nil {
				if v, from, count = sent.Get(k), sent, &n.sent; v == nil {
					continue // buried before, or in a backup as good
				}
				st.Acked--
			}
			text, err := unseal(v)
			if err != nil {
				return &BrokenError{Cause: fmt.Errorf("record %d: %w", r.Seq, err)}
			}
			if err := dead.Put(k, seal(append([]byte{byte(r.Code)}, text...))); err != nil {
				return err
			}
			if err := from.Delete(k); err != nil {
				return err
			}
			*count--
			n.dead++
			st.Dead++
		}
		if err := upTo(out, a.Upto, func(k, v []byte) error {
			st.Acked++
			n.out--
			if seq, _ := keySeq(k); seq <= durable {
				return nil
			}
			n.sent++
			return sent.Put(k, v)
		}); err != nil {
			return err
		}
		if a.Upto > st.Upto {
			if err := tx.Bucket(bMeta).Put(dayKey(o.opts.Now()), seal(seqKey(a.Upto))); err != nil {
				return err
			}
		}
		st.Upto, st.Durable = a.Upto, durable
		return o.prune(tx, st, n)
	})
}

// newlyRejected says whether a names a rejected record that is not on the dead list yet.
func (o *Outbox) newlyRejected(a record.Ack) (news bool, err error) {
	err = o.view(func(tx *bolt.Tx) error {
		for _, r := range a.Rejected {
			k := seqKey(r.Seq)
			news = news || tx.Bucket(bOut).Get(k) != nil || tx.Bucket(bSent).Get(k) != nil
		}
		return nil
	})
	return news, err
}

// prune deletes acknowledged records that are in a backup or older than Keep.
func (o *Outbox) prune(tx *bolt.Tx, st *state, n *counts) error {
	meta, limit := tx.Bucket(bMeta), st.Durable
	today := day(o.opts.Now())
	keep := uint32(o.opts.Keep / (24 * time.Hour))
	var old [][]byte
	if err := meta.ForEach(func(k, v []byte) error {
		d, err := keyDay(k)
		if err != nil {
			return nil // the state
		}
		b, err := unseal(v)
		if err != nil {
			return &BrokenError{Cause: fmt.Errorf("day mark: %w", err)}
		}
		upto, err := keySeq(b)
		if err != nil {
			return &BrokenError{Cause: fmt.Errorf("day mark: %w", err)}
		}
		if d+keep < today || upto <= st.Durable {
			limit = max(limit, upto)
			old = append(old, append([]byte(nil), k...))
		}
		return nil
	}); err != nil {
		return err
	}
	for _, k := range old {
		if err := meta.Delete(k); err != nil {
			return err
		}
	}
	return upTo(tx.Bucket(bSent), limit, func(_, _ []byte) error { n.sent--; return nil })
}

// upTo deletes the records up to number limit from b and gives a copy of each to fn.
func upTo(b *bolt.Bucket, limit uint64, fn func(k, v []byte) error) error {
	c := b.Cursor()
	var keys, values [][]byte
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if seq, err := keySeq(k); err != nil || seq > limit {
			break
		}
		keys, values = append(keys, slices.Clone(k)), append(values, slices.Clone(v))
	}
	// Deleting under a moving cursor skips entries (bbolt's documentation of Cursor.Delete).
	for i, k := range keys {
		if err := b.Delete(k); err != nil {
			return err
		}
		if err := fn(k, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// Days are counted from 1970 in UTC: the file needs "about two weeks ago" and nothing finer.
func day(t time.Time) uint32 { return uint32(max(0, t.Unix()) / 86400) }

const dayPrefix = "day"

func dayKey(t time.Time) []byte {
	return binary.BigEndian.AppendUint32([]byte(dayPrefix), day(t))
}

func keyDay(k []byte) (uint32, error) {
	if len(k) != len(dayPrefix)+4 || string(k[:len(dayPrefix)]) != dayPrefix {
		return 0, fmt.Errorf("key of %d bytes is no day", len(k))
	}
	return binary.BigEndian.Uint32(k[len(dayPrefix):]), nil
}

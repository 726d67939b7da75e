// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"fmt"
	"slices"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// newHall takes the first receipt of another life of city hall's database. If it knows fewer records than its receipts said before, the records that it lacks are queued again, also those
// that it once rejected: it knows nothing of that. If some are not kept any more, the numbering could never close over them: all that is left begins anew at 1 in a fresh
// epoch, and city hall, which knows each record by its own random number, takes none twice and raises an alarm.
func (o *Outbox) newHall(a record.Ack) error {
	return o.update("hall", func(tx *bolt.Tx, st *state, n *counts) error {
		st.Hall = uint64(a.Hall)
		if a.Upto >= st.Upto {
			return nil
		}
		lacks, back := st.Upto-a.Upto, uint64(0)
		out := tx.Bucket(bOut)
		if err := above(tx.Bucket(bSent), a.Upto, func(k, v []byte) error {
			n.sent--
			st.Acked--
			back++
			return out.Put(k, v)
		}); err != nil {
			return err
		}
		if err := above(tx.Bucket(bDead), a.Upto, func(k, v []byte) error {
			text, err := undead(k, v)
			if err != nil {
				return err
			}
			if seq, _ := keySeq(k); seq <= st.Upto {
				back++
			}
			n.dead--
			st.Dead--
			return out.Put(k, text)
		}); err != nil {
			return err
		}
		st.Upto, st.Durable = a.Upto, min(st.Durable, a.Upto)
		n.out = int(st.Released - st.Acked - st.Dead)
		if err := dropDays(tx.Bucket(bMeta), a.Upto); err != nil || back == lacks {
			return err
		}
		return renumber(tx, st, n)
	})
}

// undead is the sealed record of a sealed entry of the dead list.
func undead(k, v []byte) ([]byte, error) {
	seq, err := keySeq(k)
	if err != nil {
		return nil, &BrokenError{Cause: err}
	}
	d, err := openDead(seq, v)
	if err != nil {
		return nil, &BrokenError{Cause: fmt.Errorf("dead record %d: %w", seq, err)}
	}
	return seal(d.Record.Encode()), nil
}

// renumber gives the queued records and the dead ones the numbers from 1 on in a fresh epoch. What was acknowledged and kept is dropped: city hall has it, and its number means
// nothing in the new epoch.
func renumber(tx *bolt.Tx, st *state, n *counts) error {
	out := tx.Bucket(bOut)
	var values [][]byte
	if err := above(out, 0, func(_, v []byte) error { values = append(values, v); return nil }); err != nil {
		return err
	}
	if err := above(tx.Bucket(bDead), 0, func(k, v []byte) error {
		text, err := undead(k, v)
		values = append(values, text)
		return err
	}); err != nil {
		return err
	}
	if err := above(tx.Bucket(bSent), 0, func(_, _ []byte) error { return nil }); err != nil {
		return err
	}
	if err := dropDays(tx.Bucket(bMeta), 0); err != nil {
		return err
	}
	waiting, all := st.Created-st.Released, uint64(len(values))
	*st = state{Epoch: drawEpoch(), Hall: st.Hall, Forged: st.Forged, Created: waiting + all, Released: all}
	*n = counts{hold: n.hold, out: len(values)}
	for i, v := range values {
		if err := out.Put(seqKey(uint64(i)+1), v); err != nil {
			return err
		}
	}
	return nil
}

// above takes the entries whose number is above limit out of b and hands a copy of each to fn.
func above(b *bolt.Bucket, limit uint64, fn func(k, v []byte) error) error {
	var all [][2][]byte
	c := b.Cursor()
	for k, v := c.Seek(seqKey(limit + 1)); k != nil; k, v = c.Next() {
		all = append(all, [2][]byte{slices.Clone(k), slices.Clone(v)})
	}
	// Deleting under a moving cursor skips entries (bbolt's documentation of Cursor.Delete).
	for _, e := range all {
		if err := b.Delete(e[0]); err != nil {
			return err
		}
		if err := fn(e[0], e[1]); err != nil {
			return err
		}
	}
	return nil
}

// dropDays forgets on which days numbers above limit were acknowledged.
func dropDays(meta *bolt.Bucket, limit uint64) error {
	var old [][]byte
	if err := meta.ForEach(func(k, v []byte) error {
		if _, err := keyDay(k); err != nil {
			return nil // the state
		}
		b, err := unseal(v)
		if err != nil {
			return &BrokenError{Cause: fmt.Errorf("day mark: %w", err)}
		}
		if upto, err := keySeq(b); err != nil || upto > limit {
			old = append(old, slices.Clone(k))
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
	return nil
}

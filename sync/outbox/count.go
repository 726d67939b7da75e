// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/binary"
	"fmt"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// Keys of the count bucket beside the cells', which are one byte long.
var (
	kWeek = []byte("week") // the week that the counters are of
	kOnce = []byte("once") // the random number of the facets counted last
)

// count raises the counters of f by one each, unless f was the last that did.
func count(b *bolt.Bucket, f record.Facets) error {
	if len(f.Cells) == 0 {
		return nil
	}
	once := f.Once()
	last, err := sealed(b, kOnce)
	if err != nil {
		return err
	}
	if string(last) == string(once[:]) {
		return nil
	}
	for _, c := range f.Cells {
		if !c.Valid() {
			return fmt.Errorf("counting: no cell %d", c)
		}
		n, err := counter(b, c)
		if err != nil {
			return err
		}
		if err := setCounter(b, c, n+1); err != nil {
			return err
		}
	}
	return b.Put(kOnce, seal(once[:]))
}

// Count raises the counters of facets that are of no case, such as a look at the tries board at rest. Facets that are the last that were counted are not counted again.
func (o *Outbox) Count(f record.Facets) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(f.Records) == 0 && len(f.Cells) == 0 {
		return nil
	}
	if err := o.store("count", f, func(*bolt.Tx) error { return nil }); err != nil {
		return fmt.Errorf("counting: %w", err)
	}
	return nil
}

// CloseWeek turns the counters of a week that has ended into records that wait for release: what is large enough leaves, the rest stays for the next week. Call it at the start and
// once a day with the week of today; within one week it writes nothing. It returns how many records were made.
func (o *Outbox) CloseWeek(now record.Week, rules record.Rules) (made int, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if err := rules.Check(); err != nil || !now.Valid() {
		return 0, fmt.Errorf("closing week %v: %w", now, err)
	}
	of, err := o.week()
	if err != nil {
		return 0, fmt.Errorf("closing week: %w", err)
	}
	if of >= now {
		if err := o.settle(); err != nil {
			return 0, fmt.Errorf("closing week: %w", err)
		}
		return 0, nil
	}
	err = o.update("week", func(tx *bolt.Tx, st *state, n *counts) error {
		b, hold := tx.Bucket(bCount), tx.Bucket(bHold)
		if of != 0 {
			for _, c := range record.Cells() {
				have, err := counter(b, c)
				if err != nil {
					return err
				}
				t := record.TallyOf(have)
				if t == 0 {
					continue
				}
				r, err := rules.Weekly(c, t, of)
				if err != nil {
					return err
				}
				if err := put(hold, r, st, n); err != nil {
					return err
				}
				if err := setCounter(b, c, have-t.Count()); err != nil {
					return err
				}
				made++
			}
		}
		return b.Put(kWeek, seal(binary.BigEndian.AppendUint16(nil, uint16(now))))
	})
	if err != nil {
		return 0, fmt.Errorf("closing week: %w", err)
	}
	return made, nil
}

// week is the week that the counters are of; 0 if none was begun. The caller holds mu.
func (o *Outbox) week() (record.Week, error) {
	b, err := o.get(bCount, kWeek)
	if err != nil || b == nil {
		return 0, err
	}
	w := record.Week(0)
	if len(b) == 2 {
		w = record.Week(binary.BigEndian.Uint16(b))
	}
	if !w.Valid() {
		return 0, &BrokenError{Cause: fmt.Errorf("bucket count: %d bytes are no week", len(b))}
	}
	return w, nil
}

// sealed is a copy of a bucket's value; nil if there is none.
func sealed(b *bolt.Bucket, key []byte) ([]byte, error) {
	v := b.Get(key)
	if v == nil {
		return nil, nil
	}
	text, err := unseal(v)
	if err != nil {
		return nil, &BrokenError{Cause: fmt.Errorf("value %q: %w", key, err)}
	}
	return text, nil
}

func counter(b *bolt.Bucket, c record.Cell) (int, error) {
	v, err := sealed(b, []byte{byte(c)})
	if err != nil || v == nil {
		return 0, err
	}
	if len(v) != 4 {
		return 0, &BrokenError{Cause: fmt.Errorf("counter %d has %d bytes, want 4", c, len(v))}
	}
	return int(binary.BigEndian.Uint32(v)), nil
}

func setCounter(b *bolt.Bucket, c record.Cell, n int) error {
	return b.Put([]byte{byte(c)}, seal(binary.BigEndian.AppendUint32(nil, uint32(n))))
}

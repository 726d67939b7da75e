// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"encoding/binary"
	"errors"
	"fmt"

	"madoguchi/sync/record"

	bolt "go.etcd.io/bbolt"
)

// contents is what a full reading of the file finds.
type contents struct {
	st state
	n  counts
}

func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

func keySeq(k []byte) (uint64, error) {
	if len(k) != 8 {
		return 0, fmt.Errorf("key has %d bytes, want 8", len(k))
	}
	return binary.BigEndian.Uint64(k), nil
}

func openRecord(sealed []byte) (record.Record, error) {
	b, err := unseal(sealed)
	if err != nil {
		return record.Record{}, err
	}
	return record.Decode(b)
}

// readAll reads every value of the file once and checks it against the bookkeeping.
func readAll(tx *bolt.Tx) (contents, error) {
	var c contents
	for _, name := range buckets {
		if tx.Bucket(name) == nil && string(name) != string(bCount) {
			return c, fmt.Errorf("bucket %s is missing", name)
		}
	}
	var err error
	if c.st, err = decodeState(tx.Bucket(bMeta).Get(kState)); err != nil {
		return c, fmt.Errorf("bookkeeping: %w", err)
	}
	readers := []struct {
		name []byte
		n    *int
		one  func(st state, k, v []byte) error
	}{
		{bHold, &c.n.hold, readHold}, {bOut, &c.n.out, readOut}, {bSent, &c.n.sent, readSent}, {bDead, &c.n.dead, readDead},
		{bMeta, nil, readMeta}, {bJournal, nil, readSealed}, {bClock, nil, readSealed}, {bThrottle, nil, readSealed},
		{bClaim, nil, readClaim}, {bCount, nil, readSealed},
	}
	for _, r := range readers {
		b := tx.Bucket(r.name)
		if b == nil {
			continue // of an older program; made next
		}
		err := b.ForEach(func(k, v []byte) error {
			if r.n != nil {
				*r.n++
			}
			return r.one(c.st, k, v)
		})
		if err != nil {
			return c, fmt.Errorf("bucket %s: %w", r.name, err)
		}
	}
	if uint64(c.n.hold) != c.st.Created-c.st.Released {
		return c, fmt.Errorf("%d records wait, the bookkeeping says %d", c.n.hold, c.st.Created-c.st.Released)
	}
	if uint64(c.n.out) != c.st.Released-c.st.Acked-c.st.Dead {
		return c, fmt.Errorf("%d records are queued, the bookkeeping says %d", c.n.out, c.st.Released-c.st.Acked-c.st.Dead)
	}
	if uint64(c.n.dead) != c.st.Dead {
		return c, fmt.Errorf("%d records are dead, the bookkeeping says %d", c.n.dead, c.st.Dead)
	}
	return c, nil
}

func readHold(_ state, k, v []byte) error {
	r, err := openRecord(v)
	if err != nil {
		return err
	}
	if id := r.ID(); string(id[:]) != string(k) {
		return errors.New("record lies under another's key")
	}
	return nil
}

func readOut(st state, k, v []byte) error {
	seq, err := keySeq(k)
	if err != nil {
		return err
	}
	if seq <= st.Upto || seq > st.Released {
		return fmt.Errorf("record %d is not in %d to %d", seq, st.Upto+1, st.Released)
	}
	_, err = openRecord(v)
	return err
}

func readSent(st state, k, v []byte) error {
	seq, err := keySeq(k)
	if err != nil {
		return err
	}
	if seq <= st.Durable || seq > st.Upto {
		return fmt.Errorf("record %d is not in %d to %d", seq, st.Durable+1, st.Upto)
	}
	_, err = openRecord(v)
	return err
}

func readDead(st state, k, v []byte) error {
	seq, err := keySeq(k)
	if err != nil {
		return err
	}
	if seq == 0 || seq > st.Sent {
		return fmt.Errorf("record %d is not in 1 to %d", seq, st.Sent)
	}
	_, err = openDead(seq, v)
	return err
}

func readMeta(_ state, k, v []byte) error {
	if string(k) == string(kState) {
		return nil
	}
	if _, err := keyDay(k); err != nil {
		return err
	}
	b, err := unseal(v)
	if err != nil {
		return err
	}
	_, err = keySeq(b)
	return err
}

func readSealed(_ state, _, v []byte) error {
	_, err := unseal(v)
	return err
}

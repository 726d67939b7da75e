// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// MaxJournal is the longest journal in bytes.
const MaxJournal = 512

// Journal is the open case as SetJournal stored it, or nil if no case was open when the box last stopped, or if the file cannot be read.
func (o *Outbox) Journal() []byte {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, _ := o.get(bJournal, kJournal)
	return b
}

// SetJournal stores the open case's step; it is opaque here, at most MaxJournal bytes. An empty one closes the case without a record.
func (o *Outbox) SetJournal(b []byte) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(b) > MaxJournal {
		return fmt.Errorf("storing journal: %d bytes are more than %d", len(b), MaxJournal)
	}
	if err := o.put("journal", bJournal, kJournal, b); err != nil {
		return fmt.Errorf("storing journal: %w", err)
	}
	return nil
}

// Throttle is how many wrong clerk codes or claim numbers were typed and until when the next is refused. It outlives a pulled plug.
type Throttle struct {
	Misses uint32    // since the last right one
	Until  time.Time // whole seconds; zero: no wait. A box without a clock waits its full time again, see device.
}

// Throttle reads the clerk-code throttle; zero if it was never stored.
func (o *Outbox) Throttle() (Throttle, error) { return o.throttle(kThrottle) }

// PutThrottle stores the clerk-code throttle. The zero value clears it.
func (o *Outbox) PutThrottle(t Throttle) error { return o.putThrottle(kThrottle, t) }

// ClaimThrottle reads the throttle of claim numbers; zero if it was never stored.
func (o *Outbox) ClaimThrottle() (Throttle, error) { return o.throttle(kClaims) }

// PutClaimThrottle stores the throttle of claim numbers. The zero value clears it.
func (o *Outbox) PutClaimThrottle(t Throttle) error { return o.putThrottle(kClaims, t) }

func (o *Outbox) throttle(key []byte) (Throttle, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	b, err := o.get(bThrottle, key)
	if err != nil || b == nil {
		return Throttle{}, err
	}
	if len(b) != 12 {
		return Throttle{}, fmt.Errorf("reading throttle: %d bytes, want 12", len(b))
	}
	return Throttle{binary.BigEndian.Uint32(b), fromUnix(binary.BigEndian.Uint64(b[4:]))}, nil
}

func (o *Outbox) putThrottle(key []byte, t Throttle) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	var b []byte
	if t != (Throttle{}) {
		b = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(nil, t.Misses), toUnix(t.Until))
	}
	if err := o.put("throttle", bThrottle, key, b); err != nil {
		return fmt.Errorf("storing throttle: %w", err)
	}
	return nil
}

// Floor is the time below which the box's clock must not go; zero if none was stored.
func (o *Outbox) Floor() (time.Time, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.floor()
}

func (o *Outbox) floor() (time.Time, error) {
	b, err := o.get(bClock, kFloor)
	if err != nil || b == nil {
		return time.Time{}, err
	}
	if len(b) != 8 {
		return time.Time{}, fmt.Errorf("reading clock floor: %d bytes, want 8", len(b))
	}
	return fromUnix(binary.BigEndian.Uint64(b)), nil
}

// RaiseFloor raises the clock floor to the full hour of t. Within the same hour, and for an earlier t, it writes nothing: a commit a minute would wear out the card.
func (o *Outbox) RaiseFloor(t time.Time) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	old, err := o.floor()
	if err != nil {
		return err
	}
	hour := t.UTC().Truncate(time.Hour)
	if !hour.After(old) {
		err = o.settle()
	} else {
		err = o.put("floor", bClock, kFloor, binary.BigEndian.AppendUint64(nil, toUnix(hour)))
	}
	if err != nil {
		return fmt.Errorf("storing clock floor: %w", err)
	}
	return nil
}

func toUnix(t time.Time) uint64 {
	if t.IsZero() || t.Unix() < 0 {
		return 0
	}
	return uint64(t.Unix())
}

func fromUnix(s uint64) time.Time {
	if s == 0 {
		return time.Time{}
	}
	return time.Unix(int64(s), 0).UTC()
}

// get copies one sealed value out of its transaction; nil if there is none. The caller holds mu.
func (o *Outbox) get(bucket, key []byte) (b []byte, err error) {
	err = o.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bucket).Get(key)
		if v == nil {
			return nil
		}
		if b, err = unseal(v); err != nil {
			return &BrokenError{Cause: fmt.Errorf("bucket %s: %w", bucket, err)}
		}
		return nil
	})
	return b, err
}

// put stores one sealed value, or deletes it if b is empty, if that is a change. The caller holds mu.
func (o *Outbox) put(name string, bucket, key, b []byte) error {
	old, err := o.get(bucket, key)
	if err != nil {
		return err
	}
	if (old == nil) == (len(b) == 0) && bytes.Equal(old, b) {
		return o.settle()
	}
	return o.update(name, func(tx *bolt.Tx, _ *state, _ *counts) error {
		if len(b) == 0 {
			return tx.Bucket(bucket).Delete(key)
		}
		return tx.Bucket(bucket).Put(key, seal(b))
	})
}

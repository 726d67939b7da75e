// SPDX-License-Identifier: Apache-2.0

package outbox

import (
	"errors"
	"fmt"
	"slices"

	"madoguchi/sync/claim"

	bolt "go.etcd.io/bbolt"
)

// MaxClaims is how many claims the box keeps: ten a day for a letter's 60 days, and as many again.
const MaxClaims = 1200

// Claim is a claim that this box gave or resumed.
type Claim struct {
	Number claim.Number
	State  claim.State
	Told   bool // city hall has this revision
}

// ErrClaims means that a claim cannot be kept: there are too many, or another state of the same revision is there. A record that came with it can.
var ErrClaims = errors.New("claim cannot be kept")

// PutClaim stores a claim. One with a lower revision than what is stored changes nothing; one with the same revision changes Told only.
func (o *Outbox) PutClaim(c Claim) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	err := o.update("claim", func(tx *bolt.Tx, _ *state, _ *counts) error { return putClaim(tx.Bucket(bClaim), c) })
	if err != nil {
		return fmt.Errorf("storing claim: %w", err)
	}
	return nil
}

func putClaim(b *bolt.Bucket, c Claim) error {
	text, err := c.State.Encode()
	if err != nil {
		return err
	}
	if c.Number == (claim.Number{}) {
		return claim.ErrForm
	}
	key := []byte(c.Number.Plain())
	if v := b.Get(key); v != nil {
		old, err := openClaim(key, v)
		if err != nil {
			return &BrokenError{Cause: err}
		}
		switch {
		case old.State.Rev > c.State.Rev:
			return nil
		case old.State.Rev == c.State.Rev:
			if old.State != c.State {
				return fmt.Errorf("%w: revision %d is there, with another state", ErrClaims, c.State.Rev)
			}
			c.Told = c.Told || old.Told
		}
	} else if b.Stats().KeyN >= MaxClaims {
		return ErrClaims
	}
	told := byte(0)
	if c.Told {
		told = 1
	}
	return b.Put(key, seal(append([]byte{told}, text...)))
}

func openClaim(key, sealed []byte) (Claim, error) {
	b, err := unseal(sealed)
	if err != nil {
		return Claim{}, err
	}
	if len(b) == 0 || b[0] > 1 {
		return Claim{}, errors.New("claim has no mark")
	}
	c := Claim{Told: b[0] == 1}
	if c.Number, err = claim.Parse(string(key)); err != nil {
		return Claim{}, err
	}
	if c.State, err = claim.DecodeState(b[1:]); err != nil {
		return Claim{}, err
	}
	return c, nil
}

func readClaim(_ state, k, v []byte) error {
	_, err := openClaim(k, v)
	return err
}

// Claim finds the claim of a number; false: this box does not know it.
func (o *Outbox) Claim(n claim.Number) (c Claim, ok bool, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	key := []byte(n.Plain())
	if len(key) == 0 {
		return Claim{}, false, nil
	}
	err = o.view(func(tx *bolt.Tx) error {
		v := tx.Bucket(bClaim).Get(key)
		if v == nil {
			return nil
		}
		ok = true
		if c, err = openClaim(key, v); err != nil {
			return &BrokenError{Cause: err}
		}
		return nil
	})
	if err != nil {
		return Claim{}, false, fmt.Errorf("reading claim: %w", err)
	}
	return c, ok, nil
}

// Claims lists the claims that are kept, in the order of their numbers.
func (o *Outbox) Claims() (all []Claim, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.view(func(tx *bolt.Tx) error {
		return tx.Bucket(bClaim).ForEach(func(k, v []byte) error {
			c, err := openClaim(k, v)
			if err != nil {
				return &BrokenError{Cause: err}
			}
			all = append(all, c)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("listing claims: %w", err)
	}
	return all, nil
}

// Grace is how many days a claim is kept after its last one, so that a number that comes too late is known to be one.
const Grace claim.Day = 7

// PruneClaims forgets claims whose last day has passed by more than Grace. It returns how many.
func (o *Outbox) PruneClaims(today claim.Day) (int, error) {
	all, err := o.Claims()
	if err != nil || today == 0 {
		return 0, err
	}
	all = slices.DeleteFunc(all, func(c Claim) bool {
		return today <= c.State.Expires+Grace
	})
	if len(all) == 0 {
		return 0, nil
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	err = o.update("prune", func(tx *bolt.Tx, _ *state, _ *counts) error {
		for _, c := range all {
			if err := tx.Bucket(bClaim).Delete([]byte(c.Number.Plain())); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return 0, fmt.Errorf("forgetting claims: %w", err)
	}
	return len(all), nil
}

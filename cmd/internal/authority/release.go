// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"golang.org/x/crypto/argon2"

	"madoguchi/sync/issuer"
)

// A releaser's code, as a clerk's on the box: waits after wrong codes that a restart does not shorten.
const (
	maxMisses = 5
	missWait  = 15 * time.Minute
)

// cost is Argon2id's: passes and KiB. Tests that release a thousand times lower it.
var cost = struct{ passes, memory uint32 }{5, 7 << 10}

func hash(code string, salt []byte) []byte {
	return argon2.IDKey([]byte(code), salt, cost.passes, cost.memory, 1, 32)
}

// Causes why nothing was released.
var (
	ErrCode    = errors.New("no such label, or a wrong code")
	ErrWait    = errors.New("too many wrong codes")
	ErrNothing = errors.New("nothing waits under this number")
)

// SetReleaser names a post that may release, by its code of four to eight digits.
func (a *Authority) SetReleaser(ctx context.Context, label, code string) error {
	if label == "" || len(label) > 16 || len(code) < 4 || len(code) > 8 {
		return errors.New("naming a releaser: a label of 1 to 16 bytes and a code of 4 to 8 digits are wanted")
	}
	for _, c := range code {
		if c < '0' || c > '9' {
			return errors.New("naming a releaser: a code is of digits")
		}
	}
	salt := make([]byte, 16)
	rand.Read(salt)
	if _, err := a.db.ExecContext(ctx, `INSERT INTO releaser (label, salt, hash) VALUES (?, ?, ?)
		ON CONFLICT (label) DO UPDATE SET salt = excluded.salt, hash = excluded.hash, misses = 0, until = 0`, label, salt, hash(code, salt)); err != nil {
		return fmt.Errorf("naming a releaser: %w", err)
	}
	return nil
}

// Release is the second person's word on the operation that shows check: yes lets the card obey, no ends it. The label must be another than the one that opened the case. The box hears of
// it when it asks again, in at most some seconds.
func (a *Authority) Release(ctx context.Context, check uint16, label, code string, yes bool) error {
	// Its own transaction, so that a miss is counted whatever follows.
	if err := a.identify(ctx, label, code); err != nil {
		return fmt.Errorf("releasing: %w", err)
	}
	err := a.tx(ctx, func(tx *tx) error {
		waiting, err := tx.entries(`state = 'waiting'`)
		if err != nil {
			return err
		}
		found := 0
		var at issuer.Entry
		for _, e := range waiting {
			if e.Check() == check {
				at = e
				found++
			}
		}
		if found != 1 { // two with the same four digits at the same time: both begin again
			return ErrNothing
		}
		next, _, err := tx.desk().Release(at, issuer.LabelOf(label), yes, a.opts.Now())
		if err != nil {
			return err
		}
		return tx.put(at, next)
	})
	if err != nil {
		return fmt.Errorf("releasing: %w", err)
	}
	return nil
}

// identify checks a code and counts misses.
func (a *Authority) identify(ctx context.Context, label, code string) error {
	wrong := error(nil)
	err := a.tx(ctx, func(tx *tx) error {
		var salt, want []byte
		var misses, until int64
		err := tx.QueryRowContext(ctx, `SELECT salt, hash, misses, until FROM releaser WHERE label = ?`, label).Scan(&salt, &want, &misses, &until)
		if errors.Is(err, sql.ErrNoRows) {
			hash(code, make([]byte, 16)) // no label is told from another by its time
			wrong = ErrCode
			return nil
		}
		if err != nil {
			return err
		}
		now := a.opts.Now()
		if now.Unix() < until {
			wrong = ErrWait
			return nil
		}
		if subtle.ConstantTimeCompare(hash(code, salt), want) == 1 {
			misses, until = 0, 0
		} else {
			wrong = ErrCode
			if misses++; misses >= maxMisses {
				misses, until = 0, now.Add(missWait).Unix()
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE releaser SET misses = ?, until = ? WHERE label = ?`, misses, until, label)
		return err
	})
	return errors.Join(err, wrong)
}

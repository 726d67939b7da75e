// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// claimKey stands for a claim number in the database: who reads the table cannot
// use what he finds at a counter.
func (s *Store) claimKey(number string) []byte {
	h := hmac.New(sha256.New, s.opts.DigestKey)
	h.Write([]byte("claim " + number))
	return h.Sum(nil)[:16]
}

const claimQuery = `SELECT body FROM claim WHERE key = $1 AND expires > $2`

// Claim returns what lies behind a claim number, nil if nothing does any more.
func (s *Store) Claim(ctx context.Context, number string) ([]byte, error) {
	var body []byte
	err := s.read.QueryRowContext(ctx, claimQuery, s.claimKey(number), s.opts.Now().Unix()).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading claim: %w", err)
	}
	return body, nil
}

// SetClaim changes what lies behind a claim number, in one transaction: decide is
// given what is there, nil if nothing is, and returns what shall be there until
// expires, nil if nothing changes. It may be called more than once.
func (s *Store) SetClaim(ctx context.Context, number string, decide func(old []byte) (body []byte, expires time.Time)) error {
	key := s.claimKey(number)
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, "claim "+string(key)); err != nil {
			return err
		}
		var old []byte
		err := s.row(ctx, tx, claimQuery, key, s.opts.Now().Unix()).Scan(&old)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		body, expires := decide(old)
		if body == nil {
			return nil
		}
		_, err = s.exec(ctx, tx, `INSERT INTO claim (key, body, expires) VALUES ($1, $2, $3)
			ON CONFLICT (key) DO UPDATE SET body = excluded.body, expires = excluded.expires`, key, body, expires.Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("writing claim: %w", err)
	}
	return nil
}

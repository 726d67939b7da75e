// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Account is somebody who may look at the pages. Its name should be that of a
// post, not of a person.
type Account struct {
	Name, Role string
	Hash       string // Argon2id in PHC form
	Misses     int    // wrong passwords since the last right one
	Locked     time.Time
}

// ErrNoAccount says that there is no account of that name.
var ErrNoAccount = errors.New("no such account")

// PutAccount makes an account or replaces it; it is not locked afterwards.
func (s *Store) PutAccount(ctx context.Context, a Account) error {
	return s.change(ctx, "writing account", `INSERT INTO account (name, role, hash) VALUES ($1, $2, $3)
		ON CONFLICT (name) DO UPDATE SET role = excluded.role, hash = excluded.hash, misses = 0, locked = 0`, a.Name, a.Role, a.Hash)
}

// DropAccount deletes an account, or fails with ErrNoAccount.
func (s *Store) DropAccount(ctx context.Context, name string) error {
	var n int64
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		n, err = s.exec(ctx, tx, `DELETE FROM account WHERE name = $1`, name)
		return err
	})
	if err == nil && n == 0 {
		err = ErrNoAccount
	}
	if err != nil {
		return fmt.Errorf("deleting account %s: %w", name, err)
	}
	return nil
}

// Accounts lists the accounts by name.
func (s *Store) Accounts(ctx context.Context) ([]Account, error) {
	type row struct {
		a      Account
		locked int64
	}
	rows, err := all(ctx, s.read, `SELECT name, role, hash, misses, locked FROM account ORDER BY name`,
		func(r *row) []any { return []any{&r.a.Name, &r.a.Role, &r.a.Hash, &r.a.Misses, &r.locked} })
	if err != nil {
		return nil, err
	}
	list := make([]Account, len(rows))
	for i, r := range rows {
		list[i] = r.a
		if r.locked != 0 {
			list[i].Locked = time.Unix(r.locked, 0).UTC()
		}
	}
	return list, nil
}

// Tried notes how a password was: right, or wrong and until when no other is tried.
func (s *Store) Tried(ctx context.Context, name string, right bool, locked time.Time) error {
	if right {
		return s.change(ctx, "noting log-in", `UPDATE account SET misses = 0, locked = 0 WHERE name = $1`, name)
	}
	until := int64(0)
	if !locked.IsZero() {
		until = locked.Unix()
	}
	return s.change(ctx, "noting log-in", `UPDATE account SET misses = misses + 1, locked = $2 WHERE name = $1`, name, until)
}

func (s *Store) change(ctx context.Context, what, query string, args ...any) error {
	if err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		_, err := s.exec(ctx, tx, query, args...)
		return err
	}); err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

// Sessions keeps log-in sessions in the database, so that several collectors
// share them; it is what github.com/alexedwards/scs asks of a store. The token in
// the database is a digest of the browser's.
type Sessions struct{ store *Store }

// Sessions are the log-in sessions of this database.
func (s *Store) Sessions() *Sessions { return &Sessions{s} }

func digestOf(token string) []byte {
	sum := sha256.Sum256([]byte(token))
	return sum[:]
}

// FindCtx finds a session that has not expired.
func (s *Sessions) FindCtx(ctx context.Context, token string) ([]byte, bool, error) {
	var data []byte
	err := s.store.read.QueryRowContext(ctx, `SELECT data FROM session WHERE token = $1 AND expires > $2`,
		digestOf(token), s.store.opts.Now().Unix()).Scan(&data)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, false, nil
	}
	if err != nil {
		return nil, false, fmt.Errorf("finding session: %w", err)
	}
	return data, true, nil
}

// CommitCtx writes a session.
func (s *Sessions) CommitCtx(ctx context.Context, token string, data []byte, expires time.Time) error {
	return s.store.change(ctx, "writing session", `INSERT INTO session (token, data, expires) VALUES ($1, $2, $3)
		ON CONFLICT (token) DO UPDATE SET data = excluded.data, expires = excluded.expires`, digestOf(token), data, expires.Unix())
}

// DeleteCtx ends a session; one that is not there is ended already.
func (s *Sessions) DeleteCtx(ctx context.Context, token string) error {
	return s.store.change(ctx, "ending session", `DELETE FROM session WHERE token = $1`, digestOf(token))
}

// Find, Commit and Delete are the same for callers without a context.
func (s *Sessions) Find(token string) ([]byte, bool, error) {
	return s.FindCtx(context.Background(), token)
}

// Commit is CommitCtx without a context.
func (s *Sessions) Commit(token string, data []byte, expires time.Time) error {
	return s.CommitCtx(context.Background(), token, data, expires)
}

// Delete is DeleteCtx without a context.
func (s *Sessions) Delete(token string) error { return s.DeleteCtx(context.Background(), token) }

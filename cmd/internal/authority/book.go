// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"context"
	"database/sql"
	"errors"

	"madoguchi/sync/issuer"
)

// tx is one transaction on the book.
type tx struct {
	*sql.Tx
	a   *Authority
	ctx context.Context
}

func (a *Authority) tx(ctx context.Context, do func(*tx) error) error {
	t, err := a.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	if err := do(&tx{t, a, ctx}); err != nil {
		return errors.Join(err, t.Rollback())
	}
	return t.Commit()
}

func (t *tx) desk() *issuer.Desk {
	return &issuer.Desk{City: t.a.opts.City, Office: office{t}, For: t.a.opts.For}
}

// entry reads one operation; the zero entry if there is none of this token.
func (t *tx) entry(token issuer.Token) (issuer.Entry, error) {
	var body []byte
	err := t.QueryRowContext(t.ctx, `SELECT body FROM operation WHERE token = ?`, token[:]).Scan(&body)
	if errors.Is(err, sql.ErrNoRows) {
		return issuer.Entry{}, nil
	}
	if err != nil {
		return issuer.Entry{}, err
	}
	return issuer.DecodeEntry(body)
}

// entries reads those that a condition of ours picks.
func (t *tx) entries(where string, args ...any) (list []issuer.Entry, err error) {
	rows, err := t.QueryContext(t.ctx, `SELECT body FROM operation WHERE `+where+` ORDER BY since, token`, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var body []byte
		if err := rows.Scan(&body); err != nil {
			return nil, err
		}
		e, err := issuer.DecodeEntry(body)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// put writes what became of an entry. A release that is done ends the card's suspension.
func (t *tx) put(was, e issuer.Entry) error {
	body, err := e.Encode()
	if err != nil {
		return err
	}
	if _, err := t.ExecContext(t.ctx, `INSERT INTO operation (token, device, number, state, since, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (token) DO UPDATE SET number = excluded.number, state = excluded.state, body = excluded.body,
		since = CASE WHEN state = excluded.state THEN since ELSE excluded.since END`,
		e.Open.Token[:], e.Device, e.Number[:], e.State.String(), t.a.opts.Now().Unix(), body); err != nil {
		return err
	}
	if was.State != issuer.Done && e.State == issuer.Done && e.Open.Order.Operation == issuer.SuspensionRelease {
		_, err = t.ExecContext(t.ctx, `DELETE FROM suspended WHERE number = ?`, e.Number[:])
	}
	return err
}

// settle lets the proof that comes with a new request say how earlier operations on the same card ended, on whatever box. A proof that is not the card's says nothing.
func (t *tx) settle(by issuer.Entry, p issuer.Proof) error {
	key, err := office{t}.CardKey(p.Number)
	if err != nil || !p.Good(key, by.Ready.Nonce) {
		return nil //nolint:nilerr // the desk refuses the request
	}
	earlier, err := t.entries(`number = ? AND state IN ('granted', 'written', 'doubt', 'undone')`, p.Number[:])
	if err != nil {
		return err
	}
	for _, e := range earlier {
		next, odd := issuer.Settle(e, p)
		if err := t.put(e, next); err != nil {
			return err
		}
		if odd {
			if err := t.alarm(next, "the card holds what its box said was not done, or more than was granted"); err != nil {
				return err
			}
		}
	}
	return nil
}

func (t *tx) alarm(e issuer.Entry, what string) error {
	_, err := t.ExecContext(t.ctx, `INSERT INTO alarm (at, token, what) VALUES (?, ?, ?)`, t.a.opts.Now().Unix(), e.Open.Token[:], what)
	return err
}

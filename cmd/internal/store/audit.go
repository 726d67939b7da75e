// SPDX-License-Identifier: Apache-2.0

package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Audit is one line of the audit log: which account did what.
type Audit struct {
	N      int64 // 1, 2, 3, … without a gap
	At     time.Time
	Who    string // account; "local" on a machine without accounts
	Action string // such as "look", "export", "login"
	What   string // such as a page
	hash   []byte
}

// ErrAudit says that the audit log was changed.
var ErrAudit = errors.New("the audit log was changed")

// Note writes a line of the audit log. Its hash covers the line before it, so
// that a line that is changed or taken out is noticed (VerifyAudit).
func (s *Store) Note(ctx context.Context, who, action, what string) error {
	// A reason typed into a form may be any bytes; PostgreSQL takes neither broken UTF-8 nor NUL.
	what = strings.ReplaceAll(strings.ToValidUTF8(what, "\uFFFD"), "\x00", "\uFFFD")
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, "audit"); err != nil {
			return err
		}
		a := Audit{N: 1, At: s.opts.Now().Truncate(time.Second).UTC(), Who: who, Action: action, What: what}
		var last []byte
		err := s.row(ctx, tx, `SELECT n + 1, hash FROM audit ORDER BY n DESC LIMIT 1`).Scan(&a.N, &last)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		_, err = s.exec(ctx, tx, `INSERT INTO audit (n, at, who, action, what, hash) VALUES ($1, $2, $3, $4, $5, $6)`,
			a.N, a.At.Unix(), a.Who, a.Action, a.What, a.chain(last))
		return err
	})
	if err != nil {
		return fmt.Errorf("writing audit log: %w", err)
	}
	return nil
}

// chain is the line's hash over the one before it.
func (a Audit) chain(last []byte) []byte {
	h := sha256.New()
	fmt.Fprintf(h, "madoguchi audit 1\n%x\n%d\n%d\n%q\n%q\n%q\n", last, a.N, a.At.Unix(), a.Who, a.Action, a.What)
	return h.Sum(nil)
}

const auditQuery = `SELECT n, at, who, action, what, hash FROM audit`

type auditRow struct {
	a  Audit
	at int64
}

func (r *auditRow) into() []any {
	return []any{&r.a.N, &r.at, &r.a.Who, &r.a.Action, &r.a.What, &r.a.hash}
}

func (r *auditRow) audit() Audit {
	r.a.At = time.Unix(r.at, 0).UTC()
	return r.a
}

// Audits lists the last lines of the audit log, newest first.
func (s *Store) Audits(ctx context.Context, limit int) ([]Audit, error) {
	rows, err := all(ctx, s.read, auditQuery+` ORDER BY n DESC LIMIT $1`, (*auditRow).into, limit)
	if err != nil {
		return nil, err
	}
	list := make([]Audit, len(rows))
	for i := range rows {
		list[i] = rows[i].audit()
	}
	return list, nil
}

// VerifyAudit reads the whole log and returns how many lines it has and the hash
// of the last, to be kept elsewhere: who has that can tell a log that was cut.
// ErrAudit says that a line was changed, added or taken out in the middle.
func (s *Store) VerifyAudit(ctx context.Context) (lines int64, head []byte, err error) {
	rows, err := s.read.QueryContext(ctx, auditQuery+` ORDER BY n`)
	if err != nil {
		return 0, nil, fmt.Errorf("verifying audit log: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var r auditRow
		if err := rows.Scan(r.into()...); err != nil {
			return 0, nil, fmt.Errorf("verifying audit log: %w", err)
		}
		a := r.audit()
		lines++
		if a.N != lines || !bytes.Equal(a.chain(head), a.hash) {
			return 0, nil, fmt.Errorf("verifying audit log: line %d: %w", lines, ErrAudit)
		}
		head = a.hash
	}
	if err := rows.Err(); err != nil {
		return 0, nil, fmt.Errorf("verifying audit log: %w", err)
	}
	return lines, head, nil
}

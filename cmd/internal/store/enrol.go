// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"
)

// Provision is a provisioning file that was written.
type Provision struct {
	Serial, Device string
	Secret         []byte // of the one-time code
	Expires        time.Time
	Misses         int
	Used           bool
}

// Certificate is one that a box was given.
type Certificate struct {
	Serial, Device string
	DER            []byte
	Until          time.Time
	Revoked        time.Time // zero: it is not
}

// AddProvision notes a provisioning file and the certificate that lies in it, and adds its box to the fleet; ErrStale if there is or was a box of that id.
func (s *Store) AddProvision(ctx context.Context, p Provision, office string, first Certificate) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.exactly(ctx, tx, `INSERT INTO box (device, office) VALUES ($1, $2) ON CONFLICT (device) DO NOTHING`, p.Device, office); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `INSERT INTO provision (serial, device, secret, expires) VALUES ($1, $2, $3, $4)`, p.Serial, p.Device, p.Secret, p.Expires.Unix()); err != nil {
			return err
		}
		_, err := s.exec(ctx, tx, `INSERT INTO certificate (serial, device, der, until) VALUES ($1, $2, $3, $4)`, first.Serial, first.Device, first.DER, first.Until.Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("noting provisioning file of %s: %w", p.Device, err)
	}
	s.notify()
	return nil
}

type provisionRow struct {
	p             Provision
	expires, used int64
}

func (r *provisionRow) into() []any {
	return []any{&r.p.Serial, &r.p.Device, &r.p.Secret, &r.expires, &r.p.Misses, &r.used}
}

// Provisions lists the provisioning files by serial.
func (s *Store) Provisions(ctx context.Context) ([]Provision, error) {
	rows, err := all(ctx, s.read, `SELECT serial, device, secret, expires, misses, used FROM provision ORDER BY serial`, (*provisionRow).into)
	if err != nil {
		return nil, err
	}
	list := make([]Provision, len(rows))
	for i, r := range rows {
		list[i] = r.p
		list[i].Expires, list[i].Used = time.Unix(r.expires, 0).UTC(), r.used != 0
	}
	return list, nil
}

// Missed counts a wrong code; after most of them the file is used up.
func (s *Store) Missed(ctx context.Context, serial string, most int) error {
	return s.one(ctx, "counting a wrong code", `UPDATE provision SET misses = misses + 1, used = CASE WHEN misses + 1 >= $2 THEN 1 ELSE used END WHERE serial = $1 AND used = 0`, serial, most)
}

// Certify gives the certificate of a provisioning file, which is used up by it, and revokes the one that lay in the file. ErrStale if it was used up meanwhile.
func (s *Store) Certify(ctx context.Context, serial string, c Certificate, now time.Time) error {
	return s.give(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.exactly(ctx, tx, `UPDATE provision SET used = 1, secret = $2 WHERE serial = $1 AND used = 0`, serial, []byte{}); err != nil {
			return err
		}
		_, err := s.exec(ctx, tx, `UPDATE certificate SET revoked = $2 WHERE device = $1 AND revoked = 0`, c.Device, now.Unix())
		return err
	})
}

// Recertify gives the certificate of a renewal. The old one stays: the box may not have got the new one. ErrStale if the old one was revoked meanwhile.
func (s *Store) Recertify(ctx context.Context, old string, c Certificate) error {
	return s.give(ctx, c, func(ctx context.Context, tx *sql.Tx) error {
		return s.exactly(ctx, tx, `UPDATE certificate SET until = until WHERE serial = $1 AND revoked = 0`, old)
	})
}

func (s *Store) give(ctx context.Context, c Certificate, first func(context.Context, *sql.Tx) error) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := first(ctx, tx); err != nil {
			return err
		}
		_, err := s.exec(ctx, tx, `INSERT INTO certificate (serial, device, der, until) VALUES ($1, $2, $3, $4)`, c.Serial, c.Device, c.DER, c.Until.Unix())
		return err
	})
	if err != nil {
		return fmt.Errorf("giving certificate to %s: %w", c.Device, err)
	}
	return nil
}

type certificateRow struct {
	c              Certificate
	until, revoked int64
}

func (r *certificateRow) into() []any {
	return []any{&r.c.Serial, &r.c.Device, &r.c.DER, &r.until, &r.revoked}
}

// Certificates lists the certificates of a device, or of all if it is empty, by the day of their end.
func (s *Store) Certificates(ctx context.Context, device string) ([]Certificate, error) {
	rows, err := all(ctx, s.read, `SELECT serial, device, der, until, revoked FROM certificate WHERE device = $1 OR $1 = '' ORDER BY until, serial`, (*certificateRow).into, device)
	if err != nil {
		return nil, err
	}
	list := make([]Certificate, len(rows))
	for i, r := range rows {
		list[i] = r.c
		list[i].Until = time.Unix(r.until, 0).UTC()
		if r.revoked != 0 {
			list[i].Revoked = time.Unix(r.revoked, 0).UTC()
		}
	}
	return list, nil
}

// RevokeBox takes a box out of the fleet for good: it is retired, its certificates are revoked, its provisioning files void. ErrStale if it is not of the fleet.
func (s *Store) RevokeBox(ctx context.Context, device string, now time.Time) error {
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.exactly(ctx, tx, `UPDATE box SET retired = 1 WHERE device = $1 AND retired = 0`, device); err != nil {
			return err
		}
		if _, err := s.exec(ctx, tx, `UPDATE certificate SET revoked = $2 WHERE device = $1 AND revoked = 0`, device, now.Unix()); err != nil {
			return err
		}
		_, err := s.exec(ctx, tx, `UPDATE provision SET used = 1, secret = $2 WHERE device = $1`, device, []byte{})
		return err
	})
	if err != nil {
		return fmt.Errorf("revoking %s: %w", device, err)
	}
	s.notify()
	return nil
}

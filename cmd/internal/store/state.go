// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"
)

// Kinds of alarms.
const (
	AlarmConflict   = "conflict"    // a number came again with other bytes: tampering, or two devices with one identity
	AlarmReused     = "id_reused"   // a facet's random id came again with other content
	AlarmEpoch      = "epoch"       // a device began a new epoch: its outbox was lost or set aside
	AlarmRejected   = "rejected"    // a record did not pass the gate
	AlarmMalformed  = "malformed"   // a message did not pass the gate
	AlarmKeyChanged = "key_changed" // the store was opened with another digest key
	AlarmEarly      = "early"       // a record names a week that has not begun: a box's clock is wrong, or city hall's
	AlarmDropped    = "dropped"     // the broker says that it dropped messages
	AlarmGuess      = "guess"       // claim numbers were tried out
)

// Names of counters.
const (
	CountBatches  = "batches"  // batches applied, also repeated ones
	CountNew      = "new"      // facets stored
	CountRepeated = "repeated" // items that were there already
	CountRejected = "rejected" // items refused, each time they came
)

// Presence is what a device, or the broker in its name, said of itself.
type Presence struct {
	Device  string
	Online  bool
	Session uint64 // counts the device's connections; a late will carries an old one
}

// contactStep is the grain of a device's last contact: finer would be a time
// stamp of what happened at the counter.
const contactStep = 15 * time.Minute

// SetPresence notes a presence message. A message of an older session than the
// one known is ignored; so is a repeated one.
func (s *Store) SetPresence(ctx context.Context, p Presence) error {
	if p.Session > 1<<62 {
		return fmt.Errorf("noting presence: session %d is out of range", p.Session)
	}
	contact := s.opts.Now().Truncate(contactStep).Unix()
	var changed int64
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		online := 0
		if p.Online {
			online = 1
		}
		r, err := tx.ExecContext(ctx, `INSERT INTO device (device, online, session, contact) VALUES ($1, $2, $3, $4)
			ON CONFLICT (device) DO UPDATE SET online = excluded.online, session = excluded.session, contact = excluded.contact
			WHERE excluded.session >= device.session
			AND (excluded.online, excluded.session, excluded.contact) <> (device.online, device.session, device.contact)`,
			p.Device, online, int64(p.Session), contact)
		if err != nil {
			return err
		}
		changed, err = r.RowsAffected()
		return err
	})
	if err != nil {
		return fmt.Errorf("noting presence: %w", err)
	}
	if changed > 0 {
		s.notify()
	}
	return nil
}

// Report is what a device says of itself in its retained document.
type Report struct {
	Device           string
	Firmware, Policy string // versions
	Clock            string // how far the device trusts its clock: none, floor, network, signed
	Check            string // what it found of its parts: "ok", or codes with spaces between, "RD2 ST3"; "" if it has not looked
	Waiting          uint64 // records that it holds
}

// SetReport notes a device's report; it moves no contact.
func (s *Store) SetReport(ctx context.Context, r Report) error {
	if r.Waiting > 1<<53 {
		return fmt.Errorf("noting report: %d records are out of range", r.Waiting)
	}
	var changed int64
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) (err error) {
		changed, err = s.exec(ctx, tx, `INSERT INTO device (device, online, session, contact, firmware, policy, clock, waiting, checked) VALUES ($1, 0, 0, 0, $2, $3, $4, $5, $6)
			ON CONFLICT (device) DO UPDATE SET firmware = excluded.firmware, policy = excluded.policy, clock = excluded.clock, waiting = excluded.waiting, checked = excluded.checked
			WHERE (excluded.firmware, excluded.policy, excluded.clock, excluded.waiting, excluded.checked)
			<> (device.firmware, device.policy, device.clock, device.waiting, device.checked)`,
			r.Device, r.Firmware, r.Policy, r.Clock, int64(r.Waiting), r.Check)
		return err
	})
	if err != nil {
		return fmt.Errorf("noting report: %w", err)
	}
	if changed > 0 {
		s.notify()
	}
	return nil
}

// Alarm raises an alarm by n.
func (s *Store) Alarm(ctx context.Context, kind, device string, n int) error {
	if err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error { return s.alarm(ctx, tx, kind, device, n) }); err != nil {
		return err
	}
	s.notify()
	return nil
}

// Acknowledge says that a person has looked at an alarm. It is shown again when
// it is raised again.
func (s *Store) Acknowledge(ctx context.Context, kind, device string, count int) error {
	if err := s.change(ctx, "acknowledging alarm", `UPDATE alarm SET seen = $3 WHERE kind = $1 AND device = $2 AND seen < $3 AND count >= $3`,
		kind, device, count); err != nil {
		return err
	}
	s.notify()
	return nil
}

// Malformed notes a message of a device that did not pass the gate. Nothing of
// its content is kept. Device is empty if its name was not well formed.
func (s *Store) Malformed(ctx context.Context, device string) error {
	if err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.alarm(ctx, tx, AlarmMalformed, device, 1)
	}); err != nil {
		return fmt.Errorf("noting malformed message: %w", err)
	}
	s.notify()
	return nil
}

// NextSession counts the collector's own connections: it returns 1, 2, 3, …,
// each number once, over restarts too.
func (s *Store) NextSession(ctx context.Context) (uint64, error) {
	var n uint64
	err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, "session"); err != nil {
			return err
		}
		old, err := setting(ctx, tx, "session")
		if err != nil {
			return err
		}
		if old != "" {
			if n, err = strconv.ParseUint(old, 10, 62); err != nil {
				return err
			}
		}
		n++
		return setSetting(ctx, tx, "session", strconv.FormatUint(n, 10))
	})
	if err != nil {
		return 0, fmt.Errorf("counting session: %w", err)
	}
	return n, nil
}

// Ping writes, so that it fails when the disk is full or the file is gone.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		return s.count(ctx, tx, map[string]int{"ping": 1})
	}); err != nil {
		return fmt.Errorf("probing database: %w", err)
	}
	return nil
}

func (s *Store) alarm(ctx context.Context, tx *sql.Tx, kind, device string, n int) error {
	if _, err := s.exec(ctx, tx, qAddAlarm, kind, device, n, s.opts.Now().Format(time.DateOnly)); err != nil {
		return fmt.Errorf("raising alarm: %w", err)
	}
	return nil
}

func (s *Store) count(ctx context.Context, tx *sql.Tx, add map[string]int) error {
	var names []string
	var list []int64
	for _, name := range slices.Sorted(maps.Keys(add)) {
		if n := add[name]; n != 0 {
			names, list = append(names, name), append(list, int64(n))
		}
	}
	if len(names) == 0 {
		return nil
	}
	if err := s.engine.addCounts(ctx, tx, names, list); err != nil {
		return fmt.Errorf("counting: %w", err)
	}
	return nil
}

func setting(ctx context.Context, tx *sql.Tx, name string) (string, error) {
	var v string
	err := tx.QueryRowContext(ctx, `SELECT value FROM setting WHERE name = $1`, name).Scan(&v)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("reading setting %s: %w", name, err)
	}
	return v, nil
}

func setSetting(ctx context.Context, tx *sql.Tx, name, value string) error {
	if _, err := tx.ExecContext(ctx, `INSERT INTO setting (name, value) VALUES ($1, $2)
		ON CONFLICT (name) DO UPDATE SET value = excluded.value`, name, value); err != nil {
		return fmt.Errorf("writing setting %s: %w", name, err)
	}
	return nil
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
)

// ErrBackup is wrapped by BackedUp when the copy is no backup that boxes may rely on.
var ErrBackup = errors.New("not a backup of this database")

// Backup is what BackedUp found in a copy.
type Backup struct {
	Facets   int64 // single ones and those in counts
	Outboxes int   // whose numbers it knows
	Moved    int   // outboxes that need to keep less than before
}

// stock is what a database must account for: Stored facets were taken in its
// life, Here are still there. What lies between them went with old counts.
type stock struct {
	hall, key, schema string
	stored, here      int64
}

const qStock = `SELECT coalesce((SELECT value FROM setting WHERE name = 'hall'), ''), coalesce((SELECT value FROM setting WHERE name = 'digest_key'), ''),
	(SELECT CAST(max(version_id) AS TEXT) FROM goose_db_version),
	CAST(coalesce((SELECT sum(value) FROM counter WHERE name = 'new'), 0) AS BIGINT),
	CAST((SELECT count(*) FROM facet) + coalesce((SELECT sum(n) FROM tally), 0) AS BIGINT)`

func takeStock(ctx context.Context, db interface {
	QueryRowContext(context.Context, string, ...any) *sql.Row
}) (k stock, err error) {
	err = db.QueryRowContext(ctx, qStock).Scan(&k.hall, &k.key, &k.schema, &k.stored, &k.here)
	return k, err
}

// BackedUp checks the copy of this database at dsn (a file, or the address of a
// server that a dump was read back into), and moves the durable watermarks to
// what is in it: boxes delete what they know to be there. The copy must be whole
// (SQLite's integrity check), of the same life, key and schema, hold every facet
// that it says it took in, and not be ahead of this database, nor be it.
//
// Who calls it promises to keep the copy until the next one.
func (s *Store) BackedUp(ctx context.Context, dsn string) (Backup, error) {
	b, err := s.backedUp(ctx, dsn)
	if err != nil {
		return Backup{}, fmt.Errorf("checking backup: %w", err)
	}
	return b, nil
}

func (s *Store) backedUp(ctx context.Context, dsn string) (b Backup, err error) {
	copied, err := s.engine.backup(ctx, dsn)
	if err != nil {
		return b, err
	}
	defer copied.Close()
	there, err := takeStock(ctx, copied)
	if err != nil {
		return b, fmt.Errorf("%w: reading what it holds: %w", ErrBackup, err)
	}
	// Read after the copy: what went here since counts as gone here.
	here, err := takeStock(ctx, s.read)
	if err != nil {
		return b, fmt.Errorf("reading what is here: %w", err)
	}
	switch {
	case there.hall == "" || there.hall != here.hall:
		return b, fmt.Errorf("%w: it is of life %q, this one is of life %q", ErrBackup, there.hall, here.hall)
	case there.key != here.key:
		return b, fmt.Errorf("%w: its digests have another key", ErrBackup)
	case there.schema != here.schema:
		return b, fmt.Errorf("%w: its schema is of version %s, this one's of %s", ErrBackup, there.schema, here.schema)
	case there.stored > here.stored:
		return b, fmt.Errorf("%w: it took in %d records, this one %d: was this one put back from a backup?", ErrBackup, there.stored, here.stored)
	case there.stored-there.here > here.stored-here.here:
		return b, fmt.Errorf("%w: it lacks %d of its %d records, this one lacks %d", ErrBackup, there.stored-there.here, there.stored, here.stored-here.here)
	}
	marks, err := all(ctx, copied, `SELECT device, epoch, upto FROM watermark ORDER BY device, epoch`, func(m *mark) []any { return []any{&m.device, &m.epoch, &m.upto} })
	if err != nil {
		return b, err
	}
	b.Facets, b.Outboxes = there.here, len(marks)
	// Few at once: collectors wait for these rows. Their order is everybody's.
	for ; len(marks) > 0; marks = marks[min(len(marks), perRow):] {
		moved := 0
		err := s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
			moved = 0
			for _, m := range marks[:min(len(marks), perRow)] {
				n, err := s.exec(ctx, tx, `UPDATE watermark SET durable = $3 WHERE device = $1 AND epoch = $2 AND durable < $3 AND upto >= $3`, m.device, m.epoch, m.upto)
				if err != nil {
					return fmt.Errorf("moving durable watermarks: %w", err)
				}
				moved += int(n)
			}
			return nil
		})
		if err != nil {
			return b, err
		}
		b.Moved += moved
	}
	return b, nil
}

// backup opens a file that nobody changes any more, and checks all of it.
func (l *lite) backup(ctx context.Context, dsn string) (*sql.DB, error) {
	if strings.Contains(dsn, "://") {
		return nil, fmt.Errorf("%w: this one is a file, that is an address", ErrBackup)
	}
	path, err := filepath.Abs(dsn)
	if err != nil {
		return nil, err
	}
	that, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	this, err := os.Stat(l.s.name)
	if err != nil {
		return nil, err
	}
	if os.SameFile(this, that) {
		return nil, fmt.Errorf("%w: it is this database itself", ErrBackup)
	}
	if _, err := os.Stat(path + "-wal"); err == nil {
		return nil, fmt.Errorf("%w: %s-wal lies beside it: it is in use, or was copied while it was; use VACUUM INTO", ErrBackup, filepath.Base(path))
	}
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Path: path, RawQuery: "mode=ro&immutable=1"}).String())
	if err != nil {
		return nil, err
	}
	var said string
	if err := db.QueryRowContext(ctx, `PRAGMA integrity_check(1)`).Scan(&said); err != nil || said != "ok" {
		db.Close()
		return nil, fmt.Errorf("%w: it is damaged: %s%v", ErrBackup, said, err)
	}
	return db, nil
}

// backup opens a database that a dump was read back into. A dump alone proves
// nothing before that.
func (p *postgres) backup(ctx context.Context, dsn string) (*sql.DB, error) {
	config, err := pgx.ParseConfig(dsn)
	if err != nil || !strings.Contains(dsn, "://") {
		return nil, errors.New("the address of the backup is not well formed") // pgx's own word could hold the password
	}
	config.RuntimeParams["default_transaction_read_only"] = "on"
	db := stdlib.OpenDB(*config)
	if err := errors.Join(p.other(ctx, db), p.stands(ctx, db)); err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// stands refuses a database that follows another: what is deleted or damaged
// there is so here a moment later. A standby's server is one, and a subscriber.
func (p *postgres) stands(ctx context.Context, db *sql.DB) error {
	var standby bool
	var subscribes int
	err := db.QueryRowContext(ctx, `SELECT pg_is_in_recovery(), (SELECT count(*) FROM pg_subscription
		WHERE subdbid = (SELECT oid FROM pg_database WHERE datname = current_database()))`).Scan(&standby, &subscribes)
	switch {
	case err != nil:
		return fmt.Errorf("opening backup: %w", err)
	case standby:
		return fmt.Errorf("%w: it is a standby, which follows its server in everything; read a dump back into a server of its own", ErrBackup)
	case subscribes > 0:
		return fmt.Errorf("%w: it subscribes to another database and follows it; read a dump back into one that does not", ErrBackup)
	}
	return nil
}

// other refuses this database under another name: a lock held here cannot be had
// there, for such locks are of one database.
func (p *postgres) other(ctx context.Context, db *sql.DB) error {
	const what = "backup"
	return p.s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := p.only(ctx, tx, what); err != nil {
			return err
		}
		var free bool
		if err := db.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock($1)`, lockOf(what)).Scan(&free); err != nil {
			return fmt.Errorf("opening backup: %w", err)
		}
		if !free {
			return fmt.Errorf("%w: it is this database itself", ErrBackup)
		}
		return nil
	})
}

// SPDX-License-Identifier: Apache-2.0

package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
	sqlite "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

//go:embed migrations/*.sql
var migrations embed.FS

// ErrCorrupt is wrapped by Open when the file is not a database or is damaged.
// Nothing in the file has been changed then.
var ErrCorrupt = errors.New("database is damaged")

// Opts configures a Store. The zero value of a field means the default.
type Opts struct {
	// DigestKey keys the digests in the transport table. It must be kept
	// outside the database and must be at least 16 bytes. Opened with another
	// key, the store forgets its digests and raises the alarm AlarmKeyChanged.
	DigestKey []byte
	// Keep is how many rows of the transport table stay behind the watermark
	// of each epoch, so that a number that comes again with other bytes is
	// still noticed. Default 256: more than a batch of 32 KiB holds.
	Keep int
	// BusyTimeout is how long a write waits for another process. Default 5 s.
	BusyTimeout time.Duration
	// Now is the clock for the days of alarms and for contacts. Default time.Now.
	Now func() time.Time
}

// DefaultOpts are the defaults; DigestKey has none.
var DefaultOpts = Opts{Keep: 256, BusyTimeout: 5 * time.Second, Now: time.Now}

// Store is one open database. Its methods may be called from any goroutine.
type Store struct {
	opts  Opts
	path  string
	write *sql.DB // one connection, transactions begin IMMEDIATE
	read  *sql.DB // query_only
	stmt  statements

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
}

// Open opens or creates the database at dsn, a file path, and brings its schema
// up to date. Other database URLs are refused.
func Open(ctx context.Context, dsn string, opts Opts) (*Store, error) {
	if opts.Keep == 0 {
		opts.Keep = DefaultOpts.Keep
	}
	if opts.BusyTimeout == 0 {
		opts.BusyTimeout = DefaultOpts.BusyTimeout
	}
	if opts.Now == nil {
		opts.Now = DefaultOpts.Now
	}
	if len(opts.DigestKey) < 16 {
		return nil, fmt.Errorf("opening database: digest key of %d bytes, want at least 16", len(opts.DigestKey))
	}
	if scheme, _, ok := strings.Cut(dsn, "://"); ok {
		return nil, fmt.Errorf("opening database: scheme %q is not known; give a file path", scheme)
	}
	path, err := filepath.Abs(dsn)
	if err != nil {
		return nil, fmt.Errorf("opening database %s: %w", dsn, err)
	}
	s := &Store{opts: opts, path: path, changed: make(chan struct{})}
	if err := s.open(ctx); err != nil {
		s.Close()
		if broken(err) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return nil, fmt.Errorf("opening database %s: %w", path, err)
	}
	return s, nil
}

func (s *Store) open(ctx context.Context) error {
	// Created here, because SQLite would make it readable for everybody.
	f, err := os.OpenFile(s.path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	f.Close()
	if s.write, err = sql.Open("sqlite", s.dsn("_txlock=immediate")); err != nil {
		return err
	}
	s.write.SetMaxOpenConns(1)
	if err := check(ctx, s.write); err != nil {
		return err
	}
	files, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(goose.DialectSQLite3, s.write, files)
	if err != nil {
		return fmt.Errorf("reading migrations: %w", err)
	}
	have, want, err := p.GetVersions(ctx)
	if err != nil {
		return fmt.Errorf("reading schema version: %w", err)
	}
	if have > want {
		return fmt.Errorf("schema version %d is newer than this program's %d", have, want)
	}
	if _, err := p.Up(ctx); err != nil {
		return fmt.Errorf("migrating: %w", err)
	}
	if s.read, err = sql.Open("sqlite", s.dsn("_query_only=1")); err != nil {
		return err
	}
	s.read.SetMaxOpenConns(4)
	if err := s.prepare(ctx); err != nil {
		return err
	}
	return s.checkKey(ctx)
}

// dsn writes the path as a URI, so that no character of it is read as a
// parameter. FULL syncs the log at each commit; secure_delete overwrites what
// is deleted behind the watermark.
func (s *Store) dsn(more string) string {
	u := url.URL{Scheme: "file", Path: s.path, RawQuery: fmt.Sprintf(
		"_busy_timeout=%d&_journal_mode=WAL&_synchronous=FULL&_pragma=secure_delete(1)&%s",
		s.opts.BusyTimeout.Milliseconds(), more)}
	return u.String()
}

func check(ctx context.Context, db *sql.DB) error {
	var said string
	if err := db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&said); err != nil {
		return fmt.Errorf("checking: %w", err)
	}
	if said != "ok" {
		return fmt.Errorf("checking: %w: %s", ErrCorrupt, said)
	}
	return nil
}

// broken says whether err is SQLite's word for a damaged file.
func broken(err error) bool {
	var e *sqlite.Error
	return errors.As(err, &e) && (e.Code()&0xff == sqlite3.SQLITE_CORRUPT || e.Code()&0xff == sqlite3.SQLITE_NOTADB)
}

// checkKey compares the digest key with the one of last time. Only a digest of
// the key is in the database.
func (s *Store) checkKey(ctx context.Context) error {
	sum := sha256.Sum256(append([]byte("madoguchi digest key id\n"), s.opts.DigestKey...))
	id := hex.EncodeToString(sum[:8])
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		old, err := setting(ctx, tx, "digest_key")
		if err != nil || old == id {
			return err
		}
		if old != "" {
			if _, err := tx.ExecContext(ctx, `UPDATE transport SET digest = x''`); err != nil {
				return fmt.Errorf("forgetting digests: %w", err)
			}
			if err := s.alarm(ctx, tx, AlarmKeyChanged, "", 1); err != nil {
				return err
			}
		}
		return setSetting(ctx, tx, "digest_key", id)
	})
}

// Close closes the database. The log is folded into the file.
func (s *Store) Close() error {
	var errs []error
	for _, db := range []*sql.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.Close())
		}
	}
	return errors.Join(errs...)
}

// String names the store by its file.
func (s *Store) String() string { return "store " + s.path }

// Changed returns a channel that is closed at the next change to what Facets,
// Counts, Devices, Alarms or Counters return. Take it before reading.
func (s *Store) Changed() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func (s *Store) notify() {
	s.mu.Lock()
	defer s.mu.Unlock()
	close(s.changed)
	s.changed = make(chan struct{})
}

// tx runs f in one write transaction. When it returns nil, the change is on
// disk. A transaction takes milliseconds and is not given up half way: watching
// ctx would cost a goroutine for each statement.
func (s *Store) tx(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	tx, err := s.write.BeginTx(ctx, nil)
	if err != nil {
		return fmt.Errorf("beginning transaction: %w", err)
	}
	defer tx.Rollback()
	if err := f(ctx, tx); err != nil {
		return err
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("committing: %w", err)
	}
	return nil
}

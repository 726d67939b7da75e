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
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/pressly/goose/v3"
)

//go:embed migrations
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
	// KeepWeeks is how many closed weeks keep their single facets; older ones
	// keep their counts only. Default 13, a quarter of a year.
	KeepWeeks int
	// KeepCounts is how many weeks keep their counts. Default 261, five years.
	KeepCounts int
	// Now is the clock for the days of alarms and for contacts. Default time.Now.
	Now func() time.Time
}

// DefaultOpts are the defaults; DigestKey has none.
var DefaultOpts = Opts{Keep: 256, BusyTimeout: 5 * time.Second, KeepWeeks: 13, KeepCounts: 261, Now: time.Now}

// Store is one open database. Its methods may be called from any goroutine.
type Store struct {
	opts   Opts
	name   string
	write  *sql.DB
	read   *sql.DB
	engine engine
	stmts  map[string]*sql.Stmt // prepared ahead; empty where the driver does it

	mu      sync.Mutex
	changed chan struct{} // closed at the next change
}

// engine is what SQLite and PostgreSQL do differently.
type engine interface {
	dialect() (goose.Dialect, string) // and the folder of its migrations
	writers() int                     // transactions that may run side by side
	marks(context.Context, *sql.Tx, []mark) ([]mark, error)
	addFacets(context.Context, *sql.Tx, []Facet) (fresh []bool, err error)
	addNumbers(context.Context, *sql.Tx, []number) error
	move(ctx context.Context, tx *sql.Tx, marks []mark, keep int) error
	addCounts(ctx context.Context, tx *sql.Tx, names []string, add []int64) error
	again(error) bool // the transaction may succeed when it is tried again
	sweep(ctx context.Context, tx *sql.Tx, p plan) error
	reused(context.Context, *sql.Tx) (int, error)            // takes out facets whose id was used again, and counts them
	only(ctx context.Context, tx *sql.Tx, what string) error // one transaction at a time for what
	backup(ctx context.Context, dsn string) (*sql.DB, error) // opens a checked copy for reading
}

// Open opens or creates the database and brings its schema up to date. dsn is a
// file path for SQLite, or a URL postgres://… for PostgreSQL; other URLs are
// refused. Its errors never hold the password of a URL.
func Open(ctx context.Context, dsn string, opts Opts) (*Store, error) {
	d := DefaultOpts
	setDefault(&opts.Keep, d.Keep)
	setDefault(&opts.BusyTimeout, d.BusyTimeout)
	setDefault(&opts.KeepWeeks, d.KeepWeeks)
	setDefault(&opts.KeepCounts, max(d.KeepCounts, opts.KeepWeeks))
	if opts.Now == nil {
		opts.Now = d.Now
	}
	if len(opts.DigestKey) < 16 {
		return nil, fmt.Errorf("opening database: digest key of %d bytes, want at least 16", len(opts.DigestKey))
	}
	s := &Store{opts: opts, changed: make(chan struct{})}
	var start func(context.Context) error
	switch scheme, _, isURL := strings.Cut(dsn, "://"); {
	case !isURL:
		path, err := filepath.Abs(dsn)
		if err != nil {
			return nil, fmt.Errorf("opening database %s: %w", dsn, err)
		}
		s.name = path
		start = func(ctx context.Context) error { return s.openSQLite(ctx, path) }
	case scheme == "postgres" || scheme == "postgresql":
		u, err := url.Parse(dsn)
		if err != nil {
			return nil, errors.New("opening database: the address is not a URL") // its text may hold a password
		}
		s.name = u.Redacted()
		start = func(ctx context.Context) error { return s.openPostgres(ctx, dsn) }
	default:
		return nil, fmt.Errorf("opening database: scheme %q is not known; give a file path or postgres://…", scheme)
	}
	if err := s.open(ctx, start); err != nil {
		s.Close()
		if broken(err) {
			err = fmt.Errorf("%w: %w", ErrCorrupt, err)
		}
		return nil, fmt.Errorf("opening database %s: %w", s.name, err)
	}
	return s, nil
}

func setDefault[T comparable](v *T, d T) {
	var zero T
	if *v == zero {
		*v = d
	}
}

func (s *Store) open(ctx context.Context, start func(context.Context) error) error {
	if err := start(ctx); err != nil {
		return err
	}
	if err := s.checkKey(ctx); err != nil {
		return err
	}
	// Weeks to come need their place before their first facet.
	if err := s.tidy(ctx); err != nil {
		return fmt.Errorf("sweeping: %w", err)
	}
	return nil
}

func (s *Store) migrate(ctx context.Context, more ...goose.ProviderOption) error {
	dialect, folder := s.engine.dialect()
	files, err := fs.Sub(migrations, "migrations/"+folder)
	if err != nil {
		return err
	}
	p, err := goose.NewProvider(dialect, s.write, files, more...)
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
	return nil
}

// checkKey compares the digest key with the one of last time. Only a digest of
// the key is in the database.
func (s *Store) checkKey(ctx context.Context) error {
	sum := sha256.Sum256(append([]byte("madoguchi digest key id\n"), s.opts.DigestKey...))
	id := hex.EncodeToString(sum[:8])
	return s.tx(ctx, func(ctx context.Context, tx *sql.Tx) error {
		if err := s.engine.only(ctx, tx, "digest_key"); err != nil {
			return err
		}
		old, err := setting(ctx, tx, "digest_key")
		if err != nil || old == id {
			return err
		}
		if old != "" {
			if _, err := tx.ExecContext(ctx, `UPDATE transport SET digest = $1`, []byte{}); err != nil {
				return fmt.Errorf("forgetting digests: %w", err)
			}
			if err := s.alarm(ctx, tx, AlarmKeyChanged, "", 1); err != nil {
				return err
			}
		}
		return setSetting(ctx, tx, "digest_key", id)
	})
}

// Close closes the database.
func (s *Store) Close() error {
	var errs []error
	if s.read != nil && s.read != s.write {
		errs = append(errs, s.read.Close())
	}
	if s.write != nil {
		errs = append(errs, s.write.Close())
	}
	return errors.Join(errs...)
}

// String names the store by its file or its address without the password.
func (s *Store) String() string { return "store " + s.name }

// Writers is how many calls of Apply may usefully run at once: 1 for SQLite.
func (s *Store) Writers() int { return s.engine.writers() }

// Changed returns a channel that is closed at the next change that this process
// makes to what Facets, Counts, Devices, Alarms or Counters return. Take it
// before reading. What another collector writes is not told here.
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

// retries is how often a transaction is tried that lost to another one.
const retries = 4

// tx runs f in one write transaction. When it returns nil, the change is on
// disk. A transaction takes milliseconds and is not given up half way: watching
// ctx would cost a goroutine for each statement.
func (s *Store) tx(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx)
	for n := 1; ; n++ {
		err := s.once(ctx, f)
		if err == nil || n == retries || !s.engine.again(err) {
			return err
		}
	}
}

func (s *Store) once(ctx context.Context, f func(context.Context, *sql.Tx) error) error {
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

// row, rows and exec run a query inside a transaction, prepared ahead if it was.
func (s *Store) row(ctx context.Context, tx *sql.Tx, query string, args ...any) *sql.Row {
	if stmt := s.stmts[query]; stmt != nil {
		return tx.StmtContext(ctx, stmt).QueryRowContext(ctx, args...)
	}
	return tx.QueryRowContext(ctx, query, args...)
}

func (s *Store) rows(ctx context.Context, tx *sql.Tx, query string, args ...any) (*sql.Rows, error) {
	if stmt := s.stmts[query]; stmt != nil {
		return tx.StmtContext(ctx, stmt).QueryContext(ctx, args...)
	}
	return tx.QueryContext(ctx, query, args...)
}

func (s *Store) exec(ctx context.Context, tx *sql.Tx, query string, args ...any) (int64, error) {
	var r sql.Result
	var err error
	if stmt := s.stmts[query]; stmt != nil {
		r, err = tx.StmtContext(ctx, stmt).ExecContext(ctx, args...)
	} else {
		r, err = tx.ExecContext(ctx, query, args...)
	}
	if err != nil {
		return 0, err
	}
	return r.RowsAffected()
}

// SPDX-License-Identifier: Apache-2.0

package authority

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"time"

	"github.com/pressly/goose/v3"
	_ "modernc.org/sqlite" // the book's database

	"madoguchi/sync/issuer"
)

//go:embed migrations
var migrations embed.FS

// cardMaster is the key from which the keys of the simulated cards follow, worth nothing (card/simcard/issuer.go).
var cardMaster = []byte("MADOGUCHI-TEST simulated issuer")

// Opts configures an Authority.
type Opts struct {
	// City is the city code in topics and messages. Required.
	City string
	// Seed is what all keys of the authority follow from.
	Seed [32]byte
	// Register knows the holders of cards. Default: people who do not exist.
	Register Register
	// For is how long an operation may take from the first answer to the card's obedience. Default 15 min.
	For time.Duration
	// Now is the clock. Default time.Now.
	Now func() time.Time
}

// Authority is the simulated issuer with its book open. Its methods may be called from any goroutine, and several processes may have one book open.
type Authority struct {
	opts Opts
	gate *issuer.Gate
	cert certifier
	db   *sql.DB
}

// Open opens the book, which is made if it is missing. path is the SQLite file.
func Open(ctx context.Context, path string, opts Opts) (*Authority, error) {
	if opts.Now == nil {
		opts.Now = time.Now
	}
	if opts.Register == nil {
		opts.Register = MadeUp{opts.Now}
	}
	a := &Authority{opts: opts}
	var err error
	if a.gate, err = issuer.NewGate(opts.City, opts.Seed); err != nil {
		return nil, fmt.Errorf("opening authority: %w", err)
	}
	if a.cert, err = newCertifier(opts.Seed); err != nil {
		return nil, fmt.Errorf("opening authority: %w", err)
	}
	if a.db, err = openBook(ctx, path); err != nil {
		return nil, fmt.Errorf("opening the authority's book: %w", err)
	}
	return a, nil
}

func openBook(ctx context.Context, path string) (*sql.DB, error) {
	// Created here, because SQLite would make it readable for everybody.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	f.Close()
	u := url.URL{Scheme: "file", Path: path, RawQuery: "_busy_timeout=5000&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate"}
	db, err := sql.Open("sqlite", u.String())
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(1)
	files, err := fs.Sub(migrations, "migrations")
	if err == nil {
		var p *goose.Provider
		if p, err = goose.NewProvider(goose.DialectSQLite3, db, files); err == nil {
			_, err = p.Up(ctx)
		}
	}
	if err != nil {
		db.Close()
		return nil, err
	}
	return db, nil
}

// Close closes the book.
func (a *Authority) Close() error { return a.db.Close() }

// Keys are what each box must be given.
func (a *Authority) Keys() (ed25519.PublicKey, issuer.SealKey) { return a.gate.Keys() }

// ErrUnknownBox is a frame of a box that nobody has enrolled.
var ErrUnknownBox = errors.New("this box is not enrolled with the authority")

// AddBox enrols a box by the public key of its PIN side, or gives it another one.
func (a *Authority) AddBox(ctx context.Context, device string, key ed25519.PublicKey) error {
	if _, err := a.db.ExecContext(ctx, `INSERT INTO box (device, key) VALUES (?, ?) ON CONFLICT (device) DO UPDATE SET key = excluded.key`, device, []byte(key)); err != nil {
		return fmt.Errorf("enrolling box %s: %w", device, err)
	}
	return nil
}

// SetSuspended notes that a card stands suspended, as a telephone call does.
func (a *Authority) SetSuspended(ctx context.Context, n issuer.CardNumber) error {
	if _, err := a.db.ExecContext(ctx, `INSERT INTO suspended (number) VALUES (?) ON CONFLICT DO NOTHING`, n[:]); err != nil {
		return fmt.Errorf("suspending card: %w", err)
	}
	return nil
}

// Handle takes a frame of a box and returns the answer's frame, nil if there is none. The book has it on the disk before it returns.
func (a *Authority) Handle(ctx context.Context, device string, frame []byte) ([]byte, error) {
	var key []byte
	switch err := a.db.QueryRowContext(ctx, `SELECT key FROM box WHERE device = ?`, device).Scan(&key); {
	case errors.Is(err, sql.ErrNoRows):
		return nil, fmt.Errorf("box %q: %w", device, ErrUnknownBox)
	case err != nil:
		return nil, fmt.Errorf("looking for box: %w", err)
	}
	l, err := a.gate.Open(device, key, frame)
	if err != nil {
		return nil, err
	}
	var answer issuer.Message
	err = a.tx(ctx, func(tx *tx) error {
		e, err := tx.entry(issuer.TokenOf(l.Message))
		if err != nil {
			return err
		}
		if r, ok := l.Message.(issuer.Request); ok && e.State == issuer.Opened {
			if err := tx.settle(e, r.Proof); err != nil {
				return err
			}
		}
		var next issuer.Entry
		if next, answer, err = tx.desk().Take(e, device, l, a.opts.Now()); err != nil {
			return err
		}
		if r, ok := l.Message.(issuer.Result); ok && r.Outcome == issuer.Proved && !e.State.Settled() && next.State == issuer.Done {
			if _, odd := issuer.Settle(e, r.Proof); odd {
				if err := tx.alarm(next, "the card counts more operations than were granted"); err != nil {
					return err
				}
			}
		}
		if r, ok := answer.(issuer.Refusal); ok && r.Reason == issuer.OtherCard && !e.State.Settled() {
			if err := tx.alarm(next, "another card was laid down within a case"); err != nil {
				return err
			}
		}
		return tx.put(e, next)
	})
	if err != nil {
		return nil, fmt.Errorf("handling a message of box %s: %w", device, err)
	}
	if answer == nil {
		return nil, nil
	}
	return a.gate.Seal(device, l.Reply, answer)
}

// Sweep lets time do its work on the book: what nobody released is undone, what was granted and never proved is in doubt.
func (a *Authority) Sweep(ctx context.Context) error {
	err := a.tx(ctx, func(tx *tx) error {
		open, err := tx.entries(`state IN ('opened', 'waiting', 'granted', 'written')`)
		for _, e := range open {
			if err == nil {
				err = tx.put(e, issuer.Tire(e, a.opts.Now()))
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("sweeping the authority's book: %w", err)
	}
	return nil
}

// Book lists the operations in a state, or all of them.
func (a *Authority) Book(ctx context.Context, states ...issuer.State) (list []issuer.Entry, err error) {
	err = a.tx(ctx, func(tx *tx) error {
		all, err := tx.entries(`1`)
		for _, e := range all {
			for _, s := range states {
				if e.State == s {
					list = append(list, e)
				}
			}
			if len(states) == 0 {
				list = append(list, e)
			}
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the authority's book: %w", err)
	}
	return list, nil
}

// Alarms lists what should never have happened.
func (a *Authority) Alarms(ctx context.Context) (list []string, err error) {
	rows, err := a.db.QueryContext(ctx, `SELECT what FROM alarm ORDER BY at`)
	if err != nil {
		return nil, fmt.Errorf("reading alarms: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var what string
		if err := rows.Scan(&what); err != nil {
			return nil, fmt.Errorf("reading alarms: %w", err)
		}
		list = append(list, what)
	}
	return list, rows.Err()
}

// office is what stands behind the desk within one transaction.
type office struct{ tx *tx }

var _ issuer.Office = office{}

func (o office) CardKey(n issuer.CardNumber) (issuer.MAC, error) {
	switch _, ok, err := o.tx.a.opts.Register.Holder(n); {
	case err != nil:
		return issuer.MAC{}, err
	case !ok:
		return issuer.MAC{}, errors.New("nobody issued this card")
	}
	return issuer.CardKey(cardMaster, n), nil
}

func (o office) Entitled(order issuer.Order, n issuer.CardNumber) (issuer.Reason, error) {
	h, ok, err := o.tx.a.opts.Register.Holder(n)
	if err != nil || !ok {
		return issuer.NotAuthorised, err
	}
	var suspended bool
	if err := o.tx.QueryRowContext(o.tx.ctx, `SELECT EXISTS (SELECT 1 FROM suspended WHERE number = ?)`, n[:]).Scan(&suspended); err != nil {
		return 0, err
	}
	return h.refuses(order, suspended, dayOf(o.tx.a.opts.Now())), nil
}

func (o office) Tie(c issuer.Case, n issuer.CardNumber) (bool, error) {
	if _, err := o.tx.ExecContext(o.tx.ctx, `INSERT INTO tied (case_id, number) VALUES (?, ?) ON CONFLICT DO NOTHING`, c[:], n[:]); err != nil {
		return false, err
	}
	var number []byte
	err := o.tx.QueryRowContext(o.tx.ctx, `SELECT number FROM tied WHERE case_id = ?`, c[:]).Scan(&number)
	return bytes.Equal(number, n[:]), err
}

func (o office) Certify(e issuer.Entry, m issuer.Modulus) ([]byte, error) {
	h, ok, err := o.tx.a.opts.Register.Holder(e.Number)
	if err != nil || !ok {
		return nil, errors.Join(errors.New("the holder is gone from the register"), err)
	}
	now := o.tx.a.opts.Now()
	return o.tx.a.cert.certify(e.Open.Order.Kind, m, e.Bond, now, h.Ends(dayOf(now)))
}

func (o office) NewNonce() (n issuer.Nonce) {
	rand.Read(n[:])
	return n
}

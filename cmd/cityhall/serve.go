// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"

	"golang.org/x/sys/unix"
)

// config is what the flags say.
type config struct {
	Broker, User, PasswordFile            string
	BrokerCA, BrokerCert, BrokerKey, Name string
	Share                                 bool
	Data, DatabaseFile, City, Listen      string
	Cert, Key, Host, TokenFile, Offices   string
	TitleJa, TitleEn                      string
	K, KeepWeeks, KeepCounts              int
	Silent                                time.Duration
	JSON                                  bool
	SimulatedIssuer                       bool
	IssuerPasswordFile                    string
}

// databaseFile is the name of the SQLite database in the data folder.
const databaseFile = "cityhall.db"

// serve runs until ctx ends.
func serve(ctx context.Context, c config, stdout, stderr io.Writer) error {
	if err := c.check(); err != nil {
		return usageError{err}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	lock, err := dataFolder(c.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	password, err := readSecret("password", c.PasswordFile)
	if err != nil {
		return err
	}
	brokerTLS, err := c.brokerTLS()
	if err != nil {
		return err
	}
	db, key, created, err := c.open(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	line, err := collector.New(db, collector.Opts{
		City: c.City, Broker: c.Broker, Name: c.Name, Share: c.Share, Username: c.User, Password: password, TLS: brokerTLS, SignKey: key, Log: log,
	})
	if err != nil {
		return usageError{err}
	}
	page, err := c.page(ctx, db, line, log)
	if err != nil {
		return err
	}
	l, err := c.listen()
	if err != nil {
		return err
	}
	if err := announce(c, l.Addr().String(), collector.PublicKey(key), created, stdout); err != nil {
		l.Close()
		return err
	}
	go sweep(ctx, db, c.K, log)
	if c.SimulatedIssuer {
		ended, err := c.simulate(ctx, brokerTLS, log)
		if err != nil {
			l.Close()
			return err
		}
		defer ended()
	}
	return both(ctx, line, l, page)
}

func (c config) check() error {
	switch {
	case c.Broker == "":
		return errors.New("--broker is missing: where are the boxes connected?")
	case c.Data == "":
		return errors.New("--data is missing: where are the keys, and the database if it is SQLite?")
	case (c.Cert == "") != (c.Key == ""):
		return errors.New("--tls-cert and --tls-key belong together")
	case (c.BrokerCert == "") != (c.BrokerKey == ""):
		return errors.New("--broker-cert and --broker-key belong together")
	case c.K < 1 || c.KeepWeeks < 1 || c.KeepCounts < c.KeepWeeks:
		return errors.New("--k and --keep-weeks want at least 1, --keep-counts at least as many as --keep-weeks")
	case c.K < 5 && !isLoopback(c.Listen):
		return errors.New("--k below 5 is for trials on this machine: fewer than five records of a kind point at people")
	}
	return c.checkListen()
}

// open opens the key and the database.
func (c config) open(ctx context.Context) (*store.Store, ed25519.PrivateKey, bool, error) {
	key, created, err := collector.OpenKey(c.Data)
	if err != nil {
		return nil, nil, false, err
	}
	dsn := filepath.Join(c.Data, databaseFile)
	if c.DatabaseFile != "" {
		if dsn, err = readSecret("database", c.DatabaseFile); err != nil {
			return nil, nil, false, err
		}
	}
	db, err := store.Open(ctx, dsn, store.Opts{DigestKey: collector.DigestKey(key), KeepWeeks: c.KeepWeeks, KeepCounts: c.KeepCounts})
	if errors.Is(err, store.ErrCorrupt) {
		err = fmt.Errorf("%w\nNothing was changed. Put a backup in its place and run `cityhall restored`, or move the file (and its -wal and -shm) away to begin anew: "+
			"the boxes then send again what they still keep", err)
	}
	return db, key, created, err
}

// sweep lets time do its work on the database every hour (opening it did so at once), and publishes counts of at least k for SQL.
func sweep(ctx context.Context, db *store.Store, k int, log *slog.Logger) {
	t := time.NewTicker(time.Hour)
	defer t.Stop()
	for {
		if err := db.Publish(ctx, k); err != nil && ctx.Err() == nil {
			log.Error("publishing counts failed, tried again in an hour", "err", err)
		}
		select {
		case <-t.C:
		case <-ctx.Done():
			return
		}
		if err := db.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.Error("sweep failed, tried again in an hour", "err", err)
		}
	}
}

// both runs the line and the page until ctx ends or the page fails.
func both(ctx context.Context, line *collector.Collector, l net.Listener, page http.Handler) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	web := &http.Server{
		Handler:           page,
		BaseContext:       func(net.Listener) context.Context { return ctx }, // ends open event streams
		ReadHeaderTimeout: 10 * time.Second,
		MaxHeaderBytes:    16 << 10,
	}
	failed := make(chan error, 1)
	go func() { failed <- web.Serve(l) }()
	ended := make(chan error, 1)
	go func() { ended <- line.Run(ctx) }()
	var err error
	select {
	case err = <-failed:
	case <-ctx.Done():
	}
	cancel()
	grace, stop := context.WithTimeout(context.Background(), 5*time.Second)
	defer stop()
	err = errors.Join(err, web.Shutdown(grace), <-ended)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return err
}

// announce prints what a person, or with --json a program, needs to go on.
func announce(c config, addr, public string, created bool, stdout io.Writer) error {
	scheme := "http"
	if c.Cert != "" {
		scheme = "https"
	}
	page := scheme + "://" + addr + "/"
	if c.JSON {
		return json.NewEncoder(stdout).Encode(map[string]string{"url": page, "ack_key": public})
	}
	made := ""
	if created {
		made = "  (new)"
	}
	_, err := fmt.Fprintf(stdout, "page     %s\nack_key  %s%s\n", page, public, made)
	return err
}

// dataFolder makes the folder if it is missing and locks it for this process.
func dataFolder(dir string) (io.Closer, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("opening data folder: %w", err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("opening data folder: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, fmt.Errorf("opening data folder: another cityhall uses %s", dir)
		}
		return nil, fmt.Errorf("locking data folder %s: %w", dir, err)
	}
	return f, nil
}

// readSecret reads the first line of a file that only its owner may read. A
// password in a flag or a variable could be seen by others.
func readSecret(what, path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("reading %s: %s has mode %04o, others may read it; want 0600", what, path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 4096))
	if err != nil {
		return "", fmt.Errorf("reading %s: %w", what, err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"

	"golang.org/x/sys/unix"
)

// config is what the flags say.
type config struct {
	Broker, User, PasswordFile string
	Data, City, Listen         string
	TitleJa, TitleEn           string
	JSON                       bool
}

// databaseFile is the database's name in the data folder.
const databaseFile = "cityhall.db"

// serve runs until ctx ends.
func serve(ctx context.Context, c config, stdout, stderr io.Writer) error {
	switch {
	case c.Broker == "":
		return usageError{errors.New("--broker is missing: where are the boxes connected?")}
	case c.Data == "":
		return usageError{errors.New("--data is missing: where is the database?")}
	}
	if err := loopback(c.Listen); err != nil {
		return usageError{err}
	}
	log := slog.New(slog.NewTextHandler(stderr, nil))
	lock, err := dataFolder(c.Data)
	if err != nil {
		return err
	}
	defer lock.Close()
	password, err := readPassword(c.PasswordFile)
	if err != nil {
		return err
	}
	key, created, err := collector.OpenKey(c.Data)
	if err != nil {
		return err
	}
	db, err := store.Open(ctx, filepath.Join(c.Data, databaseFile), store.Opts{DigestKey: collector.DigestKey(key)})
	if errors.Is(err, store.ErrCorrupt) {
		return fmt.Errorf("%w\nNothing was changed. Put a backup in its place, or move the file (and its -wal and -shm) away to begin anew: "+
			"the boxes then send again what they still keep", err)
	}
	if err != nil {
		return err
	}
	defer db.Close()
	line, err := collector.New(db, collector.Opts{
		City: c.City, Broker: c.Broker, Username: c.User, Password: password, SignKey: key, Log: log,
	})
	if err != nil {
		return usageError{err}
	}
	l, err := net.Listen("tcp", c.Listen)
	if errors.Is(err, syscall.EADDRINUSE) {
		return fmt.Errorf("%w; choose another with --listen, or 127.0.0.1:0 for any free one", err)
	}
	if err != nil {
		return err
	}
	if err := announce(c, l.Addr().String(), collector.PublicKey(key), created, stdout); err != nil {
		l.Close()
		return err
	}
	page := cityweb.New(db, line, cityweb.Opts{City: c.City, TitleJa: c.TitleJa, TitleEn: c.TitleEn, Log: log})
	return both(ctx, line, l, cityweb.Local(page))
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
	page := "http://" + addr + "/"
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

// loopback refuses addresses that others could reach: the page has no log-in.
func loopback(addr string) error {
	host, _, err := net.SplitHostPort(addr)
	if err != nil {
		return fmt.Errorf("--listen %q: want host and port, as in 127.0.0.1:8090", addr)
	}
	if host == "localhost" {
		return nil
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return fmt.Errorf("--listen %q: only this machine's loopback address (127.0.0.1, ::1, localhost) is taken, because the page has no log-in", addr)
	}
	return nil
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

// readPassword reads the first line of a file that only its owner may read. A
// password in a flag or a variable could be seen by others.
func readPassword(path string) (string, error) {
	if path == "" {
		return "", nil
	}
	f, err := os.Open(path)
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("reading password: %s has mode %04o, others may read it; want 0600", path, mode)
	}
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return "", fmt.Errorf("reading password: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/term"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/store"
)

// app is what the commands share.
type app struct {
	in       io.Reader
	out, err io.Writer
	lines    *bufio.Reader // of in, if it is no terminal

	city, data, databaseFile, as string
	json, dry                    bool
}

// depot opens the city's folder.
func (a *app) depot() (*depot.Depot, error) {
	if a.city == "" {
		return nil, usage("--city is missing: where are the city's releases and keys?")
	}
	return depot.Open(a.city)
}

// with opens city hall's database beside a cityhall that may be running.
func (a *app) with(ctx context.Context, f func(*store.Store) error) (err error) {
	if a.data == "" {
		return usage("--data is missing: where is city hall's data folder?")
	}
	if _, err := os.Stat(a.data); err != nil {
		return fmt.Errorf("opening data folder: %w", err)
	}
	key, _, err := collector.OpenKey(a.data) // the digests in the database are keyed by it
	if err != nil {
		return err
	}
	dsn := filepath.Join(a.data, "cityhall.db")
	if a.databaseFile != "" {
		if dsn, err = secretFile(a.databaseFile); err != nil {
			return err
		}
	}
	db, err := store.Open(ctx, dsn, store.Opts{DigestKey: collector.DigestKey(key)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	return f(db)
}

// ask reads a secret without showing it at a terminal, and a line from anything else.
func (a *app) ask(prompt string) (string, error) {
	if f, ok := a.in.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		fmt.Fprint(a.err, prompt)
		text, err := term.ReadPassword(int(f.Fd()))
		fmt.Fprintln(a.err)
		if err != nil {
			return "", fmt.Errorf("reading secret: %w", err)
		}
		return string(text), nil
	}
	if a.lines == nil {
		if a.in == nil {
			return "", errors.New("reading secret: there is no input")
		}
		a.lines = bufio.NewReader(a.in)
	}
	line, err := a.lines.ReadString('\n')
	if err != nil && !(errors.Is(err, io.EOF) && line != "") {
		return "", fmt.Errorf("reading secret: %w", err)
	}
	return strings.TrimRight(line, "\r\n"), nil
}

// say prints a result: v with --json, else text.
func (a *app) say(v any, text string) error {
	if a.json {
		e := json.NewEncoder(a.out)
		e.SetIndent("", "  ")
		return e.Encode(v)
	}
	if text != "" && !strings.HasSuffix(text, "\n") {
		text += "\n"
	}
	_, err := io.WriteString(a.out, text)
	return err
}

// secretFile reads the first line of a file that only its owner may read.
func secretFile(path string) (string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return "", fmt.Errorf("reading secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return "", fmt.Errorf("reading secret: %s has mode %04o, others may read it; want 0600", path, mode)
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return "", fmt.Errorf("reading secret: %w", err)
	}
	line, _, _ := strings.Cut(string(text), "\n")
	return strings.TrimSuffix(line, "\r"), nil
}

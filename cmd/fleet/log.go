// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/mod/sumdb/note"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// Names in the folder of the keys.
const (
	logPublic = "log.pub"
	logKey    = "log-1.key"
)

// newLog makes the key of the city's transparency log.
func newLog(dir, city string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return fmt.Errorf("drawing key: %w", err)
	}
	defer clear(key)
	s, err := signer.NewLogSigner("madoguchi/"+city, key)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, logPublic), []byte(s.Public()+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing log's key: %w", err)
	}
	return depot.WriteKey(filepath.Join(dir, logKey), key, "", 0)
}

// knownLog is what is read aloud of a log's key: the hash by which checkpoints name it. It does not end.
func knownLog(text []byte) (string, time.Time, error) {
	v, err := note.NewVerifier(strings.TrimSpace(string(text)))
	if err != nil {
		return "", time.Time{}, err
	}
	return fmt.Sprintf("%08x", v.KeyHash()), time.Time{}, nil
}

// log opens the city's transparency log for adding to it.
func (a *app) log(d *depot.Depot) (*signer.Log, error) {
	key, err := depot.ReadKey(filepath.Join(d.Keys(), logKey), func(path string) (string, error) { return a.ask("Passphrase for " + path + ": ") })
	if err != nil {
		return nil, err
	}
	s, err := signer.NewLogSigner("madoguchi/"+d.City(), key)
	if err != nil {
		return nil, err
	}
	return signer.NewLog(s, d.Get, d.Put), nil
}

// publicLog is the key by which boxes know the log.
func publicLog(d *depot.Depot) (string, error) {
	text, err := os.ReadFile(filepath.Join(d.Keys(), logPublic))
	if err != nil {
		return "", fmt.Errorf("reading log's key: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func logCommand(a *app) *cobra.Command {
	against, out := "", ""
	c := &cobra.Command{
		Use: "log", Short: "Check the transparency log: every release is in it, and nothing in it was changed", Args: cobra.NoArgs,
		Long: `Every release is a line of an append-only log before any box sees it, and a box installs nothing that
is not in the log it has followed from its first day. So a thief of all signing keys cannot give one
office another version than the others without leaving a line that everybody sees.

Reads the log as a box does and proves each release. --keep writes the signed head (checkpoint) to a
file: publish it, or keep it where the machine of the depot cannot reach. --against proves that the log
is what it was when such a file was written, with more lines; exit status 1 if it is another.`,
		Example: `  fleet log --city /srv/fleet/nabari --keep 2026-11-22.checkpoint
  fleet log --city /srv/fleet/nabari --against 2026-10-01.checkpoint`,
		RunE: func(c *cobra.Command, _ []string) error { return a.checkLog(c.Context(), against, out) },
	}
	c.Flags().StringVar(&against, "against", "", "a checkpoint that was kept")
	c.Flags().StringVar(&out, "keep", "", "write the newest checkpoint to this file")
	return c
}

// heads keeps the checkpoint of one run.
type heads map[string][]byte

var _ update.Store = heads{}

func (h heads) Load(name string) ([]byte, error) { return h[name], nil }

func (h heads) Save(name string, raw []byte) error {
	h[name] = raw
	return nil
}

func (a *app) checkLog(ctx context.Context, against, out string) error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	key, err := publicLog(d)
	if err != nil {
		return err
	}
	kept := heads{}
	if against != "" {
		if kept["checkpoint"], err = os.ReadFile(against); err != nil {
			return fmt.Errorf("reading checkpoint: %w", err)
		}
	}
	l, err := update.OpenLog(key, kept)
	if err != nil {
		return err
	}
	fetch := func(_ context.Context, name string, _ int) ([]byte, error) { return d.Get(name) }
	type line struct {
		Path     string `json:"path"`
		Manifest string `json:"manifest"`
		Place    int64  `json:"place"`
	}
	var list []line
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	err = d.With(nil, func(r *signer.Repository) error {
		places := signer.NewLog(nil, d.Get, nil)
		for _, rel := range r.Releases() {
			if err := l.Check(ctx, fetch, rel.Path, rel.Digest); err != nil {
				return err
			}
			at, err := places.Place(rel)
			if err != nil {
				return err
			}
			list = append(list, line{rel.Path, rel.Digest.String(), at})
			fmt.Fprintf(w, "%d\t%s\t%.16s…\n", at, rel.Path, rel.Digest)
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	head, err := d.Get(update.CheckpointName)
	switch {
	case errors.Is(err, update.ErrAbsent):
		return a.say(list, "nothing is released yet")
	case err != nil:
		return err
	}
	if out != "" && !a.dry {
		if err := writeNew(out, head); err != nil {
			if errors.Is(err, fs.ErrExist) {
				return fmt.Errorf("%w; a checkpoint that is kept is never replaced", err)
			}
			return err
		}
	}
	fmt.Fprintf(&text, "\n%s", head)
	if against != "" {
		fmt.Fprintf(&text, "\nit goes on from %s: nothing was changed or taken out\n", against)
	}
	if out != "" && !a.dry {
		fmt.Fprintf(&text, "\nthis head is kept in %s\n", out)
	}
	return a.say(map[string]any{"releases": list, "checkpoint": string(head)}, text.String())
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update/signer"
	"madoguchi/sync/record"
)

// seats is how many keys a role has, how many must sign, and whether people sign with it.
var seats = map[string]struct {
	keys, needed int
	people       bool
}{
	"root": {3, 2, true}, "firmware": {3, 2, true}, "policy": {3, 2, true}, "config": {2, 1, true},
	signer.Director: {1, 1, false}, "snapshot": {1, 1, false}, "timestamp": {1, 1, false},
}

// daily are the roles that sign without a person.
var daily = []string{signer.Director, "snapshot", "timestamp"}

func keysCommand(a *app) *cobra.Command {
	cmd := &cobra.Command{Use: "keys", Short: "Make and list the signing keys of a city", Args: cobra.NoArgs, RunE: func(c *cobra.Command, _ []string) error { return c.Help() }}
	code, plain, cost := "", false, depot.WorkFactor
	create := &cobra.Command{
		Use:   "new --city DIR --code CODE",
		Short: "Make a city's folder with all its keys and an empty repository",
		Long: `Makes the folder --city, which must not exist, with one file for each key:

  root      2 of 3 sign    names all other keys; also signs "targets", which delegates to the kinds
  firmware  2 of 3         policy  2 of 3         config  1 of 2
  director, snapshot, timestamp    1 each, signed with by "fleet serve" without a person
  log                              signs the head of the transparency log at each release
  authority                        gives the boxes their certificates, in "fleet serve" and "fleet enroll"

The keys that people sign with are encrypted (age) under a passphrase that is asked for twice: let
each holder type their own. Do it with the holders at one table, on a machine without a network; the
README describes the ceremony. --plain encrypts nothing: for a demo only.`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if a.city == "" || !record.ValidDevice(code) {
				return usage("--city says where, and --code what the city is called in topics: a–z 0–9 -")
			}
			if a.dry {
				return a.say(map[string]any{"would": "make " + a.city}, "would make "+a.city)
			}
			return a.newKeys(code, plain, cost)
		},
	}
	create.Flags().StringVar(&code, "code", "", "the city's code in topics, such as nabari")
	create.Flags().BoolVar(&plain, "plain", false, "no passphrases: for a demo")
	create.Flags().IntVar(&cost, "work-factor", depot.WorkFactor, "cost of a passphrase, as age counts it")
	if err := create.Flags().MarkHidden("work-factor"); err != nil {
		panic(err) // the flag is made two lines above
	}
	list := &cobra.Command{Use: "list --city DIR", Short: "List the roles: who must sign, which key files are there, when the documents expire", Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error { return a.listKeys(time.Now()) }}
	cmd.AddCommand(create, addKeysCommand(a), list)
	return cmd
}

func keyFile(dir, role string, n int) string {
	return filepath.Join(dir, fmt.Sprintf("%s-%d.key", role, n))
}

// newKeys draws all keys first and writes them into the folder that depot.Create makes, so that there is never half a city.
func (a *app) newKeys(code string, plain bool, cost int) error {
	roles := map[string]signer.Role{}
	drawn := map[string][]ed25519.PrivateKey{}
	for role, s := range seats {
		r := signer.Role{Threshold: s.needed}
		for range s.keys {
			_, key, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				return fmt.Errorf("drawing key: %w", err)
			}
			drawn[role] = append(drawn[role], key)
			r.Keys = append(r.Keys, key)
		}
		roles[role] = r
	}
	roles["targets"] = roles["root"] // the same people
	defer func() {
		for _, keys := range drawn {
			for _, k := range keys {
				clear(k)
			}
		}
	}()
	_, err := depot.Create(a.city, code, roles, time.Now(), func(dir string) error {
		for _, role := range signer.Roles {
			for i, key := range drawn[role] {
				passphrase := ""
				if seats[role].people && !plain {
					var err error
					if passphrase, err = a.newPassphrase(fmt.Sprintf("%s-%d", role, i+1)); err != nil {
						return err
					}
				}
				if err := depot.WriteKey(keyFile(dir, role, i+1), key, passphrase, cost); err != nil {
					return err
				}
			}
		}
		return errors.Join(newAuthority(dir, code), newLog(dir, code))
	})
	if err != nil {
		return err
	}
	return a.say(map[string]string{"city": code, "folder": a.city}, fmt.Sprintf(`%s is made.
Give each holder the file of their key from %s on a stick of its own, and delete it here:
root, firmware, policy and config. Only director, snapshot, timestamp, authority and log stay.`, a.city, filepath.Join(a.city, "keys")))
}

func (a *app) newPassphrase(name string) (string, error) {
	first, err := a.ask("Passphrase for " + name + ": ")
	if err != nil {
		return "", err
	}
	if len(first) < depot.MinPassphrase {
		return "", fmt.Errorf("the passphrase for %s has %d bytes, want at least %d", name, len(first), depot.MinPassphrase)
	}
	again, err := a.ask("Again: ")
	if err != nil {
		return "", err
	}
	if again != first {
		return "", fmt.Errorf("the two passphrases for %s are not the same", name)
	}
	return first, nil
}

// roleLine is one role of "keys list".
type roleLine struct {
	Role    string    `json:"role"`
	Needed  int       `json:"needed"`
	Keys    []string  `json:"keys"`
	Files   []string  `json:"files"`
	Version int64     `json:"version,omitempty"`
	Expires time.Time `json:"expires,omitzero"`
}

func (a *app) listKeys(now time.Time) error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	var list []roleLine
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "role\tneeded\tkeys\tfiles here\tversion\texpires")
	add := func(l roleLine) {
		list = append(list, l)
		version, expires := "–", "–"
		if l.Version > 0 {
			version = fmt.Sprint(l.Version)
		}
		if !l.Expires.IsZero() {
			expires = fmt.Sprintf("%s (%d days)", l.Expires.Format(time.DateOnly), int(l.Expires.Sub(now).Hours()/24))
		}
		ids, all := short(l.Keys), len(l.Keys)
		if all == 0 {
			ids, all = "none: fleet keys add", l.Needed
		}
		fmt.Fprintf(w, "%s\t%d of %d\t%s\t%d\t%s\t%s\n", l.Role, l.Needed, all, ids, len(l.Files), version, expires)
	}
	err = d.With(nil, func(r *signer.Repository) error {
		for _, s := range r.States() {
			l := roleLine{Role: s.Name, Needed: s.Threshold, Keys: s.KeyIDs, Version: s.Version, Expires: s.Expires}
			if l.Files, err = filepath.Glob(filepath.Join(d.Keys(), s.Name+"-*.key")); err != nil {
				return err
			}
			add(l)
		}
		return nil
	})
	if err != nil {
		return err
	}
	for _, k := range later {
		l, err := k.line(d.Keys())
		if err != nil {
			return err
		}
		add(l)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return a.say(list, text.String())
}

func short(ids []string) string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id[:min(8, len(id))]
	}
	return strings.Join(out, " ")
}

// keys reads as many key files as roles need: of those that are given, and of the city's folder.
func (a *app) keys(d *depot.Depot, given []string, roles ...string) ([]signer.Key, error) {
	files := slices.Clone(given)
	for _, role := range roles {
		here, err := filepath.Glob(filepath.Join(d.Keys(), role+"-*.key"))
		if err != nil {
			return nil, err
		}
		if len(given) > 0 && seats[role].people {
			continue // the holders have brought theirs
		}
		files = append(files, here[:min(len(here), seats[role].needed)]...)
	}
	var keys []signer.Key
	for _, path := range files {
		key, err := depot.ReadKey(path, func(path string) (string, error) { return a.ask("Passphrase for " + path + ": ") })
		if err != nil {
			return nil, err
		}
		keys = append(keys, key)
	}
	return keys, nil
}

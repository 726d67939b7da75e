// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"
)

// pair is two files: a private key and what is known of it. The private one is written last.
type pair struct {
	name, public, private string
	create                func(dir, city string) error
	known                 func(public []byte) (id string, expires time.Time, err error)
	note                  string
}

// later are the pairs that cities of earlier versions do not have.
var later = []pair{
	{"authority", authorityFile, authorityKey, newAuthority, knownAuthority, "give the broker " + authorityFile + " as the authority of the boxes' certificates"},
	{"log", logPublic, logKey, newLog, knownLog, "releases from now on are in the log; boxes that are told its key install none from before: release those anew"},
}

func addKeysCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use: "add --city DIR", Short: "Make the keys that the folder of an earlier version lacks", Args: cobra.NoArgs,
		Long: `Makes the authority for the boxes' certificates and the key of the transparency log where a city's folder
has none, because it was made before there were any. Nothing that is there is changed. The keys that root
names are not among them: those are changed by a new root.`,
		RunE: func(*cobra.Command, []string) error { return a.addKeys() },
	}
}

func (a *app) addKeys() error {
	d, err := a.depot()
	if err != nil {
		return err
	}
	made := []string{}
	var text strings.Builder
	for _, k := range later {
		public, err := there(filepath.Join(d.Keys(), k.public))
		if err != nil {
			return err
		}
		private, err := there(filepath.Join(d.Keys(), k.private))
		switch {
		case err != nil:
			return err
		case public != private:
			return fmt.Errorf("%s: of %s and %s only one is there: bring the other one back, or move it away if no box has ever seen it", k.name, k.public, k.private)
		case public:
			continue
		}
		if !a.dry {
			if err := k.create(d.Keys(), d.City()); err != nil {
				return err
			}
		}
		made = append(made, k.name)
		verb := "made"
		if a.dry {
			verb = "would make"
		}
		fmt.Fprintf(&text, "%s %s: %s\n", verb, k.name, k.note)
	}
	if len(made) == 0 {
		text.WriteString("nothing lacks\n")
	}
	return a.say(map[string]any{"made": made, "dry": a.dry}, text.String())
}

// line is the pair as "keys list" shows it: with no key if it lacks.
func (k pair) line(dir string) (roleLine, error) {
	l := roleLine{Role: k.name, Needed: 1, Keys: []string{}}
	public, err := os.ReadFile(filepath.Join(dir, k.public))
	if errors.Is(err, fs.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return l, fmt.Errorf("reading %s's key: %w", k.name, err)
	}
	id, expires, err := k.known(public)
	if err != nil {
		return l, fmt.Errorf("reading %s's key: %w", k.name, err)
	}
	l.Keys, l.Expires = append(l.Keys, id), expires
	if l.Files, err = filepath.Glob(filepath.Join(dir, k.private)); err != nil {
		return l, err
	}
	return l, nil
}

// there tells whether a file is there.
func there(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for key: %w", err)
	}
	return true, nil
}

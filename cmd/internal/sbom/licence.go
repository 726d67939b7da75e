// SPDX-License-Identifier: Apache-2.0

package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// known are licences by words that stand in their text and in no other's. The first that fits is taken.
var known = []struct {
	id    string
	words []string
}{
	{"Apache-2.0", []string{"Apache License", "Version 2.0"}},
	{"MPL-2.0", []string{"Mozilla Public License", "2.0"}},
	{"OFL-1.1", []string{"SIL OPEN FONT LICENSE"}},
	{"MIT", []string{"Permission is hereby granted, free of charge"}},
	{"ISC", []string{"Permission to use, copy, modify, and"}},
	{"BSD-3-Clause", []string{"Redistribution and use in source and binary forms", "endorse or promote"}},
	{"BSD-2-Clause", []string{"Redistribution and use in source and binary forms"}},
}

// errNoLicence says that a module must not be shipped before somebody has read it.
var errNoLicence = errors.New("no licence file that is known: read it before it is shipped")

// chosen is the file of the licence that is taken where Eclipse offers two: the Eclipse Distribution License, which is BSD-3-Clause.
const chosen = "edl-v10"

// licenceIn finds the licence of the source in a folder, and its text with the notices beside it.
func licenceIn(dir string) (id, text string, err error) {
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil {
		return "", "", err
	}
	two := slices.Contains(files, filepath.Join(dir, chosen))
	for _, f := range files {
		switch strings.ToUpper(strings.TrimSuffix(filepath.Base(f), filepath.Ext(f))) {
		case "LICENSE", "LICENCE", "COPYING":
			if two {
				continue
			}
		case "NOTICE", strings.ToUpper(chosen):
		default:
			continue
		}
		b, err := os.ReadFile(f)
		if err != nil {
			return "", "", err
		}
		text += string(b)
		if id == "" {
			id = named(string(b))
		}
	}
	if id == "" {
		return "", "", fmt.Errorf("%s: %w", dir, errNoLicence)
	}
	return id, text, nil
}

// named is the SPDX identifier of a licence's text, "" if it is not known.
func named(text string) string {
	text = strings.Join(strings.Fields(text), " ")
	for _, k := range known {
		fits := true
		for _, w := range k.words {
			fits = fits && strings.Contains(text, w)
		}
		if fits {
			return k.id
		}
	}
	return ""
}

// modcache asks the go command where a module's source lies.
func modcache(path, version string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Version}} {{.Dir}}", path).Output()
	if err != nil {
		return "", err
	}
	is, dir, _ := strings.Cut(strings.TrimSpace(string(out)), " ")
	switch {
	case is != version:
		return "", fmt.Errorf("this tree has %s: the program was built from another", is)
	case dir == "":
		return "", errors.New("not in the module cache: go mod download")
	}
	return dir, nil
}

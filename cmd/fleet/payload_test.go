// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"madoguchi/device/policy"
)

// file writes a file to release.
func (h *hall) file(name string, text []byte) string {
	path := filepath.Join(h.t.TempDir(), name)
	if err := os.WriteFile(path, text, 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// rules packs a municipality's own rules, each time with another line of comment.
func (h *hall) rules(city string) string {
	h.t.Helper()
	var files [2][]byte
	for i, name := range []string{policy.National, city} {
		text, err := os.ReadFile(filepath.Join("../../device/policy/data", name+".toml"))
		if err != nil {
			h.t.Fatal(err)
		}
		files[i] = text
	}
	h.packs++
	b, err := policy.Pack(files[0], city, fmt.Appendf(files[1], "\n# %d\n", h.packs))
	if err != nil {
		h.t.Fatal(err)
	}
	return h.file(city+".policy", b)
}

// TestReleaseSound: what every box would refuse is refused at the desk, with what is wrong and where; nothing is signed, and the version is still to be had.
func TestReleaseSound(t *testing.T) {
	h := newHall(t)
	good := h.file("good.toml", []byte("sound = true\n"))
	packed, err := os.ReadFile(h.rules("nabari"))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ kind, path, want string }{
		{"policy", h.file("nabari.toml", []byte("schema = 1\n")), `nabari.toml: is no bundle of rules; "fleet policy pack" writes one`},
		{"policy", h.file("damaged.policy", bytes.Replace(packed, []byte(`"hash":"`), []byte(`"hash":"0`), 1)), "damaged.policy: reading rules: hash "},
		{"policy", h.file("indented.policy", append(packed, '\n')), "indented.policy: reading rules: not as they were packed"},
		{"policy", h.rules("matsue"), `the rules of "matsue", and the folder's boxes stand in "nabari"`},
		{"policy", h.file("long.policy", bytes.Repeat([]byte("{"), policy.MaxBundle+1)), "long.policy: reading rules: longer than 1048576 bytes"},
		{"config", h.file("settings.toml", []byte("sound = true\nofice = \"別館\"\n")), `settings.toml:2:1: unknown key "ofice"`},
		{"config", h.rules("nabari"), "nabari.policy: is longer than 32768 bytes"},
	} {
		for _, more := range [][]string{{"--dry-run"}, nil} {
			h.refused(tt.want, append([]string{"release", tt.kind, tt.path, "--version", "1"}, more...)...)
		}
	}
	h.must("release", "policy", h.rules("nabari"), "--version", "1")
	h.must("release", "config", good, "--version", "1")
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestAddKeys: a folder that was made before there were an authority and a log gets both, once, and releases and enrols like any other.
func TestAddKeys(t *testing.T) {
	h := newHall(t)
	key := func(name string) string { return filepath.Join(h.city, "keys", name) }
	for _, name := range []string{"authority.pem", "authority-1.key", "log.pub", "log-1.key"} {
		if err := os.Remove(key(name)); err != nil {
			t.Fatal(err)
		}
	}
	h.refused("log-1.key", "release", "policy", h.rules("nabari"), "--version", "1")
	if text := h.must("keys", "list"); strings.Count(text, "none: fleet keys add") != 2 {
		t.Errorf("list without the two\n%s", text)
	}
	if text := h.must("keys", "add", "--dry-run"); !strings.Contains(text, "would make authority") || !strings.Contains(text, "would make log") {
		t.Errorf("dry run\n%s", text)
	}
	h.refused("log-1.key", "release", "policy", h.rules("nabari"), "--version", "1")
	if text := h.must("keys", "add"); !strings.Contains(text, "made authority") || !strings.Contains(text, "made log") {
		t.Errorf("add\n%s", text)
	}
	before, err := os.ReadFile(key("log-1.key"))
	if err != nil {
		t.Fatal(err)
	}
	if text := h.must("keys", "add"); !strings.Contains(text, "nothing lacks") {
		t.Errorf("add again\n%s", text)
	}
	public, err := os.ReadFile(key("log.pub"))
	if err != nil {
		t.Fatal(err)
	}
	hash := strings.Split(string(public), "+")[1]
	if text := h.must("keys", "list"); !regexp.MustCompile(`(?m)^log\s+1 of 1\s+`+hash+`\s+1\s+–\s+–\s*$`).MatchString(text) ||
		!regexp.MustCompile(`(?m)^authority\s+1 of 1\s+[0-9a-f]{8}\s+1\s+–\s+20\d\d-`).MatchString(text) {
		t.Errorf("list with the two (log %s)\n%s", hash, text)
	}
	if after, err := os.ReadFile(key("log-1.key")); err != nil || string(after) != string(before) {
		t.Errorf("a key that was there was replaced (%v)", err)
	}
	h.must("release", "policy", h.rules("nabari"), "--version", "1")
	if text := h.must("log"); !strings.Contains(text, "policy/1/manifest.json") {
		t.Errorf("log\n%s", text)
	}
	h.must("enroll", "list")
	if err := os.Remove(key("log-1.key")); err != nil {
		t.Fatal(err)
	}
	h.refused("only one is there", "keys", "add")
}

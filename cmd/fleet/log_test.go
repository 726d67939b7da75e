// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/line"
)

// TestLog: releases are in the log; a checkpoint that was kept elsewhere shows a depot that was set back and told otherwise.
func TestLog(t *testing.T) {
	h := newHall(t)
	kept := filepath.Join(t.TempDir(), "kept")
	h.must("release", "policy", h.rules("nabari"), "--version", "1")
	older := filepath.Join(t.TempDir(), "older")
	if err := os.CopyFS(older, os.DirFS(h.city)); err != nil {
		t.Fatal(err)
	}
	keys, err := filepath.Glob(filepath.Join(older, "keys", "*.key")) // CopyFS opens them to others, and so they would be refused
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range keys {
		if err := os.Chmod(path, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	h.must("release", "policy", h.rules("nabari"), "--version", "2")
	if text := h.must("log", "--keep", kept); !strings.Contains(text, "policy/2/manifest.json") || !strings.Contains(text, "madoguchi/nabari\n2\n") {
		t.Errorf("log\n%s", text)
	}
	h.must("release", "config", h.file("settings.toml", []byte("sound = true\n")), "--version", "1")
	if text := h.must("log", "--against", kept); !strings.Contains(text, "it goes on from "+kept) {
		t.Errorf("fleet log --against: %s", text)
	}
	if code, out := h.call(t.Context(), "log", "--keep", kept); code != 1 || !strings.Contains(out, "never replaced") {
		t.Errorf("a kept checkpoint was replaced: %d\n%s", code, out)
	}
	// Somebody goes on from an old copy of the depot, with every key: another history.
	h.city = older
	h.must("release", "policy", h.rules("nabari"), "--version", "2")
	h.must("release", "policy", h.rules("nabari"), "--version", "3")
	h.refused("another history", "log", "--against", kept)
}

// TestBrokerCheck: the embedded broker is as it must be, and a wrong password is seen. A director that serves meanwhile keeps its connection.
func TestBrokerCheck(t *testing.T) {
	h := newHall(t)
	secret, err := os.ReadFile(h.password)
	if err != nil {
		t.Fatal(err)
	}
	live, alive, err := line.Dial(t.Context(), line.Opts{Broker: h.broker.URL(), ClientID: broker.DirectorID, Password: strings.TrimSpace(string(secret))})
	if err != nil {
		t.Fatal(err)
	}
	defer live.Close()
	defer func() {
		if err := alive.Err(); err != nil {
			t.Errorf("the director was thrown off: %v", context.Cause(alive))
		}
	}()
	if text := h.must("broker", "check", "--broker", h.broker.URL(), "--password-file", h.password); strings.Contains(text, "BAD") || strings.Count(text, "ok ") != 10 {
		t.Errorf("check\n%s", text)
	}
	if err := os.WriteFile(h.password, []byte("another\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.refused("BAD  the director gets in", "broker", "check", "--broker", h.broker.URL(), "--password-file", h.password)
}

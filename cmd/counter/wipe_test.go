// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"madoguchi/device"
	"madoguchi/sync/enrol"
)

// TestHome: a box can be wiped if its settings lie among its data, and is from the moment that its mark lies there, whatever else does.
func TestHome(t *testing.T) {
	dir := t.TempDir()
	config := filepath.Join(dir, "counter.toml")
	for _, c := range []struct {
		config, data string
		can          bool
	}{
		{config, dir, true},
		{config, dir + "/", true},
		{config, t.TempDir(), false},
		{filepath.Join(dir, "box.toml"), dir, false},
		{"/etc/madoguchi/counter.toml", "/data/counter", false},
	} {
		if got := home(c.config, device.Config{DataDir: c.data}) != nil; got != c.can {
			t.Errorf("%s with data in %s: %v", c.config, c.data, got)
		}
	}
	if isWiping(config) {
		t.Error("it is wiped without an order")
	}
	if err := home(config, device.Config{DataDir: dir}).Mark(enrol.Mark{Device: "box-17"}); err != nil {
		t.Fatal(err)
	}
	if !isWiping(config) {
		t.Error("the mark is not seen")
	}
}

// TestStartAnew: who can start the board is asked, and waited for.
func TestStartAnew(t *testing.T) {
	if err := startAnew(t.Context(), "", time.Hour); err != nil {
		t.Error(err)
	}
	dir := t.TempDir()
	if err := startAnew(t.Context(), dir, time.Millisecond); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "restart")); err != nil {
		t.Error(err)
	}
}

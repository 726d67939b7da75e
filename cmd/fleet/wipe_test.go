// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
)

// TestWipe: an order is given, looked at from all sides, turned into one even unsent by two keys and not by one, and taken back; a dry run changes nothing.
func TestWipe(t *testing.T) {
	h := newHall(t)
	h.must("enroll", "add", "box-1", "--office", "g01")
	usage := func(want string, args ...string) {
		t.Helper()
		if code, out := h.call(t.Context(), append([]string{"wipe", "box-1"}, args...)...); code != 2 || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d\n%s", args, code, out)
		}
	}
	usage("--reason is missing")
	usage("one of", "--reason", "x", "--cancel", "--even-unsent")
	usage("from 1 to 90", "--reason", "x", "--days", "91")
	usage("--key goes with", "--reason", "x", "--key", h.key("config-1"))
	usage("who are you", "--reason", "x", "--even-unsent")
	h.refused("there is no box", "wipe", "box-9", "--reason", "x")
	h.refused("no order to wipe it that stands", "wipe", "box-1", "--cancel", "--reason", "x")

	if out := h.must("wipe", "box-1", "--reason", "moves", "--dry-run"); !strings.Contains(out, "would note: wipe box-1") {
		t.Error(out)
	}
	says := func(want string, args ...string) {
		t.Helper()
		if out := h.must(args...); !strings.Contains(out, want) {
			t.Errorf("%v does not say %q:\n%s", args, want, out)
		}
	}
	if out := h.must("device", "why", "box-1"); strings.Contains(out, "wipe") {
		t.Errorf("after a dry run\n%s", out)
	}
	says("fleet device why box-1", "wipe", "box-1", "--reason", "moves")
	h.refused("to be wiped already", "wipe", "box-1", "--reason", "again")
	says("wipe ordered 0 min ago", "device", "list")
	says("the box has not said that it knows", "device", "show", "box-1")
	says("wipe ordered on", "device", "why", "box-1")

	h.refused("nobody waits for it", "wipe", "box-1", "--approve", "--key", h.key("config-1"))
	says("--approve", "wipe", "box-1", "--reason", "stolen", "--even-unsent", "--key", h.key("config-1"))
	h.refused("asked for it", "wipe", "box-1", "--approve", "--key", h.key("config-1"))
	h.refused("key file", "wipe", "box-1", "--approve", "--key", h.key("policy-1"))
	says("even unsent: by key", "wipe", "box-1", "--approve", "--key", h.key("config-2"))
	h.refused("even unsent already", "wipe", "box-1", "--reason", "x", "--even-unsent", "--key", h.key("config-1"))
	var line deviceLine
	if err := json.Unmarshal([]byte(h.must("device", "show", "box-1", "--json")), &line); err != nil {
		t.Fatal(err)
	}
	if line.Wipe == nil || line.Wipe.State != "ordered" || line.Wipe.Reason != "moves" || !strings.Contains(line.Wipe.EvenUnsent, " and ") {
		t.Errorf("%+v", line.Wipe)
	}
	says("cancelled by", "wipe", "box-1", "--cancel", "--reason", "stays")
	if out := h.must("device", "list"); strings.Contains(out, "wipe") {
		t.Errorf("after it was cancelled\n%s", out)
	}
	for _, want := range []string{"wipe  ", "wipe even unsent  ", "wipe approve  ", "wipe cancel  ", "box-1 stolen"} {
		says(want, "audit")
	}
	says("waits until city hall", "wipe", "box-1", "--reason", "stolen after all", "--even-unsent", "--key", h.key("config-2"))

	// A box that said its last word: its id may be replaced, and nobody gives it another order.
	key, _, err := collector.OpenKey(h.data)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), filepath.Join(h.data, "cityhall.db"), store.Opts{DigestKey: collector.DigestKey(key)})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	_, err = wipe.Change(t.Context(), db, "box-1", false, func(k *wipe.Kept) error {
		k.Wiped = &wipe.Outcome{At: k.At, Lost: 3}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := db.RevokeBox(t.Context(), "box-1", line.Wipe.Since); err != nil {
		t.Fatal(err)
	}
	says("wiped", "device", "list")
	says("lost 3 records", "device", "why", "box-1")
	h.refused("not of the fleet", "wipe", "box-1", "--reason", "x")
	h.must("enroll", "new", "box-2", "--office", "g01", "--broker", "tls://mqtt:8883", "--out", filepath.Join(t.TempDir(), "f"), "--replace", "box-1")
}

// TestWaits: every code that a box may give has words.
func TestWaits(t *testing.T) {
	for _, code := range []string{"", "unsent", "damaged", "operation", "trial", "clock", "expired", "enrolment", "unable", "storage"} {
		if strings.Contains(waits(code), "does not know") {
			t.Errorf("%q: %s", code, waits(code))
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
)

// accounts gives city hall accounts whose passwords are "password of NAME".
func (h *hall) accounts(roles map[string]cityweb.Role) {
	h.t.Helper()
	key, _, err := collector.OpenKey(h.data)
	if err != nil {
		h.t.Fatal(err)
	}
	db, err := store.Open(h.t.Context(), filepath.Join(h.data, "cityhall.db"), store.Opts{DigestKey: collector.DigestKey(key)})
	if err != nil {
		h.t.Fatal(err)
	}
	defer db.Close()
	for name, role := range roles {
		hash, err := cityweb.HashPassword("password of " + name)
		if err != nil {
			h.t.Fatal(err)
		}
		if err := db.PutAccount(h.t.Context(), store.Account{Name: name, Role: string(role), Hash: hash}); err != nil {
			h.t.Fatal(err)
		}
	}
}

// TestTwoPeople: who draws up and who approves are two people that have proved who they are; a name at its word is none.
func TestTwoPeople(t *testing.T) {
	h := newHall(t)
	h.must("release", "policy", h.rules("nabari"), "--version", "1")
	h.must("enroll", "add", "a", "--office", "g01")
	create := []string{"rollout", "create", "policy/1", "--reason", "fee"}

	// Without accounts: keys of the kind, and not the one that drew it up.
	if code, out := h.call(t.Context(), create...); code != 2 || !strings.Contains(out, "who are you?") {
		t.Errorf("a plan by nobody: exit %d\n%s", code, out)
	}
	if code, out := h.call(t.Context(), append(create, "--as", "soumu")...); code != 2 {
		t.Errorf("a name at its word: exit %d\n%s", code, out)
	}
	h.refused("none of role policy", append(create, "--key", h.key("firmware-1"))...)
	h.must(append(create, "--key", h.key("policy-1"))...)
	h.refused("somebody else", "rollout", "approve", "policy-1", "--key", h.key("policy-1"))
	h.refused("none of role policy", "rollout", "approve", "policy-1", "--key", h.key("config-1"))
	h.must("rollout", "approve", "policy-1", "--key", h.key("policy-2"))
	if log := h.must("audit"); !strings.Contains(log, "key ") {
		t.Errorf("the audit log does not name the keys\n%s", log)
	}

	// With accounts: nothing else counts any more.
	h.accounts(map[string]cityweb.Role{"soumu": cityweb.Admin, "joho": cityweb.Admin, "kansa": cityweb.Auditor})
	as := func(name, password string, args ...string) (int, string) {
		return h.typing(t.Context(), password+"\n", slices.Concat(args, []string{"--as", name})...)
	}
	second := append(create, "--id", "again")
	for _, c := range []struct {
		name, who, password string
		args                []string
		want                string
	}{
		{"a wrong password", "soumu", "guessed password", second, "with this password"},
		{"nobody of that name", "mayor", "password of mayor", second, "with this password"},
		{"no admin", "kansa", "password of kansa", second, "is no admin"},
		{"a key beside it", "soumu", "password of soumu", slices.Concat(second, []string{"--key", h.key("policy-1")}), "without accounts"},
		{"drawn up", "soumu", "password of soumu", second, ""},
		{"its author", "soumu", "password of soumu", []string{"rollout", "approve", "again"}, "somebody else"},
		{"a plan of keys", "joho", "password of joho", []string{"rollout", "approve", "policy-1"}, "it is approved"},
		{"the other", "joho", "password of joho", []string{"rollout", "approve", "again"}, ""},
		{"start", "soumu", "password of soumu", []string{"rollout", "start", "again"}, ""},
	} {
		code, out := as(c.who, c.password, c.args...)
		if (code == 0) != (c.want == "") || !strings.Contains(out, c.want) {
			t.Errorf("%s: exit %d, want %q\n%s", c.name, code, c.want, out)
		}
	}
	if code, out := h.call(t.Context(), "rollout", "abort", "again", "--reason", "x"); code != 2 || !strings.Contains(out, "--as is missing") {
		t.Errorf("somebody without an account aborts: exit %d\n%s", code, out)
	}
	var r rollout.Rollout
	if err := json.Unmarshal([]byte(h.must("rollout", "status", "again", "--json")), &r); err != nil {
		t.Fatal(err)
	}
	if r.Plan.Author.Name != "soumu" || r.Approver.Name != "joho" || r.Phase != rollout.Running {
		t.Errorf("drawn up by %v, approved by %v, %s", r.Plan.Author, r.Approver, r.Phase)
	}

	// Guessing closes the account, as on the pages.
	for range 5 {
		as("joho", "guess after guess", "rollout", "abort", "again", "--reason", "x")
	}
	if code, out := as("joho", "password of joho", "rollout", "abort", "again", "--reason", "x"); code != 1 || !strings.Contains(out, "try again in") {
		t.Errorf("after five guesses: exit %d\n%s", code, out)
	}
	if log := h.must("audit"); strings.Count(log, "fleet refused") < 7 {
		t.Errorf("refusals are not in the audit log\n%s", log)
	}
}

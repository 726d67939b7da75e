// SPDX-License-Identifier: Apache-2.0

package device

import (
	"bytes"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/device/policy"
)

// rulesFiles writes rules into a box's data folder, as an update does. change may spoil the municipality's.
func rulesFiles(t *testing.T, dir string, change func(string) string) {
	t.Helper()
	to := filepath.Join(dir, rulesFolder)
	if err := os.MkdirAll(to, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{policy.National, "nabari"} {
		text, err := os.ReadFile(filepath.Join("policy", "data", name+".toml"))
		if err != nil {
			t.Fatal(err)
		}
		if name == "nabari" {
			text = []byte(change(string(text)))
		}
		if err := os.WriteFile(filepath.Join(to, name+".toml"), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRules: what an update brings is in force if it is sound; else each fault is logged with its line, and the last good rules stay, as long as
// they are the ones that were kept.
func TestRules(t *testing.T) {
	dir := t.TempDir()
	version := func(n string) func(string) string {
		return func(s string) string { return strings.Replace(s, "version = 1", "version = "+n, 1) }
	}
	load := func() (int, bool, string) {
		t.Helper()
		var log bytes.Buffer
		d := &Device{cfg: Config{City: "nabari", DataDir: dir}, log: slog.New(slog.NewTextHandler(&log, nil))}
		p, refused, err := d.loadRules()
		if err != nil {
			t.Fatal(err)
		}
		return p.Version, refused, log.String()
	}
	check := func(what string, want int, wantRefused bool, says ...string) {
		t.Helper()
		got, refused, log := load()
		if got != want || refused != wantRefused {
			t.Errorf("%s: version %d, refused %t; want %d, %t\n%s", what, got, refused, want, wantRefused, log)
		}
		for _, s := range says {
			if !strings.Contains(log, s) {
				t.Errorf("%s: the log lacks %q:\n%s", what, s, log)
			}
		}
	}
	check("the program's own", 1, false)
	rulesFiles(t, dir, version("7"))
	check("an update", 7, false)
	rulesFiles(t, dir, func(s string) string { return version("8")(s) + "\n[[gate]]\nid = \"x\"\nsoruce = \"000:1\"\n" })
	check("an unknown field", 7, true, "nabari.toml:", "soruce")
	rulesFiles(t, dir, func(s string) string {
		return strings.Replace(version("8")(s), `outcome = "closed"`, `outcome = "clsoed"`, 1)
	})
	check("an unknown word", 7, true, "nabari.toml:", "clsoed")
	if err := os.Remove(filepath.Join(dir, rulesFolder, "nabari.toml")); err != nil {
		t.Fatal(err)
	}
	check("half an update", 7, true, "nabari.toml")
	kept := filepath.Join(dir, rulesKept)
	text, err := os.ReadFile(kept)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(kept, bytes.Replace(text, []byte("version = 7"), []byte("version = 9"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	check("kept rules that were changed by hand", 1, true, "not the ones that were kept")
	rulesFiles(t, dir, version("9"))
	check("a good update", 9, false)
}

// TestPlaceAndCity: a city or a place that the rules do not know is an error that lists those they do.
func TestPlaceAndCity(t *testing.T) {
	d := &Device{cfg: Config{City: "edo", DataDir: t.TempDir()}, log: slog.New(slog.DiscardHandler)}
	var field *FieldError
	if _, _, err := d.loadRules(); !errors.As(err, &field) || field.Key != "city" || !strings.Contains(err.Error(), "city_001, city_004, matsue, nabari, sakuragawa") {
		t.Errorf("city edo: %v", err)
	}
	d.cfg.City, d.cfg.Place = "city-001", "nowhere"
	p, _, err := d.loadRules()
	if err != nil {
		t.Fatal(err)
	}
	if err := d.checkPlace(d.cfg.Place, p); !errors.As(err, &field) || field.Key != "place" || !strings.Contains(err.Error(), "city_001_shiminka") {
		t.Errorf("place nowhere: %v", err)
	}
	d.cfg.Place = "city_hall"
	if err := d.checkPlace(d.cfg.Place, p); err != nil {
		t.Errorf("place city_hall: %v", err)
	}
}

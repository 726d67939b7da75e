// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/sync/link"
)

const whole = `
broker   = "tcp://127.0.0.1:1"
city     = "nabari"
device   = "k3v7q2xw5m4nr8ta"
wall     = "/run/madoguchi/wall.sock"
data_dir = "/data/link"
`

// TestRun: what a technician gets for each thing that can be wrong at the start.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	tests := []struct {
		name string
		args []string
		code int
		want string // part of what is printed
	}{
		{"version", []string{"--version"}, 0, "link " + version},
		{"help", []string{"--help"}, 0, "-config"},
		{"unknown flag", []string{"--brokr", "x"}, 2, "brokr"},
		{"argument", []string{"start"}, 2, `unexpected argument "start"`},
		{"no file", []string{"--config", filepath.Join(dir, "none.toml")}, 2, "there is no configuration file"},
		{"unknown key", []string{"--config", write("key.toml", whole+"brokr = \"x\"\n")}, 2, `key.toml:7:1: unknown key "brokr"`},
		{"wrong type", []string{"--config", write("type.toml", whole+"spread = 3\n")}, 2, "type.toml:7:"},
		{"negative spread", []string{"--config", write("neg.toml", whole+"spread = \"-3s\"\n")}, 2, `spread = "-3s"`},
		{"not set", []string{"--config", write("part.toml", strings.Replace(whole, "city", "# city", 1))}, 2, "part.toml: city is not set"},
		{"broken", []string{"--config", write("broken.toml", "broker = \n")}, 2, "broken.toml:1:"},
		{"plain tcp beyond this machine", []string{"--config", write("far.toml",
			strings.NewReplacer("127.0.0.1:1", "192.0.2.1:1883", "/data/link", dir).Replace(whole))}, 1, "192.0.2.1"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var out bytes.Buffer
			if code := run(append([]string{"link"}, tt.args...), &out, &out); code != tt.code {
				t.Errorf("ended with %d, want %d", code, tt.code)
			}
			if !strings.Contains(out.String(), tt.want) {
				t.Errorf("printed %q, want %q in it", out.String(), tt.want)
			}
		})
	}
}

func TestLoadConfig(t *testing.T) {
	path := filepath.Join(t.TempDir(), "link.toml")
	if err := os.WriteFile(path, []byte(whole+"spread = \"0s\"\noffice_group = \"g07\"\nca_file = \"/ca\"\ncert_file = \"/c\"\nkey_file = \"/k\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	got, err := loadConfig(path)
	if err != nil {
		t.Fatal(err)
	}
	want := link.Config{Broker: "tcp://127.0.0.1:1", City: "nabari", Device: "k3v7q2xw5m4nr8ta", Group: "g07", CAFile: "/ca", CertFile: "/c", KeyFile: "/k",
		Wall: "/run/madoguchi/wall.sock", DataDir: "/data/link", Spread: 0 * time.Second}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

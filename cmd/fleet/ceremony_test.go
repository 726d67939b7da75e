// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestCeremony runs the commands of README.md's ceremony in their order, with passphrases, as the holders would.
func TestCeremony(t *testing.T) {
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, ok := strings.Cut(string(text), "## The ceremony")
	part, _, ok2 := strings.Cut(part, "\n## ")
	lines := regexp.MustCompile(`(?m)^ {7}(\S.*)$`).FindAllStringSubmatch(part, -1)
	if !ok || !ok2 || len(lines) < 9 {
		t.Fatalf("%d commands found", len(lines))
	}
	t.Chdir(t.TempDir())
	if err := os.Mkdir("stick", 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile("settings.toml", []byte("# the first release\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	const passphrase = "the holder's own words"
	outs := map[string]string{}
	for _, l := range lines {
		args := strings.Fields(l[1])
		switch args[0] {
		case "fleet":
			if args[1] == "keys" && args[2] == "new" {
				args = append(args, "--work-factor", "4") // else eleven keys would take a minute
			}
			var out, errs bytes.Buffer
			in := strings.NewReader(strings.Repeat(passphrase+"\n", 40))
			if code := runWith(t.Context(), args, in, &out, &errs); code != 0 {
				t.Fatalf("%s: exit %d\n%s%s", l[1], code, &out, &errs)
			}
			outs[l[1]] = out.String()
		case "cp":
			raw, err := os.ReadFile(args[1])
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(filepath.Join(args[2], filepath.Base(args[1])), raw, 0o600); err != nil {
				t.Fatal(err)
			}
		case "rm":
			for _, path := range args[1:] {
				if err := os.Remove(path); err != nil {
					t.Fatal(err)
				}
			}
		default:
			t.Fatalf("the ceremony wants %q", l[1])
		}
	}
	// What is left is what the machine of "fleet serve" may have.
	left, err := filepath.Glob("new/nabari/keys/*.key")
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range left {
		switch role, _, _ := strings.Cut(filepath.Base(path), "-"); role {
		case "director", "snapshot", "timestamp", "log", "authority":
		default:
			t.Errorf("%s is left", path)
		}
	}
	if len(left) != 5 {
		t.Errorf("left are %v", left)
	}
	stick, err := os.ReadFile("stick/config-1.key")
	if err != nil || !bytes.Contains(stick, []byte("AGE ENCRYPTED FILE")) {
		t.Errorf("the holder's key is not encrypted: %v", err)
	}
	if list := outs["fleet keys list --city new/nabari"]; !regexp.MustCompile(`firmware\s+2 of 3\s+\S+ \S+ \S+\s+0`).MatchString(list) {
		t.Errorf("the list still shows files\n%s", list)
	}
	if head, err := os.ReadFile("first.checkpoint"); err != nil || !bytes.HasPrefix(head, []byte("madoguchi/nabari\n1\n")) {
		t.Errorf("the log's head: %q, %v", head, err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	cdx "github.com/CycloneDX/cyclonedx-go"
	"github.com/google/go-cmp/cmp"
)

var rooms = []string{"madoguchi/cmd/counter", "madoguchi/cmd/link"}

// TestComplete: every module that a program is compiled from stands in the list with a licence and its text, and the same programs give the same bytes.
func TestComplete(t *testing.T) {
	dir := t.TempDir()
	do := func(args ...string) string {
		t.Helper()
		c := exec.Command("go", args...)
		c.Env = append(os.Environ(), "CGO_ENABLED=0")
		var bad bytes.Buffer
		c.Stderr = &bad
		out, err := c.Output()
		if err != nil {
			t.Fatalf("go %v: %v\n%s", args, err, &bad)
		}
		return string(out)
	}
	do(append([]string{"build", "-o", dir + "/"}, rooms...)...)
	want := strings.Fields(do(append([]string{"list", "-deps", "-f", `{{with .Module}}{{if not .Main}}{{.Path}}@{{.Version}}{{end}}{{end}}`}, rooms...)...))
	slices.Sort(want)
	want = slices.Compact(want)

	bill := func() []byte {
		var out, bad bytes.Buffer
		args := []string{"sbom", "--version", "1.2.3", "--fonts", "../../../display/fonts/OFL.txt", filepath.Join(dir, "counter"), filepath.Join(dir, "link")}
		if status := run(args, &out, &bad); status != 0 {
			t.Fatalf("status %d: %s", status, &bad)
		}
		return out.Bytes()
	}
	text := bill()
	if !bytes.Equal(text, bill()) {
		t.Error("the same programs give another list")
	}
	var bom cdx.BOM
	if err := json.Unmarshal(text, &bom); err != nil {
		t.Fatal(err)
	}
	var got []string
	others := map[string]bool{}
	for _, c := range *bom.Components {
		if c.Licenses == nil || (*c.Licenses)[0].License.ID == "" {
			t.Errorf("%s has no licence", c.BOMRef)
			continue
		}
		l := (*c.Licenses)[0].License
		if path, ok := strings.CutPrefix(c.BOMRef, "pkg:golang/"); ok && c.Name != "std" {
			got = append(got, path)
			if l.Text == nil || c.Properties == nil || !strings.HasPrefix((*c.Properties)[0].Value, "h1:") {
				t.Errorf("%s is without its licence's text or its hash", c.Name)
			}
			continue
		}
		others[c.Name+" "+l.ID] = true
	}
	slices.Sort(got)
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("modules that are compiled in (-) and listed (+):\n%s", d)
	}
	for _, name := range []string{"counter Apache-2.0", "link Apache-2.0", "std BSD-3-Clause", "BIZ UDGothic OFL-1.1", "Noto Sans CJK OFL-1.1"} {
		if !others[name] {
			t.Errorf("%s is not listed; there are %v", name, others)
		}
	}
	for _, d := range *bom.Dependencies {
		if d.Ref == "program:link" && slices.ContainsFunc(*d.Dependencies, func(s string) bool { return strings.HasPrefix(s, "font:") }) {
			t.Error("link has no glyphs")
		}
	}
	if err := os.Truncate(filepath.Join(dir, "link"), 1000); err != nil {
		t.Fatal(err)
	}
	if status := run([]string{"sbom", "--fonts", "../../../display/fonts/OFL.txt", filepath.Join(dir, "link")}, new(bytes.Buffer), new(bytes.Buffer)); status != 1 {
		t.Errorf("a program that cannot be read: status %d", status)
	}
}

// TestLicence: each is known by its text, and what is not known stops the list.
func TestLicence(t *testing.T) {
	for _, tt := range []struct{ name, file, text, want string }{
		{"Apache", "LICENSE", "Apache License\n Version 2.0, January 2004", "Apache-2.0"},
		{"MIT, another name", "COPYING.txt", "Permission is hereby granted,\nfree of charge, to any person", "MIT"},
		{"three clauses", "LICENSE.md", "Redistribution and use in source\nand binary forms … to endorse or promote products", "BSD-3-Clause"},
		{"two clauses", "LICENCE", "Redistribution and use in source and binary forms", "BSD-2-Clause"},
		{"unknown", "LICENSE", "ask the author", ""},
		{"none", "README", "Apache License Version 2.0", ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, tt.file), []byte(tt.text), 0o600); err != nil {
				t.Fatal(err)
			}
			id, text, err := licenceIn(dir)
			if id != tt.want || (tt.want == "") != errors.Is(err, errNoLicence) || tt.want != "" && text != tt.text {
				t.Errorf("%q, %q, %v; want %q", id, text, err, tt.want)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
)

// TestParts: the hash of a firmware's list of parts is signed and logged with it. A list that somebody exchanges is noticed: in the depot, in one's own hands, and in the manifest.
func TestParts(t *testing.T) {
	h := newHall(t)
	file := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const list = `{"bomFormat":"CycloneDX","components":[{"name":"bbolt","version":"1.5.0"}]}`
	mine, other := file("sbom.cdx.json", list), file("other.cdx.json", strings.Replace(list, "1.5.0", "1.4.9", 1))
	h.refused("no CycloneDX document", "release", "firmware", h.payload(1000), "--version", "1.0", "--sbom", file("x.json", `{"components":[1]}`))
	if out := h.must("release", "firmware", h.payload(1000), "--version", "1.0", "--sbom", mine); !strings.Contains(out, "list of parts") {
		t.Error(out)
	}
	h.must("release", "firmware", h.payload(1000), "--version", "0.9", "--seq", "9")
	sum := update.Sum([]byte(list))
	for _, args := range [][]string{{"release", "show", "firmware/1.0"}, {"release", "show", "firmware/1.0", "--sbom", mine}, {"release", "show", "firmware/1.0", "--json"}} {
		if out := h.must(args...); !strings.Contains(out, sum.String()) {
			t.Errorf("fleet %s lacks the list's hash:\n%s", strings.Join(args, " "), out)
		}
	}
	h.refused("not the list of parts that was signed and logged", "release", "show", "firmware/1.0", "--sbom", other)
	h.refused("signed without a list of parts", "release", "show", "firmware/0.9", "--sbom", mine)
	h.refused("is not released", "release", "show", "firmware/7")

	d, err := depot.Open(h.city)
	if err != nil {
		t.Fatal(err)
	}
	exchange := func(sum update.Digest, change func(raw []byte) []byte) (back func()) {
		path := filepath.Join(h.city, "blobs", "object", sum.String()[:2], sum.String())
		raw, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		write := func(raw []byte) {
			if err := os.WriteFile(path, raw, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		write(change(bytes.Clone(raw)))
		return func() { write(raw) }
	}
	back := exchange(sum, func([]byte) []byte {
		raw, err := os.ReadFile(other)
		if err != nil {
			t.Fatal(err)
		}
		return raw
	})
	h.refused("not the list of parts", "release", "show", "firmware/1.0")
	back()

	// Whoever writes another hash into the manifest has another manifest than the one that is logged: people see it, and no box takes it.
	m, err := d.Manifest("firmware/1.0/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	raw, err := m.Encode()
	if err != nil {
		t.Fatal(err)
	}
	back = exchange(update.Sum(raw), func(raw []byte) []byte {
		return bytes.Replace(raw, []byte(sum.String()), []byte(update.Sum([]byte("x")).String()), 1)
	})
	h.refused("digest", "release", "show", "firmware/1.0")
	back()
	h.must("release", "show", "firmware/1.0", "--sbom", mine)
}

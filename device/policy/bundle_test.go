// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestBundle: every municipality's rules come back as they were packed, and anything else is refused.
func TestBundle(t *testing.T) {
	read := func(name string) []byte {
		t.Helper()
		b, err := os.ReadFile(filepath.Join("data", name+".toml"))
		if err != nil {
			t.Fatal(err)
		}
		return b
	}
	for _, city := range EmbeddedCities() {
		text, err := Pack(read(National), city, read(city))
		if err != nil {
			t.Fatal(err)
		}
		b, p, err := ReadBundle(text)
		if err != nil || p.City != city || b.Rules != string(read(city)) {
			t.Errorf("%s: %v", city, err)
		}
	}
	if _, err := Pack(read(National), "nabari", read("matsue")); err == nil || !strings.Contains(err.Error(), `those of "matsue"`) {
		t.Errorf("another municipality's: %v", err)
	}
	if _, err := Pack(read(National), "nabari", bytes.Replace(read("nabari"), []byte(`outcome = "closed"`), []byte(`outcome = "clsoed"`), 1)); err == nil ||
		!strings.Contains(err.Error(), "nabari.toml:") {
		t.Errorf("an unknown word: %v", err)
	}
	good, err := Pack(read(National), "nabari", read("nabari"))
	if err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string][]byte{
		"cut":           good[:len(good)/2],
		"with spaces":   append([]byte(" "), good...),
		"another form":  bytes.Replace(good, []byte(BundleSchema), []byte("madoguchi.policy/2"), 1),
		"another hash":  bytes.Replace(good, []byte(`"hash":"`), []byte(`"hash":"0`), 1),
		"more than fit": make([]byte, MaxBundle+1),
		"empty":         nil,
	} {
		if _, _, err := ReadBundle(bad); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

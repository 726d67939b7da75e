// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"regexp"
	"strings"
	"testing"
)

// TestTebiki: what the clerk's page quotes stands on a screen, word for word.
func TestTebiki(t *testing.T) {
	page, err := os.ReadFile("TEBIKI.md")
	if err != nil {
		t.Fatal(err)
	}
	words, err := os.ReadFile("../../display/words/ja.toml")
	if err != nil {
		t.Fatal(err)
	}
	said := strings.NewReplacer("|", "", `\n`, "").Replace(string(words))
	quotes := regexp.MustCompile(`「([^」 ]+)」`).FindAllStringSubmatch(string(page), -1)
	if len(quotes) < 15 {
		t.Fatalf("%d quotes found", len(quotes))
	}
	for _, q := range quotes {
		if !strings.Contains(said, q[1]) {
			t.Errorf("no screen says 「%s」", q[1])
		}
	}
}

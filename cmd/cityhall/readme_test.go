// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"strings"
	"testing"

	"madoguchi/sync/record"
)

// TestFacetsAreTold: the operator's page names every kind of record that a box can send.
func TestFacetsAreTold(t *testing.T) {
	page, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, part, _ := strings.Cut(string(page), "\n## What a record is\n")
	part, _, _ = strings.Cut(part, "\n## ")
	kinds := record.Kinds()
	if len(kinds) < 9 {
		t.Fatalf("only %d kinds", len(kinds))
	}
	for _, k := range kinds {
		if !strings.Contains(part, "`"+k.String()+"`") {
			t.Errorf("README.md does not say what %s is", k)
		}
	}
}

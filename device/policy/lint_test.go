// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"testing"

	"madoguchi/device/policy"
)

// The five policies of the program say nothing that they cannot mean.
func TestLintEmbedded(t *testing.T) {
	set, err := policy.Embedded()
	if err != nil {
		t.Fatal(err)
	}
	for _, city := range set.Cities() {
		p, _ := set.City(city)
		for _, f := range policy.Lint(p) {
			t.Error(f)
		}
	}
}

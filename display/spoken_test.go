// SPDX-License-Identifier: Apache-2.0

package display

import (
	"strings"
	"testing"
)

// The three words of a build are the same everywhere, and no word stands for two numbers.
func TestBuildWords(t *testing.T) {
	ja, en := map[string]bool{}, map[string]bool{}
	for _, w := range spokenWords {
		if w.ja == "" || w.en == "" || ja[w.ja] || en[w.en] {
			t.Errorf("%q, %q: a word stands twice or lacks", w.ja, w.en)
		}
		ja[w.ja], en[w.en] = true, true
	}
	seen := map[string]string{}
	for i := range 300 {
		build := "1.4." + strings.Repeat("x", i)
		a, b := BuildWords(build, Japanese), BuildWords(build, English)
		if len(strings.Split(a, "・")) != 3 || len(strings.Fields(b)) != 3 {
			t.Fatalf("%q: %q and %q are not three words each", build, a, b)
		}
		seen[a] = build
	}
	if len(seen) < 295 {
		t.Errorf("300 builds have %d names", len(seen))
	}
	if got := BuildWords("1.4.0-12-gcaf3a71", English); got != BuildWords("1.4.0-12-gcaf3a71", English) || got == BuildWords("1.4.0-13-gcaf3a71", English) {
		t.Errorf("the words of a build are %q", got)
	}
}

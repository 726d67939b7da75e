// SPDX-License-Identifier: Apache-2.0

package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestFit: no line is wider than the terminal and no screen taller; words stay whole, and nothing is lost where there is room.
func TestFit(t *testing.T) {
	for _, c := range []struct {
		name, text    string
		columns, rows int
		want          string
	}{
		{"short", "a b\n", 10, 5, "a b\n"},
		{"words", "one two three four", 9, 9, "one two\n  three\n  four\n"},
		{"set in", "  one two three", 10, 9, "  one two\n    three\n"},
		{"no space", "abcdefghij", 4, 9, "abcd\n  ef\n  gh\n  ij\n"},
		{"wide letters", "理由 手数料の改定", 10, 9, "理由\n  手数料の\n  改定\n"},
		{"tall", "1\n2\n3\n4\n5\n", 10, 4, "1\n…\n5\n"},
		{"as tall as it is", "1\n2\n3\n", 10, 0, "1\n2\n3\n"},
		{"tiny", "1\n2\n3\n", 10, 1, "1\n…\n"},
	} {
		got := fit(c.text, c.columns, c.rows)
		if d := cmp.Diff(c.want, got); d != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, d)
		}
		for line := range strings.Lines(got) {
			if n := cells(strings.TrimRight(line, "\n")); n > c.columns {
				t.Errorf("%s: %d columns: %q", c.name, n, line)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package tail

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTail: lines come back as they were written, wherever the writes were cut; the oldest go first, and a line without an end is held to a length.
func TestTail(t *testing.T) {
	var many strings.Builder
	for n := range 100 {
		fmt.Fprintf(&many, "line %d\n", n)
	}
	newest := ""
	for n := 60; n < 100; n++ {
		newest += fmt.Sprintf("\n\tline %d", n)
	}
	for _, tt := range []struct{ name, in, want string }{
		{"nothing", "", ""},
		{"one", "a\n", "\n\ta"},
		{"without its end", "a\nb", "\n\ta\n\tb"},
		{"an empty line", "a\n\nb\n", "\n\ta\n\t\n\tb"},
		{"many", many.String(), newest},
		{"long", strings.Repeat("x", longest+3) + "\ny\n", "\n\t" + strings.Repeat("x", longest) + "\n\txxx\n\ty"},
	} {
		for _, step := range []int{1, 7, 1 << 20} {
			var got Tail
			for rest := tt.in; rest != ""; {
				n := min(step, len(rest))
				if m, err := got.Write([]byte(rest[:n])); m != n || err != nil {
					t.Fatalf("%s: wrote %d of %d: %v", tt.name, m, n, err)
				}
				rest = rest[n:]
			}
			if d := cmp.Diff(tt.want, got.String()); d != "" {
				t.Errorf("%s in pieces of %d (-want +got):\n%s", tt.name, step, d)
			}
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"strings"
	"testing"
)

// TestRevealFlag: the review of a typed password is off unless the flag asks for it, and the help names it.
func TestRevealFlag(t *testing.T) {
	for _, reveal := range []bool{false, true} {
		o, err := flags{city: "nabari", panel: "4in2_v2", card: "sim", data: t.TempDir(), reveal: reveal}.world()
		if err != nil {
			t.Fatal(err)
		}
		if o.Reveal != reveal {
			t.Errorf("--reveal=%v gives a world with Reveal %v", reveal, o.Reveal)
		}
	}
	var help strings.Builder
	root := command(&help, io.Discard)
	root.SetArgs([]string{"--help"})
	if err := root.Execute(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(help.String(), "--reveal ") {
		t.Errorf("the help does not name --reveal:\n%s", &help)
	}
	if f := root.Flags().Lookup("reveal"); f == nil || f.DefValue != "false" {
		t.Errorf("--reveal is not off by default: %+v", f)
	}
}

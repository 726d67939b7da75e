// SPDX-License-Identifier: Apache-2.0

package director

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestDetail: what a box says beside a code is one short line, or it is not shown.
func TestDetail(t *testing.T) {
	for said, want := range map[string]string{
		"":                                 "",
		"space: No space left on device":   "space: No space left on device",
		"\x1b[2J":                          "unreadable",
		"赤":                                "unreadable",
		strings.Repeat("x", maxSentence+1): "unreadable",
	} {
		raw, err := json.Marshal(map[string]any{"update": map[string]any{"state": "failed", "detail": said, "percent": 900}})
		if err != nil {
			t.Fatal(err)
		}
		s, err := ReadReport(raw)
		if err != nil || s.Detail != want || s.Percent != 100 {
			t.Errorf("%q is read as %q, %d %% (%v)", said, s.Detail, s.Percent, err)
		}
	}
}

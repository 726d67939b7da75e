// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"strings"
	"testing"

	"madoguchi/cmd/internal/store"
)

// TestIllParts: a box that finds a part ill in the morning is on city hall's page, with the part's name and the code that its service menu explains, until a later look
// finds it well. Its line is not: a box that says so is there.
func TestIllParts(t *testing.T) {
	srv, s, _ := city(t, false)
	page := func(lang string) string {
		t.Helper()
		_, text := ask(t, srv.Client(), "GET", srv.URL+"/alerts?lang="+lang, nil)
		return text
	}
	for _, tt := range []struct{ check, ja, en string }{
		{"", "", ""},
		{"RD2", "カード読み取り機（RD2）", "card reader (RD2)"},
		{"KY3 ST2 LK5", "キー（KY3）、記録（ST2）", "keys (KY3), storage (ST2)"},
		{"LK5", "", ""},
		{"LK7", "", ""},
		{"LK8", "", ""},
		{"LK6", "（LK6）", "(LK6)"},
		{"XX4", "XX（XX4）", "XX (XX4)"}, // of a newer box
		{"ok", "", ""},
	} {
		if err := s.SetPresence(t.Context(), store.Presence{Device: "box-parts", Online: true, Session: 1}); err != nil {
			t.Fatal(err)
		}
		if err := s.SetReport(t.Context(), store.Report{Device: "box-parts", Check: tt.check}); err != nil {
			t.Fatal(err)
		}
		for lang, want := range map[string]string{"ja": tt.ja, "en": tt.en} {
			text := page(lang)
			if told := strings.Contains(text, "box-parts"); told != (want != "") || !strings.Contains(text, want) || strings.Contains(text, "LK5") {
				t.Errorf("%q, %s: told %t, want %q", tt.check, lang, told, want)
			}
		}
	}
}

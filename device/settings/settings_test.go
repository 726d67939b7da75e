// SPDX-License-Identifier: Apache-2.0

package settings_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/settings"
)

// TestReadAll: each key is what it says.
func TestReadAll(t *testing.T) {
	got, err := settings.Read("s.toml", []byte("office = \"名張市役所 別館\"\nplace = \"kashima_branch\"\ndetail = \"class\"\nperiod = \"four_weeks\"\nfacets = [\"fr\"]\n"+
		"languages = [\"ja\", \"en\"]\nrelease_at = [\"12:30\"]\nsound = true\n"))
	if err != nil {
		t.Fatal(err)
	}
	office, place, detail, period, sound := "名張市役所 別館", "kashima_branch", "class", "four_weeks", true
	want := settings.Settings{Office: &office, Place: &place, Detail: &detail, Period: &period, Facets: []string{"fr"}, Languages: []string{"ja", "en"},
		ReleaseAt: []string{"12:30"}, Sound: &sound}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("read (-want +got):\n%s", d)
	}
}

// TestRead: what a fleet admin types is taken, or every mistake in it is named with its line.
func TestRead(t *testing.T) {
	const two = "detail = \"everything\"\nperiod = \"day\"\n"
	for name, tt := range map[string]struct{ text, want string }{
		"nothing":            {"# as before\n", ""},
		"no TOML":            {"\x7fELF\x02\x01", "s.toml:1:1: "},
		"an unknown key":     {"sound = true\nofice = \"別館\"\n", `s.toml:2:1: unknown key "ofice"`},
		"one it may not":     {"ack_key = \"AA==\"\n", `unknown key "ack_key"`},
		"another sort":       {"sound = \"yes\"\n", "s.toml:1:9: "},
		"no name":            {"office = \"\"\n", "s.toml:1:1: office: has 0 characters, want 1 to 12"},
		"a name too long":    {"office = \"名張市役所の一階の市民課の窓口\"\n", "has 15 characters"},
		"a rune without":     {"office = \"髙島支所\"\n", "s.toml:1:1: office: "},
		"two, the first":     {two, "s.toml:1:1: detail: "},
		"two, the second":    {two, "s.toml:2:1: period: "},
		"not optional":       {"facets = [\"po\"]\n", "s.toml:1:1: facets: "},
		"not of the detail":  {"detail = \"class\"\nfacets = [\"pd\"]\n", "s.toml:2:1: facets: "},
		"a kind":             {"facets = [\"names\"]\n", "s.toml:1:1: facets: "},
		"a language":         {"languages = [\"tlh\"]\n", `languages: "tlh" is not one of`},
		"a language twice":   {"languages = [\"ja\", \"ja\"]\n", `"ja" stands twice`},
		"a time":             {"\nrelease_at = [\"25:00\"]\n", `s.toml:2:1: release_at: "25:00" is no time`},
		"more than it takes": {strings.Repeat("#", settings.Max+1), "s.toml: is longer than 32768 bytes"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := settings.Read("s.toml", []byte(tt.text))
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("said %v, want %q in it", err, tt.want)
			}
		})
	}
}

// SPDX-License-Identifier: Apache-2.0

package device

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// hash is a well-formed hash of no code.
const hash = "$argon2id$v=19$m=7168,t=5,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"

const good = `city = "nabari"
office = "市民課"
office_group = "g01"
device_id = "box1"
data_dir = "/data"
ack_key = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

[[clerks]]
label = "佐藤"
hash = "` + hash + `"
`

func load(t *testing.T, text string) (Config, error) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "counter.toml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return LoadConfig(path)
}

func TestLoadConfig(t *testing.T) {
	got, err := load(t, good)
	if err != nil {
		t.Fatal(err)
	}
	want := DefaultConfig
	want.City, want.Office, want.OfficeGroup, want.DeviceID, want.DataDir = "nabari", "市民課", "g01", "box1", "/data"
	want.AckKey = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
	want.Clerks = []Clerk{{"佐藤", hash}}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("-want +got:\n%s", d)
	}
}

func TestLoadConfigErrors(t *testing.T) {
	swap := func(old, new string) string { return strings.Replace(good, old, new, 1) }
	for _, tc := range []struct{ name, text, want string }{
		{"unknown key", swap(`city =`, `cty = "x"`+"\n"+`city =`), `counter.toml:1:1: unknown key "cty"`},
		{"unknown key in a table", good + "pin = 4\n", `:11:1: unknown key "clerks.pin"`},
		{"wrong sort", swap(`city = "nabari"`, `city = 5`), ":1:8: "},
		{"no TOML", swap(`city = "nabari"`, `city = `), ":1:8: "},
		{"city", swap("nabari", "Nabari"), `:1:1: city: "Nabari" is not 1 to 32 of a–z 0–9 -`},
		{"office", swap("市民課", ""), ":2:1: office: has 0 characters, want 1 to 12"},
		{"office without a glyph", swap("市民課", "髙島支所"), ":2:1: office: "}, // outside JIS X 0208
		{"group", swap("g01", "g99"), ":3:1: office_group: "},
		{"device", swap("box1", "box 1"), ":4:1: device_id: "},
		{"folder", swap(`data_dir = "/data"`, ""), "counter.toml: data_dir: is missing"},
		{"language", "languages = [\"fr\"]\n" + good, `:1:1: languages: "fr" is not one of [ja ja_easy en zh ko pt vi]`},
		{"language twice", "languages = [\"ja\", \"vi\", \"ja\"]\n" + good, `:1:1: languages: "ja" stands twice`},
		{"no clerk", good[:strings.Index(good, "[[")], "clerks: nobody may open a case"},
		{"label twice", good + "[[clerks]]\nlabel = \"佐藤\"\nhash = \"" + hash + "\"\n", `:12:1: clerks[1].label: "佐藤" stands twice`},
		{"hash", swap("argon2id", "argon2i"), ":10:1: clerks[0].hash: "},
		{"key", swap("AAA=", "AAA"), ":6:1: ack_key: is not base64"},
		{"key of the log", "log_key = \"x\"\n" + good, ":1:1: log_key: "},
		{"release", "release = \"never\"\n" + good, `:1:1: release: "never" is not at_once or batched`},
		{"reader's own pad", "pin_entry = \"reader\"\n" + good, `:1:1: pin_entry: the PIN pad of a card reader is not used`},
		{"no such entry", "pin_entry = \"voice\"\n" + good, `:1:1: pin_entry: "voice" is not keypad`},
		{"release time", "release_at = [\"25:00\"]\n" + good, `:1:1: release_at: "25:00" is no time like 12:30`},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := load(t, tc.text)
			if err == nil {
				t.Fatal("no error")
			}
			if !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %q, want it to contain %q", err, tc.want)
			}
			if strings.Contains(err.Error(), "AAAAAAAA") {
				t.Errorf("the error shows a hash or key: %q", err)
			}
		})
	}
	if _, err := LoadConfig(filepath.Join(t.TempDir(), "none.toml")); err == nil || !strings.Contains(err.Error(), "none.toml") {
		t.Errorf("a file that is not there: %v", err)
	}
}

// TestConfigErrorsTogether: one start names everything that is wrong.
func TestConfigErrorsTogether(t *testing.T) {
	err := Config{Languages: []string{"xx"}, Release: "x", AckKey: "x"}.Check()
	for _, key := range []string{"city", "office", "office_group", "device_id", "data_dir", "languages", "clerks", "ack_key", "release"} {
		if !strings.Contains(err.Error(), key+":") {
			t.Errorf("nothing is said of %s in %q", key, err)
		}
	}
}

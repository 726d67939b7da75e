// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"encoding/json"
	"io/fs"
	"os"
	"regexp"
	"strings"
	"testing"

	"madoguchi/card/simcard"
	"madoguchi/cmd/internal/world"
	"madoguchi/display"
	"madoguchi/pinpad"
	"madoguchi/sync/record"
	"time"
)

func asset(t *testing.T, name string) string {
	t.Helper()
	b, err := fs.ReadFile(assets, "assets/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestHints: every screen of the box has a hint in both languages, and every
// place in a hint is one that the page can fill.
func TestHints(t *testing.T) {
	var hints map[string]map[string]string
	if err := json.Unmarshal([]byte(asset(t, "hints.json")), &hints); err != nil {
		t.Fatal(err)
	}
	ids := []string{world.ScreenOff, "idle.again"}
	for _, id := range display.IDs() {
		ids = append(ids, string(id))
	}
	last := regexp.MustCompile(`[^.]*$`)
	used := map[string]bool{}
	for _, id := range ids {
		key := id
		if hints[key] == nil {
			key = last.ReplaceAllString(id, "*")
		}
		used[key] = true
		for _, lang := range []string{"ja", "en"} {
			if hints[key][lang] == "" {
				t.Errorf("screen %s has no hint in %s", id, lang)
			}
		}
	}
	place := regexp.MustCompile(`\{([^}]*)\}`)
	for key, texts := range hints {
		if !used[key] {
			t.Errorf("hint %s is for no screen", key)
		}
		for lang, text := range texts {
			for _, m := range place.FindAllStringSubmatch(text, -1) {
				if _, err := pinpad.ParseKey(m[1]); err != nil && m[1] != "code" && m[1] != "pin" && m[1] != "card" {
					t.Errorf("hint %s in %s: the page cannot fill {%s}", key, lang, m[1])
				}
			}
		}
	}
}

// TestWords: every word that the page names is there in both languages.
func TestWords(t *testing.T) {
	words := asset(t, "words.js")
	has := func(id string) bool {
		return regexp.MustCompile(`(?s)"` + regexp.QuoteMeta(id) + `": \{\s*ja: ".+?",\s*en: ".+?" \}`).MatchString(words)
	}
	var ids []string
	for _, m := range regexp.MustCompile(`data-w="([^"]+)"`).FindAllStringSubmatch(asset(t, "index.html"), -1) {
		ids = append(ids, m[1])
	}
	for _, js := range []string{"app.js", "cards.js", "sides.js", "hall.js", "hints.js", "issuer.js", "keys.js", "tour.js"} {
		for _, m := range regexp.MustCompile(`[^a-z]w\("([^"]+)"\)`).FindAllStringSubmatch(asset(t, js), -1) {
			ids = append(ids, m[1])
		}
	}
	for _, o := range record.Outcomes() {
		ids = append(ids, "outcome."+o.String())
	}
	for _, p := range []record.Procedure{record.PinCheck, record.PinChange, record.TriesBoard} {
		ids = append(ids, "procedure."+p.String())
	}
	for _, l := range []string{"off", "waiting", "typing", "checking", "done", "help", "stopped"} {
		ids = append(ids, "lamp."+l)
	}
	for _, k := range display.Kinds {
		ids = append(ids, "kind."+k)
	}
	for _, id := range ids {
		if !strings.HasSuffix(id, ".") && !has(id) {
			t.Errorf("words.js lacks %q", id)
		}
	}
}

// TestFonts: the two small fonts hold every rune that the page can show, and
// stay small. runes.txt is written with them by go generate.
func TestFonts(t *testing.T) {
	list, err := os.ReadFile("runes.txt")
	if err != nil {
		t.Fatal(err)
	}
	have := map[rune]bool{}
	for _, r := range string(list) {
		have[r] = true
	}
	check := func(where, text string) {
		for _, r := range text {
			if r >= ' ' && !have[r] {
				t.Errorf("%s has %q, which the fonts lack: go generate ./cmd/internal/frontpanel", where, r)
				have[r] = true
			}
		}
	}
	for _, f := range []string{"index.html", "words.js", "hints.json", "keys.js", "hints.js", "cards.js", "sides.js", "hall.js", "app.js", "tour.js"} {
		check(f, asset(t, f))
	}
	for _, s := range simcard.Samples(time.Unix(0, 0)) {
		check("card "+s.ID, s.Title.JA+s.Title.EN+s.What.JA+s.What.EN)
	}
	size := 0
	for _, f := range []string{"ud-regular.woff2", "ud-bold.woff2"} {
		font := asset(t, f)
		if !strings.HasPrefix(font, "wOF2") {
			t.Errorf("%s is no WOFF2", f)
		}
		size += len(font)
	}
	if size > 150_000 {
		t.Errorf("fonts have %d bytes, want at most 150,000", size)
	}
	if !strings.Contains(asset(t, "OFL.txt"), "SIL OPEN FONT LICENSE") {
		t.Error("the fonts' licence is not beside them")
	}
}

// TestNothingFromElsewhere: no file of the page names another host.
func TestNothingFromElsewhere(t *testing.T) {
	err := fs.WalkDir(assets, "assets", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || strings.HasSuffix(path, ".woff2") || strings.HasSuffix(path, ".txt") {
			return err
		}
		b, err := fs.ReadFile(assets, path)
		if err != nil {
			return err
		}
		for _, m := range regexp.MustCompile(`(https?:)?//[a-z0-9.-]+\.[a-z]+`).FindAllString(string(b), -1) {
			if m != "http://www.w3.org" { // a name of SVG's, never asked for
				t.Errorf("%s names %s", path, m)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

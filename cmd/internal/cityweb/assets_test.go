// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"encoding/json"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/store"
	"madoguchi/sync/record"

	"github.com/google/go-cmp/cmp"
)

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := fs.ReadFile(assets, "assets/"+name)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestPage finds every file that the page names, also under a prefix, and that
// the page needs nothing from elsewhere.
func TestPage(t *testing.T) {
	h := open(t)
	status, head, page := get(t, h.url+"live")
	if status != 200 || !strings.HasPrefix(head.Get("Content-Type"), "text/html") {
		t.Fatalf("page: %d %s", status, head.Get("Content-Type"))
	}
	if !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'self'") {
		t.Errorf("policy %q", head.Get("Content-Security-Policy"))
	}
	links := regexp.MustCompile(`(?:src|href)="([^"]+)"`).FindAllStringSubmatch(page, -1)
	if len(links) < 6 {
		t.Errorf("%d links found, want more", len(links))
	}
	for _, l := range append(links, []string{"", "assets/words.json"}) {
		if strings.HasPrefix(l[1], "/") || strings.Contains(l[1], ":") {
			t.Errorf("%s is not relative", l[1])
		}
		if status, _, _ := get(t, h.url+l[1]); status != 200 {
			t.Errorf("%s: status %d", l[1], status)
		}
	}
	for _, name := range []string{"page.html", "page.js", "page.css"} {
		if m := regexp.MustCompile(`(?i)(https?:)?//[a-z0-9.-]+\.[a-z]{2,}|@import|url\(`).FindString(read(t, name)); m != "" {
			t.Errorf("%s holds %q", name, m)
		}
	}
}

// TestWords holds that both languages have every text that the page asks for,
// and names for every value that a record or an alarm can have.
func TestWords(t *testing.T) {
	var words struct {
		Ja, En                       map[string]string
		Procedures, Outcomes, Alarms map[string][]string
	}
	if err := json.Unmarshal([]byte(read(t, "words.json")), &words); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(slices.Sorted(maps.Keys(words.Ja)), slices.Sorted(maps.Keys(words.En))); diff != "" {
		t.Errorf("texts (-ja +en):\n%s", diff)
	}
	page := read(t, "page.html") + read(t, "page.js")
	for _, m := range regexp.MustCompile(`(?:data-w|data-aria)="(\w+)"|say\("(\w+)"`).FindAllStringSubmatch(page, -1) {
		if key := m[1] + m[2]; words.Ja[key] == "" {
			t.Errorf("no text for %q", key)
		}
	}
	for key := range words.Ja {
		facts := regexp.MustCompile(`\{\w+\}`)
		for _, f := range facts.FindAllString(words.Ja[key]+words.En[key], -1) {
			if !slices.Contains([]string{"{n}", "{all}", "{week}", "{new}", "{repeated}", "{device}", "{day}", "{m}", "{d}", "{h}", "{min}", "{month}"}, f) {
				t.Errorf("%s asks for %s, which the page does not know", key, f)
			}
		}
	}
	want := map[string][]string{"procedures": nil, "outcomes": nil, "alarms": {store.AlarmConflict, store.AlarmDropped, store.AlarmEarly,
		store.AlarmEpoch, store.AlarmGuess, store.AlarmKeyChanged, store.AlarmMalformed, store.AlarmRejected, store.AlarmReused}}
	for _, p := range record.Procedures() {
		want["procedures"] = append(want["procedures"], p.String())
	}
	for _, o := range record.Outcomes() {
		want["outcomes"] = append(want["outcomes"], o.String())
	}
	for list, have := range map[string]map[string][]string{"procedures": words.Procedures, "outcomes": words.Outcomes, "alarms": words.Alarms} {
		slices.Sort(want[list])
		if diff := cmp.Diff(want[list], slices.Sorted(maps.Keys(have))); diff != "" {
			t.Errorf("%s (-want +got):\n%s", list, diff)
		}
		for code, names := range have {
			if len(names) != 2 || names[0] == "" || names[1] == "" {
				t.Errorf("%s %s: want a Japanese and an English name", list, code)
			}
		}
	}
	for _, o := range record.Outcomes() {
		if !strings.Contains(read(t, "page.css"), "--"+o.String()+":") {
			t.Errorf("no colour for outcome %v", o)
		}
	}
}

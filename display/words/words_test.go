// SPDX-License-Identifier: Apache-2.0

package words

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every language has the residents' texts, and the clerk's languages have the clerk's.
func TestLanguagesHaveTheSameKeys(t *testing.T) {
	c := load(t)
	all := c.Keys("ja")
	if len(all) < 200 {
		t.Fatalf("ja has %d texts, want hundreds", len(all))
	}
	if diff := cmp.Diff([]string{"en", "ja", "ja_easy", "ko", "pt", "vi", "zh"}, c.Langs()); diff != "" {
		t.Fatalf("languages (-want +got):\n%s", diff)
	}
	residents := slices.DeleteFunc(slices.Clone(all), Clerks)
	if len(residents) < 200 {
		t.Fatalf("residents have %d texts, want hundreds", len(residents))
	}
	for _, lang := range c.Langs() {
		want := all
		if ClerkLang(lang) != lang {
			want = residents
		}
		if diff := cmp.Diff(want, c.Keys(lang)); diff != "" {
			t.Errorf("keys of ja (-) and %s (+):\n%s", lang, diff)
		}
	}
}

func TestClerkLang(t *testing.T) {
	for lang, want := range map[string]string{"ja": "ja", "en": "en", "vi": "ja", "": "ja"} {
		if got := ClerkLang(lang); got != want {
			t.Errorf("clerk's language where the box speaks %q: got %q, want %q", lang, got, want)
		}
	}
}

func TestTroubleSaysWhyAndNext(t *testing.T) {
	c := load(t)
	for _, lang := range c.Langs() {
		for _, k := range c.Keys(lang) {
			screen, last := cut(k)
			if last != "why" {
				continue
			}
			// the next step stands beside the reason, or with the screen when it is the same for every reason
			parent, _ := cut(screen)
			if !c.Has(lang, screen+".next") && !c.Has(lang, parent+".next") {
				t.Errorf("%s: %s has a reason but no next step", lang, screen)
			}
		}
	}
}

func TestText(t *testing.T) {
	c := load(t)
	type facts struct{ Left int }
	type date struct{ Day, Month int }
	tests := []struct {
		name, lang, key string
		facts           any
		count           int
		want            string
	}{
		{"plain", "ja", "idle.reading.title", facts{}, 0, "カードを|読んでいます"},
		{"one", "en", "tries.left", facts{1}, 1, "1 try left"},
		{"two", "en", "tries.left", facts{2}, 2, "2 tries left"},
		{"no plural", "ja", "tries.left", facts{1}, 1, "残り1回"},
		{"easy Japanese", "ja_easy", "tries.left", facts{1}, 1, "あと 1回"},
		{"one in Portuguese", "pt", "tries.left", facts{1}, 1, "Mais 1 tentativa"},
		{"two in Portuguese", "pt", "tries.left", facts{2}, 2, "Mais 2 tentativas"},
		{"none in Portuguese", "pt", "tries.left", facts{0}, 0, "Mais 0 tentativa"},
		{"a month", "pt", "date.short", date{5, 1}, 0, "5 jan"},
		{"the last month", "pt", "date.short", date{31, 12}, 0, "31 dez"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := c.Text(tt.lang, tt.key, tt.facts, tt.count)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}

func TestTextRefuses(t *testing.T) {
	c := load(t)
	_, err := c.Text("ja", "no.such.text", nil, 0)
	var missing *MissingError
	if !errors.As(err, &missing) || missing.Key != "no.such.text" {
		t.Errorf("unknown key: got %v, want a MissingError naming it", err)
	}
	if _, err := c.Text("xx", "idle.hint", nil, 0); !errors.As(err, &missing) || missing.Lang != "xx" {
		t.Errorf("unknown language: got %v, want a MissingError naming it", err)
	}
	if s, err := c.Text("ja", "tries.left", struct{}{}, 0); err == nil {
		t.Errorf("a fact that was not given: got %q, want an error", s)
	}
}

func TestFillRefuses(t *testing.T) {
	type facts struct {
		Month int
		Name  string
	}
	for name, in := range map[string]string{"no such fact": "{{.Day}}", "no end": "{{.Month", "no fact": "{{Month}}", "a call": "{{len .Name}}", "no such word": "{{.Month|jan}}", "a word for a text": "{{.Name|x}}"} {
		if s, err := fill(in, facts{Month: 2, Name: "x"}); err == nil {
			t.Errorf("%s: %q gives %q", name, in, s)
		}
	}
	if s, err := fill("{{.Month|a|b}} {{.Name}} {{.Month}}", facts{2, "x"}); err != nil || s != "b x 2" {
		t.Errorf("got %q, %v", s, err)
	}
}

// A missing text in one language must not be filled from another: checked with a language that has one text only.
func TestNoFallBack(t *testing.T) {
	c := load(t)
	fr, err := parse("fr", []byte("[idle]\nhint = \"x\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	c.langs["fr"] = func() (*tongue, error) { return fr, nil }
	var missing *MissingError
	if s, err := c.Text("fr", "boot.title", nil, 0); !errors.As(err, &missing) {
		t.Errorf("got %q, %v, want a MissingError", s, err)
	}
}

// A file that cannot be read is an error of that language, and of no other.
func TestDamagedLanguage(t *testing.T) {
	c := load(t)
	c.langs["fr"] = func() (*tongue, error) { return parse("fr", []byte("[")) }
	var missing *MissingError
	if _, err := c.Text("fr", "idle.hint", nil, 0); err == nil || errors.As(err, &missing) {
		t.Errorf("got %v, want the error of the file", err)
	}
	if c.Has("fr", "idle.hint") || c.Keys("fr") != nil || c.Runes("fr") != nil {
		t.Error("a damaged language has texts")
	}
	if !c.Has("ja", "idle.hint") {
		t.Error("Japanese was lost with it")
	}
}

func TestParseRefuses(t *testing.T) {
	for name, in := range map[string]string{"no toml": "[", "number": "a = 1", "mixed": "[a]\nother = \"x\"\ntitle = \"y\"", "a form that no language has": "[a]\nother = \"x\"\nfew = \"y\""} {
		if _, err := parse("ja", []byte(in)); err == nil {
			t.Errorf("%s: parsed", name)
		}
	}
}

func load(t *testing.T) *Catalogue {
	t.Helper()
	c, err := New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func cut(key string) (parent, last string) {
	i := strings.LastIndexByte(key, '.')
	if i < 0 {
		return "", key
	}
	return key[:i], key[i+1:]
}

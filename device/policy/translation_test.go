// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// Every national message stands in every language, and says the same answers of the procedure.
func TestNationalTranslations(t *testing.T) {
	f, err := read(National+".toml", mustBase(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, lang := range Languages {
		if diff := cmp.Diff(slices.Sorted(maps.Keys(f.Message)), slices.Sorted(maps.Keys(f.Translation[lang]))); diff != "" {
			t.Errorf("messages (-) and those of %s (+):\n%s", lang, diff)
		}
		for code, words := range f.Translation[lang] {
			for _, mark := range []string{"{renewal_opens_on}", "{phone}", "0120-95-0178", "800", "200"} {
				if strings.Contains(f.Message[code].Ja, mark) != strings.Contains(words, mark) {
					t.Errorf("%s in %s: %q stands in one of %q and %q", code, lang, mark, f.Message[code].Ja, words)
				}
			}
		}
	}
}

func TestOver(t *testing.T) {
	old := Text{Ja: "市役所", Easy: "しやくしょ", En: "city hall", Zh: "市役所", Vi: "tòa thị chính", Source: "a"}
	tests := []struct {
		name     string
		text     Text
		want     Text
		untransl bool
	}{
		{"nothing new", Text{}, old, false},
		{"a source", Text{Source: "b"}, Text{Ja: "市役所", Easy: "しやくしょ", En: "city hall", Zh: "市役所", Vi: "tòa thị chính", Source: "b"}, false},
		{"easier words", Text{Easy: "市役所(しやくしょ)"}, Text{Ja: "市役所", Easy: "市役所(しやくしょ)", En: "city hall", Zh: "市役所", Vi: "tòa thị chính", Source: "a"}, false},
		{"another place", Text{Ja: "支所"}, Text{Ja: "支所", Easy: "しやくしょ", En: "city hall", Source: "a"}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := tt.text.over(old)
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
			if _, ok := got.Texts()["vi"]; ok == tt.untransl {
				t.Errorf("Vietnamese is there: %v", ok)
			}
		})
	}
}

// A municipality's file: what it translates, what it drops, what it must not name.
func TestTranslationTables(t *testing.T) {
	const city = "[policy]\nmunicipality = \"x\"\nversion = 1\n"
	p, err := Compile(mustBase(t), "x.toml", []byte(city+"[message]\nkeep_pin = { ja = \"内緒です。\", ja_easy = \"ないしょ\", en = \"Secret.\", source = \"default\" }\n"+
		"[translation.vi]\nkeep_pin = \"Bí mật.\"\ncontact = \"Xin hỏi.\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := p.Messages["keep_pin"].Texts(); got["vi"] != "Bí mật." || got["zh"] != "" || got["ja"] != "内緒です。" {
		t.Errorf("a message of the city's own: %v", got)
	}
	if got := p.Messages["contact"].Texts(); got["vi"] != "Xin hỏi." || got["zh"] == "" {
		t.Errorf("a national message with the city's own translation: %v", got)
	}
	for name, in := range map[string]string{
		"translations are into zh, ko, pt, vi":        "[translation.fr]\nkeep_pin = \"Gardez-le.\"\n",
		"translated into ko, but no [message] has it": "[translation.ko]\nno_such = \"x\"\n",
	} {
		if _, err := Compile(mustBase(t), "x.toml", []byte(city+in)); err == nil || !strings.Contains(err.Error(), name) || !strings.Contains(err.Error(), "x.toml:") {
			t.Errorf("got %v, want an error with its place saying %q", err, name)
		}
	}
}

func TestUntranslated(t *testing.T) {
	p := &Policy{City: "x", Messages: map[string]Text{
		"told": {Ja: "a", Pt: "b"}, "whole": {Ja: "a", Zh: "b", Ko: "c", Pt: "d", Vi: "e"}, "silent": {Ja: "a"},
	}}
	p.all = []*Rule{{Tell: []string{"told", "whole"}}}
	want := []Finding{{"x", "told", "no text in zh, ko, vi: やさしい日本語 and Japanese stand there"}}
	if diff := cmp.Diff(want, Untranslated(p)); diff != "" {
		t.Errorf("findings (-want +got):\n%s", diff)
	}
}

func mustBase(t *testing.T) []byte {
	t.Helper()
	base, err := embedded.ReadFile("data/" + National + ".toml")
	if err != nil {
		t.Fatal(err)
	}
	return base
}

// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"maps"
	"slices"
	"strings"
)

// Languages are those of a translation table, by their codes; every message has ja, ja_easy and en besides.
var Languages = []string{"zh", "ko", "pt", "vi"}

// in is the text's place for a language of Languages.
func (t *Text) in(lang string) *string {
	return map[string]*string{"zh": &t.Zh, "ko": &t.Ko, "pt": &t.Pt, "vi": &t.Vi}[lang]
}

// Texts returns a text by the codes of the languages it is written in.
func (t Text) Texts() map[string]string {
	out := map[string]string{"ja": t.Ja, "ja_easy": t.Easy, "en": t.En, "zh": t.Zh, "ko": t.Ko, "pt": t.Pt, "vi": t.Vi}
	maps.DeleteFunc(out, func(_, words string) bool { return words == "" })
	return out
}

// over lays a municipality's message over the national one. What says something else in Japanese has lost its translations.
func (t Text) over(old Text) Text {
	if t.Ja != "" {
		for _, lang := range Languages {
			*old.in(lang) = ""
		}
	}
	for _, l := range []struct{ to, from *string }{{&old.Ja, &t.Ja}, {&old.Easy, &t.Easy}, {&old.En, &t.En}, {&old.Source, &t.Source}} {
		if *l.from != "" {
			*l.to = *l.from
		}
	}
	return old
}

// translations puts the translation tables of a file into the messages.
func (c *compiler) translations(f *File) {
	for _, lang := range slices.Sorted(maps.Keys(f.Translation)) {
		if !slices.Contains(Languages, lang) {
			c.fault("translation."+lang, "[translation."+lang, "translations are into %s", strings.Join(Languages, ", "))
			continue
		}
		for code, words := range f.Translation[lang] {
			t, ok := c.p.Messages[code]
			if !ok {
				c.fault(code, code, "translated into %s, but no [message] has it", lang)
				continue
			}
			*t.in(lang) = words
			c.p.Messages[code] = t
		}
	}
}

// Untranslated lists the messages that a rule tells and that lack a language: their readers are shown やさしい日本語 with the Japanese
// under it. That is no fault: the rules hold all the same.
func Untranslated(p *Policy) []Finding {
	told := map[string]bool{}
	for _, r := range p.all {
		for _, code := range r.Tell {
			told[code] = true
		}
	}
	var out []Finding
	for _, code := range slices.Sorted(maps.Keys(p.Messages)) {
		t, lack := p.Messages[code], []string(nil)
		for _, lang := range Languages {
			if *t.in(lang) == "" {
				lack = append(lack, lang)
			}
		}
		if told[code] && len(lack) > 0 {
			out = append(out, Finding{p.City, code, "no text in " + strings.Join(lack, ", ") + ": やさしい日本語 and Japanese stand there"})
		}
	}
	return out
}

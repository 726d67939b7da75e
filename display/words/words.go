// SPDX-License-Identifier: Apache-2.0

package words

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"sync"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"github.com/pelletier/go-toml/v2"
	"golang.org/x/text/feature/plural"
	"golang.org/x/text/language"
)

//go:embed *.toml
var files embed.FS

// A Catalogue holds the texts of every language, each read when it is first asked for: most boxes speak one or two on most days. It may be
// used by several goroutines at once.
type Catalogue struct {
	langs map[string]func() (*tongue, error)
}

// A tongue is one language. go-i18n reads its file and nothing more: a bundle would keep ten times as much of each text, and its templates, which call methods
// by their names, keep every method of every type in the program, 2.3 MiB that a small board has to hold.
type tongue struct {
	tag  language.Tag
	text map[string]text
}

// A text has one form, or two where the language counts.
type text struct{ one, other string }

// A MissingError says that a language lacks a text.
type MissingError struct {
	Lang, Key string
}

func (e *MissingError) Error() string {
	return fmt.Sprintf("no text %q in language %q", e.Key, e.Lang)
}

// New lists the embedded files.
func New() (*Catalogue, error) {
	entries, err := files.ReadDir(".")
	if err != nil {
		return nil, fmt.Errorf("listing the catalogue: %w", err)
	}
	c := &Catalogue{langs: make(map[string]func() (*tongue, error))}
	for _, e := range entries {
		lang := strings.TrimSuffix(e.Name(), ".toml")
		c.langs[lang] = sync.OnceValues(func() (*tongue, error) {
			data, err := files.ReadFile(e.Name())
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", e.Name(), err)
			}
			t, err := parse(lang, data)
			if err != nil {
				return nil, fmt.Errorf("reading %s: %w", e.Name(), err)
			}
			return t, nil
		})
	}
	return c, nil
}

// tongue returns a language; nil without an error if there is none of that name.
func (c *Catalogue) tongue(lang string) (*tongue, error) {
	if read := c.langs[lang]; read != nil {
		return read()
	}
	return nil, nil
}

func parse(lang string, data []byte) (*tongue, error) {
	base, _, _ := strings.Cut(lang, "_") // ja_easy counts as ja does
	tag, err := language.Parse(base)
	if err != nil {
		return nil, fmt.Errorf("naming language %q: %w", lang, err)
	}
	msgs, err := i18n.ParseMessageBytes(data, toml.Unmarshal)
	if err != nil {
		return nil, fmt.Errorf("parsing texts: %w", err)
	}
	t := &tongue{tag: tag, text: make(map[string]text, len(msgs))}
	for _, m := range msgs {
		if m.Other == "" || m.Zero+m.Two+m.Few+m.Many != "" {
			return nil, fmt.Errorf("text %q: want the form other, or one and other", m.ID)
		}
		t.text[m.ID] = text{m.One, m.Other}
	}
	return t, nil
}

// Text returns a text with its facts filled in. Facts is a struct; a text that names a field it lacks is an error. A text with plural
// forms takes the form for count. A *MissingError says that the language lacks the text.
func (c *Catalogue) Text(lang, key string, facts any, count int) (string, error) {
	t, err := c.tongue(lang)
	if err != nil {
		return "", err
	}
	var w text
	if t != nil {
		w = t.text[key]
	}
	if w.other == "" {
		return "", &MissingError{Lang: lang, Key: key}
	}
	form := w.other
	if w.one != "" && plural.Cardinal.MatchPlural(t.tag, count, 0, 0, 0, 0) == plural.One {
		form = w.one
	}
	s, err := fill(form, facts)
	if err != nil {
		return "", fmt.Errorf("filling text %q in %q: %w", key, lang, err)
	}
	return strings.TrimSpace(s), nil
}

// Has reports whether a language has a text.
func (c *Catalogue) Has(lang, key string) bool {
	t, err := c.tongue(lang)
	return err == nil && t != nil && t.text[key].other != ""
}

// Langs returns the languages, sorted.
func (c *Catalogue) Langs() []string {
	out := make([]string, 0, len(c.langs))
	for l := range c.langs {
		out = append(out, l)
	}
	slices.Sort(out)
	return out
}

// Keys returns the keys of a language's texts, sorted.
func (c *Catalogue) Keys(lang string) []string {
	t, err := c.tongue(lang)
	if err != nil || t == nil {
		return nil
	}
	out := make([]string, 0, len(t.text))
	for k := range t.text {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

// Runes returns every rune that stands in any text of a language, sorted, without controls. The glyph files are made from it.
func (c *Catalogue) Runes(lang string) []rune {
	t, err := c.tongue(lang)
	if err != nil || t == nil {
		return nil
	}
	seen := make(map[rune]bool)
	for _, w := range t.text {
		for _, s := range []string{w.one, w.other} {
			for _, r := range s {
				seen[r] = true
			}
		}
	}
	out := make([]rune, 0, len(seen))
	for r := range seen {
		if r >= ' ' {
			out = append(out, r)
		}
	}
	slices.Sort(out)
	return out
}

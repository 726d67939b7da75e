// SPDX-License-Identifier: Apache-2.0

package display_test

import (
	"crypto/sha256"
	"fmt"
	"slices"
	"strings"
	"testing"

	"madoguchi/display"
	"madoguchi/display/internal/samples"
)

// Every page of every resident's screen fits in large print, in every language, on both panels. The pictures are compared by their hashes.
func TestLargePrint(t *testing.T) {
	for _, size := range samples.Sizes {
		r := renderer(t, size.W, size.H)
		var got strings.Builder
		for _, s := range samples.Large() {
			in, _ := s.Screen.ID.Info()
			for _, l := range display.Langs {
				screen := s.In(l)
				n := display.Pages(screen)
				if n > 1 && (len(in.Keys) == 0 || in.Keys[0] == "any") {
					t.Errorf("%s in %s has %d pages and no key to turn them", s.Name, l, n)
				}
				for page := range n {
					screen.Facts.Page = page + 1
					m, err := r.Render(screen)
					if err != nil {
						t.Errorf("%s: page %d of %d: %v", s.Name, page+1, n, err)
						continue
					}
					fmt.Fprintf(&got, "%x  %s_%d\n", sha256.Sum256(m.Pix), s.FileName(l), page+1)
				}
			}
		}
		sameHashes(t, size.Name+"_large", got.String())
	}
}

// Nothing of a screen is lost in large print, and an answer is asked for on the last page only.
func TestLargePrintSaysAll(t *testing.T) {
	r := renderer(t, 400, 300)
	screen := display.Screen{ID: display.ResidentGuard1, Lang: display.Portuguese, Facts: display.Facts{Kind: "signing", Left: 1, Max: 5}}
	plain := r.Text(screen)
	screen.Facts.Large = true
	n := display.Pages(screen)
	if n < 2 {
		t.Fatalf("the guard has %d page in large print; choose a longer screen for this test", n)
	}
	for page := 1; page <= n; page++ {
		screen.Facts.Page = page
		text := r.Text(screen)
		foot := strings.Join(text[len(text)-2:], "|")
		if last := slices.Equal(text[len(text)-2:], plain[len(plain)-2:]); last != (page == n) {
			t.Errorf("page %d of %d has the foot %s", page, n, foot)
		}
	}
}

// A language that there is not is an error on every screen, in both prints.
func TestUnknownLanguage(t *testing.T) {
	r := renderer(t, 400, 300)
	for _, s := range append(samples.All(), samples.Large()...) {
		if s.Screen.ID.Langs()[0] != display.Langs[0] || len(s.Screen.ID.Langs()) < len(display.Langs) {
			continue // the clerk's screens are in Japanese then
		}
		if _, err := r.Render(s.In("xx")); err == nil {
			t.Errorf("%s was drawn in a language that there is not", s.Name)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"io"
	"math/bits"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"madoguchi/display/fonts"
	"madoguchi/display/words"
)

// The committed files are what the fonts and the catalogue give today, byte for byte.
func TestCommittedFiles(t *testing.T) {
	dir := t.TempDir()
	var errs bytes.Buffer
	if code := run([]string{"genfonts", "-out", dir}, io.Discard, &errs); code != 0 {
		t.Fatalf("exit status %d: %s", code, errs.String())
	}
	for _, size := range sizes {
		name := strconv.Itoa(size) + ".bin"
		want, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile(filepath.Join("..", "..", "fonts", name))
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(want, got) {
			t.Errorf("display/fonts/%s is out of date: `make generate` rebuilds it (%d bytes, want %d)", name, len(got), len(want))
		}
	}
	if got := fonts.Sizes(); !slices.Equal(got, sizes) {
		t.Errorf("display/fonts holds sizes %v, want %v", got, sizes)
	}
}

func TestEverySizeHoldsTheCatalogue(t *testing.T) {
	cat := catalogue(t)
	for _, size := range sizes {
		f, err := fonts.Open(size)
		if err != nil {
			t.Fatal(err)
		}
		want := append(commonRunes(cat), outside(size)...)
		for _, r := range want {
			if _, ok := f.Advance(r); !ok {
				t.Errorf("%d px lacks %q (%U); `make generate` rebuilds the files", size, r, r)
			}
		}
	}
}

func TestJIS(t *testing.T) {
	rs := jis()
	// JIS X 0208 has 6,879 signs; row 13 and the second readings come on top
	if n := len(rs); n < 6879 || n > 7000 {
		t.Errorf("%d runes, want 6,879 and a few", n)
	}
	for _, r := range "亜熙々〆〜～①㈱畳腕弌堯" {
		if _, ok := slices.BinarySearch(rs, r); !ok {
			t.Errorf("%q is not in", r)
		}
	}
}

func TestAbroad(t *testing.T) {
	rs := abroad()
	n := map[string]int{}
	for _, r := range rs {
		switch {
		case r >= 0x100000:
			n["vi"]++
		case r >= 0xF0000:
			n["zh"]++
		case r >= 0xAC00 && r <= 0xD7A3:
			n["ko"]++
		}
	}
	// 67 letters beyond ASCII, small and capital; GB 2312 and the marks; KS X 1001
	want := map[string]int{"vi": 2 * 67, "zh": 6763 + 17, "ko": 2350}
	for lang, w := range want {
		if n[lang] != w {
			t.Errorf("%s: %d signs, want %d", lang, n[lang], w)
		}
	}
}

// Runes that BIZ UDGothic lacks come from Noto Sans CJK; what no font has is an error.
func TestFallBack(t *testing.T) {
	src, err := open()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []rune{'한', '简', '们', fonts.Simplified.Of('门'), fonts.Vietnamese.Of('ế')} {
		c, err := src.draw(r, 32)
		if err != nil {
			t.Errorf("%q: %v", r, err)
			continue
		}
		ink := 0
		for _, b := range c.bits {
			ink += bits.OnesCount8(b)
		}
		if ink < 30 || c.width <= 16 {
			t.Errorf("%q: %d pixels of ink, %d px wide", r, ink, c.width)
		}
	}
	if _, err := src.draw('\uE123', 32); err == nil || !strings.Contains(err.Error(), "U+E123") {
		t.Errorf("a rune of no font: got %v, want an error naming it", err)
	}
}

func TestRunRefuses(t *testing.T) {
	for name, args := range map[string][]string{
		"flag": {"genfonts", "-size"}, "folder": {"genfonts", "-out", filepath.Join(t.TempDir(), "missing")},
	} {
		var errs bytes.Buffer
		if code := run(args, io.Discard, &errs); code == 0 || errs.Len() == 0 {
			t.Errorf("%s: exit status %d, stderr %q", name, code, errs.String())
		}
	}
}

func catalogue(t *testing.T) *words.Catalogue {
	t.Helper()
	c, err := words.New()
	if err != nil {
		t.Fatal(err)
	}
	return c
}

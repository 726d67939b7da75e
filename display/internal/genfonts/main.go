// SPDX-License-Identifier: Apache-2.0

// Genfonts makes the glyph files of display/fonts from the fonts of Debian's fonts-morisawa-bizud-gothic and fonts-noto-cjk: each glyph is
// drawn once in grey and cut to one bit. Run it by `make generate` after a change of the catalogue; a test compares the result with the
// committed files. It does not run on the device.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"madoguchi/display/words"
)

// sizes are those the layout uses: 24 is the clerk's lists and texts, 28 the residents' smallest print, 32 and 40 body and title, 48 and 64
// titles and the larger panel.
var sizes = []int{24, 28, 32, 40, 48, 64}

// Texts that arrive in policies and configuration are drawn in these sizes: the clerk's in Japanese and English, the residents' in every language.
var (
	clerks    = []int{24, 32, 40}
	residents = []int{32, 40}
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	fs.SetOutput(stderr)
	out := fs.String("out", ".", "folder for the glyph files")
	if err := fs.Parse(args[1:]); err != nil {
		return 2
	}
	if err := generate(*out, stdout); err != nil {
		fmt.Fprintln(stderr, "genfonts:", err)
		return 1
	}
	return 0
}

func generate(dir string, log io.Writer) error {
	cat, err := words.New()
	if err != nil {
		return fmt.Errorf("reading the catalogue: %w", err)
	}
	src, err := open()
	if err != nil {
		return err
	}
	for _, size := range sizes {
		data, n, err := build(src, cat, size)
		if err != nil {
			return fmt.Errorf("building %d px: %w", size, err)
		}
		if err := os.WriteFile(filepath.Join(dir, strconv.Itoa(size)+".bin"), data, 0o644); err != nil {
			return fmt.Errorf("writing the glyph file: %w", err)
		}
		fmt.Fprintf(log, "%d px: %d glyphs, %d bytes\n", size, n, len(data))
	}
	return nil
}

// build returns the glyph file of one size and the number of its glyphs.
func build(src *source, cat *words.Catalogue, size int) ([]byte, int, error) {
	common := commonRunes(cat)
	rest := without(outside(size), common)
	data, err := encode(src, size, common, rest)
	return data, len(common) + len(rest), err
}

// outside returns the runes that a size holds for texts from outside, sorted.
func outside(size int) []rune {
	var out []rune
	if slices.Contains(clerks, size) {
		out = jis()
	}
	if slices.Contains(residents, size) {
		out = append(out, abroad()...)
	}
	return sorted(out)
}

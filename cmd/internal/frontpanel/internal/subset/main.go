// SPDX-License-Identifier: Apache-2.0

// Subset makes the page's two small fonts from Debian's BIZ UDPGothic: every
// rune of the page's files, of the sample cards, of the cities, all kana and
// ASCII. It needs the Debian packages fonts-morisawa-bizud-gothic,
// python3-fonttools and python3-brotli (WOFF2 is compressed with brotli), and is
// run by hand after new words: go generate ./cmd/internal/frontpanel
//
// The runes are kept in runes.txt, which a test holds against the page.
package main

import (
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"

	"madoguchi/card/simcard"
	"madoguchi/cmd/internal/world"
)

const fonts = "/usr/share/fonts/truetype/bizud-gothic/"

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	if len(args) != 2 {
		fmt.Fprintf(stderr, "usage: %s FOLDER\n", args[0])
		return 2
	}
	if err := makeFonts(args[1], stdout); err != nil {
		fmt.Fprintln(stderr, "subset:", err)
		return 1
	}
	return 0
}

func makeFonts(dir string, stdout io.Writer) error {
	runes, err := collect(dir)
	if err != nil {
		return err
	}
	list := filepath.Join(dir, "..", "runes.txt")
	if err := os.WriteFile(list, []byte(string(runes)+"\n"), 0o644); err != nil {
		return fmt.Errorf("writing runes: %w", err)
	}
	for _, f := range []struct{ from, to string }{{"BIZUDPGothic-Regular.ttf", "ud-regular.woff2"}, {"BIZUDPGothic-Bold.ttf", "ud-bold.woff2"}} {
		out := filepath.Join(dir, f.to)
		cmd := exec.Command("/usr/bin/python3", "-m", "fontTools.subset", fonts+f.from, "--text-file="+list, "--output-file="+out,
			"--flavor=woff2", "--layout-features=kern,palt,liga", "--no-hinting", "--desubroutinize", "--drop-tables+=vhea,vmtx,VORG")
		if msg, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("running fontTools.subset (apt-get install python3-fonttools python3-brotli fonts-morisawa-bizud-gothic): %w\n%s", err, msg)
		}
		st, err := os.Stat(out)
		if err != nil {
			return fmt.Errorf("looking at font: %w", err)
		}
		fmt.Fprintf(stdout, "%s: %d runes, %d bytes\n", out, len(runes), st.Size())
	}
	return nil
}

// collect returns the runes of everything that the page can show, sorted.
func collect(dir string) ([]rune, error) {
	set := map[rune]bool{}
	add := func(s string) {
		for _, r := range s {
			if r >= ' ' {
				set[r] = true
			}
		}
	}
	for r := ' '; r <= '~'; r++ {
		set[r] = true
	}
	for r := 'ぁ'; r <= 'ヿ'; r++ {
		set[r] = true
	}
	add("、。「」・ー〜…×○●▲▼◀▶①②③年月日時分秒—–’“”·")
	for _, pattern := range []string{"*.html", "*.js", "*.json", "*.css"} {
		files, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("looking for pages: %w", err)
		}
		for _, f := range files {
			text, err := os.ReadFile(f)
			if err != nil {
				return nil, fmt.Errorf("reading page: %w", err)
			}
			add(string(text))
		}
	}
	for _, s := range simcard.Samples(time.Unix(0, 0)) {
		add(s.Title.JA + s.Title.EN + s.What.JA + s.What.EN)
	}
	for _, c := range world.Cities {
		add(c.Name.JA + c.Name.EN)
		for _, o := range c.Offices {
			add(o.Name.JA + o.Name.EN)
		}
	}
	out := make([]rune, 0, len(set))
	for r := range set {
		out = append(out, r)
	}
	slices.Sort(out)
	return out, nil
}

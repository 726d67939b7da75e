// SPDX-License-Identifier: Apache-2.0

// Contactsheet draws every sample screen in every language on one sheet, a PNG, so that a person can look at them all: `make screens`.
package main

import (
	"flag"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/image/font"
	"golang.org/x/image/font/basicfont"
	"golang.org/x/image/math/fixed"

	"madoguchi/display"
	"madoguchi/display/internal/samples"
)

func main() { os.Exit(run(os.Args, os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	fs := flag.NewFlagSet(args[0], flag.ContinueOnError)
	fs.SetOutput(stderr)
	size := fs.String("size", "400x300", "panel: 400x300 or 800x480")
	only := fs.String("only", "", "only screens whose name contains this")
	langs := fs.String("langs", "", "languages, a column each; default all")
	across := fs.Int("across", 2, "screens side by side, each in all languages")
	fs.Usage = func() {
		fmt.Fprintf(stderr, "usage: %s [flags] FILE.png\n", args[0])
		fs.PrintDefaults()
	}
	if err := fs.Parse(args[1:]); err != nil {
		return 2
	}
	if fs.NArg() != 1 || *across < 1 {
		fs.Usage()
		return 2
	}
	list := display.Langs
	if *langs != "" {
		list = nil
		for _, l := range strings.Split(*langs, ",") {
			list = append(list, display.Lang(l))
		}
	}
	n, err := sheet(fs.Arg(0), *size, *only, list, *across)
	if err != nil {
		fmt.Fprintln(stderr, "contactsheet:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s: %d pictures\n", fs.Arg(0), n)
	return 0
}

// A shot is one picture of the sheet and its place in columns and rows.
type shot struct {
	sample samples.Sample
	lang   display.Lang
	at     image.Point
}

// shots lays the samples out, then those in large print with all their pages: a screen in all its languages side by side. The clerk's screens have
// fewer languages and stand closer.
func shots(only string, langs []display.Lang, columns int) (list []shot, rows int, err error) {
	var at image.Point
	for _, s := range append(samples.All(), leaves(samples.Large(), langs)...) {
		if !strings.Contains(s.Name, only) {
			continue
		}
		var in []display.Lang
		for _, l := range langs {
			if !slices.Contains(display.Langs, l) {
				return nil, 0, fmt.Errorf("no language %q", l)
			}
			if slices.Contains(s.Screen.ID.Langs(), l) && (!s.Screen.Facts.Large || s.Screen.Facts.Page <= display.Pages(s.In(l))) {
				in = append(in, l)
			}
		}
		if at.X+len(in) > columns {
			at = image.Pt(0, at.Y+1)
		}
		for _, l := range in {
			list = append(list, shot{s, l, at})
			at.X++
		}
	}
	return list, at.Y + 1, nil
}

// leaves puts behind each sample its further pages, as many as the language with the most has.
func leaves(list []samples.Sample, langs []display.Lang) []samples.Sample {
	var out []samples.Sample
	for _, s := range list {
		most := 1
		for _, l := range langs {
			most = max(most, display.Pages(s.In(l)))
		}
		out = append(out, s)
		for p := 2; p <= most; p++ {
			further := s
			further.Name += "_" + strconv.Itoa(p)
			further.Screen.Facts.Page, further.Screen.Facts.Pages = p, most
			out = append(out, further)
		}
	}
	return out
}

func sheet(path, size, only string, langs []display.Lang, across int) (int, error) {
	var w, h int
	for _, s := range samples.Sizes {
		if s.Name == size {
			w, h = s.W, s.H
		}
	}
	if w == 0 {
		return 0, fmt.Errorf("no panel of size %q", size)
	}
	r, err := display.NewRenderer(image.Rect(0, 0, w, h))
	if err != nil {
		return 0, err
	}
	columns := len(langs) * across
	list, rows, err := shots(only, langs, columns)
	if err != nil {
		return 0, err
	}
	const pad, label = 12, 16
	out := image.NewGray(image.Rect(0, 0, pad+columns*(w+pad), pad+rows*(h+label+pad)))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{Y: 200}), image.Point{}, draw.Src)
	for _, s := range list {
		m, err := r.Render(s.sample.In(s.lang))
		if err != nil {
			return 0, fmt.Errorf("%s: %w", s.sample.Name, err)
		}
		at := image.Pt(pad+s.at.X*(w+pad), pad+s.at.Y*(h+label+pad))
		d := font.Drawer{Dst: out, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(at.X, at.Y+12)}
		d.DrawString(s.sample.Name + " " + string(s.lang))
		draw.Draw(out, image.Rect(at.X, at.Y+label, at.X+w, at.Y+label+h), m, image.Point{}, draw.Src)
	}
	f, err := os.Create(path)
	if err != nil {
		return 0, fmt.Errorf("creating the sheet: %w", err)
	}
	if err := png.Encode(f, out); err != nil {
		f.Close()
		return 0, fmt.Errorf("writing the sheet: %w", err)
	}
	return len(list), f.Close()
}

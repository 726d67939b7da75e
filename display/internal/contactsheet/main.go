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
	langs := fs.String("langs", "ja,en", "languages, a column group each")
	across := fs.Int("across", 3, "screens side by side in each language")
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
	n, err := sheet(fs.Arg(0), *size, *only, strings.Split(*langs, ","), *across)
	if err != nil {
		fmt.Fprintln(stderr, "contactsheet:", err)
		return 1
	}
	fmt.Fprintf(stdout, "%s: %d pictures\n", fs.Arg(0), n)
	return 0
}

func sheet(path, size, only string, langs []string, across int) (int, error) {
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
	var list []samples.Sample
	for _, s := range samples.All() {
		if strings.Contains(s.Name, only) {
			list = append(list, s)
		}
	}
	const pad, label = 12, 16
	rows := (len(list) + across - 1) / across
	out := image.NewGray(image.Rect(0, 0, pad+len(langs)*across*(w+pad), pad+rows*(h+label+pad)))
	draw.Draw(out, out.Bounds(), image.NewUniform(color.Gray{Y: 200}), image.Point{}, draw.Src)
	n := 0
	for i, s := range list {
		for j, l := range langs {
			m, err := r.Render(s.In(display.Lang(l)))
			if err != nil {
				return n, fmt.Errorf("%s: %w", s.Name, err)
			}
			at := image.Pt(pad+(j*across+i%across)*(w+pad), pad+i/across*(h+label+pad))
			d := font.Drawer{Dst: out, Src: image.Black, Face: basicfont.Face7x13, Dot: fixed.P(at.X, at.Y+12)}
			d.DrawString(s.Name + " " + l)
			draw.Draw(out, image.Rect(at.X, at.Y+label, at.X+w, at.Y+label+h), m, image.Point{}, draw.Src)
			n++
		}
	}
	f, err := os.Create(path)
	if err != nil {
		return n, fmt.Errorf("creating the sheet: %w", err)
	}
	if err := png.Encode(f, out); err != nil {
		f.Close()
		return n, fmt.Errorf("writing the sheet: %w", err)
	}
	return n, f.Close()
}

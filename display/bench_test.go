// SPDX-License-Identifier: Apache-2.0

package display_test

import (
	"image"
	"image/color"
	"image/draw"
	"os"
	"strings"
	"testing"

	"golang.org/x/image/font"
	"golang.org/x/image/font/opentype"
	"golang.org/x/image/math/fixed"

	"madoguchi/display"
	"madoguchi/display/mono"
	"madoguchi/display/words"
)

// bizud is the font the glyph files are made from; `make setup` installs it.
const bizud = "/usr/share/fonts/truetype/bizud-gothic/BIZUDGothic-Bold.ttf"

var pinScreen = display.Screen{
	ID: display.PINID("login"), Lang: display.Japanese, Facts: display.Facts{Left: 3, Max: 3, Filled: 2},
}

// BenchmarkRender draws a whole screen: words, layout, 59 glyphs, boxes and dots.
func BenchmarkRender(b *testing.B) {
	r := renderer(b, 400, 300)
	m := mono.New(400, 300)
	b.ReportAllocs()
	for b.Loop() {
		if err := r.RenderTo(m, pinScreen); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRenderCold is the first screen after start: catalogue read, glyph blocks inflated.
func BenchmarkRenderCold(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := words.New(); err != nil { // a program reads it once
			b.Fatal(err)
		}
		if _, err := renderer(b, 400, 300).Render(pinScreen); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkParaPages counts the pages of three paragraphs of 200 letters, as the session does at each key on a text.
func BenchmarkParaPages(b *testing.B) {
	long := strings.Repeat("転入届のあと、カードの情報を変更しないまま90日が過ぎると、", 7)
	s := display.Screen{ID: display.ClerkTell, Lang: display.Japanese}
	for range 3 {
		s.Facts.Paras = append(s.Facts.Paras, display.Para{Code: "tell", Text: long})
	}
	b.ReportAllocs()
	for b.Loop() {
		if n := display.ParaPages(s); n < 4 {
			b.Fatalf("%d pages", n)
		}
	}
}

// BenchmarkXImage draws only the words of the same screen with x/image's font drawer, the yardstick of BenchmarkRender: no layout, no
// boxes; into one bit as the panel needs it, and into RGBA, for which image/draw has a fast path.
func BenchmarkXImage(b *testing.B) {
	data, err := os.ReadFile(bizud)
	if err != nil {
		b.Fatalf("%v (make setup installs the font)", err)
	}
	f, err := opentype.Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	face := func(size float64) font.Face {
		fc, err := opentype.NewFace(f, &opentype.FaceOptions{Size: size, DPI: 72})
		if err != nil {
			b.Fatal(err)
		}
		return fc
	}
	f28, f32, f40 := face(28), face(32), face(40)
	lines := []struct {
		face font.Face
		text string
	}{
		{f28, "利用者証明用4けた"}, {f32, "暗証番号を入れてください"}, {f28, "マイナポータル・保険証など"},
		{f40, "残り3回"}, {f28, "×やめる＜消す○決定"},
	}
	for name, m := range map[string]draw.Image{"mono": mono.New(400, 300), "rgba": image.NewRGBA(image.Rect(0, 0, 400, 300))} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				draw.Draw(m, m.Bounds(), image.White, image.Point{}, draw.Src)
				for i, l := range lines {
					d := font.Drawer{Dst: m, Src: image.NewUniform(color.Black), Face: l.face, Dot: fixed.P(8, 40+50*i)}
					d.DrawString(l.text)
				}
			}
		})
	}
}

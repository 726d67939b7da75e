// SPDX-License-Identifier: Apache-2.0

package leak_test

import (
	"bytes"
	"image"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"madoguchi/cmd/internal/leak"
	"madoguchi/display"
	"madoguchi/display/mono"
	"madoguchi/pinpad"
)

// Lines of the pictures of characters, and of the smaller panel's whole picture, in bytes.
const (
	pictureLine = 8
	panelLine   = 400 / 8
)

// looks is a way for boxes that may show a password: some characters of the old one and of the new one are looked at.
var looks = way{"looked at, one character at a time", func(v *visit) {
	v.at["resident.review"] = func() {
		v.at["resident.review"] = func() { v.look(v.next) }
		v.look(v.pin[v.kind])
	}
}}

// look holds メニュー at the first, the third and the last character, and goes on.
func (v *visit) look(secret string) {
	v.t.Helper()
	for i, c := range secret {
		if i == 0 || i == 2 || i == len(secret)-1 {
			v.glimpse(c)
		}
		if i < len(secret)-1 {
			v.press(pinpad.KeyDown)
		}
	}
	v.press(pinpad.KeyEnter)
	v.until("resident.review")
}

// glimpse holds メニュー until the character went to the panel.
func (v *visit) glimpse(c rune) {
	v.t.Helper()
	v.seen = append(v.seen, c)
	v.until("", "resident.review")
	pic, before := pictures(v.t, c)[0], v.taps["panel"].total()
	changes, stop := v.w.Watch()
	defer stop()
	v.w.Move(v.t.Context(), []pinpad.Key{pinpad.KeyMenu}, nil)
	for limit := time.After(30 * time.Second); !bytes.Contains(v.taps["panel"].since(before), pic); {
		select {
		case <-changes:
		case <-limit:
			v.t.Fatalf("メニュー was held, and %q did not come to the panel; now %+v", c, v.w.State())
		}
	}
	v.w.Move(v.t.Context(), nil, []pinpad.Key{pinpad.KeyMenu})
	v.until("", "resident.review") // until the panel has taken it all, keys are dropped
}

// pictures are what the panel gets of characters.
func pictures(t testing.TB, chars ...rune) [][]byte {
	t.Helper()
	atlas, err := display.DrawAtlas()
	if err != nil {
		t.Fatal(err)
	}
	size := len(atlas) / 36
	var out [][]byte
	for _, c := range chars {
		n := int(c - 'A')
		if c <= '9' {
			n = 26 + int(c-'0')
		}
		out = append(out, atlas[n*size:(n+1)*size])
	}
	return out
}

// traces looks for pictures of the characters that were looked at, after the case: on the glass, in the panel's memory, in the memory of both
// processes, in their files, in what they log, and in what crosses the wall and the line. The bus to the panel is where they went.
func (c *counter) traces(seen []rune) []leak.Hit {
	c.t.Helper()
	if len(seen) == 0 {
		return nil
	}
	slices.Sort(seen)
	g := leak.NewGallery(pictures(c.t, slices.Compact(seen)...), pictureLine, panelLine)
	hits := g.Bytes("glass", 0, glass(c.w.Panel()).Pix)
	for _, b := range c.w.PanelBanks() {
		hits = append(hits, g.Bytes("panel's memory", 0, b.Pix)...)
	}
	for who, im := range c.images() {
		hits = append(hits, g.Image(who, im)...)
	}
	for _, name := range []string{"log", "wall", "wire"} {
		base, b := c.taps[name].all()
		hits = append(hits, g.Bytes(name, base, b)...)
	}
	for _, dir := range []string{"box", "link"} {
		err := filepath.WalkDir(filepath.Join(c.dir, dir), func(path string, d fs.DirEntry, err error) error {
			if err != nil || !d.Type().IsRegular() {
				return err
			}
			b, err := os.ReadFile(path)
			hits = append(hits, g.Bytes(path, 0, b)...)
			return err
		})
		if err != nil {
			c.t.Fatal(err)
		}
	}
	return hits
}

// glass is what an eye tells apart on a panel, a ghost among it.
func glass(img image.Image) *mono.Image {
	b := img.Bounds()
	m, white := mono.New(b.Dx(), b.Dy()), uint32(0)
	for y := range m.H {
		for x := range m.W {
			r, _, _, _ := img.At(x, y).RGBA()
			white = max(white, r)
		}
	}
	for y := range m.H {
		for x := range m.W {
			r, _, _, _ := img.At(x, y).RGBA()
			m.SetWhite(x, y, r == white)
		}
	}
	return m
}

// TestGallery: a picture is found as it lies, in a larger one, inverted; not if a line lacks, and not another one.
func TestGallery(t *testing.T) {
	pics := pictures(t, 'O', '0', 'I')
	g := leak.NewGallery(pics, pictureLine, panelLine)
	larger := mono.New(400, 300)
	for i := range 64 {
		copy(larger.Pix[(40+i)*panelLine+17:], pics[0][i*pictureLine:(i+1)*pictureLine])
	}
	broken := bytes.Clone(pics[2])
	broken[32*pictureLine+3] ^= 0x10
	inverted := bytes.Clone(pics[1])
	for i := range inverted {
		inverted[i] = ^inverted[i]
	}
	for _, tt := range []struct {
		name string
		b    []byte
		want int // picture; -1: none
	}{
		{"as it lies", append(make([]byte, 77), pics[1]...), 1},
		{"in a larger one", larger.Pix, 0},
		{"inverted", inverted, 1},
		{"broken", broken, -1},
		{"a white glass", mono.New(400, 300).Pix, -1},
	} {
		hits := g.Bytes(tt.name, 0, tt.b)
		if tt.want < 0 && len(hits) > 0 || tt.want >= 0 && (len(hits) != 1 || hits[0].Secret != tt.want) {
			t.Errorf("%s: %v", tt.name, hits)
		}
	}
}

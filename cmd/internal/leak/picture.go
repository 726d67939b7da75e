// SPDX-License-Identifier: Apache-2.0

package leak

import (
	"bytes"
	"fmt"
)

// A Gallery looks for the pictures of characters that were shown: as they lie, and in the lines of a larger picture, both also inverted. A picture is
// found when all of its lines with ink are there.
type Gallery struct {
	pictures []picture
	strides  []int
}

// A picture is the lines of one character from the first with ink to the last.
type picture struct {
	secret int
	form   string
	lines  [][]byte
	rare   int // the line that is looked for first
}

// NewGallery prepares a search for pictures of one size, line after line of width bytes, 1 = white. strides are the lengths in bytes of the lines
// of larger pictures in which one may stand. The hits' Secret is the index of the picture.
func NewGallery(pics [][]byte, width int, strides ...int) *Gallery {
	g := &Gallery{strides: append([]int{width}, strides...)}
	for n, pic := range pics {
		var lines [][]byte
		for i := 0; i+width <= len(pic); i += width {
			lines = append(lines, pic[i:i+width])
		}
		blank := bytes.Repeat([]byte{0xFF}, width)
		for len(lines) > 0 && bytes.Equal(lines[0], blank) {
			lines = lines[1:]
		}
		for len(lines) > 0 && bytes.Equal(lines[len(lines)-1], blank) {
			lines = lines[:len(lines)-1]
		}
		for _, form := range []string{"picture", "picture inverted"} {
			p := picture{secret: n, form: form}
			for _, l := range lines {
				if form == "picture inverted" {
					l = inverted(l)
				}
				p.lines = append(p.lines, l)
			}
			if len(p.lines) > 0 { // a picture without ink stands everywhere
				p.rare = len(p.lines) / 2
				g.pictures = append(g.pictures, p)
			}
		}
	}
	return g
}

// Bytes reports where pictures stand in b, whose first byte lies at offset base of where; of each the first few places.
func (g *Gallery) Bytes(where string, base int64, b []byte) []Hit {
	var hits []Hit
	for _, p := range g.pictures {
		found := 0
		for from := 0; found < most; {
			i := bytes.Index(b[from:], p.lines[p.rare])
			if i < 0 {
				break
			}
			at := from + i
			from = at + 1
			for _, stride := range g.strides {
				if start := at - p.rare*stride; p.stands(b, start, stride) {
					found++
					hits = append(hits, Hit{where, base + int64(start), p.secret, fmt.Sprintf("%s in lines of %d bytes", p.form, stride), len(p.lines) * len(p.lines[0])})
				}
			}
		}
	}
	return hits
}

// stands reports whether all lines stand there.
func (p picture) stands(b []byte, at, stride int) bool {
	if at < 0 {
		return false
	}
	for _, l := range p.lines {
		if at+len(l) > len(b) || !bytes.Equal(b[at:at+len(l)], l) {
			return false
		}
		at += stride
	}
	return true
}

// Image reports where pictures stand in a process's memory.
func (g *Gallery) Image(who string, im *Image) []Hit {
	var hits []Hit
	for _, r := range im.Regions {
		hits = append(hits, g.Bytes(who+" memory "+r.Name, r.Start, r.Data)...)
	}
	return hits
}

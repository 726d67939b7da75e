// SPDX-License-Identifier: Apache-2.0

package mono

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"image/draw"
	"math/bits"
)

// Palette is the colour model of an Image: index 0 is black, index 1 is white.
// image/png writes pictures of this model with one bit for each pixel.
var Palette = color.Palette{color.Gray{Y: 0}, color.Gray{Y: 255}}

// Image is a picture of W × H pixels whose top left corner is (0, 0). Pix holds H
// lines of Stride bytes. The bits right of W in a line's last byte are white and
// stay white.
type Image struct {
	W, H, Stride int
	Pix          []byte
}

var (
	_ draw.Image          = (*Image)(nil)
	_ image.PalettedImage = (*Image)(nil)
	_ draw.RGBA64Image    = (*Image)(nil)
	_ fmt.Stringer        = (*Image)(nil)
)

// New returns a white picture of w × h pixels. It panics if w or h is negative.
func New(w, h int) *Image {
	if w < 0 || h < 0 {
		panic(fmt.Sprintf("mono: negative size %d×%d", w, h))
	}
	m := &Image{W: w, H: h, Stride: (w + 7) / 8}
	m.Pix = bytes.Repeat([]byte{0xFF}, m.Stride*h)
	return m
}

// String tells the size; it never tells the content.
func (m *Image) String() string { return fmt.Sprintf("mono.Image{%d×%d}", m.W, m.H) }

// Clone returns a copy that shares nothing with m.
func (m *Image) Clone() *Image {
	c := *m
	c.Pix = bytes.Clone(m.Pix)
	return &c
}

// CopyFrom takes over the pixels of src, which must have the size of m; it reports
// whether it had. It allocates nothing.
func (m *Image) CopyFrom(src *Image) bool {
	if m.W != src.W || m.H != src.H || m.Stride != src.Stride {
		return false
	}
	copy(m.Pix, src.Pix)
	return true
}

// Bounds returns the rectangle (0, 0)–(W, H).
func (m *Image) Bounds() image.Rectangle { return image.Rect(0, 0, m.W, m.H) }

// ColorModel returns Palette.
func (m *Image) ColorModel() color.Model { return Palette }

// White reports whether the pixel is white; outside the picture everything is.
func (m *Image) White(x, y int) bool {
	if x < 0 || y < 0 || x >= m.W || y >= m.H {
		return true
	}
	return m.Pix[y*m.Stride+x/8]&(0x80>>(x%8)) != 0
}

// SetWhite makes a pixel white or black; outside the picture it does nothing.
func (m *Image) SetWhite(x, y int, white bool) {
	if x < 0 || y < 0 || x >= m.W || y >= m.H {
		return
	}
	if bit := byte(0x80 >> (x % 8)); white {
		m.Pix[y*m.Stride+x/8] |= bit
	} else {
		m.Pix[y*m.Stride+x/8] &^= bit
	}
}

// At returns black or white as a color.Gray.
func (m *Image) At(x, y int) color.Color { return Palette[m.ColorIndexAt(x, y)] }

// ColorIndexAt returns the pixel's index in Palette.
func (m *Image) ColorIndexAt(x, y int) uint8 {
	if m.White(x, y) {
		return 1
	}
	return 0
}

// RGBA64At is At without an allocation.
func (m *Image) RGBA64At(x, y int) color.RGBA64 {
	if m.White(x, y) {
		return color.RGBA64{R: 0xFFFF, G: 0xFFFF, B: 0xFFFF, A: 0xFFFF}
	}
	return color.RGBA64{A: 0xFFFF}
}

// Set makes a pixel white if the colour's luminance is at least one half, else black.
// A transparent colour counts as black: compose over white before.
func (m *Image) Set(x, y int, c color.Color) {
	m.SetWhite(x, y, color.Gray16Model.Convert(c).(color.Gray16).Y >= 0x8000)
}

// SetRGBA64 is Set without an allocation.
func (m *Image) SetRGBA64(x, y int, c color.RGBA64) {
	// The weights of color.Gray16Model (JFIF luminance).
	lum := (19595*uint32(c.R) + 38470*uint32(c.G) + 7471*uint32(c.B) + 1<<15) >> 16
	m.SetWhite(x, y, lum >= 0x8000)
}

// Fill makes the part of r that lies in the picture white or black.
func (m *Image) Fill(r image.Rectangle, white bool) {
	r = r.Intersect(m.Bounds())
	if r.Empty() {
		return
	}
	first, last := r.Min.X/8, (r.Max.X-1)/8
	left, right := byte(0xFF)>>(r.Min.X%8), byte(0xFF)<<(7-(r.Max.X-1)%8)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		line := m.Pix[y*m.Stride : (y+1)*m.Stride]
		for i := first; i <= last; i++ {
			mask := byte(0xFF)
			if i == first {
				mask &= left
			}
			if i == last {
				mask &= right
			}
			if white {
				line[i] |= mask
			} else {
				line[i] &^= mask
			}
		}
	}
}

// Equal reports whether both pictures have the same size and the same pixels.
func (m *Image) Equal(o *Image) bool {
	return m.W == o.W && m.H == o.H && m.Stride == o.Stride && bytes.Equal(m.Pix, o.Pix)
}

// Diff returns the smallest rectangle that holds every pixel in which the pictures
// differ; it is empty if they are equal. Pictures of different size differ everywhere.
func (m *Image) Diff(o *Image) image.Rectangle {
	if m.W != o.W || m.H != o.H || m.Stride != o.Stride {
		return m.Bounds().Union(o.Bounds())
	}
	r := image.Rectangle{Min: image.Pt(m.W, m.H)}
	for y := range m.H {
		a, b := m.Pix[y*m.Stride:(y+1)*m.Stride], o.Pix[y*m.Stride:(y+1)*m.Stride]
		if bytes.Equal(a, b) {
			continue
		}
		r.Min.Y, r.Max.Y = min(r.Min.Y, y), y+1
		i, j := 0, len(a)-1
		for a[i] == b[i] {
			i++
		}
		for a[j] == b[j] {
			j--
		}
		r.Min.X = min(r.Min.X, i*8+bits.LeadingZeros8(a[i]^b[i]))
		r.Max.X = max(r.Max.X, j*8+8-bits.TrailingZeros8(a[j]^b[j]))
	}
	if r.Empty() {
		return image.Rectangle{}
	}
	return r
}

// Turned counts the pixels that change from m to next: those that turn white (erased,
// which leaves residue on e-ink) and those that turn black. Pictures of different
// size count as none.
func (m *Image) Turned(next *Image) (white, black int) {
	if len(m.Pix) != len(next.Pix) {
		return 0, 0
	}
	for i, a := range m.Pix {
		if b := next.Pix[i]; a != b {
			white += bits.OnesCount8(b &^ a)
			black += bits.OnesCount8(a &^ b)
		}
	}
	return white, black
}

// Align widens r to byte borders: its left and right edges become multiples of 8.
// The result may reach up to 7 pixels right of the picture.
func Align(r image.Rectangle) image.Rectangle {
	if r.Empty() {
		return image.Rectangle{}
	}
	r.Min.X &^= 7
	r.Max.X = (r.Max.X + 7) &^ 7
	return r
}

// AppendWindow appends the bytes of the lines of r, widened by Align and cut to the
// picture, to dst: what a controller's RAM window takes. It allocates only if dst is
// too short.
func (m *Image) AppendWindow(dst []byte, r image.Rectangle) []byte {
	r = Align(r.Intersect(m.Bounds()))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		dst = append(dst, m.Pix[y*m.Stride+r.Min.X/8:y*m.Stride+r.Max.X/8]...)
	}
	return dst
}

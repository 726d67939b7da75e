// SPDX-License-Identifier: Apache-2.0

package mono_test

import (
	"image"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/display/mono"
)

func TestChanges(t *testing.T) {
	tests := []struct {
		name    string
		changed []image.Rectangle
		in      image.Rectangle
		want    []image.Rectangle
	}{
		{"nothing", nil, image.Rect(0, 0, 400, 300), nil},
		{"one pixel", []image.Rectangle{image.Rect(17, 5, 18, 6)}, image.Rect(0, 0, 400, 300), []image.Rectangle{image.Rect(16, 5, 24, 6)}},
		{"the corners", []image.Rectangle{image.Rect(0, 0, 1, 1), image.Rect(399, 299, 400, 300)}, image.Rect(0, 0, 400, 300),
			[]image.Rectangle{image.Rect(0, 0, 8, 1), image.Rect(392, 299, 400, 300)}},
		{"two columns far apart", []image.Rectangle{image.Rect(8, 100, 38, 200), image.Rect(300, 100, 330, 200)}, image.Rect(0, 0, 400, 300),
			[]image.Rectangle{image.Rect(8, 100, 40, 200), image.Rect(296, 100, 336, 200)}},
		{"an L", []image.Rectangle{image.Rect(40, 0, 200, 28), image.Rect(8, 28, 38, 168)}, image.Rect(0, 0, 400, 300),
			[]image.Rectangle{image.Rect(40, 0, 200, 28), image.Rect(8, 28, 40, 168)}},
		{"near enough to be one", []image.Rectangle{image.Rect(0, 0, 8, 8), image.Rect(40, 0, 48, 8)}, image.Rect(0, 0, 400, 300),
			[]image.Rectangle{image.Rect(0, 0, 48, 8)}},
		{"dotted line", []image.Rectangle{image.Rect(8, 0, 9, 1), image.Rect(16, 0, 17, 1), image.Rect(40, 0, 41, 1)}, image.Rect(0, 0, 400, 300),
			[]image.Rectangle{image.Rect(8, 0, 48, 1)}},
		{"outside the part asked for", []image.Rectangle{image.Rect(0, 0, 400, 300)}, image.Rect(13, 10, 30, 20), []image.Rectangle{image.Rect(8, 10, 32, 20)}},
		{"beyond the picture", []image.Rectangle{image.Rect(390, 290, 400, 300)}, image.Rect(380, 280, 500, 500), []image.Rectangle{image.Rect(384, 290, 400, 300)}},
		{"empty part", []image.Rectangle{image.Rect(0, 0, 400, 300)}, image.Rectangle{}, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, b := mono.New(400, 300), mono.New(400, 300)
			for _, r := range tt.changed {
				b.Fill(r, false)
			}
			if diff := cmp.Diff(tt.want, a.AppendChanges(nil, b, tt.in)); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
	if got := mono.New(8, 8).AppendChanges(nil, mono.New(16, 8), image.Rect(0, 0, 8, 8)); len(got) != 1 {
		t.Errorf("pictures of different size: %v", got)
	}
}

// What the rectangles hold, copied over, makes the pictures equal inside the part asked for; they are few and no more bytes than the one
// rectangle round them.
func TestChangesHoldAll(t *testing.T) {
	r := source(t)
	for range 300 {
		w, h := 8*(1+r.IntN(60)), 1+r.IntN(200)
		a, b := mono.New(w, h), mono.New(w, h)
		for range r.IntN(90) {
			b.Fill(rect(r, w, h).Intersect(image.Rect(r.IntN(w), r.IntN(h), w, h)), r.IntN(3) == 0)
		}
		part := rect(r, w, h)
		before := a.Clone()
		got := a.AppendChanges(nil, b, part)
		if len(got) > mono.MostChanges {
			t.Fatalf("%d rectangles", len(got))
		}
		bytes := 0
		for _, g := range got {
			if g.Min.X%8 != 0 || g.Max.X%8 != 0 || g.Empty() || !g.In(a.Bounds()) {
				t.Fatalf("%v of %v", g, a.Bounds())
			}
			bytes += g.Dx() / 8 * g.Dy()
			if !a.CopyRect(b, g) {
				t.Fatal("not copied")
			}
		}
		for y := part.Min.Y; y < part.Max.Y; y++ {
			for x := part.Min.X; x < part.Max.X; x++ {
				if a.White(x, y) != b.White(x, y) {
					t.Fatalf("pixel %d,%d of %v is not in %v", x, y, part, got)
				}
			}
		}
		if round := mono.Align(before.Diff(a)); bytes > round.Dx()/8*round.Dy() {
			t.Errorf("%d bytes in %v, one rectangle %v", bytes, got, round)
		}
	}
}

func TestChangesAllocateNothing(t *testing.T) {
	a, b := mono.New(800, 480), mono.New(800, 480)
	for i := range 60 {
		b.Fill(image.Rect(i*13, i*8, i*13+5, i*8+3), false)
	}
	room := make([]image.Rectangle, 0, mono.MostChanges)
	if n := testing.AllocsPerRun(20, func() { room = a.AppendChanges(room[:0], b, b.Bounds()) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func TestCopyRectWrongSize(t *testing.T) {
	if mono.New(8, 8).CopyRect(mono.New(8, 9), image.Rect(0, 0, 8, 8)) {
		t.Error("taken")
	}
}

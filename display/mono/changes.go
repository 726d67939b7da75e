// SPDX-License-Identifier: Apache-2.0

package mono

import "image"

// MostChanges is how many rectangles AppendChanges appends at most.
const MostChanges = 16

const (
	perRect  = 64 // one rectangle more costs a panel as much time as so many bytes: window and counters are a dozen short transfers
	nearX    = 3  // bytes: runs of one line that are so near are one
	nearY    = 8  // lines: a run continues a rectangle that ended so near above it
	mostRuns = 64
)

// AppendChanges appends to dst rectangles that together hold every pixel of r in which m and next differ, with left and right edges as Align
// makes them, cut to the pictures. They are few and small: what a panel with RAM windows has to be sent. Pictures of different size differ
// everywhere. It allocates only if dst is too short.
func (m *Image) AppendChanges(dst []image.Rectangle, next *Image, r image.Rectangle) []image.Rectangle {
	r = Align(r.Intersect(m.Bounds()))
	if r.Empty() {
		return dst
	}
	if m.W != next.W || m.H != next.H || m.Stride != next.Stride {
		return append(dst, r)
	}
	var room [mostRuns]image.Rectangle // X in bytes
	found := room[:0]
	first, last := r.Min.X/8, min(r.Max.X/8, m.Stride)
	for y := r.Min.Y; y < r.Max.Y; y++ {
		a, b := m.Pix[y*m.Stride:(y+1)*m.Stride], next.Pix[y*m.Stride:(y+1)*m.Stride]
		for x := first; x < last; x++ {
			if a[x] == b[x] {
				continue
			}
			end := x + 1
			for i := end; i < last && i-end < nearX; i++ {
				if a[i] != b[i] {
					end = i + 1
				}
			}
			found = addRun(found, image.Rect(x, y, end, y+1))
			x = end
		}
	}
	found = merge(found)
	whole, sum := image.Rectangle{}, 0
	for _, f := range found {
		whole, sum = whole.Union(f), sum+area(f)
	}
	if sum > area(whole) { // they overlap much
		found = append(found[:0], whole)
	}
	for _, f := range found {
		dst = append(dst, image.Rect(f.Min.X*8, f.Min.Y, f.Max.X*8, f.Max.Y))
	}
	return dst
}

func area(r image.Rectangle) int { return r.Dx() * r.Dy() }

// addRun joins a run of changed bytes to the rectangle above it that wastes least by it, if there is one.
func addRun(found []image.Rectangle, run image.Rectangle) []image.Rectangle {
	best, least := -1, 0
	for i, f := range found {
		near := run.Min.Y-f.Max.Y <= nearY && run.Min.X-f.Max.X <= nearX && f.Min.X-run.Max.X <= nearX
		if !near && len(found) < mostRuns {
			continue
		}
		waste := area(f.Union(run)) - area(f) - area(run)
		if waste > perRect/2 && len(found) < mostRuns {
			continue // an L: merge may still take it
		}
		if best < 0 || waste < least {
			best, least = i, waste
		}
	}
	if best < 0 {
		return append(found, run)
	}
	found[best] = found[best].Union(run)
	return found
}

// merge joins pairs as long as that saves something, or there are too many.
func merge(found []image.Rectangle) []image.Rectangle {
	for {
		a, b, most := 0, 0, 0
		for i := range found {
			for j := i + 1; j < len(found); j++ {
				save := area(found[i]) + area(found[j]) + perRect - area(found[i].Union(found[j]))
				if b == 0 || save > most {
					a, b, most = i, j, save
				}
			}
		}
		if b == 0 || most < 0 && len(found) <= MostChanges {
			return found
		}
		found[a] = found[a].Union(found[b])
		found = append(found[:b], found[b+1:]...)
	}
}

// CopyRect takes over the pixels of r, widened by Align and cut to the picture, from src, which must have the size of m; it reports whether
// it had. It allocates nothing.
func (m *Image) CopyRect(src *Image, r image.Rectangle) bool {
	if m.W != src.W || m.H != src.H || m.Stride != src.Stride {
		return false
	}
	r = Align(r.Intersect(m.Bounds()))
	for y := r.Min.Y; y < r.Max.Y; y++ {
		from, to := y*m.Stride+r.Min.X/8, y*m.Stride+r.Max.X/8
		copy(m.Pix[from:to], src.Pix[from:to])
	}
	return true
}

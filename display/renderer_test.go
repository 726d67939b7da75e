// SPDX-License-Identifier: Apache-2.0

package display_test

import (
	"errors"
	"image"
	"testing"

	"madoguchi/display"
	"madoguchi/display/internal/samples"
)

// Every sample draws in every language on every panel, and every screen has a sample.
func TestEveryScreenFits(t *testing.T) {
	seen := map[display.ID]bool{}
	for _, size := range samples.Sizes {
		r := renderer(t, size.W, size.H)
		for _, s := range samples.All() {
			seen[s.Screen.ID] = true
			for _, l := range display.Langs {
				if _, err := r.Render(s.In(l)); err != nil {
					t.Errorf("%s %s: %v", size.Name, s.Name, err)
				}
			}
		}
	}
	for _, id := range display.IDs() {
		if !seen[id] {
			t.Errorf("screen %s has no sample", id)
		}
	}
}

func renderer(t testing.TB, w, h int) *display.Renderer {
	t.Helper()
	r, err := display.NewRenderer(image.Rect(0, 0, w, h))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

var _ = errors.As

// SPDX-License-Identifier: Apache-2.0

package display

import (
	"errors"
	"image"

	"madoguchi/display/mono"
)

// A Renderer draws screens for one panel size. It is not safe for use by several goroutines at once.
type Renderer struct {
	bounds image.Rectangle
}

// NewRenderer returns a renderer for a panel of the given bounds in pixels.
func NewRenderer(bounds image.Rectangle) (*Renderer, error) {
	return &Renderer{bounds: bounds}, nil
}

// Render draws a screen into a new image, which is the caller's.
func (r *Renderer) Render(s Screen) (*mono.Image, error) {
	return nil, errors.New("rendering is not built")
}

// Text returns the words of a screen, line by line, as a voice would read them.
func (r *Renderer) Text(s Screen) []string { return nil }

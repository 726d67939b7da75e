// SPDX-License-Identifier: Apache-2.0

package display

import (
	"context"
	"image"

	"madoguchi/display/mono"
)

// A Panel is an e-ink panel as the painter uses it. Its methods return when the panel has finished (BUSY has fallen) or a deadline of the
// driver has passed; they are called by one goroutine at a time. After an error the panel's picture is unknown and the next call to Full
// starts it anew.
type Panel interface {
	// Bounds returns the picture's rectangle; its corner is (0, 0).
	Bounds() image.Rectangle
	// Full shows a picture of the panel's size by a full refresh, which flashes and leaves no residue.
	Full(ctx context.Context, m *mono.Image) error
	// Partial shows the part of m in r, widened to multiples of 8 pixels, by a partial refresh: it does not flash and leaves faint residue
	// of what it erases. m is the whole picture: a panel that does not know what it shows makes a full refresh of it instead.
	Partial(ctx context.Context, m *mono.Image, r image.Rectangle) error
	// Wipe makes glass and controller memory white by a full refresh and ends in deep sleep with the memory off.
	Wipe(ctx context.Context) error
	// Sleep turns the drive voltages off and ends in deep sleep with the memory off; the glass keeps its picture.
	Sleep(ctx context.Context) error
	// String names the panel for people.
	String() string
}

// A QuickPanel has a second full refresh that drives every pixel in about a second instead of four, and leaves a little residue.
type QuickPanel interface {
	Panel
	// Quick is Full with the shorter waveform.
	Quick(ctx context.Context, m *mono.Image) error
}

// A LendPanel can show a picture that must not be copied.
type LendPanel interface {
	Panel
	// Lend shows pic in r, whose left and right edges are multiples of 8, by a partial refresh: its lines of one bit a pixel, 1 = white, sent from
	// where they lie. pic may be overwritten when it returns. The other methods, and whoever keeps the panel's picture, know nothing of it.
	Lend(ctx context.Context, pic []byte, r image.Rectangle) error
	// Cover overwrites on the glass and in the controller what is lent with what stood there, by a partial refresh. Any other picture does so, too.
	Cover(ctx context.Context) error
}

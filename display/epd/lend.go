// SPDX-License-Identifier: Apache-2.0

package epd

import (
	"context"
	"errors"
	"fmt"
	"image"
)

// ErrNotLent is returned by Lend while it is not known what the glass shows: at first, after sleep, after an error.
var ErrNotLent = errors.New("the panel shows no picture to lend a place of")

// Lend shows pic in r by a partial refresh. r's left and right edges are multiples of 8 and pic holds its lines, 1 = white. The bytes go to the
// bus from where they lie: the driver keeps no copy, not even of what its buffers would hold, and Partial, Full and Cover know only what stood there
// before. When Lend returns the caller may overwrite pic. Both RAM banks and the glass then hold it, until Cover, Partial or Full has written
// over it; a faint ghost on the glass goes with the next full refresh.
func (d *Dev) Lend(ctx context.Context, pic []byte, r image.Rectangle) error {
	if !r.In(d.bounds) || r.Min.X%8 != 0 || r.Max.X%8 != 0 || r.Dx() < d.ctl.least().X || r.Dy() < d.ctl.least().Y || len(pic) != r.Dx()/8*r.Dy() {
		return fmt.Errorf("lending %v of a panel of %v to a picture of %d bytes", r, d.bounds, len(pic))
	}
	var known bool
	err := d.do(ctx, nil, func() {
		if known = d.known; !known {
			return
		}
		d.op, d.known, d.lent = "showing a lent picture", false, d.lent.Union(r)
		d.ctl.part(func(image.Rectangle) []byte { return pic }, []image.Rectangle{r})
		d.known = d.err == nil
	})
	if err == nil && !known {
		return ErrNotLent
	}
	return err
}

// Cover shows again what stood where Lend showed something, by a partial refresh, and overwrites it in both RAM banks. Without a lent picture it does
// nothing.
func (d *Dev) Cover(ctx context.Context) error {
	return d.do(ctx, nil, func() {
		if d.known && !d.lent.Empty() {
			d.change(d.shown, image.Rectangle{})
		}
	})
}

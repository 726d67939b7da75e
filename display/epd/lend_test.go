// SPDX-License-Identifier: Apache-2.0

package epd_test

import (
	"bytes"
	"errors"
	"image"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/display"
	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
	"madoguchi/display/mono"
)

var _ display.LendPanel = (*epd.Dev)(nil)

// place is where the tests lend.
var place = image.Rect(296, 48, 360, 112)

// glimpse is a picture of the place's size.
func glimpse(r *rand.Rand) []byte {
	pic := make([]byte, place.Dx()/8*place.Dy())
	for i := range pic {
		pic[i] = byte(r.Uint32())
	}
	return pic
}

// on returns m with pic in its place.
func on(m *mono.Image, pic []byte) *mono.Image {
	m = m.Clone()
	for y := range place.Dy() {
		copy(m.Pix[(place.Min.Y+y)*m.Stride+place.Min.X/8:], pic[y*place.Dx()/8:(y+1)*place.Dx()/8])
	}
	return m
}

// TestLend: what is lent stands on the glass, and whatever comes after it leaves nothing of it in either bank; a full refresh takes the ghost away.
func TestLend(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 7))
	for _, model := range models {
		for name, after := range map[string]func(b *bench, m *mono.Image) *mono.Image{
			"cover": func(b *bench, m *mono.Image) *mono.Image { b.ok(b.Cover(b.t.Context())); return m },
			"lend again, cover": func(b *bench, m *mono.Image) *mono.Image {
				b.ok(b.Lend(b.t.Context(), glimpse(r), place))
				b.ok(b.Cover(b.t.Context()))
				return m
			},
			"partial elsewhere": func(b *bench, m *mono.Image) *mono.Image {
				next, at := m.Clone(), image.Rect(16, 200, 80, 240)
				next.Fill(at, !m.White(16, 200))
				b.ok(b.Partial(b.t.Context(), next, at))
				return next
			},
			"full":  func(b *bench, m *mono.Image) *mono.Image { b.ok(b.Full(b.t.Context(), m)); return m },
			"quick": func(b *bench, m *mono.Image) *mono.Image { b.ok(b.Quick(b.t.Context(), m)); return m },
			"wipe": func(b *bench, _ *mono.Image) *mono.Image {
				b.ok(b.Wipe(b.t.Context()))
				return blank(model.Model)
			},
			"a pause": func(b *bench, m *mono.Image) *mono.Image {
				time.Sleep(10 * time.Second) // the drive voltages go off
				b.ok(b.Cover(b.t.Context()))
				return m
			},
		} {
			for _, po := range []epdtest.Opts{{}, {PingPong: true}} {
				t.Run(string(model.Model)+" "+name, func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) {
						b := start(t, po, epd.Opts{Model: model.Model})
						ctx := t.Context()
						m := picture(r, model.Model)
						m.Fill(place, true)
						b.ok(b.Full(ctx, m))
						pic := glimpse(r)
						b.ok(b.Lend(ctx, pic, place))
						b.shows(on(m, pic))
						clear(pic) // the driver has no more use for it
						m = after(b, m)
						b.shows(m)
						if name != "wipe" {
							for _, cmd := range []byte{model.picture, model.shown} {
								if d := b.panel.Bank(cmd).Diff(m); !d.Empty() {
									t.Errorf("bank %02X differs from the picture in %v", cmd, d)
								}
							}
						}
						b.ok(b.Full(ctx, m))
						clean := b.panel.Snapshot()
						b.ok(b.Full(ctx, m))
						if !bytes.Equal(clean.Pix, b.panel.Snapshot().Pix) {
							t.Error("a full refresh leaves a ghost")
						}
						b.ok(b.Cover(ctx)) // nothing is lent: nothing happens
						b.clean()
					})
				})
			}
		}
	}
}

// TestLendRefused: a place that is none, a picture of another size, and a glass of which nothing is known.
func TestLendRefused(t *testing.T) {
	both(t, func(t *testing.T, model epd.Model) {
		b := start(t, epdtest.Opts{}, epd.Opts{Model: model})
		ctx := t.Context()
		pic := make([]byte, place.Dx()/8*place.Dy())
		if err := b.Lend(ctx, pic, place); !errors.Is(err, epd.ErrNotLent) {
			t.Errorf("before the first picture: %v", err)
		}
		b.ok(b.Full(ctx, blank(model)))
		for name, at := range map[string]image.Rectangle{
			"outside": place.Add(b.Bounds().Max), "between bytes": place.Add(image.Pt(3, 0)), "larger": place.Inset(-8), "empty": {},
		} {
			if err := b.Lend(ctx, pic, at); err == nil {
				t.Errorf("%s: lent", name)
			}
		}
		b.ok(b.Sleep(ctx))
		if err := b.Lend(ctx, pic, place); !errors.Is(err, epd.ErrNotLent) {
			t.Errorf("asleep: %v", err)
		}
		b.panel.Tune(func(o *epdtest.Opts) { o.Unplugged = true })
		b.ok(b.Cover(ctx))
		b.clean()
	})
}

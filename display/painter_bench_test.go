// SPDX-License-Identifier: Apache-2.0

package display

import (
	"context"
	"testing"
	"time"

	"madoguchi/display/epd"
	"madoguchi/display/epd/epdtest"
)

// BenchmarkTypedCharacter measures the bytes that one typed character costs on the bus, with the real screens: one partial refresh for a digit,
// two for a letter (first press, second press), each with both banks brought up to date.
func BenchmarkTypedCharacter(b *testing.B) {
	for _, bb := range []struct {
		name, kind string
		most       int
		half       bool
	}{{"digit", "login", 4, false}, {"letter", "signing", 16, true}} {
		b.Run(bb.name, func(b *testing.B) {
			panel := epdtest.NewSSD1683(&epdtest.Opts{Speed: 1e5, MaxPartials: 1 << 30})
			d, err := epd.New(panel.Port(), epd.Pins(panel.Pins()), &epd.Opts{AnyTime: true})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Halt()
			r, err := NewRenderer(d.Bounds())
			if err != nil {
				b.Fatal(err)
			}
			p := NewPainter(d, r, &PainterOpts{Grid: time.Nanosecond})
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			go p.Run(ctx)
			s := Screen{ID: PINID(bb.kind), Lang: Japanese, Facts: Facts{Kind: bb.kind, Left: 3, Max: 3}}
			show := func() {
				p.Show(0, s)
				if rep := <-p.Reports(); rep.Err != nil {
					b.Fatal(rep.Err)
				}
			}
			show()
			typed, begun := 0, panel.Counts().Bytes
			for b.Loop() {
				if s.Facts.Filled == bb.most {
					before := panel.Counts().Bytes
					s.Facts.Filled = 0
					show()
					begun += panel.Counts().Bytes - before // clearing is no typing
				}
				if bb.half {
					s.Facts.Half = true
					show()
					s.Facts.Half = false
				}
				s.Facts.Filled++
				typed++
				show()
			}
			b.ReportMetric(float64(panel.Counts().Bytes-begun)/float64(typed), "bytes/character")
		})
	}
}

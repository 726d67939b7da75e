// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"bytes"
	"fmt"
	"image/color"
	"math"
	"strings"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgsvg"
)

// chart is a bar chart: for each label a bar, of one or more parts. Lying bars
// have their labels at the left, the first on top; standing ones below.
type chart struct {
	Labels []string
	Series []series
	Lying  bool
	Digits int  // after the point, in the numbers at the bars' ends
	Share  bool // bars are shares of 100, without a number at their end
	Alt    string
}

// series is one part of every bar. Its colour is that of its place (palette).
type series struct {
	Name   string
	Colour int
	Values []float64
}

// palette are the colours of parts, told apart by lightness too, for eyes that
// see no colour and for printers. page.css has the same as .s0, .s1, ….
var palette = []color.RGBA{
	{0x1d, 0x6f, 0x78, 255}, {0x6f, 0xa8, 0xcf, 255}, {0xe3, 0xb3, 0x4c, 255}, {0x8a, 0x94, 0x9b, 255}, {0xb5, 0x52, 0x3a, 255}, {0x5b, 0x3a, 0x5e, 255},
}

var (
	ink  = color.RGBA{0x1c, 0x2a, 0x33, 255}
	soft = color.RGBA{0x5a, 0x6b, 0x76, 255}
	pale = color.RGBA{0xdd, 0xe4, 0xe8, 255}
)

// svg draws the chart in so many points' width, as an SVG that loads nothing.
func (c chart) svg(width int) []byte {
	p := plot.New()
	p.TextHandler = wide{text.Plain{Fonts: font.DefaultCache}}
	p.BackgroundColor = color.Transparent
	const size = 12
	for _, a := range []*plot.Axis{&p.X, &p.Y} {
		a.Tick.Label.Font = font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}
		a.Tick.Label.Handler, a.Label.TextStyle.Handler = p.TextHandler, p.TextHandler
		a.Tick.Label.Color, a.Color, a.LineStyle.Color, a.Tick.Color = soft, pale, pale, pale
		a.Min = 0
		a.Padding = 4
	}
	values, names := &p.Y, &p.X
	if c.Lying {
		values, names = &p.X, &p.Y
	}
	n := len(c.Labels)
	top := c.totals()
	most := 1e-9
	for _, v := range top {
		most = max(most, v)
	}
	room := vg.Length(width) * 0.8 / vg.Length(max(n, 1))
	height := vg.Length(200)
	thick := min(room*0.72, 34)
	if c.Lying {
		thick = 15
		height = vg.Length(26*n + 34)
	}
	grid := plotter.NewGrid()
	grid.Vertical, grid.Horizontal = draw.LineStyle{}, draw.LineStyle{Color: pale, Width: 0.7}
	if c.Lying {
		grid.Vertical, grid.Horizontal = grid.Horizontal, grid.Vertical
	}
	p.Add(grid)
	var below *plotter.BarChart
	for _, s := range c.Series {
		list := make(plotter.Values, n)
		for i, v := range s.Values {
			list[c.at(i)] = v
		}
		b, err := plotter.NewBarChart(list, thick)
		if err != nil {
			continue // no bar at all
		}
		b.Color, b.Horizontal, b.LineStyle.Width = palette[s.Colour%len(palette)], c.Lying, 0
		if below != nil {
			b.StackOn(below)
		}
		below = b
		p.Add(b)
	}
	ticks := make(plot.ConstantTicks, n)
	for i, l := range c.Labels {
		ticks[i] = plot.Tick{Value: float64(c.at(i)), Label: l}
	}
	names.Tick.Marker, names.Tick.LineStyle.Width, names.Tick.Length = ticks, 0, 0
	names.Min, names.Max = -0.6, float64(n)-0.4
	names.Tick.Label.Color = ink
	if c.Lying {
		names.Tick.Label.XAlign, names.Tick.Label.YAlign = text.XRight, text.YCenter
	} else if n > 8 && width < 500 {
		for i := range ticks {
			if (n-1-i)%3 != 0 {
				ticks[i].Label = ""
			}
		}
	}
	values.Min, values.Max = 0, most*1.12
	if c.Lying {
		values.Max = most * (1 + 48/float64(width)*1.6) // room for the number at the longest bar
	}
	values.Tick.Marker, values.Tick.LineStyle.Width, values.Tick.Length = round{}, 0, 0
	values.LineStyle.Width = 0
	if c.Share {
		values.Max = 100
	} else {
		p.Add(c.ends(top, size))
	}
	canvas := vgsvg.New(vg.Length(width), height)
	p.Draw(draw.Crop(draw.New(canvas), 0, -14, 0, 0)) // the last number of the axis stands half beyond it
	var out bytes.Buffer
	if _, err := canvas.WriteTo(&out); err != nil {
		return nil // a buffer takes everything
	}
	return tidy(out.String(), width, height)
}

// at is the place of a label on its axis: lying bars count from below.
func (c chart) at(i int) int {
	if c.Lying {
		return len(c.Labels) - 1 - i
	}
	return i
}

func (c chart) totals() []float64 {
	top := make([]float64, len(c.Labels))
	for _, s := range c.Series {
		for i, v := range s.Values {
			top[i] += v
		}
	}
	return top
}

// ends writes each bar's number at its end.
func (c chart) ends(top []float64, size font.Length) plot.Plotter {
	l := plotter.XYLabels{}
	for i, v := range top {
		at := plotter.XY{X: float64(c.at(i)), Y: v}
		if c.Lying {
			at.X, at.Y = at.Y, at.X
		}
		l.XYs, l.Labels = append(l.XYs, at), append(l.Labels, thousands(v, c.Digits))
	}
	labels, err := plotter.NewLabels(l)
	if err != nil {
		return &plotter.Labels{} // no label
	}
	for i := range labels.TextStyle {
		st := &labels.TextStyle[i]
		st.Font, st.Color = font.Font{Typeface: "Liberation", Variant: "Sans", Size: size}, ink
		st.Handler = wide{text.Plain{Fonts: font.DefaultCache}}
		if c.Lying {
			st.XAlign, st.YAlign = text.XLeft, text.YCenter
		} else {
			st.XAlign, st.YAlign = text.XCenter, text.YBottom
		}
	}
	labels.Offset = vg.Point{Y: 3}
	if c.Lying {
		labels.Offset = vg.Point{X: 4}
	}
	return labels
}

// round has few ticks, at round numbers.
type round struct{}

// Ticks implements plot.Ticker.
func (round) Ticks(low, high float64) []plot.Tick {
	step := math.Pow(10, math.Floor(math.Log10(max(high, 1e-6))))
	for _, f := range []float64{0.2, 0.5, 1} {
		if high/(step*f) <= 5 {
			step *= f
			break
		}
	}
	digits := max(0, int(-math.Floor(math.Log10(step))))
	var ticks []plot.Tick
	for v := 0.0; v <= high; v += step {
		ticks = append(ticks, plot.Tick{Value: v, Label: thousands(v, digits)})
	}
	return ticks
}

func thousands(v float64, digits int) string {
	s := fmt.Sprintf("%.*f", digits, v)
	whole, rest, _ := strings.Cut(s, ".")
	for i := len(whole) - 3; i > 0 && whole[i-1] != '-'; i -= 3 {
		whole = whole[:i] + "," + whole[i:]
	}
	if rest != "" {
		whole += "." + rest
	}
	return whole
}

// wide measures Japanese, which the library's own fonts do not have: every rune
// that they lack is as wide as it is high.
type wide struct{ text.Plain }

var _ text.Handler = wide{}

// Box implements text.Handler.
func (h wide) Box(txt string, fnt font.Font) (width, height, depth vg.Length) {
	var latin strings.Builder
	for _, r := range txt {
		if r > 0x2e00 {
			width += fnt.Size
		} else {
			latin.WriteRune(r)
		}
	}
	w, height, depth := h.Plain.Box(latin.String(), fnt)
	return width + w, height, depth
}

// Draw implements text.Handler for a single line without rotation, which is all
// that a chart here has.
func (h wide) Draw(c vg.Canvas, txt string, sty text.Style, pt vg.Point) {
	if txt == "" {
		return
	}
	width, height, _ := h.Box(txt, sty.Font)
	c.SetColor(sty.Color)
	pt.X += width * vg.Length(sty.XAlign)
	pt.Y += height * vg.Length(sty.YAlign) * 0.8 // digits and kanji end above the ascent
	c.FillString(h.Cache().Lookup(sty.Font, sty.Font.Size), pt, txt)
}

// families are the fonts of the charts: first those whose Latin letters are as wide
// as they were measured, then the page's.
const families = "Arial,'Liberation Sans','Hiragino Sans','BIZ UDPGothic','Yu Gothic UI',Meiryo,'Noto Sans CJK JP','Noto Sans JP',system-ui,sans-serif"

// tidy takes out what the writer adds, and names the page's fonts.
func tidy(svg string, width int, height vg.Length) []byte {
	if i := strings.Index(svg, "<svg"); i > 0 {
		svg = svg[i:]
	}
	svg = strings.Replace(svg, fmt.Sprintf(`width="%dpt" height="%vpt"`, width, float64(height)), fmt.Sprintf(`width="%d" height="%v"`, width, float64(height)), 1)
	svg = strings.ReplaceAll(svg, "font-family:Liberation Sans;font-variant:normal;font-weight:normal;font-style:normal", "font-family:"+families)
	return []byte(svg)
}

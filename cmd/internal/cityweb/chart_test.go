// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var pictures = flag.String("charts", "", "write the charts of the tests to this `folder`")

// TestChart draws charts of both kinds, empty ones too: each is well-formed, is
// as wide as asked for, shows every label and number, and loads nothing.
func TestChart(t *testing.T) {
	bars := chart{Labels: []string{"暗証番号の変更", "電子証明書の更新", "Loss"}, Lying: true,
		Series: []series{{"完了", 0, []float64{1234, 800, 3}}, {"中断", 3, []float64{20, 0, 1}}}}
	for name, c := range map[string]struct {
		chart chart
		want  []string
	}{
		"lying":    {bars, []string{"暗証番号の変更", "電子証明書の更新", "Loss", "1,254", "800", ">4<"}},
		"standing": {chart{Labels: []string{"9/28", "10/5"}, Series: []series{{"完了", 0, []float64{1234, 800}}}, Digits: 1}, []string{"9/28", "10/5", "1,234.0"}},
		"shares":   {chart{Labels: []string{"a", "b"}, Lying: true, Share: true, Series: []series{{"x", 0, []float64{40, 50}}, {"y", 1, []float64{60, 50}}}}, []string{">100<"}},
		"empty":    {chart{Lying: true}, nil},
		"zeros":    {chart{Labels: []string{"a"}, Series: []series{{"x", 0, []float64{0}}}}, []string{">a<"}},
	} {
		t.Run(name, func(t *testing.T) {
			svg := string(c.chart.svg(640))
			if *pictures != "" {
				if err := os.WriteFile(filepath.Join(*pictures, name+".svg"), []byte(svg), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			for d := xml.NewDecoder(strings.NewReader(svg)); ; {
				if _, err := d.Token(); err == io.EOF {
					break
				} else if err != nil {
					t.Fatal(err)
				}
			}
			if !strings.HasPrefix(svg, `<svg width="640"`) {
				t.Errorf("it begins with %.80s", svg)
			}
			for _, w := range c.want {
				if !strings.Contains(svg, w) {
					t.Errorf("%q is not in it", w)
				}
			}
			for _, w := range []string{"url(", "href=\"http", "<script", "Liberation Serif"} {
				if strings.Contains(svg, w) {
					t.Errorf("%q is in it", w)
				}
			}
		})
	}
}

func TestThousands(t *testing.T) {
	for want, in := range map[string]float64{"0": 0, "999": 999, "1,000": 1000, "12,345,678": 12345678} {
		if got := thousands(in, 0); got != want {
			t.Errorf("%v: %s, want %s", in, got, want)
		}
	}
	if got := thousands(1234.56, 1); got != "1,234.6" {
		t.Errorf("got %s", got)
	}
}

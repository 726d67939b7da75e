// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/citydemo"
	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/webtest"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "write screenshots to this `folder`")

// now is in 2026-W47; the quarter before it is over.
var now = time.Date(2026, 11, 20, 2, 7, 31, 0, time.UTC)

// line is a collector that is well.
type line struct{}

func (line) Status() collector.Status {
	return collector.Status{Broker: true, Database: true, Since: now}
}
func (line) Changed() <-chan struct{} { return nil }

// city serves the pages of a made-up city.
func city(t *testing.T) string {
	t.Helper()
	clock := func() time.Time { return now }
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cityhall.db"), store.Opts{
		DigestKey: []byte("a key for tests only"), KeepWeeks: 60, Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := citydemo.Fill(t.Context(), s, 1, now); err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewServer(cityweb.New(s, line{}, cityweb.Opts{
		City: "nabari", TitleJa: "名張市", TitleEn: "Nabari City", Offices: citydemo.Offices, People: s, Now: clock}))
	t.Cleanup(srv.Close)
	return srv.URL
}

// TestPages looks at every page in both languages on a wide and a narrow
// window: nothing hangs over the side, every chart is drawn, nothing is asked
// for from elsewhere, and no page but the live one runs a script.
func TestPages(t *testing.T) {
	url := city(t)
	for _, width := range []int64{1280, 420} {
		page := sized(t, int(width), 900)
		for _, l := range []string{"ja", "en"} {
			for _, name := range []string{"overview", "offices", "procedures", "pins", "steps", "friction", "fleet", "alerts", "exports", "audit"} {
				at := fmt.Sprintf("%s-%s-%d", name, l, width)
				webtest.Do(t, page, chromedp.Navigate(url+"/"+name+"?lang="+l), chromedp.WaitVisible(chromedp.CSS("main")), webtest.Truth(`[...document.images].every(i => i.complete)`))
				if wide, window := number(t, page, `document.documentElement.scrollWidth`), number(t, page, `document.documentElement.clientWidth`); wide > window {
					t.Errorf("%s is %d wide in a window of %d", at, wide, window)
				}
				if n := number(t, page, `[...document.images].filter(i => !i.naturalWidth).length`); n > 0 {
					t.Errorf("%s: %d charts are not drawn", at, n)
				}
				if n := number(t, page, `document.scripts.length`); n > 0 {
					t.Errorf("%s runs %d scripts", at, n)
				}
				if from := webtest.Ask(t, page, chromedp.Evaluate[string](`performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin)).join(" ")`)); from != "" {
					t.Errorf("%s asks for %s", at, from)
				}
				picture(t, page, at)
			}
		}
	}
}

// TestPeriod chooses another period with the mouse, as a person does.
func TestPeriod(t *testing.T) {
	page := sized(t, 1280, 900)
	webtest.Do(t, page, chromedp.Navigate(city(t)+"/procedures?lang=en"), chromedp.WaitVisible(chromedp.CSS("main")))
	const text = `document.querySelector("tfoot").textContent`
	first := webtest.Ask(t, page, chromedp.Evaluate[string](text))
	webtest.Do(t, page, chromedp.SetValue(chromedp.CSS(`select[name="period"]`), "2026-Q4"), chromedp.Click(chromedp.CSS(".period button")),
		chromedp.WaitReady(chromedp.CSS(`option[value="2026-Q4"][selected]`)))
	if second := webtest.Ask(t, page, chromedp.Evaluate[string](text)); second == first || !strings.HasPrefix(second, "Total") {
		t.Errorf("the totals of another period are %q, as before %q", second, first)
	}
}

// TestPrint prints the pages: menu and buttons stay away, the period stands
// there in words.
func TestPrint(t *testing.T) {
	url := city(t)
	page := sized(t, 1280, 900)
	for _, name := range []string{"overview", "pins"} {
		webtest.Do(t, page, chromedp.Navigate(url+"/"+name+"?lang=ja"), chromedp.WaitVisible(chromedp.CSS("main")), webtest.Truth(`[...document.images].every(i => i.complete)`))
		pdf := webtest.Ask(t, page, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
		if len(pdf) < 10_000 || string(pdf[:5]) != "%PDF-" {
			t.Errorf("%s: printed %d bytes", name, len(pdf))
		}
		if *pictures != "" {
			if err := os.WriteFile(filepath.Join(*pictures, name+".pdf"), pdf, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	rules := webtest.Ask(t, page, chromedp.Evaluate[string](`[...document.styleSheets].flatMap(s => [...s.cssRules]).filter(r => r.media?.mediaText === "print").map(r => r.cssText).join(" ")`))
	for _, want := range []string{".menu", ".period", ".printed { display: block; }"} {
		if !strings.Contains(rules, want) {
			t.Errorf("the rules for paper do not name %s", want)
		}
	}
}

// sized is a browser whose page, not its window, has this size.
func sized(t *testing.T, width, height int) context.Context {
	t.Helper()
	page := webtest.Chromium(t, width, height)
	webtest.Do(t, page, chromedp.EmulateViewport(int64(width), int64(height)))
	return page
}

func number(t *testing.T, page context.Context, expression string) int {
	t.Helper()
	return webtest.Ask(t, page, chromedp.Evaluate[int](expression))
}

func picture(t *testing.T, page context.Context, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	png := webtest.Ask(t, page, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

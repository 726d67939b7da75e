// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"context"
	"flag"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/citydemo"
	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "write screenshots to this `folder`")

// patience is how long one thing may take on a loaded machine.
const patience = 60 * time.Second

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
		page := chromium(t, int(width), 900)
		for _, l := range []string{"ja", "en"} {
			for _, name := range []string{"overview", "offices", "procedures", "pins", "steps", "friction", "fleet", "alerts", "exports", "audit"} {
				at := fmt.Sprintf("%s-%s-%d", name, l, width)
				do(t, page, chromedp.Navigate(url+"/"+name+"?lang="+l), chromedp.WaitVisible(chromedp.CSS("main")), truth(`[...document.images].every(i => i.complete)`))
				if wide, window := number(t, page, `document.documentElement.scrollWidth`), number(t, page, `document.documentElement.clientWidth`); wide > window {
					t.Errorf("%s is %d wide in a window of %d", at, wide, window)
				}
				if n := number(t, page, `[...document.images].filter(i => !i.naturalWidth).length`); n > 0 {
					t.Errorf("%s: %d charts are not drawn", at, n)
				}
				if n := number(t, page, `document.scripts.length`); n > 0 {
					t.Errorf("%s runs %d scripts", at, n)
				}
				if from := ask(t, page, chromedp.Evaluate[string](`performance.getEntriesByType("resource").map(e => e.name).filter(n => !n.startsWith(location.origin)).join(" ")`)); from != "" {
					t.Errorf("%s asks for %s", at, from)
				}
				picture(t, page, at)
			}
		}
	}
}

// TestPeriod chooses another period with the mouse, as a person does.
func TestPeriod(t *testing.T) {
	page := chromium(t, 1280, 900)
	do(t, page, chromedp.Navigate(city(t)+"/procedures?lang=en"), chromedp.WaitVisible(chromedp.CSS("main")))
	const text = `document.querySelector("tfoot").textContent`
	first := ask(t, page, chromedp.Evaluate[string](text))
	do(t, page, chromedp.SetValue(chromedp.CSS(`select[name="period"]`), "2026-Q4"), chromedp.Click(chromedp.CSS(".period button")),
		chromedp.WaitReady(chromedp.CSS(`option[value="2026-Q4"][selected]`)))
	if second := ask(t, page, chromedp.Evaluate[string](text)); second == first || !strings.HasPrefix(second, "Total") {
		t.Errorf("the totals of another period are %q, as before %q", second, first)
	}
}

// TestPrint prints the pages: menu and buttons stay away, the period stands
// there in words.
func TestPrint(t *testing.T) {
	url := city(t)
	page := chromium(t, 1280, 900)
	for _, name := range []string{"overview", "pins"} {
		do(t, page, chromedp.Navigate(url+"/"+name+"?lang=ja"), chromedp.WaitVisible(chromedp.CSS("main")), truth(`[...document.images].every(i => i.complete)`))
		pdf := ask(t, page, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
		if len(pdf) < 10_000 || string(pdf[:5]) != "%PDF-" {
			t.Errorf("%s: printed %d bytes", name, len(pdf))
		}
		if *pictures != "" {
			if err := os.WriteFile(filepath.Join(*pictures, name+".pdf"), pdf, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	rules := ask(t, page, chromedp.Evaluate[string](`[...document.styleSheets].flatMap(s => [...s.cssRules]).filter(r => r.media?.mediaText === "print").map(r => r.cssText).join(" ")`))
	for _, want := range []string{".menu", ".period", ".printed { display: block; }"} {
		if !strings.Contains(rules, want) {
			t.Errorf("the rules for paper do not name %s", want)
		}
	}
}

func chromium(t *testing.T, width, height int) context.Context {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox,
		chromedp.WindowSize(width, height), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"), chromedp.Flag("lang", "en-US"),
		chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	if _, err := chromedp.Run(ctx, chromedp.EmulateViewport(int64(width), int64(height))); err != nil {
		t.Fatalf("starting chromium: %v (make setup installs it)", err)
	}
	return ctx
}

// step does something in the page.
type step = chromedp.Action[chromedp.Void]

func do(t *testing.T, page context.Context, steps ...step) {
	t.Helper()
	ask(t, page, chromedp.Steps(steps...))
}

// ask does something in the page and returns what it gives.
func ask[T any](t *testing.T, page context.Context, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(page, patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func number(t *testing.T, page context.Context, expression string) int {
	t.Helper()
	return ask(t, page, chromedp.Evaluate[int](expression))
}

// truth waits until an expression is true in the page.
func truth(expression string) step {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(patience))
}

func picture(t *testing.T, page context.Context, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	png := ask(t, page, chromedp.FullScreenshot(100))
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

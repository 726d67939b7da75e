// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/webtest"

	"github.com/chromedp/chromedp"
)

var pictures = flag.String("pictures", "", "write screenshots to this `folder`")

// TestPINChange carries a change of the login PIN from idle to the record at city hall, with mouse clicks alone.
func TestPINChange(t *testing.T) {
	url := simulator(t)
	page := webtest.Chromium(t, 1440, 900)
	webtest.Do(t, page, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(`.cap[data-key="5"]`)),
		chromedp.WaitVisible(chromedp.CSS(`#cards [data-card="adult"]`)))
	until(t, url, "idle")
	picture(t, page, "1-idle")
	if over := webtest.Ask(t, page, chromedp.Evaluate[int](`(r => r.scrollWidth - r.clientWidth)(document.querySelector(".rail"))`)); over > 0 {
		t.Errorf("the switches above the box reach %d pixels under the clerk's side", over)
	}

	click(t, page, `#cards [data-card="adult"]`)
	until(t, url, "idle.board")
	picture(t, page, "2-board")

	steps := []struct {
		screen string
		keys   string
	}{
		{"idle.board", "enter"}, {"clerk.code", "2 4 6 8 enter"}, {"clerk.procedure", "2"}, {"clerk.applicant", "1"},
		{"clerk.kind", "1"}, {"clerk.question", "1"}, {"clerk.decision", "enter"}, {"clerk.tell", "enter"}, {"clerk.turn", "enter"}, {"resident.language", "1"}, {"resident.board", "enter"},
		{"resident.about.login", "enter"}, {"resident.pin.login", "1 2 3 4 enter"}, {"resident.rules.login", "enter"},
		{"resident.newpin.login", "5 9 3 7 enter"}, {"resident.again.login", "5 9 3 7 enter"}, {"resident.changed", "enter"},
		{"resident.leavecheck.ask", "enter"}, {"resident.leavecheck.login", "5 9 3 7 enter"}, {"resident.leavecheck.ok", "enter"},
	}
	for _, s := range steps {
		until(t, url, s.screen)
		keys := strings.Fields(s.keys)
		for i, k := range keys {
			if i == len(keys)-1 && len(keys) > 1 {
				picture(t, page, "3-"+s.screen)
			}
			click(t, page, fmt.Sprintf(`.cap[data-key=%q]`, k))
		}
	}
	for until(t, url, "resident.tell", "resident.card.take") == "resident.tell" { // it has pages
		click(t, page, `.cap[data-key="enter"]`)
	}
	picture(t, page, "4-take")
	click(t, page, `#cards [data-card="adult"]`)
	until(t, url, "resident.turnback")
	click(t, page, `.cap[data-key="enter"]`)
	until(t, url, "clerk.closed")

	// what a city officer sees on the page, not what the interface says
	// one record of the case; the other facets point at no case and are not counted
	webtest.Do(t, page, webtest.Truth(`document.getElementById("count").textContent === "1" &&
		[...document.querySelectorAll("#records li")].some(li => li.textContent.includes("PIN change") && li.textContent.includes("done"))`))
	picture(t, page, "5-record")
	toured(t, page, "first", 6)
	// words of the page in Japanese, too
	click(t, page, `[data-lang="ja"]`)
	webtest.Do(t, page, webtest.Truth(`document.getElementById("records").textContent.includes("暗証番号の変更")`))
	picture(t, page, "6-japanese")
	trouble := webtest.Ask(t, page, chromedp.Evaluate[string](`document.getElementById("trouble").hidden ? "" : document.getElementById("trouble").textContent`))
	if trouble != "" {
		t.Errorf("the page is in trouble: %s", trouble)
	}
}

// TestNarrow: on a narrow window nothing hangs over the side.
func TestNarrow(t *testing.T) {
	url := simulator(t)
	page := webtest.Chromium(t, 420, 900)
	webtest.Do(t, page, chromedp.Navigate(url), chromedp.WaitVisible(chromedp.CSS(`.cap[data-key="5"]`)))
	until(t, url, "idle")
	wide := webtest.Ask(t, page, chromedp.Evaluate[int](`document.documentElement.scrollWidth`))
	window := webtest.Ask(t, page, chromedp.Evaluate[int](`document.documentElement.clientWidth`))
	if wide > window {
		t.Errorf("the page is %d wide in a window of %d", wide, window)
	}
	picture(t, page, "7-narrow")

	// The other two tours, chosen by the keyboard, tick what has really happened.
	click(t, page, ".tour summary")
	webtest.Do(t, page, chromedp.Focus(`[data-tour="cut"]`), chromedp.KeyEvent("\r"))
	click(t, page, "#line")
	toured(t, page, "cut", 2)
	locked := []screenKeys{{"idle.board", "enter"}, {"clerk.code", "2 4 6 8 enter"}, {"clerk.procedure", "2"}, {"clerk.applicant", "1"}, {"clerk.kind", "1"},
		{"clerk.documents", "1"}, {"clerk.decision", "enter"}, {"clerk.tell", "enter"}}
	click(t, page, `#cards [data-card="locked"]`)
	press(t, page, url, locked)
	until(t, url, "clerk.closed")
	toured(t, page, "cut", 4)
	click(t, page, "#line")
	toured(t, page, "cut", 5)
	picture(t, page, "8-tour")
	press(t, page, url, []screenKeys{{"clerk.closed", "cancel"}})
	until(t, url, "idle")
	click(t, page, "#laid .card") // out
	webtest.Do(t, page, webtest.Truth(`!document.querySelector("#laid .card")`))

	webtest.Do(t, page, chromedp.Focus(`[data-tour="locked"]`), chromedp.KeyEvent("\r"))
	toured(t, page, "locked", 0)
	click(t, page, `#cards [data-card="locked"]`)
	until(t, url, "idle.board")
	toured(t, page, "locked", 2)
	press(t, page, url, locked)
	until(t, url, "clerk.closed")
	toured(t, page, "locked", 5)
}

// screenKeys are keys to be clicked on a screen.
type screenKeys struct{ screen, keys string }

func press(t *testing.T, page context.Context, url string, steps []screenKeys) {
	t.Helper()
	for _, s := range steps {
		until(t, url, s.screen)
		for _, k := range strings.Fields(s.keys) {
			click(t, page, fmt.Sprintf(`.cap[data-key=%q]`, k))
		}
	}
}

// toured waits until so many steps of a tour are ticked, and no more.
func toured(t *testing.T, page context.Context, tour string, n int) {
	t.Helper()
	webtest.Do(t, page, webtest.Truth(fmt.Sprintf(`document.querySelector('[data-tour=%q]').getAttribute("aria-pressed") === "true" &&
		document.querySelectorAll("#tour li.done").length === %d && ![...document.querySelectorAll("#tour li")].some(li => li.textContent.startsWith("tour."))`, tour, n)))
}

// simulator builds and starts the program as `make run` does and returns its address.
func simulator(t *testing.T) string {
	t.Helper()
	bin := filepath.Join(t.TempDir(), "simulator")
	build := exec.Command("go", "build", "-o", bin, "madoguchi/cmd/simulator")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building the simulator: %v\n%s", err, out)
	}
	cmd := exec.Command(bin, "--listen", "127.0.0.1:0", "--data", t.TempDir(), "--date", "2026-11-24") // a Tuesday: the counter is open
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Signal(os.Interrupt); _ = cmd.Wait() })
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if i := strings.Index(lines.Text(), "http://"); i >= 0 {
			go func() { _, _ = io.Copy(io.Discard, out) }()
			return strings.TrimSuffix(strings.Fields(lines.Text()[i:])[0], "/")
		}
	}
	t.Fatal("the simulator ended without an address")
	return ""
}

// click presses the mouse on an element and waits until the page has told the box.
func click(t *testing.T, page context.Context, selector string) {
	t.Helper()
	webtest.Do(t, page, chromedp.Click(chromedp.CSS(selector)))
}

// until waits for a screen that stands still.
func until(t *testing.T, url string, screens ...string) string {
	t.Helper()
	type state struct {
		Screen string
		Busy   bool
	}
	ctx, cancel := context.WithTimeout(t.Context(), webtest.Patience)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/api/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	var last state
	stands := func() bool {
		a, err := http.Get(url + "/api/state")
		if err != nil {
			t.Fatal(err)
		}
		defer a.Body.Close()
		if err := json.NewDecoder(a.Body).Decode(&last); err != nil {
			t.Fatal(err)
		}
		return slices.Contains(screens, last.Screen) && !last.Busy
	}
	for events := bufio.NewScanner(r.Body); !stands(); {
		if !events.Scan() {
			t.Fatalf("%v did not come: %v; now %+v", screens, events.Err(), last)
		}
	}
	return last.Screen
}

func picture(t *testing.T, page context.Context, name string) {
	t.Helper()
	if *pictures == "" {
		return
	}
	png := webtest.Ask(t, page, chromedp.CaptureScreenshot())
	if err := os.WriteFile(filepath.Join(*pictures, name+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}

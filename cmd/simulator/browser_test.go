// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/record"
)

// browser opens the page in a headless Chromium and fails the test on anything
// that its console complains about.
func browser(t *testing.T, url string) context.Context {
	t.Helper()
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("%v: make setup installs it", err)
	}
	alloc, stop := chromedp.NewExecAllocator(t.Context(), chromedp.ExecPath(path), chromedp.Headless, chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.NoFirstRun, chromedp.UserDataDir(t.TempDir()), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-background-networking", true),
		chromedp.Flag("disable-component-update", true), chromedp.Flag("disable-sync", true))
	t.Cleanup(stop)
	ctx, end := chromedp.NewContext(alloc)
	t.Cleanup(end)
	if err := chromedp.Do(ctx, chromedp.EmulateViewport(1440, 900)); err != nil {
		t.Fatalf("starting chromium: %v", err)
	}
	complaints := chromedp.Console(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for m, err := range complaints {
			if err != nil {
				return
			}
			if m.Type == chromedp.ConsoleException || m.Type == "error" {
				t.Errorf("console: %s", m.Text)
			}
		}
	}()
	t.Cleanup(func() { end(); <-done })
	if err := chromedp.Do(ctx, chromedp.Navigate(url)); err != nil {
		t.Fatal(err)
	}
	return ctx
}

// TestBrowser carries a PIN change from the idle screen to the record that the
// page shows at city hall, with mouse, drag and keyboard.
func TestBrowser(t *testing.T) {
	_, v := openWorld(t, world.Opts{})
	v.until("idle")
	ctx := browser(t, v.url+"/?lang=ja")
	ctx, cancel := context.WithTimeout(ctx, 3*time.Minute)
	defer cancel()
	step := func(what string, actions ...chromedp.Action[chromedp.Void]) {
		t.Helper()
		if err := chromedp.Do(ctx, actions...); err != nil {
			t.Fatalf("%s: %v", what, err)
		}
	}
	// on waits until the page says that the box stands on a screen.
	on := func(screen string) {
		t.Helper()
		js := fmt.Sprintf(`(() => { const g = document.getElementById("glass"); return g.ariaLabel === %q && g.ariaBusy === "false"; })()`, screen)
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](js)); err != nil {
			t.Fatalf("waiting for %s on the page: %v; the box: %+v", screen, err, v.state())
		}
	}
	caps := func(keys ...string) {
		t.Helper()
		for _, k := range keys {
			step("clicking "+k, chromedp.Click(fmt.Sprintf("[data-key=%q]", k)))
		}
	}

	on("idle")
	step("dragging the card", chromedp.DragAndDrop("[data-card=adult]", "#slot"))
	on("idle.board")
	step("Enter", chromedp.KeyEvent("\r"))
	on("clerk.code")
	for _, k := range "2468" {
		step("typing the clerk code", chromedp.KeyEvent(string(k)), chromedp.Sleep(150*time.Millisecond))
	}
	step("Enter", chromedp.KeyEvent("\r"))
	for _, s := range []string{"clerk.procedure", "clerk.applicant", "clerk.kind", "clerk.turn", "resident.language", "resident.board", "resident.about.login"} {
		on(s)
		caps(answers[s]...)
	}
	on("resident.pin.login")
	var who string
	var err error
	if who, err = chromedp.Run(ctx, chromedp.Text("#sees")); err != nil || !strings.Contains(who, "ランプだけ") {
		t.Errorf("what the clerk sees during entry: %q, %v", who, err)
	}
	for _, s := range []string{"resident.pin.login", "resident.rules.login", "resident.newpin.login", "resident.again.login", "resident.changed",
		"resident.leavecheck.ask", "resident.leavecheck.login", "resident.leavecheck.ok"} {
		on(s)
		caps(answers[s]...)
	}
	on("resident.card.take")
	step("taking the card", chromedp.Click("#laid .card"))
	on("resident.turnback")
	caps("enter")
	on("clerk.closed")
	js := `document.getElementById("count").textContent === "1" && document.getElementById("records").textContent.includes("暗証番号の変更")`
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](js)); err != nil {
		t.Errorf("the record did not show up on the page: %v", err)
	}
	v.only(record.PinChange, record.Done)

	// The box's picture reached the canvas: it has ink.
	ink, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`(() => {
		const c = document.getElementById("glass"), d = c.getContext("2d").getImageData(0, 0, c.width, c.height).data;
		let dark = 0;
		for (let i = 0; i < d.length; i += 4) if (d[i] < 80) dark++;
		return dark > 1000;
	})()`))
	if err != nil || !ink {
		t.Errorf("the canvas shows no ink (%v)", err)
	}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		t.Error("the browser was too slow")
	}
}

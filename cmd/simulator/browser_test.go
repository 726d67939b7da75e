// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"fmt"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"madoguchi/cmd/internal/world"
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

// TestHandsOnPage drags a card, types on the PC's keyboard and clicks a cap; the
// whole case by mouse is in package browser. The console must stay silent.
func TestHandsOnPage(t *testing.T) {
	_, v := openWorld(t, world.Opts{Date: date(2026, 11, 24)})
	v.until("idle")
	ctx := browser(t, v.url+"/?lang=ja")
	ctx, cancel := context.WithTimeout(ctx, 2*time.Minute)
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
		js := fmt.Sprintf(`(() => { const g = document.getElementById("glass"); return g.dataset.screen === %q && g.ariaBusy === "false"; })()`, screen)
		if _, err := chromedp.Run(ctx, chromedp.Poll[bool](js)); err != nil {
			t.Fatalf("waiting for %s on the page: %v; the box: %+v", screen, err, v.state())
		}
	}
	on("idle")
	step("dragging the card", chromedp.DragAndDrop("[data-card=adult]", "#slot"))
	on("idle.board")
	step("Enter", chromedp.KeyEvent("\r"))
	on("clerk.code")
	for _, k := range "2468" {
		step("typing the clerk code", chromedp.KeyEvent(string(k)))
	}
	step("Enter", chromedp.KeyEvent("\r"))
	on("clerk.procedure")
	step("clicking 2", chromedp.Click(`[data-key="2"]`))
	on("clerk.applicant")
	who, err := chromedp.Run(ctx, chromedp.Text("#sees"))
	if err != nil || !strings.Contains(who, "受付の画面") {
		t.Errorf("what the clerk sees: %q, %v", who, err)
	}
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
	step("taking the card", chromedp.Click("#laid .card"))
	v.await("an empty slot", func() bool {
		var sw world.Switches
		v.get("/api/world", &sw)
		return sw.Card == ""
	})
}

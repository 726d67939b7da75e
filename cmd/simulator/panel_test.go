// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"testing"
	"time"

	"github.com/chromedp/chromedp"

	"madoguchi/cmd/internal/world"
	"madoguchi/display/epd"
)

// TestLargePanel starts the box with the 7.5 inch panel: the page takes its size, and a case opens on it. The emulator's faults are looked at
// in the end, as in every test here.
func TestLargePanel(t *testing.T) {
	_, v := openWorld(t, world.Opts{Date: date(2026, 11, 24), Model: epd.Model7in5})
	v.until("idle")
	ctx, cancel := context.WithTimeout(browser(t, v.url+"/?lang=ja"), time.Minute)
	defer cancel()
	const js = `(() => { const c = document.getElementById("glass"); return c.width === 800 && c.height === 480 && c.clientWidth >= 600; })()`
	if _, err := chromedp.Run(ctx, chromedp.Poll[bool](js)); err != nil {
		t.Fatalf("the canvas does not take the panel's size: %v", err)
	}
	v.press("enter")
	v.until("clerk.code")
}

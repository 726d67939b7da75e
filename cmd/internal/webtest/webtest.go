// SPDX-License-Identifier: Apache-2.0

// Package webtest drives Debian's Chromium in the tests of pages: one browser
// for a test, which reaches nothing but this machine, and waits with a deadline.
// It does not know any page.
package webtest

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// Patience is how long one thing may take on a loaded machine.
const Patience = 60 * time.Second

// Step does something in the page.
type Step = chromedp.Action[chromedp.Void]

// Chromium starts a browser with a window of this size, in pixels. It ends with
// the test.
func Chromium(t *testing.T, width, height int) context.Context {
	t.Helper()
	opts := append(slices.Clone(chromedp.DefaultExecAllocatorOptions[:]), chromedp.ExecPath("/usr/bin/chromium"), chromedp.NoSandbox,
		chromedp.WindowSize(width, height), chromedp.Flag("disable-quic", true), chromedp.Flag("disable-component-update", true),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"), chromedp.Flag("lang", "en-US"),
		chromedp.UserDataDir(t.TempDir()))
	ctx, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(func() { _ = chromedp.Cancel(ctx); cancel() })
	if _, err := chromedp.Run(ctx, chromedp.Steps()); err != nil {
		t.Fatalf("starting chromium: %v (make setup installs it)", err)
	}
	return ctx
}

// Do takes steps in the page; one that fails ends the test.
func Do(t *testing.T, page context.Context, steps ...Step) {
	t.Helper()
	Ask(t, page, chromedp.Steps(steps...))
}

// Ask does something in the page and returns what it gives.
func Ask[T any](t *testing.T, page context.Context, a chromedp.Action[T]) T {
	t.Helper()
	ctx, cancel := context.WithTimeout(page, Patience)
	defer cancel()
	v, err := chromedp.Run(ctx, a)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Truth waits until an expression is true in the page.
func Truth(expression string) Step {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(Patience))
}

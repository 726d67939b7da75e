// SPDX-License-Identifier: Apache-2.0

package browser

import (
	"fmt"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/cityweb"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/webtest"

	"github.com/chromedp/chromedp"
)

const password = "correct horse battery"

// hall serves pages with two admins, a rollout that has paused by itself, and a plan that waits for the second person.
func hall(t *testing.T) (string, *store.Store) {
	t.Helper()
	clock := func() time.Time { return now }
	s, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "cityhall.db"), store.Opts{DigestKey: []byte("a key for tests only"), Now: clock})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	hash, err := cityweb.HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"soumu", "joho"} {
		if err := s.PutAccount(t.Context(), store.Account{Name: name, Role: string(cityweb.Admin), Hash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	srv := httptest.NewServer(cityweb.New(s, line{}, cityweb.Opts{City: "nabari", TitleJa: "名張市", TitleEn: "Nabari City", People: s, Rollouts: s, Sessions: s.Sessions(), Now: clock}))
	t.Cleanup(srv.Close)

	soumu, joho := rollout.Person{Name: "soumu", By: rollout.ByAccount}, rollout.Person{Name: "joho", By: rollout.ByAccount}
	var fleet []rollout.Device
	for n := range 50 {
		fleet = append(fleet, rollout.Device{ID: fmt.Sprintf("box-%02d", n), Office: fmt.Sprintf("g%02d", n/4+1)})
	}
	start := now.Add(-3 * time.Hour)
	plan := func(kind, version, reason string) *rollout.Rollout {
		r, err := rollout.New(rollout.Plan{ID: kind + "-" + version, Kind: kind, Path: kind + "/" + version + "/manifest.json", Version: version, Author: soumu, Reason: reason,
			Waves: rollout.DefaultWaves(kind, nil)}, fleet, start)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	r := plan("policy", "18", "手数料の改定")
	if err := r.Approve(joho, start.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := r.Start("soumu", start.Add(2*time.Minute)); err != nil {
		t.Fatal(err)
	}
	r.Listen(start)
	failing := ""
	for at := start.Add(3 * time.Minute); at.Before(now); at = at.Add(5 * time.Minute) {
		for id, m := range r.Members {
			rep := rollout.Report{Device: id, At: at, Path: r.Plan.Path, Cases: 4}
			switch {
			case m.State == rollout.Offered:
				rep.State = "trial"
			case m.State == rollout.Working && (failing == "" || failing == id):
				failing = id
				rep.State, rep.Code = "reverted", "health"
			case m.State == rollout.Working, m.State == rollout.Done:
				rep.State = "committed"
			default:
				rep.Path = ""
			}
			r.Report(rep)
		}
		r.Tick(at)
		for _, id := range r.Due(at) {
			if err := r.Offer(id, at); err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, r := range []*rollout.Rollout{r, plan("firmware", "1.4.2", "読み取り機の不具合の修正")} {
		if err := book.Put(t.Context(), s, r, 0); err != nil {
			t.Fatal(err)
		}
	}
	return srv.URL, s
}

// TestRolloutPages goes through the pages as an admin does: sees why a rollout has paused, resumes it with a reason, and gives the second consent to a plan with the
// password typed once more. Nothing hangs over the side on a wide and a narrow window.
func TestRolloutPages(t *testing.T) {
	url, s := hall(t)
	page := sized(t, 1280, 900)
	webtest.Do(t, page, chromedp.Navigate(url+"/login?lang=ja"), chromedp.WaitVisible(chromedp.CSS(`input[name="account"]`)),
		chromedp.SendKeys(chromedp.CSS(`input[name="account"]`), "joho"), chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), password),
		chromedp.Click(chromedp.CSS(".login button")), chromedp.WaitVisible(chromedp.CSS(`a[href^="rollouts"]`)))
	for _, width := range []int64{1280, 420} {
		webtest.Do(t, page, chromedp.EmulateViewport(width, 900))
		for _, l := range []string{"ja", "en"} {
			for name, path := range map[string]string{"list": "/rollouts?", "paused": "/rollout?id=policy-18&", "draft": "/rollout?id=firmware-1.4.2&"} {
				at := fmt.Sprintf("rollout-%s-%s-%d", name, l, width)
				webtest.Do(t, page, chromedp.Navigate(url+path+"lang="+l), chromedp.WaitVisible(chromedp.CSS("main")), webtest.Truth(`[...document.images].every(i => i.complete)`))
				if wide, window := number(t, page, `document.documentElement.scrollWidth`), number(t, page, `document.documentElement.clientWidth`); wide > window {
					t.Errorf("%s is %d wide in a window of %d", at, wide, window)
				}
				if n := number(t, page, `[...document.images].filter(i => !i.naturalWidth).length + document.scripts.length`); n > 0 {
					t.Errorf("%s: %d charts not drawn, or scripts", at, n)
				}
				if key := webtest.Ask(t, page, chromedp.Evaluate[string](`(document.body.innerText.match(/\brollout_\w+/) || [""])[0]`)); key != "" {
					t.Errorf("%s: a text is missing: %s", at, key)
				}
				picture(t, page, at)
			}
		}
	}
	webtest.Do(t, page, chromedp.EmulateViewport(1280, 900), chromedp.Navigate(url+"/rollout?id=policy-18&lang=ja"), chromedp.WaitVisible(chromedp.CSS(".acts")))
	message := webtest.Ask(t, page, chromedp.Evaluate[string](`document.querySelector(".message").textContent`))
	for _, want := range []string{"一時停止中", "不調", "再開"} {
		if !strings.Contains(message, want) {
			t.Errorf("the page says %q, and not %q", message, want)
		}
	}
	webtest.Do(t, page, chromedp.SendKeys(chromedp.CSS(`form:has(input[value="resume"]) input[name="reason"]`), "読み取り機の線が抜けていた"),
		chromedp.Click(chromedp.CSS(`form:has(input[value="resume"]) button`)), chromedp.WaitVisible(chromedp.CSS(`form input[value="pause"] ~ button`)))
	webtest.Do(t, page, chromedp.Navigate(url+"/rollout?id=firmware-1.4.2&lang=ja"), chromedp.WaitVisible(chromedp.CSS(".acts")),
		chromedp.SendKeys(chromedp.CSS(`input[name="password"]`), password), chromedp.Click(chromedp.CSS(`form:has(input[value="approve"]) button`)),
		chromedp.WaitVisible(chromedp.CSS(`form input[value="start"] ~ button`)))
	webtest.Do(t, page, chromedp.Navigate(url+"/rollout?id=policy-18&lang=ja&watch=1"), chromedp.WaitVisible(chromedp.CSS("main")))
	if n := number(t, page, `document.querySelectorAll('meta[http-equiv="refresh"]').length * 10 + document.querySelectorAll("form[action='rollout/act']").length`); n != 10 {
		t.Errorf("watching: %d; want a page that is drawn again and no form that would be wiped", n)
	}
	pdf := webtest.Ask(t, page, chromedp.PrintToPDF(chromedp.PDFPrintBackground()))
	if len(pdf) < 10_000 {
		t.Errorf("printed %d bytes", len(pdf))
	}
	log, err := s.Audits(t.Context(), 30)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"rollout resume", "rollout approve"} {
		if !slices.ContainsFunc(log, func(a store.Audit) bool { return a.Action == want && a.Who == "joho" }) {
			t.Errorf("the audit log lacks %q", want)
		}
	}
}

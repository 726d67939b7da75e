// SPDX-License-Identifier: Apache-2.0

package cityweb

import (
	"context"
	"encoding/csv"
	"errors"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"madoguchi/cmd/internal/citydemo"
	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/store"
)

// friday is in 2026-W47; the quarter before it ended with W39.
var friday = time.Date(2026, 11, 20, 9, 7, 31, 0, time.UTC)

// city serves the pages of a made-up city; accounts: whether they want one.
func city(t *testing.T, accounts bool) (*httptest.Server, *store.Store, *time.Time) {
	t.Helper()
	now := friday
	path := filepath.Join(t.TempDir(), "cityhall.db")
	file, err := filled()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(t.Context(), path, opts(&now))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	o := Opts{City: "nabari", TitleJa: "名張市", TitleEn: "Nabari City", Offices: citydemo.Offices, People: s, Rollouts: s, Wipes: s, Now: func() time.Time { return now }}
	if accounts {
		o.Sessions, o.MetricsToken = s.Sessions(), "scrape"
	}
	srv := httptest.NewServer(New(s, &line{status: collector.Status{Broker: true, Database: true}}, o))
	t.Cleanup(srv.Close)
	return srv, s, &now
}

func opts(now *time.Time) store.Opts {
	return store.Opts{DigestKey: []byte("a key for tests only"), KeepWeeks: 60, Now: func() time.Time { return *now }}
}

// filled is the file of the made-up city's database, made once.
var filled = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "cityweb")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	now := friday
	path := filepath.Join(dir, "cityhall.db")
	s, err := store.Open(context.Background(), path, opts(&now))
	if err != nil {
		return nil, err
	}
	if err := errors.Join(citydemo.Fill(context.Background(), s, 1, now), s.Close()); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// TestPages reads every page in both languages: each answers, is in its
// language, has no text without words, a table for each chart, and a text for
// who does not see it; and its charts answer, wide and narrow.
func TestPages(t *testing.T) {
	srv, _, _ := city(t, false)
	for _, l := range []string{"ja", "en"} {
		for _, page := range []string{"overview", "offices", "procedures", "pins", "steps", "friction", "fleet", "alerts", "exports", "audit"} {
			status, head, text := get(t, srv.URL+"/"+page+"?lang="+l)
			if status != 200 || !strings.Contains(text, `<html lang="`+l+`">`) {
				t.Fatalf("%s %s: %d", page, l, status)
			}
			if !strings.Contains(head.Get("Content-Security-Policy"), "default-src 'self'") {
				t.Errorf("%s: policy %q", page, head.Get("Content-Security-Policy"))
			}
			if strings.Contains(text, "<script") || strings.Contains(text, "style=") {
				t.Errorf("%s has a script or a style of its own", page)
			}
			for key := range allWords.texts["en"] {
				if strings.Contains(key, "_") && strings.Contains(text, ">"+key+"<") {
					t.Errorf("%s %s: no words for %s", page, l, key)
				}
			}
			if m := regexp.MustCompile(`\{\d\}`).FindString(text); m != "" {
				t.Errorf("%s %s: %s is not filled in", page, l, m)
			}
			for _, m := range regexp.MustCompile(`(?:src|srcset)="(chart[^"]+)"`).FindAllStringSubmatch(text, -1) {
				status, head, svg := get(t, srv.URL+"/"+strings.ReplaceAll(m[1], "&amp;", "&"))
				if status != 200 || head.Get("Content-Type") != "image/svg+xml" || !strings.HasPrefix(svg, "<svg") {
					t.Errorf("%s: chart %s: %d %.40s", page, m[1], status, svg)
				}
			}
			if n, alts := strings.Count(text, "<img"), len(regexp.MustCompile(`alt="[^"]{20,}"`).FindAllString(text, -1)); n != alts {
				t.Errorf("%s %s: %d charts, %d with a text", page, l, n, alts)
			}
			if n := strings.Count(text, "<img"); n > strings.Count(text, "<table") {
				t.Errorf("%s: a chart has no table", page)
			}
		}
	}
	if status, _, text := get(t, srv.URL+"/none"); status != 404 || !strings.Contains(text, "このページはありません") {
		t.Errorf("an unknown page: %d", status)
	}
}

// TestNothingSmall reads every table and export and holds that no count of cases
// below k stands in them, and that the week that is not over is in none.
func TestNothingSmall(t *testing.T) {
	srv, s, _ := city(t, false)
	_, _, text := get(t, srv.URL+"/export/figures.csv")
	rows, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(rows) < 500 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	sum := 0
	for _, r := range rows[1:] {
		n, err := strconv.Atoi(r[5])
		if err != nil || n < 5 {
			t.Errorf("row %v", r)
		}
		if r[1] == "2026-W47" {
			t.Errorf("the week is not over: %v", r)
		}
		sum += n
	}
	facets := 0
	for _, err := range s.Facets(t.Context(), [16]byte{}) {
		if err != nil {
			t.Fatal(err)
		}
		facets++
	}
	if sum >= facets || sum < facets*8/10 {
		t.Errorf("%d of %d records are in the figures", sum, facets)
	}
	_, _, records := get(t, srv.URL+"/api/records")
	if n := strings.Count(records, `"g":"g04","k":"po"`) + strings.Count(records, `"2026-W47"`); n > 0 {
		// The mobile counter has one cell of five in some weeks at most.
		if strings.Contains(records, `"2026-W47"`) || n > 200 {
			t.Errorf("%d records of small cells or of this week are shown one by one", n)
		}
	}
}

// browser keeps cookies and does not follow.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	return &http.Client{Jar: jar, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
}

func ask(t *testing.T, c *http.Client, method, url string, form url.Values, head ...string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(method, url, strings.NewReader(form.Encode()))
	if err != nil {
		t.Fatal(err)
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(head); i += 2 {
		r.Header.Set(head[i], head[i+1])
	}
	res, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	text, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(text) + res.Header.Get("Location")
}

// TestAccounts goes through log-in, roles, wrong passwords, foreign forms, and
// what the audit log says of it.
func TestAccounts(t *testing.T) {
	srv, s, now := city(t, true)
	const password = "correct horse battery"
	hash, err := HashPassword(password)
	if err != nil {
		t.Fatal(err)
	}
	for name, role := range map[string]Role{"soumu": Viewer, "kansa": Auditor, "joho": Admin} {
		if err := s.PutAccount(t.Context(), store.Account{Name: name, Role: string(role), Hash: hash}); err != nil {
			t.Fatal(err)
		}
	}
	stranger := browser(t)
	for _, path := range []string{"/overview", "/fleet", "/chart.svg", "/export/figures.csv", "/live", "/audit", "/"} {
		if status, where := ask(t, stranger, "GET", srv.URL+path, nil); status != 303 || !strings.HasSuffix(where, "login?lang=ja") {
			t.Errorf("%s without a log-in: %d %.80s", path, status, where)
		}
	}
	for _, path := range []string{"/api/records", "/api/counts", "/api/status", "/api/events", "/metrics"} {
		if status, _ := ask(t, stranger, "GET", srv.URL+path, nil); status != 401 {
			t.Errorf("%s without a log-in: %d", path, status)
		}
	}
	if status, text := ask(t, stranger, "GET", srv.URL+"/metrics", nil, "Authorization", "Bearer scrape"); status != 200 || !strings.Contains(text, `madoguchi_devices{state="online"} 4`) {
		t.Errorf("metrics with the token: %d", status)
	}
	in := func(c *http.Client, name, password string, head ...string) (int, string) {
		return ask(t, c, "POST", srv.URL+"/login", url.Values{"account": {name}, "password": {password}}, head...)
	}
	for _, c := range []struct {
		name              string
		audit, live, seen int
	}{{"soumu", 403, 403, 403}, {"kansa", 200, 200, 403}, {"joho", 403, 403, 303}} {
		b := browser(t)
		if status, where := in(b, c.name, password); status != 303 || !strings.HasPrefix(where, "overview") {
			t.Fatalf("%s: log-in %d %.200s", c.name, status, where)
		}
		if status, text := ask(t, b, "GET", srv.URL+"/overview", nil); status != 200 || !strings.Contains(text, c.name) {
			t.Errorf("%s: overview %d", c.name, status)
		}
		for path, want := range map[string]int{"/audit": c.audit, "/live": c.live, "/api/records?limit=1": c.live} {
			if status, _ := ask(t, b, "GET", srv.URL+path, nil); status != want {
				t.Errorf("%s: %s gave %d, want %d", c.name, path, status, want)
			}
		}
		form := url.Values{"kind": {store.AlarmDropped}, "device": {""}, "count": {"12"}}
		if status, _ := ask(t, b, "POST", srv.URL+"/alerts/seen", form, "Sec-Fetch-Site", "cross-site"); status != 403 {
			t.Errorf("%s: a form of another site was taken: %d", c.name, status)
		}
		if status, _ := ask(t, b, "POST", srv.URL+"/alerts/seen", form); status != c.seen {
			t.Errorf("%s: acknowledging gave %d, want %d", c.name, status, c.seen)
		}
		if status, _ := ask(t, b, "POST", srv.URL+"/logout", nil); status != 303 {
			t.Errorf("%s: log-out %d", c.name, status)
		}
		if status, _ := ask(t, b, "GET", srv.URL+"/overview", nil); status != 303 {
			t.Errorf("%s: still in after the log-out: %d", c.name, status)
		}
	}
	// Five wrong ones close the account for a minute, for the right one too.
	b := browser(t)
	for n := range 5 {
		if status, text := in(b, "soumu", "wrong but long enough"); status != 403 || !strings.Contains(text, "違います") {
			t.Errorf("wrong password %d: %d", n, status)
		}
	}
	if status, _ := in(b, "nobody", password); status != 403 {
		t.Errorf("unknown account: %d", status)
	}
	if status, text := in(b, "soumu", password); status != 429 || !strings.Contains(text, "1 分後") {
		t.Errorf("after five wrong ones: %d", status)
	}
	*now = now.Add(61 * time.Second)
	if status, _ := in(b, "soumu", password); status != 303 {
		t.Errorf("after the wait: %d", status)
	}
	// An account that is deleted is out at once.
	if err := s.DropAccount(t.Context(), "soumu"); err != nil {
		t.Fatal(err)
	}
	if status, _ := ask(t, b, "GET", srv.URL+"/overview", nil); status != 303 {
		t.Errorf("a deleted account is still in: %d", status)
	}
	lines, _, err := s.VerifyAudit(t.Context())
	if err != nil || lines < 15 {
		t.Errorf("%d lines in the audit log, %v", lines, err)
	}
	log, err := s.Audits(t.Context(), 100)
	if err != nil {
		t.Fatal(err)
	}
	var did []string
	for _, a := range log {
		did = append(did, a.Who+" "+a.Action+" "+a.What)
		if strings.Contains(a.What+a.Who, password) {
			t.Error("a password is in the audit log")
		}
	}
	for _, want := range []string{"joho acknowledge dropped ", "kansa look audit", "soumu login ", "- login_failed ", "kansa look records"} {
		if !slices.Contains(did, want) {
			t.Errorf("the audit log does not say %q: %q", want, did)
		}
	}
}

func TestPasswords(t *testing.T) {
	if _, err := HashPassword("short"); err == nil {
		t.Error("a short password was taken")
	}
	a, err := HashPassword("correct horse battery")
	if err != nil {
		t.Fatal(err)
	}
	b, err := HashPassword("correct horse battery")
	if err != nil || a == b {
		t.Errorf("two hashes are the same: %v", err)
	}
	for text, want := range map[string]bool{a: true, b: true, nobody: false, "": false, "$argon2id$v=19$m=1,t=1,p=1$%$": false, strings.Replace(a, "m=19456", "m=8", 1): false} {
		if fits(text, "correct horse battery") != want {
			t.Errorf("%s: want %t", text, want)
		}
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"crypto/tls"
	"database/sql"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// say runs a command with an input and returns what it printed.
func say(t *testing.T, input string, args ...string) (status int, out, errs string) {
	t.Helper()
	var o, e bytes.Buffer
	status = runWith(t.Context(), append([]string{"cityhall"}, args...), strings.NewReader(input), &o, &e)
	return status, o.String(), e.String()
}

// TestAccounts makes an account, serves the pages over TLS, logs in, and finds
// all of it in the audit log.
func TestAccounts(t *testing.T) {
	dir := t.TempDir()
	data := "--data=" + dir
	if status, _, errs := say(t, "short\n", "account", "set", "joho", "--role=admin", data); status != 1 || !strings.Contains(errs, "want 12 to 200") {
		t.Errorf("short password: %d %s", status, errs)
	}
	for _, c := range []struct{ name, role string }{{"joho", "admin"}, {"kansa", "auditor"}, {"gone", "viewer"}} {
		if status, _, errs := say(t, "correct horse battery\n", "account", "set", c.name, "--role="+c.role, data); status != 0 {
			t.Fatalf("%s: %d %s", c.name, status, errs)
		}
	}
	if status, _, errs := say(t, "", "account", "drop", "gone", data); status != 0 {
		t.Errorf("drop: %d %s", status, errs)
	}
	if status, _, _ := say(t, "", "account", "drop", "gone", data); status != 1 {
		t.Errorf("dropping twice: %d", status)
	}
	if _, out, _ := say(t, "", "account", "list", data); strings.Join(strings.Fields(out), " ") != "joho admin kansa auditor" {
		t.Errorf("list: %q", out)
	}
	cert, key := filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	if out, err := exec.Command("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
		"-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1", "-out", cert, "-keyout", key).CombinedOutput(); err != nil {
		t.Fatalf("making a certificate: %v: run `make setup`, which installs openssl\n%s", err, out)
	}
	s := start(t, "--broker=tcp://127.0.0.1:1", data, "--tls-cert="+cert, "--tls-key="+key, "--host=localhost")
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	pool := &http.Transport{TLSClientConfig: &tls.Config{InsecureSkipVerify: true}} // its name and key are not what is tried here
	defer pool.CloseIdleConnections()
	browser := &http.Client{Jar: jar, Transport: pool, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	get := func(url string, form url.Values) *http.Response {
		t.Helper()
		r, err := browser.PostForm(url, form)
		if form == nil {
			r, err = browser.Get(url)
		}
		if err != nil {
			t.Fatal(err)
		}
		r.Body.Close()
		return r
	}
	if !strings.HasPrefix(s.URL, "https://") {
		t.Fatalf("page at %s", s.URL)
	}
	if r := get(s.URL+"overview", nil); r.StatusCode != http.StatusMisdirectedRequest {
		t.Errorf("asked for by its number: %d", r.StatusCode)
	}
	page := strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
	if r := get(page+"overview", nil); r.StatusCode != http.StatusSeeOther {
		t.Errorf("without a log-in: %d", r.StatusCode)
	}
	r := get(page+"login", url.Values{"account": {"joho"}, "password": {"correct horse battery"}})
	if r.StatusCode != http.StatusSeeOther || len(r.Cookies()) == 0 || !r.Cookies()[0].Secure || !r.Cookies()[0].HttpOnly {
		t.Errorf("log-in: %d, cookies %v", r.StatusCode, r.Cookies())
	}
	if r := get(page+"overview", nil); r.StatusCode != http.StatusOK {
		t.Errorf("after the log-in: %d", r.StatusCode)
	}
	if status, errs := s.stop(); status != 0 {
		t.Errorf("ended with %d: %s", status, errs)
	}
	// Three accounts made, one dropped, started, logged in, looked.
	if status, out, errs := say(t, "", "audit-verify", data); status != 0 || !strings.HasPrefix(out, "7 lines, head ") {
		t.Errorf("audit: %d %q %s", status, out, errs)
	}
	first := ""
	for range 2 {
		status, out, errs := say(t, "", "restored", data)
		if status != 0 || out <= first {
			t.Errorf("restored: %d %q after %q: %s", status, out, first, errs)
		}
		first = out
	}
	// A backup of the second life, and what is none.
	copied := filepath.Join(t.TempDir(), "copy.db")
	db, err := sql.Open("sqlite", filepath.Join(dir, databaseFile))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`VACUUM INTO '` + copied + `'`); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args   []string
		status int
		out    string
		errs   string
	}{
		{[]string{"backed-up", copied, data}, 0, "0 records, 0 outboxes, 0 of them may delete more\n", ""},
		{[]string{"backed-up", copied + ".not", data}, 1, "", "no such file"},
		{[]string{"backed-up", data}, 2, "", "want one backup"},
	} {
		if status, out, errs := say(t, "", c.args...); status != c.status || out != c.out || !strings.Contains(errs, c.errs) {
			t.Errorf("%v: %d %q %s", c.args, status, out, errs)
		}
	}
}

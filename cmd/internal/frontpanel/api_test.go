// SPDX-License-Identifier: Apache-2.0

package frontpanel

import (
	"bufio"
	"encoding/json"
	"image/png"
	"io"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/world"
)

// quiet is a world whose box never says anything: its processes only wait.
func quiet(t *testing.T, opts Opts) (*world.World, *httptest.Server) {
	t.Helper()
	w, err := world.Open(t.Context(), world.Opts{Data: t.TempDir(), Command: func(string, ...string) *exec.Cmd {
		return exec.Command("/bin/sleep", "600")
	}})
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(New(w, opts))
	t.Cleanup(func() {
		s.CloseClientConnections()
		s.Close()
		if err := w.Close(); err != nil {
			t.Error(err)
		}
	})
	return w, s
}

func TestRefusedCalls(t *testing.T) {
	_, s := quiet(t, Opts{})
	const j = "application/json"
	tests := []struct {
		name, method, path, kind, body string
		status                         int
		where, what                    string // what the error must name
	}{
		{"empty", "POST", "/api/key", j, "", 400, "body", "empty"},
		{"no JSON", "POST", "/api/key", j, "5", 400, "body", "not a JSON object"},
		{"list", "POST", "/api/key", j, `[]`, 400, "body", "not a JSON object"},
		{"cut off", "POST", "/api/key", j, `{"key":`, 400, "body", "not JSON"},
		{"after the object", "POST", "/api/key", j, `{"key":"5"}{}`, 400, "body", "goes on"},
		{"unknown field", "POST", "/api/key", j, `{"kee":"5"}`, 400, "body", "kee"},
		{"field in capitals", "POST", "/api/key", j, `{"Key":"5"}`, 400, "body", "Key"},
		{"field twice", "POST", "/api/key", j, `{"key":"5","key":"6"}`, 400, "body", "twice"},
		{"nothing asked", "POST", "/api/key", j, `{}`, 400, "body", "0 of key, down and up"},
		{"two asked", "POST", "/api/key", j, `{"key":"5","up":["5"]}`, 400, "body", "2 of"},
		{"unknown key", "POST", "/api/key", j, `{"key":"11"}`, 400, "key", "11"},
		{"key as number", "POST", "/api/key", j, `{"key":5}`, 400, "key", "number"},
		{"unknown key down", "POST", "/api/key", j, `{"down":["1","menu+cancel"]}`, 400, "down[1]", "menu+cancel"},
		{"no key down", "POST", "/api/key", j, `{"down":[]}`, 400, "down", "empty"},
		{"hold backwards", "POST", "/api/key", j, `{"key":"5","hold_ms":-1}`, 400, "hold_ms", "0 to 60000"},
		{"hold for ever", "POST", "/api/key", j, `{"key":"5","hold_ms":60001}`, 400, "hold_ms", "0 to 60000"},
		{"hold nothing", "POST", "/api/key", j, `{"down":["5"],"hold_ms":5}`, 400, "hold_ms", "without key"},
		{"too long", "POST", "/api/key", j, `{"key":"` + strings.Repeat("5", 5000) + `"}`, 400, "body", "longer than 4096"},
		{"form", "POST", "/api/key", "application/x-www-form-urlencoded", "key=5", 400, "Content-Type", "application/json"},
		{"plain text", "POST", "/api/key", "text/plain", `{"key":"5"}`, 400, "Content-Type", "text/plain"},
		{"no type", "POST", "/api/key", "", `{"key":"5"}`, 400, "Content-Type", "application/json"},
		{"unknown card", "POST", "/api/card", j, `{"insert":"gold"}`, 400, "insert", "gold"},
		{"unknown fresh card", "POST", "/api/card", j, `{"fresh":"gold"}`, 400, "fresh", "gold"},
		{"remove not", "POST", "/api/card", j, `{"remove":false}`, 400, "remove", "false"},
		{"remove from empty slot", "POST", "/api/card", j, `{"remove":true}`, 409, "/api/card", "no card"},
		{"line without up", "POST", "/api/line", j, `{}`, 400, "up", "missing"},
		{"lid without open", "POST", "/api/lid", j, `{}`, 400, "open", "missing"},
		{"line as word", "POST", "/api/line", j, `{"up":"no"}`, 400, "up", "string"},
		{"broker without up", "POST", "/api/broker", j, `{}`, 400, "up", "missing"},
		{"power without cut", "POST", "/api/power", j, `{}`, 400, "cut", "missing"},
		{"null", "POST", "/api/power", j, `{"cut":null}`, 400, "cut", "missing"},
		{"clock without advance", "POST", "/api/clock", j, `{}`, 400, "advance", "missing"},
		{"clock without unit", "POST", "/api/clock", j, `{"advance":"90"}`, 400, "advance", "90"},
		{"clock backwards", "POST", "/api/clock", j, `{"advance":"-90s"}`, 400, "advance", "forward"},
		{"clock too far", "POST", "/api/clock", j, `{"advance":"10000h"}`, 400, "advance", "at most"},
		{"GET a hand", "GET", "/api/key", "", "", 405, "/api/key", "GET"},
		{"POST an eye", "POST", "/api/state", j, `{}`, 405, "/api/state", "POST"},
		{"no such call", "GET", "/api/pin", "", "", 404, "/api/pin", "no such call"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest(tt.method, s.URL+tt.path, strings.NewReader(tt.body))
			if err != nil {
				t.Fatal(err)
			}
			if tt.kind != "" {
				req.Header.Set("Content-Type", tt.kind)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer res.Body.Close()
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
			var got struct{ Error CallError }
			if err := json.NewDecoder(res.Body).Decode(&got); err != nil {
				t.Fatalf("answer is no JSON: %v", err)
			}
			e := got.Error
			if e.Where != tt.where || !strings.Contains(e.What+e.Do, tt.what) || e.Do == "" {
				t.Errorf("error %+v, want where %q, naming %q, and what to do", e, tt.where, tt.what)
			}
		})
	}
}

func TestOnlyThisMachinesPage(t *testing.T) {
	_, s := quiet(t, Opts{})
	tests := []struct {
		name, host, site string
		status           int
	}{
		{"own page", "", "same-origin", 200},
		{"typed address", "", "none", 200},
		{"no browser", "", "", 200},
		{"localhost", "localhost:8080", "", 200},
		{"rebound name", "rebind.example", "same-origin", 421},
		{"address on the network", "192.0.2.1:8080", "", 421},
		{"another site", "", "cross-site", 403},
		{"another port of this machine", "", "same-site", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			req, err := http.NewRequest("GET", s.URL+"/api/state", nil)
			if err != nil {
				t.Fatal(err)
			}
			if tt.host != "" {
				req.Host = tt.host
			}
			if tt.site != "" {
				req.Header.Set("Sec-Fetch-Site", tt.site)
			}
			res, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			res.Body.Close()
			if res.StatusCode != tt.status {
				t.Errorf("status %d, want %d", res.StatusCode, tt.status)
			}
		})
	}
}

func get(t *testing.T, url string) *http.Response {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { res.Body.Close() })
	return res
}

func TestEyes(t *testing.T) {
	_, s := quiet(t, Opts{})
	img, err := png.Decode(get(t, s.URL+"/api/panel.png").Body)
	if err != nil {
		t.Fatal(err)
	}
	if b := img.Bounds(); b.Dx() != 400 || b.Dy() != 300 {
		t.Errorf("panel is %v", b)
	}
	var state map[string]json.RawMessage
	if err := json.NewDecoder(get(t, s.URL+"/api/state").Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	for _, f := range []string{"face", "screen", "lamp", "busy", "case"} {
		if _, ok := state[f]; !ok {
			t.Errorf("state lacks %s", f)
		}
	}
	var cards struct{ Cards []world.Card }
	if err := json.NewDecoder(get(t, s.URL+"/api/cards").Body).Decode(&cards); err != nil {
		t.Fatal(err)
	}
	var ids []string
	for _, c := range cards.Cards {
		ids = append(ids, c.ID)
	}
	want := []string{"adult", "one_try_left", "locked", "expiring", "expired", "under_15", "face_auth", "driving_licence",
		"issuer_expiring", "issuer_locked", "issuer_no_signing", "issuer_child", "issuer_foreign", "issuer_suspended",
		"issuer_child_suspended", "issuer_ward", "issuer_first"}
	if d := cmp.Diff(want, ids); d != "" {
		t.Errorf("cards (-want +got):\n%s", d)
	}
	var records []any
	if err := json.NewDecoder(get(t, s.URL+"/api/cityhall/records").Body).Decode(&records); err != nil || len(records) != 0 {
		t.Errorf("records %v, %v", records, err)
	}
	if res := get(t, s.URL+"/cityhall/"); res.StatusCode != 200 {
		t.Errorf("city hall's page: %s", res.Status)
	}
	res := get(t, s.URL+"/")
	if csp := res.Header.Get("Content-Security-Policy"); !strings.Contains(csp, "default-src 'self'") {
		t.Errorf("the page may load from elsewhere: %q", csp)
	}
	if page, _ := io.ReadAll(res.Body); !strings.Contains(string(page), `id="glass"`) {
		t.Error("the page has no glass")
	}
}

func TestHeadless(t *testing.T) {
	_, s := quiet(t, Opts{Headless: true})
	if res := get(t, s.URL+"/"); res.StatusCode != 404 {
		t.Errorf("page without a head: %s", res.Status)
	}
	if res := get(t, s.URL+"/api/state"); res.StatusCode != 200 {
		t.Errorf("state: %s", res.Status)
	}
}

func TestEvents(t *testing.T) {
	w, s := quiet(t, Opts{})
	res := get(t, s.URL+"/api/events")
	if ct := res.Header.Get("Content-Type"); ct != "text/event-stream" {
		t.Errorf("Content-Type %q", ct)
	}
	lines := bufio.NewScanner(res.Body)
	next := func() (string, string) {
		var name string
		for lines.Scan() {
			if n, ok := strings.CutPrefix(lines.Text(), "event: "); ok {
				name = n
			}
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return name, data
			}
		}
		t.Fatalf("stream ended: %v", lines.Err())
		return "", ""
	}
	var names []string
	for range 3 {
		n, _ := next()
		names = append(names, n)
	}
	if d := cmp.Diff([]string{"state", "panel", "world"}, names); d != "" {
		t.Errorf("first events (-want +got):\n%s", d)
	}
	if err := w.Insert("adult"); err != nil {
		t.Fatal(err)
	}
	for {
		n, data := next()
		if n == "world" && strings.Contains(data, `"card":"adult"`) {
			break
		}
	}
	if err := w.Insert("locked"); err == nil {
		t.Error("two cards went into one slot")
	}
}

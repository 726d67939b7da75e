// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/frontpanel"
	"madoguchi/cmd/internal/world"
	"madoguchi/display/epd/epdtest"
	"madoguchi/sync/record"
)

// asSimulator as the first argument makes the test binary the program itself.
const asSimulator = "as-simulator"

// TestMain lets the test binary be what the world starts: the two children, and
// the whole program for the tests that kill it.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 {
		switch os.Args[1] {
		case "box", "link":
			os.Exit(run(os.Args, os.Stdin, os.Stdout, os.Stderr))
		case asSimulator:
			tunePanel = fast
			os.Exit(run(append([]string{"simulator"}, os.Args[2:]...), os.Stdin, os.Stdout, os.Stderr))
		}
	}
	os.Exit(m.Run())
}

// fast makes the panel twenty times as fast.
func fast(o *epdtest.Opts) { o.Speed = 20 }

// patience is how long any single thing may take on a loaded machine.
const patience = 30 * time.Second

// visitor is a person with a browser.
type visitor struct {
	t    *testing.T
	url  string
	news chan struct{} // something was told on /api/events since it was last read; nil before the first wait
}

// openWorld makes a world in this process with a box in children, its panel
// twenty times as fast, and returns it with a visitor at its page.
func openWorld(t *testing.T, opts world.Opts) (*world.World, *visitor) {
	t.Helper()
	if opts.Data == "" {
		opts.Data = t.TempDir()
	}
	opts.Command = func(role string, args ...string) *exec.Cmd {
		return exec.Command(os.Args[0], append([]string{role}, args...)...)
	}
	if opts.Panel == nil {
		opts.Panel = fast
	}
	opts.Restart = 50 * time.Millisecond
	w, err := world.Open(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(frontpanel.New(w, frontpanel.Opts{}))
	t.Cleanup(func() {
		if f := w.PanelFaults(); len(f) > 0 {
			t.Errorf("what the panel was made to do: %q", f)
		}
		s.CloseClientConnections()
		s.Close()
		if err := w.Close(); err != nil {
			t.Errorf("closing the world: %v", err)
		}
	})
	return w, &visitor{t: t, url: s.URL}
}

// get decodes the answer to a GET.
func (v *visitor) get(path string, into any) {
	v.t.Helper()
	r, err := http.Get(v.url + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	if r.StatusCode != http.StatusOK {
		v.t.Fatalf("GET %s: %s", path, r.Status)
	}
	if err := json.NewDecoder(r.Body).Decode(into); err != nil {
		v.t.Fatalf("GET %s: %v", path, err)
	}
}

// post makes a call that must be taken.
func (v *visitor) post(path, body string) {
	v.t.Helper()
	r, err := http.Post(v.url+path, "application/json", strings.NewReader(body))
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	text, _ := io.ReadAll(r.Body)
	if r.StatusCode != http.StatusOK {
		v.t.Fatalf("POST %s %s: %s %s", path, body, r.Status, text)
	}
}

func (v *visitor) state() world.State {
	v.t.Helper()
	var s world.State
	v.get("/api/state", &s)
	return s
}

func (v *visitor) records() []json.RawMessage {
	v.t.Helper()
	var r []json.RawMessage
	v.get("/api/cityhall/records", &r)
	return r
}

func (v *visitor) glass() []byte {
	v.t.Helper()
	r, err := http.Get(v.url + "/api/panel.png")
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	png, err := io.ReadAll(r.Body)
	if err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
		v.t.Fatalf("panel.png: %v, %.8q", err, png)
	}
	return png
}

// press presses keys by name, one after the other.
func (v *visitor) press(keys ...string) {
	v.t.Helper()
	for _, k := range keys {
		v.post("/api/key", fmt.Sprintf(`{"key":%q}`, k))
	}
}

// until waits for a screen that stands still.
func (v *visitor) until(screens ...string) world.State {
	v.t.Helper()
	var s world.State
	v.await("screen "+strings.Join(screens, " or "), func() bool {
		s = v.state()
		return slices.Contains(screens, s.Screen) && !s.Busy
	})
	return s
}

// await asks again after each event until it is so.
func (v *visitor) await(what string, so func() bool) {
	v.t.Helper()
	if v.news == nil {
		v.news = make(chan struct{}, 1)
		go v.listen(v.t.Context())
	}
	end := time.NewTimer(patience)
	defer end.Stop()
	look := time.NewTicker(time.Second) // for what no event tells, as the end of a process
	defer look.Stop()
	for !so() {
		select {
		case <-v.news:
		case <-look.C:
		case <-end.C:
			v.t.Fatalf("%s did not come within %v; now %+v", what, patience, v.state())
		}
	}
}

// listen reads /api/events until the test ends, and connects again when the simulator was started anew.
func (v *visitor) listen(ctx context.Context) {
	for ctx.Err() == nil {
		req, err := http.NewRequestWithContext(ctx, "GET", v.url+"/api/events", nil)
		if err != nil {
			return
		}
		r, err := http.DefaultClient.Do(req)
		if err != nil {
			select {
			case <-ctx.Done():
			case <-time.After(100 * time.Millisecond):
			}
			continue
		}
		for lines := bufio.NewScanner(r.Body); lines.Scan(); {
			select {
			case v.news <- struct{}{}:
			default:
			}
		}
		r.Body.Close()
	}
}

// answers are the keys that lead through a change of the login PIN.
var answers = map[string][]string{
	"idle":                      {"enter"},
	"idle.board":                {"enter"},
	"clerk.code":                {"2", "4", "6", "8", "enter"},
	"clerk.procedure":           {"2"},
	"clerk.applicant":           {"1"},
	"clerk.kind":                {"1"},
	"clerk.notice":              {"enter"},
	"clerk.question":            {"1"},
	"clerk.documents":           {"1"},
	"clerk.decision":            {"enter"},
	"clerk.tell":                {"enter"},
	"clerk.turn":                {"enter"},
	"resident.language":         {"1"},
	"resident.board":            {"enter"},
	"resident.about.login":      {"enter"},
	"resident.pin.login":        {"1", "2", "3", "4", "enter"},
	"resident.rules.login":      {"enter"},
	"resident.newpin.login":     {"5", "9", "3", "7", "enter"},
	"resident.again.login":      {"5", "9", "3", "7", "enter"},
	"resident.changed":          {"enter"},
	"resident.leavecheck.ask":   {"enter"},
	"resident.leavecheck.login": {"5", "9", "3", "7", "enter"},
	"resident.leavecheck.ok":    {"enter"},
	"resident.tell":             {"enter"},
	"resident.turnback":         {"enter"},
	"resident.cancel":           {"cancel"},
	"resident.stopped":          {"enter"},
	"clerk.closed":              {"enter"},
	"clerk.interrupted":         {"enter"},
}

// walk answers screen after screen until it stands on one of those named. It
// returns the screens it stood on, in order.
func (v *visitor) walk(to ...string) []string {
	v.t.Helper()
	var way []string
	last := ""
	for len(way) < 60 {
		var s world.State
		now := ""
		v.await("the screen after "+strings.Join(way, " "), func() bool {
			s = v.state()
			if now = s.Screen; s.Screen == "clerk.question" && s.Case != nil {
				now = s.Case.Step // one question follows another on the same screen
			}
			if s.Screen == "resident.tell" { // and one page another
				now += strings.Join((&hand{visitor: v}).words(), "")
			}
			return !s.Busy && now != last
		})
		if last = now; len(way) == 0 || s.Screen != "resident.tell" || way[len(way)-1] != s.Screen {
			way = append(way, s.Screen)
		}
		switch {
		case slices.Contains(to, s.Screen):
			return way
		case s.Screen == "resident.card.take":
			v.post("/api/card", `{"remove":true}`)
		default:
			v.press(answers[s.Screen]...)
		}
	}
	v.t.Fatalf("walked %v and never came to %v", way, to)
	return nil
}

// cases are the cases that city hall knows of: among all facets, those that each case leaves exactly once.
func (v *visitor) cases() []record.Record {
	v.t.Helper()
	var all []record.Record
	for _, text := range v.records() {
		r, err := record.Decode(text)
		if err != nil {
			v.t.Fatalf("record %s: %v", text, err)
		}
		if r.Kind() == record.PO {
			all = append(all, r)
		}
	}
	return all
}

// only checks that city hall knows of exactly one case, of this outcome.
func (v *visitor) only(p record.Procedure, o record.Outcome) {
	v.t.Helper()
	var got []record.Record
	v.await("a record at city hall", func() bool {
		got = v.cases()
		return len(got) > 0
	})
	if len(got) != 1 || got[0].Procedure() != p || got[0].Outcome() != o {
		v.t.Errorf("cases %v at city hall, want one %v %v", got, p, o)
	}
}

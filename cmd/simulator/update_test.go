// SPDX-License-Identifier: Apache-2.0

package main

import (
	"io"
	"net/http"
	"slices"
	"strings"
	"syscall"
	"testing"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/world"
	"madoguchi/device/update"
)

// TestUpdate: two boxes of two offices take new rules and settings from the admins' tool over the broker. The processes of one are killed during the download; a box with
// an open case waits for its end while the other goes on; rules under which a box does not stay up are taken back by the box and stop the rollout, and city hall's page
// says why.
func TestUpdate(t *testing.T) {
	w, v := openWorld(t, world.Opts{})
	other, beside := openWorld(t, world.Opts{Beside: w})
	if err := w.Enrol(t.Context(), other.Device(), "g02"); err != nil {
		t.Fatal(err)
	}
	a := newAdmin(t, w, v)
	v.until("idle")
	beside.until("idle")

	t.Log("rules come to both, though the power of each process goes once on the way")
	a.release("policy", a.rules("2", 300<<10), "2")
	a.start("policy/2", "all:100%:0s", "--rate", "60000")
	for role, part := range map[string]int64{"box": 150 << 10, "link": 350 << 10} { // of all that was served
		v.await("a part of the rules", func() bool { return w.Served() > part })
		kill(t, w, role)
	}
	a.ends("policy-2", rollout.Complete)
	for id, s := range a.boxes() {
		y, size := s.Tally, a.size
		t.Logf("%s: %d bytes: %+v", id, size, y)
		if s.Versions[update.Policy] != "2" || y.Kept+y.Received > size+2*update.MaxPart || y.Bad > 0 || (id == w.Device()) != (y.Kept > 0) {
			t.Errorf("%s: %+v for %d bytes", id, s, size)
		}
	}
	// Each box's payload once, a part or two in flight at each kill, and documents for each start.
	if n, most := w.Served(), 2*a.size+4*update.MaxPart+200<<10; n > most {
		t.Errorf("%d bytes were served, want at most %d", n, most)
	}

	t.Log("rules and settings wait for the end of a case at one counter, not at the other")
	a.release("policy", a.rules("3", 0), "3")
	a.release("config", a.file("settings.toml", "office = \"名張市役所 別館\"\n"), "1")
	plan := a.draft("policy/3", "first:1:0s", "all:100%:0s")
	first, busy, clerk := w, other, beside
	if plan.Members[other.Device()].Wave == 0 {
		first, busy, clerk = other, w, v
	}
	clerk.walk("clerk.procedure")
	a.begin("policy-3")
	a.await("the first has the rules and the second waits", func(all map[string]update.Status) bool {
		s := all[busy.Device()]
		return all[first.Device()].Versions[update.Policy] == "3" && s.State == update.Waiting && s.Versions[update.Policy] == "2"
	})
	a.start("config/1", "all:100%:0s")
	a.await("the first has the settings, too", func(all map[string]update.Status) bool { return all[first.Device()].Versions[update.Config] == "1" })
	if s := clerk.state(); s.Screen != "clerk.procedure" || a.boxes()[busy.Device()].Versions[update.Policy] != "2" {
		t.Errorf("the case at the second counter was disturbed: %+v", s)
	}
	clerk.press("cancel")
	clerk.walk("idle")
	for _, id := range []string{"policy-3", "config-1"} {
		r := a.ends(id, rollout.Complete)
		if id == "policy-3" && !slices.ContainsFunc(r.History, func(e rollout.Entry) bool { return e.What == "promoted" && e.Text == "all" }) {
			t.Errorf("it was not promoted: %+v", r.History)
		}
	}
	for _, x := range []*world.World{w, other} {
		if words := strings.Join(x.Words(), "\n"); !strings.Contains(words, "別館") {
			t.Errorf("%s does not show its new name:\n%s", x.Device(), words)
		}
	}

	t.Log("rules under which the box does not stay up are taken back, and nobody else gets them")
	a.release("policy", a.rules("4", 0), "4", "--soak", "1h", "--within", "2h", "--max-boots", "1")
	plan = a.draft("policy/4", "first:1:0s", "all:100%:0s", "--max-early", "1")
	victim, spared := w, other
	if plan.Members[other.Device()].Wave == 0 {
		victim, spared = other, w
	}
	a.begin("policy-4")
	a.await("the first tries them", func(all map[string]update.Status) bool { return all[victim.Device()].State == update.Trial })
	eyes := map[*world.World]*visitor{w: v, other: beside}[victim]
	for range 2 { // one unplanned start is allowed
		pid := victim.Processes()["box"]
		kill(t, victim, "box") // as rules would that no test has foreseen
		eyes.await("the box is back", func() bool {
			p := victim.Processes()["box"]
			return p != 0 && p != pid && eyes.state().Screen == "idle"
		})
	}
	r := a.ends("policy-4", rollout.Aborted)
	if !strings.Contains(r.Reason, "boots ×1") || r.Members[spared.Device()].State != rollout.Untouched {
		t.Errorf("%q, the other box is %s", r.Reason, r.Members[spared.Device()].State)
	}
	for id, s := range a.await("the second assignment is taken back", a.settled) {
		if s.Versions[update.Policy] != "3" {
			t.Errorf("%s: %+v", id, s)
		}
	}
	a.fleet("device", "diff") // finds nothing
	for _, x := range []*visitor{v, beside} {
		x.until("idle")
	}
	page := v.page("/cityhall/rollout?id=policy-4&lang=ja")
	for _, want := range []string{"中止", "(boots)", victim.Device()} {
		if !strings.Contains(page, want) {
			t.Errorf("city hall's page does not say %q:\n%s", want, page)
		}
	}
}

// kill takes a process of a box away, as the kernel would that has no memory left.
func kill(t *testing.T, w *world.World, role string) {
	t.Helper()
	pid := w.Processes()[role]
	if pid == 0 { // which would be this test's own group
		t.Fatalf("the box has no process %s", role)
	}
	if err := syscall.Kill(pid, syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
}

// page is a page's text.
func (v *visitor) page(path string) string {
	v.t.Helper()
	r, err := http.Get(v.url + path)
	if err != nil {
		v.t.Fatal(err)
	}
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		v.t.Fatalf("GET %s: %s %v\n%s", path, r.Status, err, text)
	}
	return string(text)
}

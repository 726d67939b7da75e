// SPDX-License-Identifier: Apache-2.0

package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/enrol"
)

// enrols takes a new box into the fleet by its letter.
func (v *visitor) enrols(w *world.World) {
	v.t.Helper()
	v.until("service.enrol.words")
	v.press("enter")
	v.until("service.enrol.code")
	v.press(strings.Split(strings.ReplaceAll(w.Letter().Code, "-", ""), "")...)
	v.press("enter")
	v.until("idle")
}

// TestWipe: a box that was enrolled and has had a case is ordered to be wiped. It waits, for its record is held until noon, and says so at rest and in the tool. Two people let the
// record go; the power is cut while it is wiped; then nothing of it is left, its certificates are revoked, and the same board is enrolled again under another id.
func TestWipe(t *testing.T) {
	w, v := openWorld(t, world.Opts{New: true})
	v.enrols(w)
	a, old := newAdmin(t, w, v), w.Device()
	v.walk("resident.card.insert")
	v.press("cancel") // the case is stopped, and leaves its record
	v.walk("idle")
	a.fleet("wipe", old, "--reason", "moves to the depot")
	why := func(want string) {
		t.Helper()
		said := ""
		defer func() {
			if t.Failed() {
				t.Logf("it says\n%s", said)
			}
		}()
		v.await(want, func() bool {
			said = string(a.fleet("device", "why", old))
			return strings.Contains(said, want)
		})
	}
	why("the box waits for city hall to have its records for certain")
	v.says("idle", "点検WP1")
	a.fleet("wipe", old, "--even-unsent", "--reason", "the depot wants it today", "--key", a.key("config", "1"))
	if out, err := a.try("wipe", old, "--approve", "--key", a.key("config", "1")); err == nil {
		t.Errorf("one person is two:\n%s", out)
	}
	a.fleet("wipe", old, "--approve", "--key", a.key("config", "2"))
	why("the box waits for ten minutes without a case")

	v.post("/api/line", `{"up":false}`)
	v.post("/api/clock", `{"advance":"11m"}`)
	v.until("service.wipe")
	v.post("/api/power", `{"cut":true}`)
	v.until("power.off")
	v.post("/api/power", `{"cut":false}`)
	v.until("service.wipe")
	v.says("service.wipe", "記録と設定は消えました。市役所に知らせています。")
	if names, _ := (enrol.Folder(filepath.Join(w.Data(), "box"))).List(); len(names) != 1 || names[0] != enrol.MarkFile {
		t.Errorf("before city hall knows there are %v", names)
	}
	v.post("/api/line", `{"up":true}`)
	v.until("fault.start")
	v.await("it is out of the fleet", func() bool { return strings.Contains(string(a.fleet("device", "list")), "wiped") })
	for _, want := range []string{"wipe approve", "director", "even unsent by key"} {
		if log := string(a.fleet("audit")); !strings.Contains(log, want) {
			t.Errorf("the audit log does not say %q:\n%s", want, log)
		}
	}
	if log := string(a.fleet("audit")); strings.Contains(log, "lost 0 records") {
		t.Errorf("the record of the case is not among what was lost:\n%s", log)
	}
	if list := string(a.fleet("enroll", "list")); strings.Count(list, "revoked") != 2 {
		t.Errorf("certificates\n%s", list)
	}
	for _, side := range []string{"box", "link"} {
		names, err := enrol.Folder(filepath.Join(w.Data(), side)).List()
		if err != nil || len(names) > 1 || len(names) == 1 && names[0] != enrol.WipedFile {
			t.Errorf("left of %s: %v %v", side, names, err)
		}
	}

	v.post("/api/power", `{"cut":true}`)
	v.until("power.off")
	v.post("/api/power", `{"cut":false}`)
	v.enrols(w)
	if id := w.Device(); id == old {
		t.Error("an id is used twice")
	}
	if text, err := os.ReadFile(filepath.Join(w.Data(), "box", "counter.toml")); err != nil || !strings.Contains(string(text), w.Device()) {
		t.Errorf("%s %v", text, err)
	}
	v.walk("clerk.procedure")
	v.press("cancel")
	v.walk("idle")
}

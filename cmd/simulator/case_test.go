// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/world"
	"madoguchi/sync/record"
)

func TestPINChange(t *testing.T) {
	w, v := openWorld(t, world.Opts{Date: date(2026, 11, 24)}) // a Tuesday
	changes, stop := w.Watch()
	defer stop()
	seen := make(chan map[string]bool, 1)
	go func() { // read all the time: a watcher that does not keep up is let go
		lamps := map[string]bool{}
		for e := range changes {
			if s, ok := e.Data.(world.State); ok {
				lamps[s.Lamp] = true
			}
		}
		seen <- lamps
	}()
	v.until("idle")
	v.post("/api/card", `{"insert":"adult"}`)
	v.until("idle.board")
	way := v.walk("clerk.closed")
	want := []string{
		"idle.board", "clerk.code", "clerk.procedure", "clerk.applicant", "clerk.kind", "clerk.question", "clerk.decision", "clerk.tell", "clerk.turn",
		"resident.language", "resident.board", "resident.about.login", "resident.pin.login", "resident.rules.login",
		"resident.newpin.login", "resident.again.login", "resident.changed", "resident.leavecheck.ask",
		"resident.leavecheck.login", "resident.leavecheck.ok", "resident.tell", "resident.card.take", "resident.turnback", "clerk.closed",
	}
	way = slices.DeleteFunc(way, func(s string) bool { return s == "wipe" })
	if d := cmp.Diff(want, way); d != "" {
		t.Errorf("screens (-want +got):\n%s", d)
	}
	v.only(record.PinChange, record.Done)
	v.press("enter")
	v.until("idle")

	stop()
	lamps := <-seen
	for _, l := range []string{"waiting", "typing", "checking", "done"} {
		if !lamps[l] {
			t.Errorf("the clerk's lamp never said %s", l)
		}
	}
	var sw world.Switches
	v.get("/api/world", &sw)
	if d := cmp.Diff(map[string][]string{"adult": {"login"}}, sw.Used); d != "" {
		t.Errorf("used cards (-want +got):\n%s", d)
	}
	v.post("/api/card", `{"fresh":"adult"}`)
	sw = world.Switches{}
	if v.get("/api/world", &sw); len(sw.Used) != 0 {
		t.Errorf("after making it fresh: used %v", sw.Used)
	}
	v.only(record.PinChange, record.Done)
}

func TestCardPulled(t *testing.T) {
	_, v := openWorld(t, world.Opts{})
	v.until("idle")
	v.post("/api/card", `{"insert":"adult"}`)
	v.until("idle.board")
	v.walk("resident.pin.login")
	v.press("1", "2")
	v.post("/api/card", `{"remove":true}`)
	v.until("resident.card.removed")
	v.press("cancel")
	v.walk("clerk.closed")
	if r := v.cases(); len(r) > 1 {
		t.Errorf("%d cases: %v", len(r), r)
	}
	v.await("a record", func() bool { return len(v.cases()) == 1 })
}

func TestLineCutAndMended(t *testing.T) {
	_, v := openWorld(t, world.Opts{})
	v.until("idle")
	v.post("/api/line", `{"up":false}`)
	v.post("/api/card", `{"insert":"adult"}`)
	v.until("idle.board")
	v.walk("clerk.closed")
	v.press("enter")
	v.until("idle")
	if r := v.records(); len(r) != 0 {
		t.Fatalf("records over a cut line: %s", r)
	}
	v.post("/api/broker", `{"up":false}`)
	v.post("/api/line", `{"up":true}`)
	v.post("/api/broker", `{"up":true}`)
	v.only(record.PinChange, record.Done)
}

func TestPowerCutInCase(t *testing.T) {
	w, v := openWorld(t, world.Opts{})
	v.until("idle")
	v.post("/api/card", `{"insert":"adult"}`)
	v.until("idle.board")
	v.walk("resident.pin.login")
	v.press("1", "2", "3")
	v.until("resident.pin.login")
	before := v.glass()
	pids := w.Processes()
	v.post("/api/power", `{"cut":true}`)
	if s := v.state(); s.Screen != world.ScreenOff || s.Lamp != "off" || s.Case != nil || s.Busy {
		t.Errorf("without power: %+v", s)
	}
	if !bytes.Equal(before, v.glass()) {
		t.Error("the glass lost its picture with the power")
	}
	for role, pid := range pids {
		if alive(pid) {
			t.Errorf("%s lives on without power", role)
		}
	}
	v.press("5") // a key without power does nothing
	v.post("/api/power", `{"cut":false}`)
	v.until("clerk.interrupted")
	v.walk("idle", "idle.board")
	v.only(record.PinChange, record.Interrupted)
}

// TestTimeOut advances the box's clock instead of waiting.
func TestTimeOut(t *testing.T) {
	_, v := openWorld(t, world.Opts{Date: date(2026, 4, 1)})
	v.until("idle")
	v.post("/api/card", `{"insert":"adult"}`)
	v.until("idle.board")
	v.walk("resident.pin.login")
	v.post("/api/clock", `{"advance":"75s"}`)
	v.until("resident.timeout")
	v.press("5")
	v.until("resident.pin.login")
	v.post("/api/clock", `{"advance":"75s"}`)
	v.until("resident.timeout")
	v.post("/api/clock", `{"advance":"25s"}`)
	v.await("the end of the warning", func() bool { return v.state().Screen != "resident.timeout" })
	v.walk("clerk.closed")
	v.only(record.PinChange, record.Abandoned)
}

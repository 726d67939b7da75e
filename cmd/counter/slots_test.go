// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/device/slots"
)

// slotFiles is a card whose first partition is a folder.
type slotFiles struct{ file string }

func (f slotFiles) Read() ([]byte, error)     { return os.ReadFile(f.file) }
func (f slotFiles) Write(sector []byte) error { return overwrite(f.file, sector) }

// slotBox is a box with both slots on a card, started as the firmware would; autoboot.txt is the one that the image has.
func slotBox(t *testing.T, b slots.Boot) (*slots.Slots, string) {
	t.Helper()
	dir := t.TempDir()
	text, err := os.ReadFile("../../buildroot/board/rpi/autoboot.txt")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "autoboot.txt"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err := slots.New(slotFiles{filepath.Join(dir, "autoboot.txt")}, noteFile(filepath.Join(dir, "slots.json")), b)
	if err != nil {
		t.Fatal(err)
	}
	return s, dir
}

// TestSlotCalls goes through RAUC's calls of one update, on files.
func TestSlotCalls(t *testing.T) {
	s, dir := slotBox(t, slots.Boot{Partition: 2})
	call := func(s *slots.Slots, line, want string) {
		t.Helper()
		got, err := slotCall(s, strings.Fields(line))
		if err != nil || got != want {
			t.Errorf("%s: %q, %v, want %q", line, got, err, want)
		}
	}
	call(s, "get-primary", "A")
	call(s, "get-current", "A")
	call(s, "get-state B", "good")
	call(s, "set-state B bad", "")
	call(s, "get-state B", "bad")
	call(s, "set-primary B", "")
	call(s, "get-primary", "B")
	call(s, "arm", "")
	s, err := slots.New(slotFiles{filepath.Join(dir, "autoboot.txt")}, noteFile(filepath.Join(dir, "slots.json")), slots.Boot{Partition: 3, Tryboot: true})
	if err != nil {
		t.Fatal(err)
	}
	call(s, "get-current", "B")
	call(s, "set-state B good", "")
	text, err := os.ReadFile(filepath.Join(dir, "autoboot.txt"))
	if err != nil || !strings.HasPrefix(string(text), "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n") || len(text) != slots.Sector {
		t.Errorf("autoboot.txt (%v): %q", err, text)
	}
	for _, line := range []string{"get-primary A", "set-primary", "set-state B", "set-state B well", "boot", "get-state"} {
		if _, err := slotCall(s, strings.Fields(line)); !errors.Is(err, errSlotUsage) {
			t.Errorf("%s: %v", line, err)
		}
	}
	if _, err := slotCall(s, []string{"set-primary", "C"}); err == nil {
		t.Error("there is a slot C")
	}
}

// TestReadBoot: what the firmware leaves in the device tree, and what is no answer.
func TestReadBoot(t *testing.T) {
	dir := t.TempDir()
	if _, err := readBoot(dir); err == nil {
		t.Error("no device tree, and no error")
	}
	for name, b := range map[string][]byte{"partition": {0, 0, 0, 3}, "tryboot": {0, 0, 0, 1}} {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if b, err := readBoot(dir); err != nil || b != (slots.Boot{Partition: 3, Tryboot: true}) {
		t.Errorf("%+v, %v", b, err)
	}
	if err := os.WriteFile(filepath.Join(dir, "tryboot"), []byte{1}, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := readBoot(dir); err == nil {
		t.Error("one byte is taken for a cell")
	}
}

// gateBox is the gate's view of two units, whose second may stop at a look.
type gateBox struct {
	o     gateOpts
	dir   string
	looks int
	at    func(look int)
}

func newGateBox(t *testing.T, dir string) *gateBox {
	g := &gateBox{dir: dir}
	g.o = gateOpts{Units: []string{"counter", "link"}, Cgroups: filepath.Join(dir, "cgroup"), Proc: filepath.Join(dir, "proc"), Baseline: noteFile(filepath.Join(dir, "baseline.json")),
		Trial: filepath.Join(dir, "firmware.json"), Case: filepath.Join(dir, "case"),
		Soak: 2 * time.Minute, Within: 10 * time.Minute, Verdict: time.Hour, Patience: 30 * time.Minute, Every: 10 * time.Second, Ask: 30 * time.Second, Sleep: func(time.Duration) {
			if g.looks++; g.at != nil {
				g.at(g.looks)
			}
		}}
	g.runs(t, "counter", 100)
	g.runs(t, "link", 101)
	return g
}

// runs makes a unit's process; pid 0: it has none.
func (g *gateBox) runs(t *testing.T, unit string, pid int) {
	t.Helper()
	files := map[string]string{"cgroup/" + unit + ".service/cgroup.procs": "", "cgroup/" + unit + ".service/memory.current": "20000000\n"}
	if pid > 0 {
		files["cgroup/"+unit+".service/cgroup.procs"] = fmt.Sprintf("%d\n", pid)
		files[fmt.Sprintf("proc/%d/stat", pid)] = fmt.Sprintf("%d (a name) S 1 1 1 0 -1 0 0 0 0 0 0 0 0 0 20 0 9 0 %d 0 0\n", pid, 1000+pid)
	}
	for name, text := range files {
		p := filepath.Join(g.dir, name)
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(p, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestGate: the slot in force keeps a baseline; on trial the gate brings the slot into force, or says why not.
func TestGate(t *testing.T) {
	for _, tc := range []struct {
		name  string
		at    func(*testing.T, *gateBox) func(int)
		force slots.Name
		why   string
	}{
		{"well", nil, slots.B, ""},
		{"late, and then well", func(t *testing.T, g *gateBox) func(int) {
			g.runs(t, "link", 0)
			return func(n int) {
				if n == 20 {
					g.runs(t, "link", 200)
				}
			}
		}, slots.B, ""},
		{"one does not run", func(t *testing.T, g *gateBox) func(int) { g.runs(t, "link", 0); return nil }, slots.A, "link does not run"},
		{"one is started again and again", func(t *testing.T, g *gateBox) func(int) {
			return func(n int) {
				if n%10 == 9 {
					g.runs(t, "counter", 300+n)
				}
			}
		}, slots.A, "counter was started again"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, dir := slotBox(t, slots.Boot{Partition: 2})
			g := newGateBox(t, dir)
			var out bytes.Buffer
			if err := gate(s, g.o, &out); err != nil {
				t.Fatal(err)
			}
			if b, err := g.o.Baseline.Read(); err != nil || !bytes.Contains(b, []byte(`"link":{"runs":true`)) {
				t.Errorf("baseline %s, %v", b, err)
			}
			for _, err := range []error{s.SetPrimary(slots.B), s.Arm()} {
				if err != nil {
					t.Fatal(err)
				}
			}
			s, _ = slots.New(slotFiles{filepath.Join(dir, "autoboot.txt")}, noteFile(filepath.Join(dir, "slots.json")), slots.Boot{Partition: 3, Tryboot: true})
			if tc.at != nil {
				g.at = tc.at(t, g)
			}
			err := gate(s, g.o, &out)
			if (err == nil) != (tc.why == "") || err != nil && !strings.Contains(err.Error(), tc.why) {
				t.Errorf("the gate says %v, want %q", err, tc.why)
			}
			if force, err := s.InForce(); err != nil || force != tc.force {
				t.Errorf("slot %s is in force (%v), want %s", force, err, tc.force)
			}
			if tc.why == "" {
				return
			}
			s, _ = slots.New(slotFiles{filepath.Join(dir, "autoboot.txt")}, noteFile(filepath.Join(dir, "slots.json")), slots.Boot{Partition: 2})
			g.at = nil
			out.Reset()
			if err := gate(s, g.o, &out); err != nil || !strings.Contains(out.String(), "fell back to slot A: ") || !strings.Contains(out.String(), tc.why) {
				t.Errorf("the next start (%v) says %q", err, &out)
			}
		})
	}
}

// TestSettle: after a trial that failed the reason lies where the PIN side may read it; on trial and without one nothing does.
func TestSettle(t *testing.T) {
	s, dir := slotBox(t, slots.Boot{Partition: 2})
	file := filepath.Join(dir, "fell-back")
	told := func(s *slots.Slots, want string) {
		t.Helper()
		if err := settle(s, file); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(file)
		if string(b) != want || err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Errorf("it says %q (%v), want %q", b, err, want)
		}
	}
	told(s, "")
	for _, err := range []error{s.SetPrimary(slots.B), s.Arm()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	again := func(b slots.Boot) *slots.Slots {
		s, err := slots.New(slotFiles{filepath.Join(dir, "autoboot.txt")}, noteFile(filepath.Join(dir, "slots.json")), b)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	trial := again(slots.Boot{Partition: 3, Tryboot: true})
	told(trial, "")
	if err := trial.Refuse("link does not run"); err != nil {
		t.Fatal(err)
	}
	told(again(slots.Boot{Partition: 2}), "link does not run\n")
}

// TestForeignLength: an autoboot.txt that is no whole sector is not written.
func TestForeignLength(t *testing.T) {
	file := filepath.Join(t.TempDir(), "autoboot.txt")
	if err := os.WriteFile(file, []byte("[all]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := overwrite(file, make([]byte, slots.Sector)); err == nil {
		t.Error("a file of another length is overwritten")
	}
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"madoguchi/device/slots"
)

// onTrial is a box that has put slot B on trial by itself, and was started into it.
func onTrial(t *testing.T) (s *slots.Slots, g *gateBox, reads *int) {
	t.Helper()
	s, dir := slotBox(t, slots.Boot{Partition: 2})
	g = newGateBox(t, dir)
	for _, err := range []error{s.SetPrimary(slots.B), s.Arm(), os.WriteFile(g.o.Trial, []byte(`{"slots":{"B":{}},"trial":"B"}`), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	s, reads = started(t, dir, slots.Boot{Partition: 3, Tryboot: true})
	return s, g, reads
}

// countedCard tells how often the partition was mounted.
type countedCard struct {
	slotFiles
	reads *int
}

func (c countedCard) Read() ([]byte, error) { *c.reads++; return c.slotFiles.Read() }

func started(t *testing.T, dir string, b slots.Boot) (*slots.Slots, *int) {
	t.Helper()
	reads := new(int)
	s, err := slots.New(countedCard{slotFiles{filepath.Join(dir, "autoboot.txt")}, reads}, noteFile(filepath.Join(dir, "slots.json")), b)
	if err != nil {
		t.Fatal(err)
	}
	return s, reads
}

// TestGateWaitsForTheBox: that the programs run is not enough where the box itself judges. Its word brings the slot into force; without it, or when the programs stop again,
// the slot before comes back.
func TestGateWaitsForTheBox(t *testing.T) {
	for _, tc := range []struct {
		name       string
		at         func(t *testing.T, s *slots.Slots, g *gateBox) func(look int) // looks come every 10 s
		why        string
		most, last time.Duration
	}{
		{"its word", func(t *testing.T, s *slots.Slots, _ *gateBox) func(int) {
			return func(n int) {
				if n == 120 { // RAUC's call, after twenty minutes
					if err := s.SetState(slots.B, true); err != nil {
						t.Error(err)
					}
				}
			}
		}, "", 21 * time.Minute, 19 * time.Minute},
		{"no word", func(*testing.T, *slots.Slots, *gateBox) func(int) { return nil }, "has not said that it is well", 61 * time.Minute, 59 * time.Minute},
		{"a program stops later", func(t *testing.T, _ *slots.Slots, g *gateBox) func(int) {
			return func(n int) {
				if n == 60 {
					g.runs(t, "counter", 0)
				}
			}
		}, "counter does not run", 13 * time.Minute, 10 * time.Minute},
		{"a program starts again, once", func(t *testing.T, s *slots.Slots, g *gateBox) func(int) {
			return func(n int) {
				switch n {
				case 60:
					g.runs(t, "link", 400)
				case 100:
					if err := s.SetState(slots.B, true); err != nil {
						t.Error(err)
					}
				}
			}
		}, "", 18 * time.Minute, 16 * time.Minute},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s, g, _ := onTrial(t)
			g.at = tc.at(t, s, g)
			var out bytes.Buffer
			err := gate(s, g.o, &out)
			if (err == nil) != (tc.why == "") || err != nil && !strings.Contains(err.Error(), tc.why) {
				t.Errorf("the gate says %v, want %q", err, tc.why)
			}
			want := slots.A
			if tc.why == "" {
				want = slots.B
			}
			if force, err := s.InForce(); err != nil || force != want {
				t.Errorf("slot %s is in force (%v), want %s", force, err, want)
			}
			if took := time.Duration(g.looks) * g.o.Every; took > tc.most || took < tc.last {
				t.Errorf("it took %s, want between %s and %s", took, tc.last, tc.most)
			}
		})
	}
}

// TestGateLeavesACaseAlone: the board does not start anew under a resident's hands, and not later than a case may last.
func TestGateLeavesACaseAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		ends       int // look at which the case does
		most, last time.Duration
	}{
		"the case ends":     {100, 17 * time.Minute, 16 * time.Minute},
		"it does not":       {1 << 30, 41 * time.Minute, 39 * time.Minute},
		"it ended long ago": {10, 11 * time.Minute, 9 * time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			s, g, _ := onTrial(t)
			g.runs(t, "link", 0) // never well
			open, err := os.OpenFile(g.o.Case, os.O_RDWR|os.O_CREATE, 0o600)
			if err != nil {
				t.Fatal(err)
			}
			defer open.Close()
			if err := unix.Flock(int(open.Fd()), unix.LOCK_SH|unix.LOCK_NB); err != nil {
				t.Fatal(err)
			}
			g.at = func(n int) {
				if n == tc.ends {
					open.Close()
				}
			}
			var out bytes.Buffer
			if err := gate(s, g.o, &out); err == nil || !strings.Contains(err.Error(), "link does not run") {
				t.Errorf("the gate says %v", err)
			}
			if took := time.Duration(g.looks) * g.o.Every; took > tc.most || took < tc.last {
				t.Errorf("it took %s, want between %s and %s", took, tc.last, tc.most)
			}
		})
	}
}

// TestGateMountsSeldom: in the slot in force the partition is read at the start and not again; on trial every half minute.
func TestGateMountsSeldom(t *testing.T) {
	s, g, reads := onTrial(t)
	if err := gate(s, g.o, new(bytes.Buffer)); err == nil {
		t.Fatal("no word, and no error")
	}
	if looks := *reads; looks < 60 || looks > 140 {
		t.Errorf("on trial it was read %d times in an hour, want about 120 times", looks)
	}
	s, reads = started(t, g.dir, slots.Boot{Partition: 2})
	if err := gate(s, g.o, new(bytes.Buffer)); err != nil {
		t.Fatal(err)
	}
	if *reads > 4 {
		t.Errorf("in the slot in force it was read %d times", *reads)
	}
}

// TestGateTellsOnce: why a trial failed is told by the start that found it, and no longer by the one after.
func TestGateTellsOnce(t *testing.T) {
	s, g, _ := onTrial(t)
	g.runs(t, "link", 0)
	if err := gate(s, g.o, new(bytes.Buffer)); err == nil {
		t.Fatal("not well, and no error")
	}
	g.runs(t, "link", 500)
	for n, want := range []string{"link does not run", ""} {
		s, _ = started(t, g.dir, slots.Boot{Partition: 2})
		var out bytes.Buffer
		if err := gate(s, g.o, &out); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(out.String(), want) && strings.Contains(out.String(), "fell back") == (want != "") {
			continue
		}
		t.Errorf("start %d: told %q, want %q", n+1, &out, want)
	}
}

// TestMountedElsewhere: a partition that another program has mounted the other way is waited for, any other error is not.
func TestMountedElsewhere(t *testing.T) {
	for _, tc := range []struct {
		busy  int
		err   error
		slept int
		want  error
	}{{3, unix.EBUSY, 3, nil}, {1000, unix.EBUSY, 49, unix.EBUSY}, {1, unix.EIO, 0, unix.EIO}} {
		calls, slept := 0, 0
		err := again(func() error {
			if calls++; calls <= tc.busy {
				return tc.err
			}
			return nil
		}, func(time.Duration) { slept++ })
		if !errors.Is(err, tc.want) || slept != tc.slept {
			t.Errorf("%v %d times: %v after %d waits, want %v after %d", tc.err, tc.busy, err, slept, tc.want, tc.slept)
		}
	}
}

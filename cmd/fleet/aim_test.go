// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/crowd"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/device/update"
)

// TestAim: eight boxes of two boards at two offices. A build for one board and one office reaches three of them; the fourth of the office is listed and is no failure, and
// the build for its board goes beside. Slips of the pen are refused with what there is.
func TestAim(t *testing.T) {
	h := newHall(t)
	d, err := depot.Open(h.city)
	if err != nil {
		t.Fatal(err)
	}
	opts, err := crowd.Opts{Broker: h.broker.URL(), Dir: t.TempDir(), Cases: 3, Poll: 20 * time.Millisecond, Answer: 500 * time.Millisecond, Retry: 200 * time.Millisecond,
		Transfer: update.TransferOpts{Patience: 500 * time.Millisecond, Tries: 20},
		Board: func(id string) string {
			if id == "box-04" || id == "box-08" {
				return "rpizero2w"
			}
			return "rpi4"
		}}.Of(d)
	if err != nil {
		t.Fatal(err)
	}
	all, err := crowd.Make(8, opts)
	if err != nil {
		t.Fatal(err)
	}
	for i, b := range all {
		h.must("enroll", "add", b.String(), "--office", crowd.Office(i+1))
	}
	h.must("enroll", "add", "lost", "--office", "g01")
	h.must("device", "retire", "lost", "--reason", "stolen")
	ctx, stop := context.WithCancel(context.Background())
	var living sync.WaitGroup
	kill := h.serve()
	living.Go(func() {
		if err := all.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { kill(); stop(); living.Wait() })
	for late := time.Now().Add(30 * time.Second); ; {
		var list []deviceLine
		if err := json.Unmarshal([]byte(h.must("device", "list", "--json")), &list); err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(list, func(l deviceLine) bool { return !l.Retired && l.Board == "" }) {
			break
		}
		if time.Now().After(late) {
			t.Fatalf("boards not known\n%s", h.must("device", "list"))
		}
		time.Sleep(50 * time.Millisecond) // the tool is called as a person would: there is no event to wait for
	}

	release := func(version, board string) update.Digest {
		h.must("release", "firmware", h.payload(40<<10), "--version", version, "--hardware", board, "--soak", "0s", "--within", "0s")
		m, err := d.Manifest("firmware/" + version + "/manifest.json")
		if err != nil {
			t.Fatal(err)
		}
		return m.SHA256
	}
	big, small := release("1.0-big", "rpi4"), release("1.0-small", "rpizero2w")
	create := func(version string, more ...string) []string {
		return append([]string{"rollout", "create", "firmware/" + version, "--reason", "pilot", "--wave", "first:1:0s", "--wave", "all:100%:0s", "--key", h.key("firmware-1")}, more...)
	}
	for want, args := range map[string][]string{
		"the fleet has none; there are: g01, g02":                  create("1.0-big", "--office", "g1"),
		"the fleet has none; there are: rpi4, rpizero2w":           create("1.0-big", "--hardware", "rpi5"),
		`--box "lost": the fleet has none`:                         create("1.0-big", "--box", "lost"),
		"box-05: it is not of those of --office (office g02":       create("1.0-big", "--box", "box-05", "--office", "g01"),
		"it runs on rpi4, and the 2 boxes aimed at are of other b": create("1.0-big", "--board", "rpizero2w"),
	} {
		h.refused(want, args...)
	}
	dry := h.must(create("1.0-big", "--office", "g01,g02", "--dry-run")...)
	for _, want := range []string{"would draw up", "for office g01, g02: 6 of 8, it runs on rpi4", "wave first:\n  box-0", "not for it:\n  box-04 (rpizero2w)\n  box-08 (rpizero2w)"} {
		if !strings.Contains(dry, want) {
			t.Errorf("--dry-run lacks %q:\n%s", want, dry)
		}
	}
	if strings.Contains(dry, "lost") {
		t.Errorf("a retired box is in the plan:\n%s", dry)
	}
	h.refused("no such rollout", "rollout", "status", "firmware-1.0-big")

	for version, aim := range map[string][]string{"1.0-big": {"--office", "g01"}, "1.0-small": {"--box", "box-04", "--box", "box-08", "--office", "g01,g02"}} {
		id := "firmware-" + version
		h.must(create(version, aim...)...)
		h.must("rollout", "approve", id, "--key", h.key("firmware-2"))
		h.must("rollout", "start", id)
	}
	patient, enough := context.WithTimeout(t.Context(), 60*time.Second)
	defer enough()
	for _, id := range []string{"firmware-1.0-big", "firmware-1.0-small"} {
		if code, out := h.call(patient, "rollout", "status", id, "--watch", "--every", "100ms"); code != 0 || h.rollout(id).Phase != rollout.Complete {
			t.Fatalf("%s: exit %d\n%s", id, code, out)
		}
	}
	got, want := map[string]update.Digest{}, map[string]update.Digest{}
	for i, b := range all {
		got[b.String()], _ = b.Slot(update.Firmware)
		switch {
		case i == 3 || i == 7:
			want[b.String()] = small
		case i < 3:
			want[b.String()] = big
		default:
			want[b.String()] = got[b.String()]
			if got[b.String()] == big {
				t.Errorf("%s of the other office runs it", b)
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("boxes run (-want +got):\n%s", d)
	}
	for _, c := range []struct{ args, want string }{
		{"rollout status", "office g01"},
		{"rollout status firmware-1.0-big", "not for it, and no failure: box-04 (rpizero2w)"},
		{"rollout why box-04", "firmware-1.0-small: box-04 runs 1.0-small"},
		{"device why box-05", "it is for office g01"},
		{"device list", "rpizero2w"},
	} {
		if out := h.must(strings.Fields(c.args)...); !strings.Contains(out, c.want) {
			t.Errorf("fleet %s lacks %q:\n%s", c.args, c.want, out)
		}
	}
	if r := h.rollout("firmware-1.0-big"); fmt.Sprint(r.Plan.Aim) != "office g01" || len(r.Outside) != 1 {
		t.Errorf("--json: %+v, outside %v", r.Plan.Aim, r.Outside)
	}
	_, out := h.call(t.Context(), "__complete", "rollout", "create", "firmware/1", "--office", "g01,")
	if !strings.Contains(out, "g01,g02") {
		t.Errorf("completion of offices:\n%s", out)
	}
}

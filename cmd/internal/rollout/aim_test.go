// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// mixed is a fleet of twelve offices of four boxes; the last of each office is a small board, and the last office has said nothing yet.
func mixed() []Device {
	var fleet []Device
	for n := range 48 {
		d := Device{ID: fmt.Sprintf("box-%02d", n), Office: fmt.Sprintf("g%02d", n/4+1), Board: "rpi4"}
		switch {
		case n/4 == 11:
			d.Board = ""
		case n%4 == 3:
			d.Board = "rpizero2w"
		}
		fleet = append(fleet, d)
	}
	return fleet
}

// TestAim: who is in, who is listed and not in, and what is refused, for each way to aim.
func TestAim(t *testing.T) {
	for name, tt := range map[string]struct {
		aim    Aim
		boards []string
		newer  []string // boxes that have a later version
		in     int
		out    string // "id why", a line each
		err    string
	}{
		"everybody":                       {in: 48},
		"a release for one board":         {boards: []string{"rpizero2w"}, aim: Aim{Offices: []string{"g01"}}, in: 1, out: "box-00 hardware\nbox-01 hardware\nbox-02 hardware\n"},
		"an unknown board is tried":       {boards: []string{"rpi4"}, aim: Aim{Offices: []string{"g12"}}, in: 4},
		"two offices":                     {aim: Aim{Offices: []string{"g01", "g03"}}, in: 8},
		"a board":                         {aim: Aim{Boards: []string{"rpizero2w"}}, in: 11},
		"an office's board":               {aim: Aim{Offices: []string{"g02"}, Boards: []string{"rpi4"}}, in: 3},
		"boxes by name":                   {aim: Aim{Boxes: []string{"box-05", "box-40"}}, in: 2},
		"a named box of another board":    {aim: Aim{Boxes: []string{"box-02", "box-03"}}, boards: []string{"rpi4"}, in: 1, out: "box-03 hardware\n"},
		"a later version":                 {aim: Aim{Offices: []string{"g01"}}, newer: []string{"box-01"}, in: 3, out: "box-01 older\n"},
		"an office that there is not":     {aim: Aim{Offices: []string{"g99"}}, err: "--office \"g99\": the fleet has none; there are: g01, g02"},
		"a board that nobody has":         {aim: Aim{Boards: []string{"rpi5"}}, err: "there are: rpi4, rpizero2w"},
		"a box that there is not":         {aim: Aim{Boxes: []string{"box-99"}}, err: "--box \"box-99\""},
		"a box twice":                     {aim: Aim{Boxes: []string{"box-01", "box-01"}}, err: "named twice"},
		"a named box of another office":   {aim: Aim{Offices: []string{"g01"}, Boxes: []string{"box-01", "box-05"}}, err: "--box box-05: it is not of those of --office (office g02, board rpi4)"},
		"a board not yet known by flag":   {aim: Aim{Boards: []string{"rpi4"}, Boxes: []string{"box-47"}}, err: "board not known yet"},
		"offices and boards that exclude": {aim: Aim{Offices: []string{"g12"}, Boards: []string{"rpi4"}}, err: "nobody is left for it: no box is of office g12; board rpi4"},
		"no box of its board":             {aim: Aim{Boxes: []string{"box-03"}}, boards: []string{"rpi4"}, err: "it runs on rpi4, and the 1 boxes aimed at are of other boards"},
		"everybody has a later version":   {aim: Aim{Boxes: []string{"box-00"}}, newer: []string{"box-00"}, err: "--allow-downgrade"},
	} {
		t.Run(name, func(t *testing.T) {
			fleet := mixed()
			for i := range fleet {
				fleet[i].Newer = slices.Contains(tt.newer, fleet[i].ID)
			}
			p := plan()
			p.Aim, p.Boards = tt.aim, tt.boards
			r, err := New(p, fleet, start)
			if tt.err != "" {
				if err == nil || !strings.Contains(err.Error(), tt.err) {
					t.Fatalf("%v, want %q", err, tt.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			out := ""
			for _, id := range slices.Sorted(maps.Keys(r.Outside)) {
				out += id + " " + r.Outside[id].Why + "\n"
			}
			if d := cmp.Diff(tt.out, out); d != "" || len(r.Members) != tt.in {
				t.Errorf("%d are in, want %d; outside (-want +got):\n%s", len(r.Members), tt.in, d)
			}
		})
	}
}

// TestAimCounts: shares, offices and what stops it count the boxes aimed at and no others.
func TestAimCounts(t *testing.T) {
	p := plan(Wave{Name: "first", Percent: 25}, Wave{Name: "all", Percent: 100})
	p.Aim, p.Boards = Aim{Offices: []string{"g01", "g02", "g03", "g04"}}, []string{"rpi4"}
	r, err := New(p, mixed(), start)
	if err != nil {
		t.Fatal(err)
	}
	offices := map[string]int{}
	for _, m := range r.Members {
		if m.Wave == 0 {
			offices[m.Office]++
		}
	}
	if d := cmp.Diff([]int{1, 1, 1}, slices.Collect(maps.Values(offices))); d != "" {
		t.Errorf("a quarter of twelve boxes is one of each of three offices: %v (-want +got):\n%s", offices, d)
	}
	if got := r.Whom(); got != "for office g01, g02, g03, g04: 12 of 48, it runs on rpi4" {
		t.Error(got)
	}
	text := r.Table(start) + r.Roster()
	for _, want := range []string{"not for it, and no failure: box-03 (rpizero2w)", "wave first:", "board rpi4", "not for it:\n  box-03 (rpizero2w)"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q:\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > 2*wide {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	for id, want := range map[string]string{"box-03": "runs on rpi4, and it is rpizero2w", "box-20": "it is for office g01"} {
		if got := r.Why(id, start); !strings.Contains(got, want) {
			t.Errorf("why %s: %s, want %q", id, got, want)
		}
	}
}

// TestAimSigned: whoever moves the aim of a plan, or its boards, has not the signatures of the two people for it.
func TestAimSigned(t *testing.T) {
	p := plan()
	p.Aim = Aim{Offices: []string{"g01"}}
	r, err := New(p, mixed(), start)
	if err != nil {
		t.Fatal(err)
	}
	was, err := r.Statement(Drafting)
	if err != nil {
		t.Fatal(err)
	}
	for name, change := range map[string]func(r *Rollout){
		"another office": func(r *Rollout) { r.Plan.Aim.Offices = []string{"g02"} },
		"everybody":      func(r *Rollout) { r.Plan.Aim = Aim{} },
		"another board":  func(r *Rollout) { r.Plan.Boards = []string{"rpi4"} },
		"one more box":   func(r *Rollout) { r.Members["box-40"] = &Member{} },
	} {
		raw, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		other := new(Rollout)
		if err := json.Unmarshal(raw, other); err != nil {
			t.Fatal(err)
		}
		change(other)
		if now, err := other.Statement(Drafting); err != nil || string(now) == string(was) {
			t.Errorf("%s: the same statement (%v)", name, err)
		}
	}
	// A plan of before there were aims is signed as it was.
	raw, err := json.Marshal(plan())
	if err != nil || strings.Contains(string(raw), "Aim") || strings.Contains(string(raw), "Boards") {
		t.Errorf("%s (%v)", raw, err)
	}
}

// begun is a rollout that has been approved and started.
func begun(t *testing.T, p Plan, fleet []Device, at time.Time) *Rollout {
	t.Helper()
	r, err := New(p, fleet, at)
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{r.Approve(Person{"second", ByAccount}, at), r.Start("first", at)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// TestUnfit: boxes that turn out to be of another board, by what they say of themselves or by refusing it, are out and are no failures. A first wave of nobody else
// stops and asks.
func TestUnfit(t *testing.T) {
	fleet := []Device{{ID: "a", Office: "x"}, {ID: "b", Office: "y"}, {ID: "c", Office: "z"}, {ID: "d", Office: "w"}}
	p := plan(Wave{Name: "canary", Devices: []string{"a", "b"}, MinCases: 5}, Wave{Name: "all", Percent: 100})
	p.Boards = []string{"rpi4"}
	r := begun(t, p, fleet, start)
	now := start
	for _, id := range []string{"a", "b", "c", "d"} {
		r.Report(Report{Device: id, At: now})
	}
	for _, id := range r.Due(now) {
		if err := r.Offer(id, now); err != nil {
			t.Fatal(err)
		}
	}
	now = now.Add(time.Minute)
	r.Report(Report{Device: "a", Board: "rpizero2w", At: now})
	r.Report(Report{Device: "b", At: now, Path: p.Path, State: "failed", Code: "refused.hardware"})
	if r.Holds("a") || r.Holds("b") {
		t.Error("an offer to a box that it is not for holds")
	}
	r.Tick(now)
	if r.Phase != Paused || r.Cause == nil || r.Cause.Code != Unproved {
		t.Fatalf("%s: %s; want it paused: its first wave has proved nothing", r.Phase, r.Reason)
	}
	if d := cmp.Diff([]string{"a (rpizero2w)", "b (not known yet)"}, r.foreign()); d != "" || len(r.Unwell()) != 0 {
		t.Errorf("unwell %v, not for it (-want +got):\n%s", r.Unwell(), d)
	}
	if err := r.Resume("first", "", now); !errors.Is(err, ErrWhy) {
		t.Errorf("resumed without a reason: %v", err)
	}
	if err := r.Resume("first", "the others are rpi4", now); err != nil {
		t.Fatal(err)
	}
	r.Tick(now) // soaking: nobody has cases to finish
	now = now.Add(25 * time.Hour)
	for _, id := range []string{"c", "d"} {
		r.Report(Report{Device: id, Board: "rpi4", At: now})
	}
	r.Tick(now)
	if d := cmp.Diff([]string{"c", "d"}, r.Due(now)); d != "" || r.Wave != 1 {
		t.Fatalf("wave %d, due (-want +got):\n%s", r.Wave, d)
	}
	for _, id := range []string{"c", "d"} {
		if err := r.Offer(id, now); err != nil {
			t.Fatal(err)
		}
		r.Report(Report{Device: id, At: now, Path: p.Path, State: "committed"})
	}
	r.Tick(now)
	r.Tick(now.Add(25 * time.Hour))
	if r.Phase != Complete || len(r.Laggards()) != 0 {
		t.Errorf("%s, laggards %v\n%s", r.Phase, r.Laggards(), r.Table(now))
	}
}

// TestYield: a newer rollout of the kind takes the boxes that both have and no others; one that has nobody left is superseded.
func TestYield(t *testing.T) {
	all := mixed()
	older := plan()
	whole := begun(t, older, all, start)
	for _, id := range []string{"box-00", "box-01", "box-04"} {
		whole.Report(Report{Device: id, At: start})
	}
	whole.Members["box-00"].State = Working
	whole.Members["box-01"].State = Done
	part := plan()
	part.ID, part.Path, part.Aim = "r2", "firmware/3/any.json", Aim{Offices: []string{"g01"}}
	office := begun(t, part, all, start.Add(time.Hour))
	now := start.Add(2 * time.Hour)
	whole.Yield(office, now)
	whole.Yield(office, now)
	if whole.Phase != Running || whole.Holds("box-00") || whole.Holds("box-01") || whole.Members["box-00"].State != Taken || whole.Members["box-01"].State != Done || len(whole.Laggards()) != 44 {
		t.Errorf("%s, box-00 %s, box-01 %s, %d laggards", whole.Phase, whole.Members["box-00"].State, whole.Members["box-01"].State, len(whole.Laggards()))
	}
	if got := whole.Why("box-00", now); !strings.Contains(got, "left to a newer rollout") {
		t.Error(got)
	}
	last := whole.History[len(whole.History)-1]
	if last.What != "yielded" || last.Text != "4 boxes to r2" || len(whole.History) != 4 {
		t.Errorf("history %v", whole.History)
	}
	next := plan()
	next.ID = "r3"
	everybody := begun(t, next, all, now)
	for _, r := range []*Rollout{whole, office} {
		r.Yield(everybody, now)
		if r.Phase != Superseded {
			t.Errorf("%s: %s, want it superseded", r.Plan.ID, r.Phase)
		}
	}
}

// TestBeside: two rollouts of a kind, for two boards, take no more of an office between them than one alone.
func TestBeside(t *testing.T) {
	fleet := []Device{{ID: "big", Office: "x", Board: "rpi4"}, {ID: "small", Office: "x", Board: "rpizero2w"}}
	var both []*Rollout
	for _, d := range fleet {
		p := plan(Wave{Name: "all", Percent: 100})
		p.ID, p.Boards = d.Board, []string{d.Board}
		r := begun(t, p, fleet, start)
		r.Report(Report{Device: d.ID, At: start})
		both = append(both, r)
	}
	if err := both[0].Offer("big", start); err != nil {
		t.Fatal(err)
	}
	both[1].Beside(both[0].Busy())
	if due := both[1].Due(start); due != nil {
		t.Errorf("due %v: the other box of the office is out of service", due)
	}
	both[0].Report(Report{Device: "big", At: start, Path: both[0].Plan.Path, State: "committed"})
	both[1].Beside(both[0].Busy())
	if due := both[1].Due(start); !slices.Equal(due, []string{"small"}) {
		t.Errorf("due %v, want small", due)
	}
}

// TestCovers: whom a complete rollout is good for when it comes later, and which rollouts hide an older one.
func TestCovers(t *testing.T) {
	p := plan()
	p.Aim, p.Boards = Aim{Offices: []string{"g01"}}, []string{"rpi4"}
	r, err := New(p, mixed(), start)
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		d    Device
		want bool
	}{
		{"one of its own", Device{ID: "box-00", Office: "g01", Board: "rpi4"}, true},
		{"one that joins the office", Device{ID: "new", Office: "g01", Board: "rpi4"}, true},
		{"one that joins and has not said its board", Device{ID: "new", Office: "g01"}, true},
		{"one that joins with another board", Device{ID: "new", Office: "g01", Board: "rpizero2w"}, false},
		{"one that joins another office", Device{ID: "new", Office: "g02", Board: "rpi4"}, false},
		{"one that was outside", Device{ID: "box-03", Office: "g01", Board: "rpizero2w"}, false},
	} {
		if got := r.Covers(tt.d); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
	of := func(aim Aim, boards ...string) *Rollout { return &Rollout{Plan: Plan{Aim: aim, Boards: boards}} }
	office := Aim{Offices: []string{"g01"}}
	for _, tt := range []struct {
		name         string
		newer, older *Rollout
		want         bool
	}{
		{"all over all", of(Aim{}), of(Aim{}), true},
		{"all over an office", of(Aim{}), of(office), true},
		{"an office over all", of(office), of(Aim{}), false},
		{"an office over itself", of(office), of(office), true},
		{"a board over any", of(Aim{}, "rpi4"), of(Aim{}), false},
		{"any over a board", of(Aim{}), of(Aim{}, "rpi4"), true},
		{"a board over another", of(Aim{}, "rpi4"), of(Aim{}, "rpizero2w"), false},
		{"two boards over one", of(Aim{}, "rpi4", "rpizero2w"), of(Aim{}, "rpizero2w"), true},
	} {
		if got := tt.newer.Shadows(tt.older); got != tt.want {
			t.Errorf("%s: %v", tt.name, got)
		}
	}
}

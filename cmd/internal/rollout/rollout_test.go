// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

var start = time.Date(2026, 11, 24, 22, 0, 0, 0, time.FixedZone("JST", 9*3600))

// world is a fleet that is offered something and answers.
type world struct {
	t    *testing.T
	r    *Rollout
	now  time.Time
	rnd  *rand.Rand
	act  func(id string, wave int) (state, code string) // what a box comes to; "": it falls silent
	due  map[string]time.Time                           // answers under way
	off  map[string]bool                                // cannot be reached
	most map[string]int                                 // highest number at a time, by office
}

func newWorld(t *testing.T, p Plan, n, perOffice int) *world {
	t.Helper()
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	w := &world{t: t, now: start, rnd: rand.New(rand.NewPCG(seed, 3)), due: map[string]time.Time{}, off: map[string]bool{}, most: map[string]int{}}
	w.act = func(string, int) (string, string) { return "committed", "" }
	fleet := make([]Device, n)
	for i := range fleet {
		fleet[i] = Device{ID: fmt.Sprintf("box-%03d", i), Office: fmt.Sprintf("office-%02d", i/perOffice)}
	}
	var err error
	if w.r, err = New(p, fleet, start); err != nil {
		t.Fatal(err)
	}
	if err := w.r.Approve(Person{"second", ByAccount}, start); err != nil {
		t.Fatal(err)
	}
	if err := w.r.Start("first", start); err != nil {
		t.Fatal(err)
	}
	return w
}

// run lets time pass until the rollout is final or the days are over.
func (w *world) run(days int) {
	w.t.Helper()
	for end := w.now.AddDate(0, 0, days); !w.r.Final() && w.now.Before(end); w.now = w.now.Add(time.Minute) {
		for _, id := range w.r.sorted() {
			m := w.r.Members[id]
			if w.off[id] || m.State == Silent {
				continue
			}
			at, busy := w.due[id]
			switch {
			case !busy:
				w.r.Report(Report{Device: id, At: w.now})
			case !at.IsZero() && !w.now.Before(at):
				state, code := w.act(id, m.Wave)
				if state == "" {
					w.due[id] = time.Time{} // never heard of again
					continue
				}
				w.r.Report(Report{Device: id, At: w.now, Path: w.r.Plan.Path, State: state, Code: code, Cases: 3})
				delete(w.due, id)
			}
		}
		w.r.Tick(w.now)
		on := map[string]int{}
		for _, id := range w.r.Due(w.now) {
			if err := w.r.Offer(id, w.now); err != nil {
				w.t.Fatal(err)
			}
			w.due[id] = w.now.Add(time.Duration(5+w.rnd.IntN(40)) * time.Minute)
		}
		for _, m := range w.r.Members {
			if m.State == Offered || m.State == Working {
				on[m.Office]++
				w.most[m.Office] = max(w.most[m.Office], on[m.Office])
			}
		}
	}
}

func plan(waves ...Wave) Plan {
	if len(waves) == 0 {
		waves = DefaultWaves("firmware", nil)
	}
	return Plan{ID: "r1", Kind: "firmware", Path: "firmware/2/any.json", Version: "2", Author: Person{"first", ByAccount}, Waves: waves}
}

func TestGood(t *testing.T) {
	w := newWorld(t, plan(), 50, 4)
	w.off["box-007"] = true
	w.run(30)
	if w.r.Phase != Complete {
		t.Fatalf("phase %s: %s", w.r.Phase, w.r.Reason)
	}
	if d := cmp.Diff([]string{"box-007"}, w.r.Laggards()); d != "" {
		t.Errorf("laggards (-want +got):\n%s", d)
	}
	for office, n := range w.most {
		if n > 2 {
			t.Errorf("%s had %d of its 4 boxes on it at a time", office, n)
		}
	}
	if took := w.now.Sub(start); len(w.r.Plan.Waves) != 3 || took < 2*24*time.Hour {
		t.Errorf("%d waves, two soaks of a day took %s", len(w.r.Plan.Waves), took)
	}
}

// TestBadWave: a build that only fails where the second wave is stops there, and the rest of the fleet never hears of it.
func TestBadWave(t *testing.T) {
	for name, tt := range map[string]struct{ state, code, want string }{
		"that says so":        {"reverted", "health", "health ×"},
		"that fails to start": {"reverted", "fell_back", "fell_back ×"},
		"that falls silent":   {"", "", "silent ×"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, plan(), 50, 3)
			w.act = func(_ string, wave int) (string, string) {
				if wave == 0 {
					return "committed", ""
				}
				return tt.state, tt.code
			}
			// wave 0: five boxes. 10 % of 50 is five, too, so the second wave is the 50 % one and the third the last.
			w.run(10)
			if w.r.Phase != Aborted || !strings.Contains(w.r.Reason, tt.want) {
				t.Fatalf("phase %s: %q, want it aborted for %q", w.r.Phase, w.r.Reason, tt.want)
			}
			touched := 0
			for _, m := range w.r.Members {
				if m.State != Untouched {
					touched++
				}
				if m.Wave == 2 && m.State != Untouched {
					t.Error("a box of the last wave was offered a bad build")
				}
			}
			t.Logf("%d of 50 boxes were touched: %s", touched, w.r.Reason)
		})
	}
}

// TestRate: single failures in a large fleet do not stop it; a rate above the bearable one does.
func TestRate(t *testing.T) {
	for name, tt := range map[string]struct {
		every int
		want  Phase
	}{"one in 200": {200, Complete}, "one in 12": {12, Aborted}} {
		t.Run(name, func(t *testing.T) {
			n := 0
			w := newWorld(t, plan(Wave{Name: "canary", Count: 5}, Wave{Name: "ten", Percent: 10}, Wave{Name: "half", Percent: 50}, Wave{Name: "all", Percent: 100}), 600, 5)
			w.act = func(_ string, wave int) (string, string) {
				if n++; wave >= 2 && n%tt.every == 0 {
					return "reverted", "health"
				}
				return "committed", ""
			}
			w.run(3)
			if w.r.Phase != tt.want {
				t.Errorf("phase %s (%s), want %s", w.r.Phase, w.r.Reason, tt.want)
			}
		})
	}
}

func TestPeople(t *testing.T) {
	r, err := New(plan(), []Device{{ID: "a", Office: "x"}, {ID: "b", Office: "x"}}, start)
	if err != nil {
		t.Fatal(err)
	}
	if err := r.Start("first", start); err == nil {
		t.Error("started without approval")
	}
	if err := r.Approve(Person{"first", ByAccount}, start); err == nil {
		t.Error("the author approved")
	}
	if err := r.Approve(Person{"second", ByAccount}, start); err != nil {
		t.Fatal(err)
	}
	if err := r.Approve(Person{"third", ByAccount}, start); err == nil {
		t.Error("approved twice")
	}
	if err := r.Start("first", start); err != nil {
		t.Fatal(err)
	}
	r.Report(Report{Device: "a", At: start})
	if got := r.Due(start); !slices.Equal(got, []string{"a"}) {
		t.Fatalf("due %v, want a: b was never heard of", got)
	}
	if err := r.Offer("a", start); err != nil {
		t.Fatal(err)
	}
	if err := r.Pause("first", "lunch", start); err != nil {
		t.Fatal(err)
	}
	r.Report(Report{Device: "b", At: start})
	if got := r.Due(start); got != nil {
		t.Errorf("due %v while paused", got)
	}
	if err := r.Resume("first", "", start); err != nil {
		t.Fatal(err)
	}
	if got := r.Due(start); got != nil {
		t.Errorf("due %v: the other box of the office is on it", got)
	}
	if err := r.Abort("first", "wrong file", start); err != nil {
		t.Fatal(err)
	}
	if got := r.Withdrawn(); !slices.Equal(got, []string{"a"}) {
		t.Errorf("withdrawn %v, want a", got)
	}
	for act, err := range map[string]error{"abort": r.Abort("x", "", start), "resume": r.Resume("x", "", start), "pause": r.Pause("x", "", start), "start": r.Start("x", start)} {
		if err == nil {
			t.Errorf("%s after the end", act)
		}
	}
	var whats []string
	for _, e := range r.History {
		whats = append(whats, e.What)
	}
	if d := cmp.Diff([]string{"drafted", "approved", "started", "paused", "resumed", "aborted"}, whats); d != "" {
		t.Errorf("history (-want +got):\n%s", d)
	}
}

func TestPlanRefused(t *testing.T) {
	fleet := []Device{{ID: "a", Office: "x"}, {ID: "b", Office: "y"}}
	for name, change := range map[string]func(p *Plan){
		"no waves":           func(p *Plan) { p.Waves = nil },
		"not to the end":     func(p *Plan) { p.Waves = []Wave{{Percent: 50}} },
		"backwards":          func(p *Plan) { p.Waves = []Wave{{Percent: 50}, {Percent: 10}, {Percent: 100}} },
		"two measures":       func(p *Plan) { p.Waves = []Wave{{Count: 1, Percent: 100}} },
		"an unknown box":     func(p *Plan) { p.Waves = []Wave{{Devices: []string{"c"}}, {Percent: 100}} },
		"a box in two waves": func(p *Plan) { p.Waves = []Wave{{Devices: []string{"a"}}, {Devices: []string{"a"}}, {Percent: 100}} },
		"no author":          func(p *Plan) { p.Author = Person{} },
	} {
		p := plan()
		change(&p)
		if _, err := New(p, fleet, start); err == nil {
			t.Errorf("a plan with %s was taken", name)
		}
	}
	if _, err := New(plan(), []Device{{ID: "a", Office: "x"}, {ID: "a", Office: "y"}}, start); err == nil {
		t.Error("a box that stands twice was taken")
	}
}

// TestRandom: whatever is reported in whatever order, a rollout never offers beyond its wave, a final phase stays, and it can be stored and loaded at any moment.
func TestRandom(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 4))
	for range 60 {
		w := newWorld(t, plan(Wave{Name: "a", Count: 3}, Wave{Name: "b", Percent: 40, Soak: time.Hour}, Wave{Name: "c", Percent: 100}), 5+rnd.IntN(40), 1+rnd.IntN(4))
		states := []string{"idle", "fetching", "trial", "committed", "failed", "reverted", ""}
		final := Phase("")
		for range 3000 {
			w.now = w.now.Add(time.Duration(rnd.IntN(600)) * time.Second)
			id := w.r.sorted()[rnd.IntN(len(w.r.Members))]
			path := w.r.Plan.Path
			if rnd.IntN(4) == 0 {
				path = ""
			}
			state := states[rnd.IntN(len(states))]
			if rnd.IntN(20) != 0 && (state == "failed" || state == "reverted") {
				state = "committed"
			}
			w.r.Report(Report{Device: id, At: w.now.Add(-time.Duration(rnd.IntN(60)) * time.Second), Path: path, State: state, Code: "x"})
			switch rnd.IntN(40) {
			case 0:
				_ = w.r.Pause("p", "", w.now)
			case 1:
				_ = w.r.Resume("p", "seen", w.now)
			}
			w.r.Tick(w.now)
			for _, id := range w.r.Due(w.now) {
				if w.r.Members[id].Wave > w.r.Wave {
					t.Fatalf("%s of wave %d is due in wave %d", id, w.r.Members[id].Wave, w.r.Wave)
				}
				if err := w.r.Offer(id, w.now); err != nil {
					t.Fatal(err)
				}
			}
			if final != "" && w.r.Phase != final {
				t.Fatalf("%s became %s", final, w.r.Phase)
			}
			if w.r.Final() {
				final = w.r.Phase
			}
		}
		raw, err := json.Marshal(w.r)
		if err != nil {
			t.Fatal(err)
		}
		var back Rollout
		if err := json.Unmarshal(raw, &back); err != nil {
			t.Fatal(err)
		}
		again, err := json.Marshal(&back)
		if err != nil || string(again) != string(raw) {
			t.Fatalf("stored and loaded it is another rollout: %v", err)
		}
	}
}

func TestWilson(t *testing.T) {
	// Worked by hand from the formula with z = 1.6449: 1 of 10 and 5 of 50.
	for _, tt := range []struct {
		bad, n int
		want   float64
	}{{0, 10, 0}, {1, 10, 0.0228}, {5, 50, 0.0495}, {0, 0, 0}} {
		if got := wilson(tt.bad, tt.n); math.Abs(got-tt.want) > 0.003 {
			t.Errorf("%d of %d: %.4f, want %.4f", tt.bad, tt.n, got, tt.want)
		}
	}
}

// TestLateAndDeaf: a box that lives and never ends fails; a director that was away does not hold its own silence against the boxes.
func TestLateAndDeaf(t *testing.T) {
	p := plan(Wave{Name: "all", Percent: 100})
	p.Within, p.MaxCanary = 10*time.Hour, 9
	newOne := func() *Rollout {
		r, err := New(p, []Device{{ID: "a", Office: "x"}, {ID: "b", Office: "y"}}, start)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{r.Approve(Person{"second", ByAccount}, start), r.Start("first", start)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		r.Listen(start)
		for _, id := range []string{"a", "b"} {
			r.Report(Report{Device: id, At: start})
			if err := r.Offer(id, start); err != nil {
				t.Fatal(err)
			}
		}
		return r
	}
	r := newOne()
	now := start
	for range 11 * 4 {
		now = now.Add(15 * time.Minute)
		r.Report(Report{Device: "a", At: now, Path: p.Path, State: "waiting"})
		r.Tick(now)
	}
	if a, b := r.Members["a"], r.Members["b"]; a.State != Failed || a.Code != "late" || b.State != Silent {
		t.Errorf("a is %s %s, b is %s; want a failed late and b silent", a.State, a.Code, b.State)
	}
	if r.Holds("a") != !r.Final() {
		t.Error("an offer holds exactly while its rollout is under way")
	}

	r = newOne()
	back := start.Add(24 * time.Hour) // the director was away
	r.Listen(back)
	r.Tick(back.Add(time.Minute))
	for id, m := range r.Members {
		if m.State != Offered {
			t.Errorf("%s is %s after the director's own absence", id, m.State)
		}
	}
	r.Tick(back.Add(3 * time.Hour))
	for id, m := range r.Members {
		if m.State != Silent {
			t.Errorf("%s is %s three hours after the director came back", id, m.State)
		}
	}
}

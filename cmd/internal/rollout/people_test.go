// SPDX-License-Identifier: Apache-2.0

package rollout

import (
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// TestOneCanary: one box of five fails. That is too few for an abort and too many to go on: the rollout pauses, says which box, and goes on when a person gives a reason.
func TestOneCanary(t *testing.T) {
	w := newWorld(t, plan(), 50, 4)
	bad := ""
	w.act = func(id string, wave int) (string, string) {
		if bad == "" {
			bad = id
		}
		if id == bad {
			return "reverted", "health"
		}
		return "committed", ""
	}
	for n := 0; w.r.Phase != Paused && !w.r.Final() && n < 5; n++ {
		w.run(1)
	}
	for _, want := range []string{"canary", "4 of 5", bad + " (health)", "fleet device why", "resume"} {
		if w.r.Phase != Paused || !strings.Contains(w.r.Reason, want) {
			t.Fatalf("%s: %q, want it paused and to say %q", w.r.Phase, w.r.Reason, want)
		}
	}
	if err := w.r.Resume("first", "", w.now); !errors.Is(err, ErrWhy) || !strings.Contains(err.Error(), bad) {
		t.Errorf("resuming without a reason: %v", err)
	}
	if err := w.r.Resume("first", "its reader's cable was out", w.now); err != nil {
		t.Fatal(err)
	}
	w.run(30)
	if w.r.Phase != Complete || len(w.r.Laggards()) != 1 {
		t.Errorf("%s (%s), laggards %v", w.r.Phase, w.r.Reason, w.r.Laggards())
	}
}

// TestExcusedStillCounts: whoever excuses the first failure of an early wave does not raise the bar for the second.
func TestExcusedStillCounts(t *testing.T) {
	w := newWorld(t, plan(Wave{Name: "canary", Count: 3}, Wave{Name: "ten", Count: 3}, Wave{Name: "all", Percent: 100}), 30, 3)
	failed := map[int]bool{}
	w.act = func(_ string, wave int) (string, string) {
		if !failed[wave] {
			failed[wave] = true
			return "failed", "check"
		}
		return "committed", ""
	}
	w.run(1)
	if w.r.Phase != Paused {
		t.Fatalf("%s: %s", w.r.Phase, w.r.Reason)
	}
	if err := w.r.Resume("first", "a worn card slot", w.now); err != nil {
		t.Fatal(err)
	}
	w.run(1)
	if w.r.Phase != Aborted || !strings.Contains(w.r.Reason, "check ×2") {
		t.Errorf("%s: %s, want it aborted by the second failure", w.r.Phase, w.r.Reason)
	}
}

// TestRetired: a box that was taken out of the fleet holds nothing up and is nobody's laggard; one that the build has broken still counts.
func TestRetired(t *testing.T) {
	two := func(p Plan) *Rollout {
		t.Helper()
		r, err := New(p, []Device{{ID: "a", Office: "x"}, {ID: "b", Office: "y"}, {ID: "c", Office: "z"}}, start)
		if err != nil {
			t.Fatal(err)
		}
		for _, err := range []error{r.Approve(Person{"second", ByAccount}, start), r.Start("first", start)} {
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, id := range []string{"a", "b", "c"} {
			r.Report(Report{Device: id, At: start})
			if err := r.Offer(id, start); err != nil {
				t.Fatal(err)
			}
		}
		return r
	}
	p := plan(Wave{Name: "all", Percent: 100})
	later := start.Add(10 * time.Minute)
	r := two(p)
	r.Report(Report{Device: "a", At: later, Path: p.Path, State: "committed"})
	r.Report(Report{Device: "c", At: later, Path: p.Path, State: "committed"})
	r.Tick(later)
	if r.Phase != Running {
		t.Fatalf("%s while b is on it", r.Phase)
	}
	r.Retire("b", later)
	r.Retire("b", later)
	r.Report(Report{Device: "b", At: later, Path: p.Path, State: "failed", Code: "late word"})
	r.Tick(later)
	r.Tick(later.Add(time.Minute))
	if r.Phase != Complete || len(r.Laggards()) != 0 || r.Members["b"].State != Retired {
		t.Errorf("%s, laggards %v, b %s", r.Phase, r.Laggards(), r.Members["b"].State)
	}
	if why := r.Why("b", later); !strings.Contains(why, "was retired") {
		t.Error(why)
	}

	r = two(p)
	for _, id := range []string{"a", "b"} {
		r.Report(Report{Device: id, At: later, Path: p.Path, State: "reverted", Code: "boots"})
		r.Retire(id, later)
	}
	r.Tick(later)
	if r.Phase != Aborted {
		t.Errorf("%s: two broken boxes were forgotten because they were retired", r.Phase)
	}

	r = two(p)
	for _, id := range []string{"a", "b", "c"} {
		r.Retire(id, later)
	}
	r.Tick(later)
	r.Tick(later.Add(time.Minute))
	if r.Phase != Complete {
		t.Errorf("%s: it waits for boxes of which none is left", r.Phase)
	}
}

// TestProved: a plan of keys needs two signatures of two keys over this very plan.
func TestProved(t *testing.T) {
	keys := map[string]ed25519.PrivateKey{}
	for _, id := range []string{"k1", "k2", "k3"} {
		_, k, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			t.Fatal(err)
		}
		keys[id] = k
	}
	verify := func(role, id string, message, sig []byte) error {
		if role != "firmware" || keys[id] == nil || id == "k3" { // k3 is of another role
			return errors.New("no key of the role")
		}
		if !ed25519.Verify(keys[id].Public().(ed25519.PublicKey), message, sig) {
			return errors.New("bad signature")
		}
		return nil
	}
	for name, c := range map[string]struct {
		approver string
		change   func(*Rollout)
		ok       bool
	}{
		"two keys":               {"k2", func(*Rollout) {}, true},
		"a key of another role":  {"k3", func(*Rollout) {}, false},
		"the approval is gone":   {"k2", func(r *Rollout) { r.Signed = r.Signed[:1] }, false},
		"another plan":           {"k2", func(r *Rollout) { r.Plan.MaxRate = 0.9 }, false},
		"other waves":            {"k2", func(r *Rollout) { r.Members["a"].Wave = 0; r.Members["b"].Wave = 1 }, false},
		"an approver in writing": {"k2", func(r *Rollout) { r.Approver.Name = "k1" }, false},
		"one key for both": {"k2", func(r *Rollout) {
			r.Approver.Name = "k1"
			m, _ := r.Statement(Approving)
			r.Signed = append(r.Signed, Signature{"k1", Approving, ed25519.Sign(keys["k1"], m)})
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			p := plan(Wave{Name: "one", Count: 1}, Wave{Name: "all", Percent: 100})
			p.Author = Person{"k1", ByKey}
			r, err := New(p, []Device{{ID: "a", Office: "x"}, {ID: "b", Office: "y"}}, start)
			if err != nil {
				t.Fatal(err)
			}
			if name == "other waves" && r.Members["a"].Wave == 0 {
				c.change = func(r *Rollout) { r.Members["a"].Wave = 1; r.Members["b"].Wave = 0 }
			}
			sign := func(id, act string) {
				m, err := r.Statement(act)
				if err != nil {
					t.Fatal(err)
				}
				r.Signed = append(r.Signed, Signature{id, act, ed25519.Sign(keys[id], m)})
			}
			sign("k1", Drafting)
			if err := r.Approve(Person{"somebody", ByAccount}, start); err == nil {
				t.Error("an account approved a plan of a key")
			}
			if err := r.Approve(Person{c.approver, ByKey}, start); err != nil {
				t.Fatal(err)
			}
			sign(c.approver, Approving)
			c.change(r)
			if err := r.Proved(verify); (err == nil) != c.ok {
				t.Errorf("proved: %v, want it so: %v", err, c.ok)
			}
		})
	}
}

// TestMostAway: a wave does not end on the few boxes that could be reached while most of it is away.
func TestMostAway(t *testing.T) {
	w := newWorld(t, plan(Wave{Name: "all", Percent: 100}), 10, 1)
	for i := range 6 {
		w.off[fmt.Sprintf("box-%03d", i)] = true
	}
	w.run(2)
	if away, of := w.r.Away(w.now); w.r.Phase != Running || away != 6 || of != 10 {
		t.Fatalf("phase %s with %d of %d away, want it to wait", w.r.Phase, away, of)
	}
	if text := w.r.Table(w.now); !strings.Contains(text, "6 of the 10 boxes") {
		t.Errorf("the table does not say what it waits for:\n%s", text)
	}
	w.off["box-000"] = false
	w.run(2)
	if n := len(w.r.Laggards()); w.r.Phase != Complete || n != 5 {
		t.Errorf("phase %s with %d laggards, want it complete with 5", w.r.Phase, n)
	}
}

// TestTable: it fits the smallest terminal whatever a rollout comes to, and says what to do.
func TestTable(t *testing.T) {
	w := newWorld(t, plan(), 50, 3)
	w.act = func(id string, wave int) (string, string) {
		switch {
		case wave == 0:
			return "committed", ""
		case id < "box-025":
			return "", ""
		}
		return "reverted", "health"
	}
	w.run(10)
	w.r.Retire("box-049", w.now)
	w.r.Members["box-048"].State = Retired
	text := w.r.Table(w.now)
	for _, want := range []string{"ABORTED", "recalled", "failed", "      out\n", "for all boxes: 50 of 50", "not well: ", "next: boxes go back"} {
		if !strings.Contains(text, want) {
			t.Errorf("it lacks %q", want)
		}
	}
	waves, _, _ := strings.Cut(text[strings.Index(text, "  wave"):], "\n\n")
	for line := range strings.Lines(waves) {
		if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > wide {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	if t.Failed() {
		t.Log(text)
	}
}

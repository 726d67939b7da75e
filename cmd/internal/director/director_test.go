// SPDX-License-Identifier: Apache-2.0

package director

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// TestOffer: a rollout reaches its boxes, their word ends it, and the audit log tells.
func TestOffer(t *testing.T) { both(t, testOffer) }

func testOffer(r *rig) {
	sum := r.release("1", 1)
	r.enrol("a", "b")
	r.rollout("1")
	r.tick()
	if len(r.paths) != 0 {
		r.Fatal("offered without a line to the broker")
	}
	r.d.listen(r.now)
	r.tick()
	for _, id := range []string{"a", "b"} {
		if d := cmp.Diff([]string{"policy/1/manifest.json"}, r.paths[id]); d != "" || r.gens[id] != 1 || r.told[id].Wave != "policy-1/all" {
			r.Errorf("%s was told %v, generation %d, wave %q", id, r.paths[id], r.gens[id], r.told[id].Wave)
		}
		r.says(id, update.Committed, "", sum)
	}
	r.tick()
	r.now = r.now.Add(time.Minute)
	r.tick()
	ro, _ := r.read("policy-1")
	if ro.Phase != rollout.Complete || ro.Tally(0)[rollout.Done] != 2 {
		r.Errorf("%s, %v", ro.Phase, ro.Tally(0))
	}
	lines, err := r.db.Audits(r.Context(), 10)
	if err != nil {
		r.Fatal(err)
	}
	var acts []string
	for _, l := range lines {
		acts = append(acts, l.Who+" "+l.Action)
	}
	if d := cmp.Diff([]string{"director rollout complete", "director rollout soaking"}, acts); d != "" {
		r.Errorf("audit log (-want +got):\n%s", d)
	}
	boxes, err := r.db.Boxes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	if len(boxes[0].Earlier) != 0 || boxes[0].Gen != 1 || boxes[0].Heard.IsZero() {
		r.Errorf("box %+v: its offer is decided", boxes[0])
	}
}

// TestRestored: boxes that have come further than the database, which was restored, are told a generation above theirs.
func TestRestored(t *testing.T) { both(t, testRestored) }

func testRestored(r *rig) {
	sum := r.release("1", 1)
	r.enrol("a")
	r.rollout("1")
	r.d.listen(r.now)
	r.tick()
	r.gens["a"] = 40
	r.says("a", update.Committed, "", sum)
	r.tick()
	if r.gens["a"] != 41 {
		r.Errorf("a box at generation 40 was told %d, want 41", r.gens["a"])
	}
}

// TestAbortWithdraws: what was offered and not committed is taken back by a new assignment; what was committed stays.
func TestAbortWithdraws(t *testing.T) { both(t, testAbortWithdraws) }

func testAbortWithdraws(r *rig) {
	one, two := r.release("1", 1), r.release("2", 2)
	r.enrol("a", "b")
	r.d.listen(r.now)
	for n, v := range []string{"1", "2"} {
		r.rollout(v)
		r.tick()
		r.says("a", update.Committed, "", []update.Digest{one, two}[n])
		if n == 0 {
			r.says("b", update.Committed, "", one)
		}
		r.tick()
	}
	ro, rev := r.read("policy-2")
	if err := ro.Abort("a", "wrong fee", r.now); err != nil {
		r.Fatal(err)
	}
	r.put(ro, rev)
	r.tick()
	want := map[string][]string{"a": {"policy/2/manifest.json"}, "b": {"policy/1/manifest.json"}}
	if d := cmp.Diff(want, r.paths); d != "" {
		r.Errorf("assigned (-want +got):\n%s", d)
	}
	if r.gens["b"] != 3 {
		r.Errorf("generation %d of b, want 3: a box refuses an older one", r.gens["b"])
	}
}

// TestKilled: the director is killed between any two of its writes; another goes on and no generation is left out or given twice.
func TestKilled(t *testing.T) { both(t, testKilled) }

func testKilled(r *rig) {
	r.release("1", 1)
	r.enrol("a")
	ro := r.rollout("1")
	// The offer was noted, and not signed, when the power went.
	ro.Report(rollout.Report{Device: "a", At: r.now})
	if err := ro.Offer("a", r.now); err != nil {
		r.Fatal(err)
	}
	r.put(ro, 1)
	r.d = r.director()
	r.tick()
	if !slices.Equal(r.paths["a"], []string{"policy/1/manifest.json"}) {
		r.Errorf("an offer that was noted is not signed after a start: %v", r.paths)
	}
	// It was signed, and the broker has lost it: the box says an older generation and is told again, after a while.
	r.d = r.director()
	r.tick()
	r.online("a", 1)
	r.d.listen(r.now)
	delete(r.paths, "a")
	r.now = r.now.Add(2 * time.Minute)
	r.tick()
	if r.gens["a"] != 1 || len(r.paths["a"]) != 1 {
		r.Errorf("told %v, generation %d; want the same again", r.paths["a"], r.gens["a"])
	}
	r.Log("2 kills") // the directors that were left
}

// TestTwoDirectors: two at the same database. Whoever is late begins anew; the boxes are told by either, each generation once.
func TestTwoDirectors(t *testing.T) { both(t, testTwoDirectors) }

func testTwoDirectors(r *rig) {
	r.release("1", 1)
	r.enrol("a", "b", "c")
	other := r.director()
	r.tickOf(other)
	for _, d := range []*Director{r.d, other} {
		d.listen(r.now)
		for _, id := range []string{"a", "b", "c"} {
			d.hear(id, "presence", []byte(`{"online":true,"session":1}`), false)
		}
	}
	r.rollout("1")
	errs := make(chan error, 2)
	for _, d := range []*Director{r.d, other} {
		go func() { _, err := d.tick(r.Context()); errs <- err }()
	}
	for range 2 {
		if err := <-errs; err != nil {
			r.Error(err)
		}
	}
	boxes, err := r.db.Boxes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, b := range boxes {
		if b.Gen != 1 {
			r.Errorf("%s is at generation %d, want 1: it was assigned once", b.ID, b.Gen)
		}
	}
}

// TestVoices: what a box says is not believed beyond what it can mean.
func TestVoices(t *testing.T) { both(t, testVoices) }

func testVoices(r *rig) {
	r.enrol("a", "b")
	r.d.listen(r.now)
	online := func(id string) bool {
		r.d.mu.Lock()
		defer r.d.mu.Unlock()
		return r.d.voices[id].online
	}
	for _, c := range []struct {
		name, body string
		want       bool
	}{
		{"a newer connection", `{"online":true,"session":7}`, true},
		{"the late will of an older one", `{"online":false,"session":6}`, true},
		{"its own will", `{"online":false,"session":7}`, false},
		{"an older connection, said late", `{"online":true,"session":3}`, false},
		{"the next", `{"online":true,"session":8}`, true},
		{"no number that a connection can have", `{"online":false,"session":18446744073709551615}`, true},
		{"too long", `{"online":false,"session":9` + strings.Repeat(" ", 300) + `}`, true},
		{"not JSON", "\xff\xfe", true},
	} {
		r.d.hear("a", "presence", []byte(c.body), false)
		if got := online("a"); got != c.want {
			r.Errorf("%s: online %v, want %v", c.name, got, c.want)
		}
	}
	reports := []struct {
		name string
		body []byte
		code string
	}{
		{"what a box says", []byte(`{"update":{"state":"failed","code":"refused.clock"}}`), "refused.clock"},
		{"a code that would write on the terminal", []byte(`{"update":{"state":"failed","code":"\u001b[2Jok"}}`), "unreadable"},
		{"a NUL in it", []byte(`{"update":{"state":"failed","code":"a\u0000b"}}`), "unreadable"},
		{"a very long one", []byte(`{"update":{"state":"failed","code":"` + strings.Repeat("x", 200) + `"}}`), "unreadable"},
		{"bytes that are no UTF-8", []byte("{\"update\":{\"state\":\"failed\",\"code\":\"\xff\xfe\"}}"), "unreadable"}, // kept: the one before
		{"no JSON", []byte("hello"), "unreadable"},
		{"nothing", nil, "unreadable"},
		{"too much", bytes.Repeat([]byte(" "), maxReported+1), "unreadable"},
		{"other types", []byte(`{"update":[1]}`), "unreadable"},
		{"the truth again", []byte(`{"update":{"state":"failed","code":"health"}}`), "health"},
	}
	for _, c := range reports {
		r.d.hear("b", "reported", c.body, false)
		r.d.mu.Lock()
		got := r.d.voices["b"].said.Code
		r.d.mu.Unlock()
		if got != c.code {
			r.Errorf("%s: code %q, want %q", c.name, got, c.code)
		}
		r.tick() // and the database takes it
	}
	boxes, err := r.db.Boxes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	if s, err := ReadReport(boxes[1].Reported); err != nil || s.Code != "health" {
		r.Errorf("stored %q: %v", boxes[1].Reported, err)
	}
	r.d.hear("stranger", "reported", []byte(`{}`), false)
	r.tick()
}

// TestSecondKind: a box fails at two kinds at once and speaks of one of them at length. Both rollouts hear of it.
func TestSecondKind(t *testing.T) { both(t, testSecondKind) }

func testSecondKind(r *rig) {
	r.release("1", 1)
	r.enrol("a", "b")
	r.d.listen(r.now)
	r.rollout("1")
	r.tick()
	for id, code := range map[string]string{"a": "check", "b": "refused.clock"} {
		raw, err := json.Marshal(map[string]any{"update": update.Status{State: update.Failed, Kind: update.Config, Code: "install", Gen: r.gens[id],
			Failed: map[update.Kind]string{update.Config: "install", update.Policy: code, "\x1b[2J": "x"}}})
		if err != nil {
			r.Fatal(err)
		}
		r.d.hear(id, "reported", raw, false)
	}
	r.tick()
	ro, _ := r.read("policy-1")
	if a, b := ro.Members["a"], ro.Members["b"]; a.State != rollout.Failed || a.Code != "check" || b.State != rollout.Working {
		r.Errorf("a is %s %s, want failed check; b is %s, want working: it waits for its clock", a.State, a.Code, b.State)
	}
	s, err := ReadReport([]byte(`{"update":{"state":"failed","failed":{"policy":"\u001b[2J","moon":"x"},"refused":"a\u0000"}}`))
	if d := cmp.Diff(map[update.Kind]string{update.Policy: "unreadable"}, s.Failed); d != "" || err != nil || s.Refused != "unreadable" {
		r.Errorf("%v, refused %q, failed (-want +got):\n%s", err, s.Refused, d)
	}
}

// TestLater: a box that was enrolled after a rollout, and one that could not be reached during it, come to what the fleet runs.
func TestLater(t *testing.T) { both(t, testLater) }

func testLater(r *rig) {
	sum := r.release("1", 1)
	r.enrol("a")
	if err := r.db.EnrolBox(r.Context(), "away", "at-sea"); err != nil {
		r.Fatal(err)
	}
	r.d.listen(r.now)
	r.rollout("1")
	r.tick()
	r.says("a", update.Committed, "", sum)
	r.tick()
	r.now = r.now.Add(time.Minute)
	r.tick()
	if ro, _ := r.read("policy-1"); ro.Phase != rollout.Complete || len(r.paths["away"]) != 0 {
		r.Fatalf("%s, away was told %v", ro.Phase, r.paths["away"])
	}
	if err := r.db.EnrolBox(r.Context(), "new", "at-new"); err != nil {
		r.Fatal(err)
	}
	r.tick()
	if len(r.paths["new"]) != 0 {
		r.Error("a box that was never heard of is told something")
	}
	r.online("new", 1)
	r.online("away", 1)
	r.tick()
	for _, id := range []string{"new", "away"} {
		if d := cmp.Diff([]string{"policy/1/manifest.json"}, r.paths[id]); d != "" || r.gens[id] != 1 {
			r.Errorf("%s, generation %d (-want +got):\n%s", id, r.gens[id], d)
		}
	}
	r.tick()
	if r.gens["new"] != 1 {
		r.Errorf("generation %d after another tick", r.gens["new"])
	}
}

// TestRenew: the timestamp is signed again when it is a day old, without a person.
func TestRenew(t *testing.T) {
	r := newRig(t, t.TempDir()+"/cityhall.db")
	version := func() (v int64) {
		if err := r.depot.With(nil, func(repo *signer.Repository) error {
			for _, s := range repo.States() {
				if s.Name == "timestamp" {
					v = s.Version
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		return v
	}
	first := version()
	for range 48 {
		r.now = r.now.Add(time.Hour)
		r.tick()
	}
	if got := version() - first; got < 1 || got > 2 {
		t.Errorf("%d timestamps in two days, want one a day", got)
	}
}

// SPDX-License-Identifier: Apache-2.0

package director

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/device/update"
)

// speaks is what a box says of itself beside the policy that it runs: its board.
func (r *rig) speaks(id, board string, runs update.Digest) {
	r.Helper()
	raw, err := json.Marshal(map[string]any{"board": board, "update": update.Status{State: update.Committed, Kind: update.Policy, Gen: r.gens[id],
		Installed: map[update.Kind]update.Installed{update.Policy: {Seq: 1, SHA256: runs}}}})
	if err != nil {
		r.Fatal(err)
	}
	r.d.hear(id, "reported", raw, false)
}

// ends lets the newest rollout come to its end after every box has said its word.
func (r *rig) ends(id string) {
	r.Helper()
	for range 3 {
		r.tick()
		r.now = r.now.Add(time.Minute)
	}
	if ro, _ := r.read(id); ro.Phase != rollout.Complete {
		r.Fatalf("%s is %s (%s)\n%s", id, ro.Phase, ro.Reason, ro.Table(r.now))
	}
}

// TestAimed: a rollout for one office reaches its boxes and no others, also not when it is complete. A box that joins the office while it runs gets it at the end, one that
// joins later gets it when it is heard of, and one that joins another office gets what the whole fleet runs.
func TestAimed(t *testing.T) { both(t, testAimed) }
func testAimed(r *rig) {
	one, two := r.release("1", 1), r.release("2", 2)
	r.enrol("a", "b")
	r.d.listen(r.now)
	r.rollout("1")
	r.tick()
	r.says("a", update.Committed, "", one)
	r.says("b", update.Committed, "", one)
	r.ends("policy-1")

	r.rollout("2", rollout.Aim{Offices: []string{"at-a"}})
	r.tick()
	join := func(id, office string) {
		r.Helper()
		if err := r.db.EnrolBox(r.Context(), id, office); err != nil {
			r.Fatal(err)
		}
		r.tick()
		r.online(id, 1)
		r.tick()
	}
	join("meanwhile", "at-a")
	if d := cmp.Diff([]string{"policy/1/manifest.json"}, r.paths["meanwhile"]); d != "" {
		r.Errorf("a box that joins while the rollout runs (-want +got):\n%s", d)
	}
	r.says("meanwhile", update.Committed, "", one)
	r.says("a", update.Committed, "", two)
	r.ends("policy-2")
	join("later", "at-a")
	join("elsewhere", "at-b")
	r.tick()
	want := map[string][]string{"a": {"policy/2/manifest.json"}, "b": {"policy/1/manifest.json"}, "meanwhile": {"policy/2/manifest.json"}, "later": {"policy/2/manifest.json"}, "elsewhere": {"policy/1/manifest.json"}}
	if d := cmp.Diff(want, r.paths); d != "" {
		r.Errorf("assigned (-want +got):\n%s", d)
	}
	if w := r.told["later"].Wave; w != "policy-2/later" {
		r.Errorf("the box that came later is of wave %q", w)
	}
}

// TestTwoAims: rollouts of a kind for two offices go on beside each other; one for all takes over the boxes that it shares with an older one, which goes on with the rest.
func TestTwoAims(t *testing.T) { both(t, testTwoAims) }
func testTwoAims(r *rig) {
	sums := map[string]update.Digest{"1": r.release("1", 1), "2": r.release("2", 2), "3": r.release("3", 3)}
	r.enrol("a", "b", "c")
	r.d.listen(r.now)
	r.rollout("1", rollout.Aim{Offices: []string{"at-a"}})
	r.now = r.now.Add(time.Minute)
	r.rollout("2", rollout.Aim{Offices: []string{"at-b", "at-c"}})
	r.tick()
	want := map[string][]string{"a": {"policy/1/manifest.json"}, "b": {"policy/2/manifest.json"}, "c": {"policy/2/manifest.json"}}
	if d := cmp.Diff(want, r.paths); d != "" {
		r.Fatalf("assigned (-want +got):\n%s", d)
	}
	r.now = r.now.Add(time.Minute)
	r.rollout("3", rollout.Aim{Boxes: []string{"c"}})
	r.tick()
	want["c"] = []string{"policy/3/manifest.json"}
	if d := cmp.Diff(want, r.paths); d != "" {
		r.Errorf("after one for a box of the second (-want +got):\n%s", d)
	}
	second, _ := r.read("policy-2")
	if second.Phase != rollout.Running || second.Members["c"].State != rollout.Taken {
		r.Errorf("the second is %s, and c of it is %s", second.Phase, second.Members["c"].State)
	}
	for id, v := range map[string]string{"a": "1", "b": "2", "c": "3"} {
		r.says(id, update.Committed, "", sums[v])
	}
	for _, id := range []string{"policy-1", "policy-2", "policy-3"} {
		r.ends(id)
	}
	r.tick()
	if d := cmp.Diff(want, r.paths); d != "" {
		r.Errorf("when all are complete (-want +got):\n%s", d)
	}
}

// TestAimRetired: a retired box is drawn into no wave, whatever aims at it, and one that is retired on the way leaves the waves of an office to the others.
func TestAimRetired(t *testing.T) { both(t, testAimRetired) }
func testAimRetired(r *rig) {
	sum := r.release("1", 1)
	r.enrol("a", "b", "gone")
	if err := r.db.RetireBox(r.Context(), "gone"); err != nil {
		r.Fatal(err)
	}
	r.d.listen(r.now)
	r.rollout("1", rollout.Aim{Boxes: []string{"a", "b"}})
	r.tick()
	if err := r.db.RetireBox(r.Context(), "b"); err != nil {
		r.Fatal(err)
	}
	r.says("a", update.Committed, "", sum)
	r.ends("policy-1")
	ro, _ := r.read("policy-1")
	if ro.Members["gone"] != nil || len(ro.Laggards()) != 0 || ro.Members["b"].State != rollout.Retired || len(r.paths["gone"]) != 0 {
		r.Errorf("laggards %v, b is %s, the retired box was told %v", ro.Laggards(), ro.Members["b"].State, r.paths["gone"])
	}
}

// TestOtherBoard: a box whose board becomes known while the rollout runs, and is none of the release's, is let go. It is no failure, and is told what it had.
func TestOtherBoard(t *testing.T) { both(t, testOtherBoard) }
func testOtherBoard(r *rig) {
	one, two := r.release("1", 1), r.release("2", 2)
	r.enrol("big", "small", "shy")
	r.d.listen(r.now)
	r.rollout("1")
	r.tick()
	for _, id := range []string{"big", "small", "shy"} {
		r.says(id, update.Committed, "", one)
	}
	r.ends("policy-1")
	ro := r.draft("2")
	ro.Plan.Boards = []string{"rpi4"}
	for _, err := range []error{ro.Approve(rollout.Person{Name: "b", By: rollout.ByAccount}, r.now), ro.Start("a", r.now)} {
		if err != nil {
			r.Fatal(err)
		}
	}
	r.put(ro, 0)
	r.tick()
	r.speaks("small", "rpizero2w", one)
	r.says("shy", update.Failed, "refused.hardware", one)
	r.speaks("big", "rpi4", two)
	r.ends("policy-2")
	ro, _ = r.read("policy-2")
	if ro.Members["small"].State != rollout.Unfit || ro.Members["shy"].State != rollout.Unfit || len(ro.Unwell()) != 0 {
		r.Errorf("small is %s, shy is %s, unwell %v", ro.Members["small"].State, ro.Members["shy"].State, ro.Unwell())
	}
	want := map[string][]string{"big": {"policy/2/manifest.json"}, "small": {"policy/1/manifest.json"}, "shy": {"policy/1/manifest.json"}}
	r.tick()
	if d := cmp.Diff(want, r.paths); d != "" {
		r.Errorf("assigned (-want +got):\n%s", d)
	}
}

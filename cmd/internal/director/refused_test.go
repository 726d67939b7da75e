// SPDX-License-Identifier: Apache-2.0

package director

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// TestRefusedOrders: somebody at the broker sends a box assignments that are none of its own. It says so, and its rollout goes on.
func TestRefusedOrders(t *testing.T) { both(t, testRefusedOrders) }

func testRefusedOrders(r *rig) {
	sum := r.release("1", 1)
	r.enrol("a")
	r.d.listen(r.now)
	r.rollout("1")
	r.tick()
	r.d.hear("a", "reported", fmt.Appendf(nil, `{"update":{"state":"waiting","kind":"policy","gen":%d,"refused":"assignment"}}`, r.gens["a"]), false)
	r.tick()
	if ro, _ := r.read("policy-1"); ro.Members["a"].State != rollout.Working {
		r.Errorf("a is %s %s, want working", ro.Members["a"].State, ro.Members["a"].Code)
	}
	r.says("a", update.Committed, "", sum)
	r.tick()
	if ro, _ := r.read("policy-1"); ro.Members["a"].State != rollout.Done {
		r.Errorf("a is %s", ro.Members["a"].State)
	}
}

// TestRetiredBox: a box that is retired on the way does not hold its rollout, and is told nothing more.
func TestRetiredBox(t *testing.T) { both(t, testRetiredBox) }

func testRetiredBox(r *rig) {
	sum := r.release("1", 1)
	r.enrol("a", "b")
	r.d.listen(r.now)
	r.rollout("1")
	r.tick()
	if err := r.db.RetireBox(r.Context(), "b"); err != nil {
		r.Fatal(err)
	}
	delete(r.paths, "b")
	r.says("a", update.Committed, "", sum)
	for range 3 {
		r.now = r.now.Add(time.Minute)
		r.tick()
	}
	ro, _ := r.read("policy-1")
	if ro.Phase != rollout.Complete || len(ro.Laggards()) != 0 || len(r.paths["b"]) != 0 {
		r.Errorf("%s, laggards %v, b was told %v", ro.Phase, ro.Laggards(), r.paths["b"])
	}
}

// TestForgedApproval: somebody writes an approval into the database. With keys the director sees that nobody signed it.
func TestForgedApproval(t *testing.T) { both(t, testForgedApproval) }

func testForgedApproval(r *rig) {
	r.enrol("a")
	r.d.listen(r.now)
	byRole := map[string]ed25519.PrivateKey{}
	var ids []string
	err := r.depot.With(nil, func(repo *signer.Repository) error {
		for _, s := range repo.States() {
			for _, k := range r.keys {
				id, err := signer.KeyID(k)
				if err != nil {
					return err
				}
				if s.Name == "policy" && slices.Contains(s.KeyIDs, id) {
					byRole[id] = k.(ed25519.PrivateKey)
					ids = append(ids, id)
				}
			}
		}
		return nil
	})
	if err != nil || len(ids) < 2 {
		r.Fatal(err, ids)
	}
	for version, signed := range map[string]bool{"1": false, "2": true} {
		r.release(version, uint64(len(version)))
		ro := r.draft(version)
		ro.Plan.Author = rollout.Person{Name: ids[0], By: rollout.ByKey}
		sign := func(id, act string) {
			text, err := ro.Statement(act)
			if err != nil {
				r.Fatal(err)
			}
			ro.Signed = append(ro.Signed, rollout.Signature{Key: id, Act: act, Sig: ed25519.Sign(byRole[id], text)})
		}
		sign(ids[0], rollout.Drafting)
		if err := ro.Approve(rollout.Person{Name: ids[1], By: rollout.ByKey}, r.now); err != nil {
			r.Fatal(err)
		}
		if signed {
			sign(ids[1], rollout.Approving)
		}
		if err := ro.Start("x", r.now); err != nil {
			r.Fatal(err)
		}
		r.put(ro, 0)
		r.tick()
		got, _ := r.read(ro.Plan.ID)
		offered := slices.Contains(r.paths["a"], "policy/"+version+"/manifest.json")
		if got.Final() == signed || offered != signed {
			r.Errorf("signed %v: %s (%s), a was told %v", signed, got.Phase, got.Reason, r.paths["a"])
		}
	}
}

// TestStranger: what a box says just before the director reads that it was enrolled counts: it may say nothing more for hours. Who never becomes a box costs little.
func TestStranger(t *testing.T) { both(t, testStranger) }

func testStranger(r *rig) {
	r.tick()
	r.d.listen(r.now)
	r.online("new", 3)
	r.d.hear("new", "reported", []byte(`{"update":{"state":"idle"},"cases":5}`), false)
	for n := range 2 * maxStrangers {
		r.online(fmt.Sprint("other-", n), 1)
	}
	if n := len(r.d.strangers); n > maxStrangers {
		r.Errorf("%d strangers are remembered, want at most %d", n, maxStrangers)
	}
	if err := r.db.EnrolBox(r.Context(), "new", "g01"); err != nil {
		r.Fatal(err)
	}
	r.tick()
	if v := r.d.voices["new"]; v == nil || !v.online || v.session != 3 || v.said.Cases != 5 {
		r.Errorf("%+v, want it online", v)
	}
	boxes, err := r.db.Boxes(r.Context())
	if err != nil || len(boxes) != 1 || boxes[0].Heard.IsZero() || len(boxes[0].Reported) == 0 {
		r.Errorf("%+v %v, want it heard of", boxes, err)
	}
}

// SPDX-License-Identifier: Apache-2.0

package director

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/wipe"
	"madoguchi/device/update"
)

func account(name string) rollout.Person { return rollout.Person{Name: name, By: rollout.ByAccount} }

// wipes gives an order to wipe a box.
func (r *rig) wipes(id string) *wipe.Order {
	r.Helper()
	o := wipe.New(id, "", account("a"), "moves", r.now, wipe.Life)
	if err := wipe.Put(r.Context(), r.db, wipe.Kept{Order: o}); err != nil {
		r.Fatal(err)
	}
	r.tick()
	return o
}

// change changes a box's order, and lets the director act.
func (r *rig) change(id string, do func(*wipe.Order)) *wipe.Order {
	r.Helper()
	o, err := wipe.Change(r.Context(), r.db, id, false, func(k *wipe.Kept) error { do(k.Order); return nil })
	if err != nil {
		r.Fatal(err)
	}
	r.tick()
	return o
}

func (r *rig) order(id string) *wipe.Order { return r.change(id, func(*wipe.Order) {}) }

// follows is a box that says that it knows its newest assignment.
func (r *rig) follows(id string) {
	r.Helper()
	s := update.Status{State: update.Idle, Gen: r.gens[id]}
	if w := r.told[id].Wipe; w != nil {
		s.Wipe = &update.WipeStatus{Serial: w.Serial, Code: "unsent"}
	}
	raw, err := json.Marshal(map[string]any{"update": s})
	if err != nil {
		r.Fatal(err)
	}
	r.d.hear(id, "reported", raw, false)
	r.tick()
}

func (r *rig) box(id string) store.Box {
	r.Helper()
	boxes, err := r.db.Boxes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, b := range boxes {
		if b.ID == id {
			return b
		}
	}
	r.Fatalf("no box %s", id)
	return store.Box{}
}

// TestWipe: an order goes out once, with every later assignment, and is renewed by no tick; the last word of the box for this order takes it out of the fleet, revokes its certificate and
// takes its orders from the broker; the audit log says what was lost.
func TestWipe(t *testing.T) { both(t, testWipe) }

func testWipe(r *rig) {
	first := store.Certificate{Serial: "1", Device: "a1", DER: []byte{1}, Until: r.now.AddDate(1, 0, 0)}
	if err := r.db.AddProvision(r.Context(), store.Provision{Serial: "p", Device: "a1", Secret: []byte{1}, Expires: r.now.AddDate(0, 0, 7)}, "g01", first); err != nil {
		r.Fatal(err)
	}
	r.enrol("b1")
	r.online("a1", 1)
	o := r.wipes("a1")
	w, gen := r.told["a1"].Wipe, r.gens["a1"]
	if w == nil || w.Serial != o.Serial || w.EvenUnsent || !w.Until.Equal(o.Until) || r.told["b1"].Wipe != nil {
		r.Fatalf("told %+v, the other %+v", w, r.told["b1"].Wipe)
	}
	if state, _ := r.order("a1").State(update.Status{}, r.now); state != "ordered" || r.gens["a1"] != gen {
		r.Errorf("%s, generation %d after %d", state, r.gens["a1"], gen)
	}
	r.follows("a1")
	r.release("17", 17)
	r.rollout("17")
	r.d.listen(r.now)
	r.tick()
	if w := r.told["a1"].Wipe; w == nil || w.Serial != o.Serial || r.gens["a1"] != gen+1 || r.told["a1"].Wave == "" {
		r.Errorf("with a rollout it is told %+v", r.told["a1"])
	}
	word := func(serial string) []byte {
		return fmt.Appendf(nil, `{"s":"madoguchi.reported/1","wiped":{"serial":%q,"lost":0,"kept":2,"claims":0}}`, serial)
	}
	r.d.hear("a1", "reported", word(strings.Repeat("00", 16)), false)
	if r.tick(); r.box("a1").Retired {
		r.Error("another order's last word counts")
	}
	r.d = r.director() // which dies between hearing and noting
	r.d.hear("a1", "reported", word(o.Serial), true)
	r.tick()
	r.d.hear("a1", "reported", word(o.Serial), true) // a stranger's until the first tick
	r.tick()
	if !r.box("a1").Retired || r.box("b1").Retired {
		r.Error("it is not out of the fleet")
	}
	certs, err := r.db.Certificates(r.Context(), "a1")
	if err != nil || len(certs) != 1 || certs[0].Revoked.IsZero() {
		r.Errorf("certificates %+v, %v", certs, err)
	}
	if d := r.cleared["a1"]; !d {
		r.Error("its assignment stays with the broker")
	}
	if got := r.audit(); !strings.Contains(got, "wiped a1 lost 0 records and 0 claims that city hall does not have; 2 records were in no backup of city hall; ordered by a") {
		r.Errorf("audit log:\n%s", got)
	}
}

// TestWipeCancelled: an order that is taken back, or is past its end, goes from the box's assignment; one whose box had begun all the same ends as wiped.
func TestWipeCancelled(t *testing.T) { both(t, testWipeCancelled) }

func testWipeCancelled(r *rig) {
	r.enrol("a1", "b1")
	r.wipes("a1")
	o := r.wipes("b1")
	r.follows("b1")
	cancelled := func(o *wipe.Order) { o.Cancelled = &wipe.Act{By: "c", At: r.now} }
	if state, _ := r.change("b1", cancelled).State(r.d.voices["b1"].said.Status, r.now); state != "cancelling" || r.told["b1"].Wipe != nil {
		r.Errorf("%s, told %+v", state, r.told["b1"].Wipe)
	}
	r.follows("b1")
	if state, _ := r.order("b1").State(r.d.voices["b1"].said.Status, r.now); state != "cancelled" {
		r.Error(state)
	}
	gen := r.gens["b1"]
	if r.tick(); r.gens["b1"] != gen {
		r.Error("it is told again and again")
	}
	r.d.hear("b1", "reported", fmt.Appendf(nil, `{"wiped":{"serial":%q,"lost":1}}`, o.Serial), false)
	if r.tick(); !r.box("b1").Retired || !strings.Contains(r.audit(), "it had begun when it was cancelled") {
		r.Error("a box that had begun is still of the fleet")
	}
	r.now = r.now.Add(wipe.Life + time.Hour)
	if r.tick(); r.told["a1"].Wipe != nil {
		r.Error("an order past its end is still told")
	}
}

// TestWipeEvenUnsent: the override is told when a second person has approved it, and not one that somebody has written into the database.
func TestWipeEvenUnsent(t *testing.T) { both(t, testWipeEvenUnsent) }

func testWipeEvenUnsent(r *rig) {
	r.enrol("a1")
	r.wipes("a1")
	told := func(want bool, when string) {
		r.Helper()
		if w := r.told["a1"].Wipe; w == nil || w.EvenUnsent != want {
			r.Errorf("%s: told %+v", when, w)
		}
	}
	r.change("a1", func(o *wipe.Order) { o.Override = &wipe.Override{By: account("a"), At: r.now} })
	told(false, "asked for")
	r.change("a1", func(o *wipe.Order) {
		if o.Approve(account("a"), r.now) == nil || o.Approve(rollout.Person{Name: "k", By: rollout.ByKey}, r.now) == nil {
			r.Error("one person approves, or one proved otherwise")
		}
		o.Override.Approver, o.Override.Approved = account("a"), r.now
	})
	told(false, "approved by the same")
	r.change("a1", func(o *wipe.Order) {
		o.Override = &wipe.Override{By: rollout.Person{Name: "k1", By: rollout.ByKey}, Approver: rollout.Person{Name: "k2", By: rollout.ByKey}, Approved: r.now,
			Signed: []rollout.Signature{{Key: "k1", Act: rollout.Drafting, Sig: []byte("x")}}}
	})
	told(false, "signed by nobody")
	r.change("a1", func(o *wipe.Order) {
		o.Override = &wipe.Override{By: account("a"), At: r.now}
		if err := o.Approve(account("b"), r.now); err != nil {
			r.Error(err)
		}
	})
	told(true, "approved")
}

// SPDX-License-Identifier: Apache-2.0

package director

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/pgtest"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/store"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// rig is a director over a real database and a real depot, with a clock of the test's and without a broker: boxes speak through hear, and what they are told is what tick
// returns.
type rig struct {
	*testing.T
	dsn   string
	db    *store.Store
	depot *depot.Depot
	keys  []signer.Key
	d     *Director
	now   time.Time
	told  map[string]update.Order // newest assignment of each box
	gens  map[string]int64
	paths map[string][]string

	cleared map[string]bool // boxes whose assignment was taken from the broker
}

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, test func(r *rig)) {
	for name, dsn := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "cityhall.db") },
		"postgres": func(t *testing.T) string { return pgtest.Database(t) },
	} {
		t.Run(name, func(t *testing.T) { test(newRig(t, dsn(t))) })
	}
}

func newRig(t *testing.T, dsn string) *rig {
	t.Helper()
	r := &rig{T: t, dsn: dsn, now: time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC), told: map[string]update.Order{}, gens: map[string]int64{}, paths: map[string][]string{}, cleared: map[string]bool{}}
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		var role signer.Role
		for range map[string]int{string(update.Policy): 3}[name] + 1 {
			_, k, err := ed25519.GenerateKey(rand.Reader)
			if err != nil {
				t.Fatal(err)
			}
			role.Keys = append(role.Keys, k)
			r.keys = append(r.keys, k)
		}
		role.Threshold = 1
		roles[name] = role
	}
	var err error
	if r.depot, err = depot.Create(filepath.Join(t.TempDir(), "nabari"), "nabari", roles, r.now, nil); err != nil {
		t.Fatal(err)
	}
	r.db = r.open()
	r.d = r.director()
	return r
}

func (r *rig) open() *store.Store {
	r.Helper()
	db, err := store.Open(r.Context(), r.dsn, store.Opts{DigestKey: []byte(strings.Repeat("k", 32)), Now: func() time.Time { return r.now }})
	if err != nil {
		r.Fatal(err)
	}
	r.Cleanup(func() {
		if _, _, err := db.VerifyAudit(r.T.Context()); err != nil && r.T.Context().Err() == nil {
			r.Error(err)
		}
		if err := db.Close(); err != nil {
			r.Error(err)
		}
	})
	return db
}

// director is a fresh one over the same database: what a start after a kill is.
func (r *rig) director() *Director {
	r.Helper()
	d, err := New(Opts{Store: r.db, Depot: r.depot, Keys: r.keys, Now: func() time.Time { return r.now }})
	if err != nil {
		r.Fatal(err)
	}
	return d
}

// release signs a policy of a version.
func (r *rig) release(version string, seq uint64) update.Digest {
	r.Helper()
	var sum update.Digest
	err := r.depot.With(r.keys, func(repo *signer.Repository) error {
		m, err := repo.Release("policy/"+version+"/manifest.json", update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", Version: version, Seq: seq,
			NotBefore: r.now, Expires: r.now.AddDate(1, 0, 0)}, strings.NewReader("rules of "+version))
		if err != nil {
			return err
		}
		sum = m.SHA256
		return repo.Publish(r.now)
	})
	if err != nil {
		r.Fatal(err)
	}
	return sum
}

// enrol adds boxes, one office each, and lets them be heard.
func (r *rig) enrol(ids ...string) {
	r.Helper()
	for _, id := range ids {
		if err := r.db.EnrolBox(r.Context(), id, "at-"+id); err != nil {
			r.Fatal(err)
		}
	}
	r.tick()
	for _, id := range ids {
		r.online(id, 1)
	}
}

func (r *rig) online(id string, session uint64) {
	r.d.hear(id, "presence", fmt.Appendf(nil, `{"online":true,"session":%d}`, session), false)
}

// draft draws up a plan of one wave, for all or for some.
func (r *rig) draft(version string, aim ...rollout.Aim) *rollout.Rollout {
	r.Helper()
	boxes, err := r.db.Boxes(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	var fleet []rollout.Device
	for _, b := range boxes {
		if !b.Retired {
			fleet = append(fleet, rollout.Device{ID: b.ID, Office: b.Office})
		}
	}
	p := rollout.Plan{ID: "policy-" + version, Kind: "policy", Path: "policy/" + version + "/manifest.json", Version: version, Author: rollout.Person{Name: "a", By: rollout.ByAccount}, Waves: []rollout.Wave{{Name: "all", Percent: 100}}}
	if len(aim) > 0 {
		p.Aim = aim[0]
	}
	ro, err := rollout.New(p, fleet, r.now)
	if err != nil {
		r.Fatal(err)
	}
	return ro
}

// rollout draws up a plan and starts it.
func (r *rig) rollout(version string, aim ...rollout.Aim) *rollout.Rollout {
	r.Helper()
	ro := r.draft(version, aim...)
	if err := ro.Approve(rollout.Person{Name: "b", By: rollout.ByAccount}, r.now); err != nil {
		r.Fatal(err)
	}
	if err := ro.Start("a", r.now); err != nil {
		r.Fatal(err)
	}
	r.put(ro, 0)
	return ro
}

func (r *rig) put(ro *rollout.Rollout, rev int64) {
	r.Helper()
	doc, err := json.Marshal(ro)
	if err != nil {
		r.Fatal(err)
	}
	if err := r.db.PutRollout(r.Context(), store.Rollout{ID: ro.Plan.ID, Rev: rev, Final: ro.Final(), Doc: doc}); err != nil {
		r.Fatal(err)
	}
}

// read is a rollout as the database has it.
func (r *rig) read(id string) (*rollout.Rollout, int64) {
	r.Helper()
	rows, err := r.db.Rollouts(r.Context(), true)
	if err != nil {
		r.Fatal(err)
	}
	for _, row := range rows {
		if row.ID == id {
			ro := new(rollout.Rollout)
			if err := json.Unmarshal(row.Doc, ro); err != nil {
				r.Fatal(err)
			}
			return ro, row.Rev
		}
	}
	r.Fatalf("no rollout %s", id)
	return nil, 0
}

// tick lets the director act, and every box take what it is told.
func (r *rig) tick() {
	r.Helper()
	r.tickOf(r.d)
}

func (r *rig) tickOf(d *Director) {
	r.Helper()
	out, err := d.tick(r.Context())
	if err != nil {
		r.Fatal(err)
	}
	for _, o := range out {
		if o.raw == nil {
			r.cleared[o.device] = true
			continue
		}
		var doc struct {
			Signed struct {
				Version int64
				Order   update.Order `json:"madoguchi"`
				Targets map[string]any
			}
		}
		if err := json.Unmarshal(o.raw, &doc); err != nil {
			r.Fatal(err)
		}
		if doc.Signed.Version < r.gens[o.device] {
			r.Errorf("%s is told generation %d after %d", o.device, doc.Signed.Version, r.gens[o.device])
		}
		if doc.Signed.Order.Device != o.device {
			r.Errorf("%s is sent the order of %s", o.device, doc.Signed.Order.Device)
		}
		r.told[o.device], r.gens[o.device], r.paths[o.device] = doc.Signed.Order, doc.Signed.Version, nil
		for path := range doc.Signed.Targets {
			r.paths[o.device] = append(r.paths[o.device], path)
		}
	}
}

// says is what a box reports of the policy that it was told.
func (r *rig) says(id string, s update.State, code string, runs update.Digest) {
	r.Helper()
	status := update.Status{State: s, Kind: update.Policy, Code: code, Gen: r.gens[id], Installed: map[update.Kind]update.Installed{update.Policy: {Seq: 1, SHA256: runs}}}
	raw, err := json.Marshal(map[string]any{"update": status, "cases": 2})
	if err != nil {
		r.Fatal(err)
	}
	r.d.hear(id, "reported", raw, false)
}

// audit is the audit log, a line each.
func (r *rig) audit() string {
	r.Helper()
	list, err := r.db.Audits(r.Context(), 100)
	if err != nil {
		r.Fatal(err)
	}
	var all strings.Builder
	for _, l := range list {
		fmt.Fprintln(&all, l.Who, l.Action, l.What)
	}
	return all.String()
}

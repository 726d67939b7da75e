// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/cmd/internal/crowd"
	"madoguchi/cmd/internal/depot"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// victim is a city with one box, and the way between them in the attacker's hands. Time is that of a synctest bubble.
type victim struct {
	*testing.T
	roles  map[string]signer.Role
	keys   []signer.Key
	depot  *depot.Depot
	log    *signer.LogSigner
	box    *desk
	gen    int64
	told   []byte                                                // the newest assignment: the broker keeps it for a box that comes back
	mirror func(w update.Want, honest update.Part) []update.Part // nil: honest
	clock  func() update.Moment
	full   func() bool // the box's store has no room
}

const boxName = "box-1"

// newVictim has released policy 1, which the box runs.
func newVictim(t *testing.T) *victim {
	v := &victim{T: t, roles: map[string]signer.Role{}, full: func() bool { return false }}
	v.clock = func() update.Moment { return update.Moment{At: time.Now(), Trusted: true} }
	for _, name := range signer.Roles {
		n, needed := 1, 1
		if name == "policy" || name == "root" {
			n, needed = 3, 2
		}
		role := signer.Role{Threshold: needed}
		for range n {
			role.Keys = append(role.Keys, v.key())
		}
		v.roles[name] = role
		v.keys = append(v.keys, role.Keys...)
	}
	var err error
	if v.log, err = signer.NewLogSigner("madoguchi/nabari", v.key()); err != nil {
		t.Fatal(err)
	}
	if v.depot, err = depot.Create(filepath.Join(t.TempDir(), "nabari"), "nabari", v.roles, time.Now(), nil); err != nil {
		t.Fatal(err)
	}
	root, err := v.depot.Root()
	if err != nil {
		t.Fatal(err)
	}
	v.box = &desk{v: v, root: root, store: &crowd.Shelf{}, dir: t.TempDir()}
	v.release("1", 1, nil)
	v.box.start()
	v.assign("1")
	v.settle()
	if got := v.box.installed(); got != "policy 1" {
		t.Fatalf("before the attack the box runs %q: %+v", got, v.box.said())
	}
	return v
}

func (v *victim) key() ed25519.PrivateKey {
	_, k, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		v.Fatal(err)
	}
	return k
}

func path(version string) string { return "policy/" + version + "/manifest.json" }

// release publishes a policy whose payload is its name, 200 KiB of it.
func (v *victim) release(version string, seq uint64, change func(*update.Manifest)) {
	v.Helper()
	if err := v.tryRelease(v.keys, version, seq, change); err != nil {
		v.Fatal(err)
	}
}

func payloadOf(version string) []byte {
	return bytes.Repeat([]byte("policy "+version+"\n"), 20<<10)
}

func (v *victim) tryRelease(keys []signer.Key, version string, seq uint64, change func(*update.Manifest)) error {
	return v.depot.With(keys, func(r *signer.Repository) error {
		r.UseLog(signer.NewLog(v.log, v.depot.Get, v.depot.Put))
		now := time.Now()
		m := update.Manifest{Schema: update.ManifestSchema, Kind: update.Policy, Product: "counter", City: "nabari", Version: version, Seq: seq, NotBefore: now, Expires: now.AddDate(1, 0, 0)}
		if change != nil {
			change(&m)
		}
		if _, err := r.Release(path(version), m, bytes.NewReader(payloadOf(version))); err != nil {
			return err
		}
		return r.Publish(now)
	})
}

// assign signs the next assignment and hands it to the box.
func (v *victim) assign(version string) {
	v.Helper()
	v.gen++
	v.told = v.sign(v.gen, boxName, version)
	v.box.agent.Desired(v.told)
}

func (v *victim) sign(gen int64, device, version string) (raw []byte) {
	v.Helper()
	if err := v.depot.With(v.keys, func(r *signer.Repository) (err error) {
		raw, err = r.Assign(gen, update.Order{Device: device}, []string{path(version)}, time.Now().AddDate(0, 0, 30))
		return err
	}); err != nil {
		v.Fatal(err)
	}
	return raw
}

// settle lets a day pass, in which the box does all that it is going to do.
func (v *victim) settle() {
	time.Sleep(24 * time.Hour)
	synctest.Wait()
}

// renew is what the city does every day.
func (v *victim) renew() {
	v.Helper()
	if err := v.depot.With(v.keys, func(r *signer.Repository) error { return r.Publish(time.Now()) }); err != nil {
		v.Fatal(err)
	}
}

// frozen is a copy of the depot as it is now.
func (v *victim) frozen() *depot.Depot {
	v.Helper()
	dir := filepath.Join(v.TempDir(), "copy")
	if err := os.CopyFS(dir, os.DirFS(filepath.Dir(v.depot.Keys()))); err != nil {
		v.Fatal(err)
	}
	d, err := depot.Open(dir)
	if err != nil {
		v.Fatal(err)
	}
	return d
}

// serve answers from another depot.
func (v *victim) serve(d *depot.Depot) {
	v.mirror = func(w update.Want, _ update.Part) []update.Part {
		p, err := d.Part(w)
		if err != nil {
			v.Error(err)
		}
		return []update.Part{p}
	}
}

// desk is the box: the firmware's agent with a policy that is a file.
type desk struct {
	v     *victim
	root  []byte
	dir   string
	store *crowd.Shelf
	agent *update.Agent
	stop  func()

	mu      sync.Mutex
	status  update.Status
	codes   []string
	policy  []byte // in force
	before  []byte
	trial   bool
	refuses map[string]error // steps that fail: "install", "activate", "commit"
	late    time.Duration    // until an answer comes
}

// Load and Save are the store of the box, which may be full.
func (d *desk) Load(name string) ([]byte, error) { return d.store.Load(name) }

func (d *desk) Save(name string, raw []byte) error {
	if d.v.full() {
		return errors.New("no space left on device")
	}
	return d.store.Save(name, raw)
}

func (d *desk) Check(_ context.Context, path string, m update.Manifest) error {
	raw, err := os.ReadFile(path)
	if err == nil && update.Sum(raw) != m.SHA256 {
		err = errors.New("another payload")
	}
	return err
}

func (d *desk) Install(context.Context, string, update.Manifest) error { return d.refuses["install"] }

func (d *desk) Activate(_ context.Context, m update.Manifest) error {
	if err := d.refuses["activate"]; err != nil {
		return err
	}
	raw, err := os.ReadFile(filepath.Join(d.dir, m.SHA256.String()))
	if err != nil {
		return err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.before, d.policy = d.policy, raw
	d.trial = true
	return nil
}

func (d *desk) Running(context.Context) (update.Digest, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return update.Sum(d.policy), nil
}

func (d *desk) Probe(context.Context, update.Health) error { return nil }

func (d *desk) Commit(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	err := d.refuses["commit"]
	d.trial = d.trial && err != nil
	return err
}

func (d *desk) Revert(context.Context) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.trial { // else it was not put in force
		d.policy, d.trial = d.before, false
	}
	return nil
}

// installed is the first line of the policy in force.
func (d *desk) installed() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	line, _, _ := bytes.Cut(d.policy, []byte("\n"))
	return string(line)
}

// said are the codes that the box has reported, and what it said last.
func (d *desk) said() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.codes
}

func (d *desk) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.codes = nil
}

// start opens the box; it lives until the test ends or stop.
func (d *desk) start() {
	d.v.Helper()
	public, err := update.OpenLog(d.v.log.Public(), d)
	if err != nil {
		d.v.Fatal(err)
	}
	ctx, cancel := context.WithCancel(d.v.Context())
	d.agent, err = update.NewAgent(update.AgentOpts{
		Device: boxName, Root: d.root, Store: d, Dir: d.dir, Public: public,
		Box:        update.Box{Product: "counter", Hardware: "rpi4", City: "nabari"},
		Installers: map[update.Kind]update.Installer{update.Policy: d},
		Now:        func() update.Moment { return d.v.clock() },
		Hold:       func(update.Kind) (func(), bool) { return func() {}, true },
		Send: func(w update.Want) error {
			var parts []update.Part
			for _, one := range w.Each() {
				honest, err := d.v.depot.Part(one)
				switch {
				case err != nil:
					return err
				case d.v.mirror == nil:
					parts = append(parts, honest)
				default:
					parts = append(parts, d.v.mirror(one, honest)...)
				}
			}
			late := d.late
			go func() {
				time.Sleep(late)
				for _, p := range parts {
					body, err := p.Encode()
					if err != nil {
						continue
					}
					if d.agent.Part(body) != nil {
						return
					}
				}
			}()
			return nil
		},
		Changed: func(s update.Status) {
			d.mu.Lock()
			defer d.mu.Unlock()
			d.status = s
			for _, code := range []string{s.Code, s.Refused} {
				if code != "" {
					d.codes = append(d.codes, code)
				}
			}
		},
	})
	if err != nil {
		d.v.Fatal(err)
	}
	if d.v.told != nil {
		d.agent.Desired(d.v.told)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		_ = d.agent.Run(ctx) // ends by its context, or by a full disk: then the box starts again
	}()
	d.stop = func() { cancel(); <-done }
}

// restart is a power cut.
func (d *desk) restart() {
	d.stop()
	d.start()
}

// attacked runs a test in a bubble of time, and stops the box at its end.
func attacked(t *testing.T, f func(v *victim)) {
	synctest.Test(t, func(t *testing.T) {
		v := newVictim(t)
		defer func() { v.box.stop() }()
		f(v)
	})
}

// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/firmware"
	"madoguchi/device/slots"
	"madoguchi/device/update"
	"madoguchi/device/update/signer"
)

// memory is the agent's store, and the city's depot.
type memory map[string][]byte

func (m memory) Load(name string) ([]byte, error)   { return m[name], nil }
func (m memory) Save(name string, raw []byte) error { m[name] = bytes.Clone(raw); return nil }
func (m memory) put(name string, raw []byte) error  { m[name] = bytes.Clone(raw); return nil }
func (m memory) part(w update.Want) (p update.Part) {
	blob, ok := m[w.Name]
	p = update.Part{Name: w.Name, Offset: w.Offset, Size: uint64(len(blob)), Absent: !ok}
	if ok && w.Offset <= p.Size {
		p.Data = blob[w.Offset:min(p.Size, w.Offset+uint64(w.Len))]
	}
	return p
}

// unwell is an installer whose new firmware does not do what the one before did.
type unwell struct {
	update.Installer
	sick bool
}

func (u *unwell) Probe(ctx context.Context, h update.Health) error {
	if u.sick {
		return errors.New("reader: worked before")
	}
	return u.Installer.Probe(ctx, h)
}

// branch is a box with its agent, and the city that assigns.
type branch struct {
	*box
	repo         *signer.Repository
	depot, store memory
	now          time.Time
	gen          int64

	mu   sync.Mutex
	says []string
	slot *firmware.Slots
}

func newBranch(t *testing.T) *branch {
	t.Helper()
	r := &branch{box: newBox(t, nil), depot: memory{}, store: memory{}, now: time.Date(2026, 11, 22, 3, 0, 0, 0, time.UTC)}
	roles := map[string]signer.Role{}
	for _, name := range signer.Roles {
		_, key, err := ed25519.GenerateKey(nil)
		r.must(err)
		roles[name] = signer.Role{Keys: []signer.Key{key}, Threshold: 1}
	}
	var err error
	r.repo, err = signer.New(roles, r.now, r.depot.put)
	r.must(err)
	r.must(os.Mkdir(r.at("ask"), 0o700))
	return r
}

// release signs a bundle as a version, and takes it away from where the box would look: it has to fetch it.
func (r *branch) release(version, sum string, seq uint64) string {
	r.t.Helper()
	file := filepath.Join(r.at("bundles"), sum)
	payload, err := os.ReadFile(file)
	r.must(err)
	r.must(os.Remove(file))
	path := "firmware/" + version + "/bench.json"
	_, err = r.repo.Release(path, update.Manifest{Schema: update.ManifestSchema, Kind: update.Firmware, Product: "counter", Version: version, Seq: seq,
		Health: update.Health{Profile: "full", WithinS: 1, MaxBoots: 3}, NotBefore: r.now.Add(-time.Hour), Expires: r.now.AddDate(1, 0, 0)}, bytes.NewReader(payload))
	r.must(err)
	r.must(r.repo.Publish(r.now))
	return path
}

// runs is one life of the box's program: until it asks for a start of the board, or has said one of the states.
func (r *branch) runs(desired []byte, sick bool, until ...update.State) error {
	r.t.Helper()
	r.slot = firmware.New(r.Client, firmware.Opts{Dir: r.dir, Ask: r.at("ask"), Why: r.at("why"), Down: 10 * time.Millisecond, Again: 10 * time.Millisecond, Step: 20 * time.Second})
	ctx, stop := context.WithTimeout(r.t.Context(), time.Minute)
	defer stop()
	var a *update.Agent
	a, err := update.NewAgent(update.AgentOpts{
		Device: "box1", Root: r.depot["root/1"], Store: r.store, Dir: r.at("bundles"), Box: update.Box{Product: "counter"},
		Installers: map[update.Kind]update.Installer{update.Firmware: &unwell{r.slot, sick}},
		Send: func(w update.Want) error {
			for _, one := range w.Each() {
				body, err := r.depot.part(one).Encode()
				if err != nil {
					return err
				}
				if err := a.Part(body); err != nil {
					return err
				}
			}
			return nil
		},
		Now:  func() update.Moment { return update.Moment{At: r.now, Trusted: true} },
		Hold: func(update.Kind) (func(), bool) { return func() {}, true },
		Changed: func(s update.Status) {
			r.mu.Lock()
			defer r.mu.Unlock()
			if s.Gen != r.gen || ctx.Err() != nil { // the one before is looked at first, or not
				return
			}
			r.says = append(r.says, strings.TrimSpace(string(s.State)+" "+s.Version+" "+s.Code))
			for _, u := range until {
				if s.State == u {
					stop()
				}
			}
		},
		Poll: 10 * time.Millisecond,
	})
	r.must(err)
	if desired != nil {
		a.Desired(desired)
	}
	return a.Run(ctx)
}

// assigned is the assignment of a release.
func (r *branch) assigned(path string) []byte {
	r.t.Helper()
	r.gen++
	raw, err := r.repo.Assign(r.gen, update.Order{Device: "box1"}, []string{path}, r.now.AddDate(0, 1, 0))
	r.must(err)
	return raw
}

// starts does what the units and the board's firmware do with the start that the box has asked for. dead: the slot on trial does not come up.
func (r *branch) starts(err error, dead bool) {
	r.t.Helper()
	if !errors.Is(err, update.ErrReboot) {
		r.t.Fatalf("the agent ends with %v, want a start of the board; it said %q", err, r.says)
	}
	asked := make(chan string, 1)
	go func() { // the unit that waits for the file
		for {
			for _, name := range []string{"trial", "restart"} {
				if _, err := os.Stat(filepath.Join(r.at("ask"), name)); err == nil {
					asked <- name
					return
				}
			}
		}
	}()
	if err := r.slot.Restart(r.t.Context()); err == nil {
		r.t.Error("a board that does not go down is not noticed")
	}
	which := <-asked
	s := r.slots()
	force, err := s.InForce()
	r.must(err)
	if which == "trial" {
		next, err := s.Primary()
		r.must(err)
		r.must(s.Arm())
		if !dead {
			r.boot(string(next), true)
			return
		}
	}
	r.boot(string(force), false)
	why, err := r.slots().Settle()
	r.must(err)
	r.write("why", why+"\n", 0o644)
}

// said takes what the box has told since the last look.
func (r *branch) said(want ...string) {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if diff := cmp.Diff(want, r.says); diff != "" {
		r.t.Errorf("the box says (-want +got):\n%s", diff)
	}
	r.says = nil
}

// TestUpdate goes from an assignment to a slot in force with Debian's RAUC, and back where the new one is older, not well, made by somebody else, or does not start.
func TestUpdate(t *testing.T) {
	r := newBranch(t)
	sum, root := r.bundle(contents{version: "5"})
	five := r.assigned(r.release("5", sum, 5))
	err := r.runs(five, false)
	r.said("fetching 5", "installing 5", "rebooting 5")
	r.stands(slots.A, slots.B)
	r.starts(err, false)
	r.stands(slots.A, slots.B) // on trial
	_ = r.runs(nil, false, update.Committed)
	r.said("trial 5", "committed 5")
	r.stands(slots.B, slots.B)
	if !r.holds(slots.B, root) {
		t.Error("slot B does not hold the new root")
	}
	if f, err := r.slot.Reuse(); err != nil || f == nil {
		t.Errorf("the bundle of the slot in force is not kept for its parts: %v", err)
	} else {
		f.Close()
	}

	sum, _ = r.bundle(contents{version: "4"})
	older := r.assigned(r.release("4", sum, 4))
	_ = r.runs(older, false, update.Idle, update.Failed)
	r.said("failed  refused.older")
	r.stands(slots.B, slots.B)

	sum, _ = r.bundle(contents{version: "6"})
	sick := r.assigned(r.release("6", sum, 6))
	r.starts(r.runs(sick, false), false)
	err = r.runs(nil, true)
	r.said("fetching 6", "installing 6", "rebooting 6", "trial 6")
	r.starts(err, false)
	_ = r.runs(nil, false, update.Reverted)
	r.said("reverted 6 health")
	r.stands(slots.B, slots.B)

	key, cert := r.signer("foreign")
	sum, _ = r.bundle(contents{version: "8", key: key, cert: cert})
	foreign := r.assigned(r.release("8", sum, 8))
	_ = r.runs(foreign, false, update.Failed)
	r.said("fetching 8", "failed  check")
	if f := r.slot.Fault(); f == nil || f.Code != "refused" {
		t.Errorf("it says %v", f)
	}
	r.stands(slots.B, slots.B)

	sum, _ = r.bundle(contents{version: "7"})
	dead := r.assigned(r.release("7", sum, 7))
	r.starts(r.runs(dead, false), true)
	_ = r.runs(nil, false, update.Reverted)
	r.said("fetching 7", "installing 7", "rebooting 7", "reverted 7 fell_back")
	r.stands(slots.B, slots.B)
	if why := r.slot.FellBack(); why != "slot A did not come up" {
		t.Errorf("it says %q", why)
	}
}

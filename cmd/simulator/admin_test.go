// SPDX-License-Identifier: Apache-2.0

package main

import (
	"context"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"madoguchi/cmd/internal/collector"
	"madoguchi/cmd/internal/director"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/cmd/internal/rollout/book"
	"madoguchi/cmd/internal/store"
	"madoguchi/cmd/internal/world"
	"madoguchi/device/policy"
	"madoguchi/device/update"
)

// admin is a person with the fleet tool, at the city of a world.
type admin struct {
	t    *testing.T
	w    *world.World
	eyes *visitor // sees when city hall's database has changed
	bin  string
	db   *store.Store // the same database as the tool's, for what is looked at often
	size int64        // of what was released last, bytes
}

func newAdmin(t *testing.T, w *world.World, eyes *visitor) *admin {
	t.Helper()
	a := &admin{t: t, w: w, eyes: eyes, bin: filepath.Join(t.TempDir(), "fleet")}
	if out, err := exec.Command("go", "build", "-o", a.bin, "madoguchi/cmd/fleet").CombinedOutput(); err != nil {
		t.Fatalf("building fleet: %v\n%s", err, out)
	}
	key, _, err := collector.OpenKey(w.Data())
	if err != nil {
		t.Fatal(err)
	}
	if a.db, err = store.Open(t.Context(), filepath.Join(w.Data(), "cityhall.db"), store.Opts{DigestKey: collector.DigestKey(key)}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { a.db.Close() })
	return a
}

// try calls the tool.
func (a *admin) try(args ...string) ([]byte, error) {
	ctx, cancel := context.WithTimeout(a.t.Context(), 2*patience)
	defer cancel()
	return exec.CommandContext(ctx, a.bin, append([]string{"--city", a.w.Depot(), "--data", a.w.Data()}, args...)...).CombinedOutput()
}

func (a *admin) fleet(args ...string) []byte {
	a.t.Helper()
	out, err := a.try(args...)
	if err != nil {
		a.t.Fatalf("fleet %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return out
}

// key is a key file of a kind's first or second holder.
func (a *admin) key(kind, n string) string {
	return filepath.Join(a.w.Depot(), "keys", kind+"-"+n+".key")
}

// release signs a file, well after a second, unless more says otherwise.
func (a *admin) release(kind, path, version string, more ...string) {
	a.t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		a.t.Fatal(err)
	}
	a.size = info.Size()
	a.fleet(append([]string{"release", kind, path, "--version", version, "--soak", "1s", "--within", "1m", "--key", a.key(kind, "1")}, more...)...)
}

// draft draws up a plan: waves as of the tool, and further flags.
func (a *admin) draft(release string, waves ...string) *rollout.Rollout {
	a.t.Helper()
	kind, _, _ := strings.Cut(release, "/")
	args := []string{"rollout", "create", release, "--json", "--reason", "test", "--key", a.key(kind, "1")}
	for i, w := range waves {
		if strings.HasPrefix(w, "--") {
			args = append(args, waves[i:]...)
			break
		}
		args = append(args, "--wave", w)
	}
	var r rollout.Rollout
	if err := json.Unmarshal(a.fleet(args...), &r); err != nil {
		a.t.Fatal(err)
	}
	return &r
}

// begin lets the second person approve a plan and the first start it.
func (a *admin) begin(id string) {
	a.t.Helper()
	kind, _, _ := strings.Cut(id, "-")
	a.fleet("rollout", "approve", id, "--key", a.key(kind, "2"))
	a.fleet("rollout", "start", id)
}

// start is draft and begin.
func (a *admin) start(release string, waves ...string) {
	a.t.Helper()
	a.draft(release, waves...)
	a.begin(strings.ReplaceAll(release, "/", "-"))
}

// ends watches a rollout until it has ended, which must be in a phase.
func (a *admin) ends(id string, want rollout.Phase) *rollout.Rollout {
	a.t.Helper()
	text, err := a.try("rollout", "status", id, "--watch", "--every", "200ms")
	if (err != nil) != (want == rollout.Aborted) {
		a.t.Fatalf("watching %s: %v\n%s", id, err, text)
	}
	r := a.rollout(id)
	if r.Phase != want {
		a.t.Fatalf("rollout %s is %s, want %s\n%s", id, r.Phase, want, text)
	}
	return r
}

func (a *admin) rollout(id string) *rollout.Rollout {
	a.t.Helper()
	r, _, err := book.Find(a.t.Context(), a.db, id)
	if err != nil {
		a.t.Fatal(err)
	}
	return r
}

// boxes are what the boxes last said of their updates, by id.
func (a *admin) boxes() map[string]update.Status {
	a.t.Helper()
	list, err := a.db.Boxes(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	all := map[string]update.Status{}
	for _, b := range list {
		said, err := director.ReadReport(b.Reported)
		if err != nil {
			a.t.Fatal(err)
		}
		all[b.ID] = said.Status
	}
	return all
}

// settled tells whether every box has said something of its newest assignment.
func (a *admin) settled(all map[string]update.Status) bool {
	list, err := a.db.Boxes(a.t.Context())
	if err != nil {
		a.t.Fatal(err)
	}
	return !slices.ContainsFunc(list, func(b store.Box) bool { return all[b.ID].Gen != b.Gen || len(b.Earlier) > 0 })
}

// await looks at the boxes at each change of city hall's database until it is so.
func (a *admin) await(what string, so func(map[string]update.Status) bool) (all map[string]update.Status) {
	a.t.Helper()
	a.eyes.await(what, func() bool {
		all = a.boxes()
		return so(all)
	})
	return all
}

// file writes a file.
func (a *admin) file(name, text string) string {
	a.t.Helper()
	path := filepath.Join(a.t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		a.t.Fatal(err)
	}
	return path
}

// rules writes nabari's rules of another version into a folder, with noise bytes of remarks, and returns the packed file.
func (a *admin) rules(version string, noise int) string {
	a.t.Helper()
	dir := a.t.TempDir()
	for _, name := range []string{policy.National, "nabari"} {
		text, err := os.ReadFile(filepath.Join("..", "..", "device", "policy", "data", name+".toml"))
		if err != nil {
			a.t.Fatal(err)
		}
		if name == "nabari" {
			text = []byte(strings.Replace(string(text), "version = 1", "version = "+version, 1) + remarks(noise))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".toml"), text, 0o600); err != nil {
			a.t.Fatal(err)
		}
	}
	return a.file("nabari.policy", string(a.fleet("policy", "pack", "nabari", "--policies", dir)))
}

// remarks are n bytes of comment lines in which no chunk repeats.
func remarks(n int) string {
	var b strings.Builder
	for i := uint64(0); b.Len() < n; i++ {
		b.WriteString("# " + update.Sum([]byte{byte(i), byte(i >> 8), byte(i >> 16)}).String() + "\n")
	}
	return b.String()
}

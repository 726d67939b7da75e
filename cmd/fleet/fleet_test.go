// SPDX-License-Identifier: Apache-2.0

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"madoguchi/cmd/internal/broker"
	"madoguchi/cmd/internal/crowd"
	"madoguchi/cmd/internal/depot"
	"madoguchi/cmd/internal/rollout"
	"madoguchi/device/update"
)

// hall is a city with its tool: folders, a broker, and "fleet" as people call it.
type hall struct {
	t          *testing.T
	city, data string
	password   string
	broker     *broker.Broker
	packs      int // rules packed so far
}

func newHall(t *testing.T) *hall {
	t.Helper()
	dir := t.TempDir()
	b, err := broker.Start(broker.Opts{City: "nabari"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Stop() })
	h := &hall{t: t, city: filepath.Join(dir, "nabari"), data: filepath.Join(dir, "hall"), password: filepath.Join(dir, "password"), broker: b}
	if err := os.Mkdir(h.data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(h.password, []byte(b.Password()+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	h.must("keys", "new", "--code", "nabari", "--plain")
	return h
}

// call runs the tool and returns its exit status and what it printed.
func (h *hall) call(ctx context.Context, args ...string) (int, string) {
	return h.typing(ctx, "", args...)
}

// typing is call with something to read.
func (h *hall) typing(ctx context.Context, in string, args ...string) (int, string) {
	var out, errs bytes.Buffer
	code := runWith(ctx, append([]string{"fleet", "--city", h.city, "--data", h.data}, args...), strings.NewReader(in), &out, &errs)
	return code, out.String() + errs.String()
}

// key is a key file of the city.
func (h *hall) key(name string) string { return filepath.Join(h.city, "keys", name+".key") }

func (h *hall) must(args ...string) string {
	h.t.Helper()
	code, out := h.call(h.t.Context(), args...)
	if code != 0 {
		h.t.Fatalf("fleet %s: exit %d\n%s", strings.Join(args, " "), code, out)
	}
	return out
}

// refused expects exit 1 and a text.
func (h *hall) refused(want string, args ...string) {
	h.t.Helper()
	if code, out := h.call(h.t.Context(), args...); code != 1 || !strings.Contains(out, want) {
		h.t.Errorf("fleet %s: exit %d, want 1 and %q\n%s", strings.Join(args, " "), code, want, out)
	}
}

func (h *hall) rollout(id string) *rollout.Rollout {
	h.t.Helper()
	var r rollout.Rollout
	if err := json.Unmarshal([]byte(h.must("rollout", "status", id, "--json")), &r); err != nil {
		h.t.Fatal(err)
	}
	return &r
}

// serve starts the director; the returned function kills it and waits.
func (h *hall) serve() (kill func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		code, out := h.call(ctx, "serve", "--broker", h.broker.URL(), "--password-file", h.password, "--every", "200ms",
			"--device-rate", "100000000", "--office-rate", "100000000")
		if code != 0 {
			h.t.Errorf("serve: exit %d\n%s", code, out)
		}
		h.t.Logf("fleet serve\n%s", out)
	}()
	return func() { cancel(); <-done }
}

// payload writes a file of n bytes by lot.
func (h *hall) payload(n int) string {
	seed := rand.Uint64()
	h.t.Logf("seed %d", seed)
	rnd := rand.New(rand.NewPCG(seed, 5))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rnd.Uint32())
	}
	path := filepath.Join(h.t.TempDir(), "payload")
	if err := os.WriteFile(path, b, 0o600); err != nil {
		h.t.Fatal(err)
	}
	return path
}

// TestBadBuild: fifty boxes; a build that is well on the first wave's boxes and not on those of the second. The director is killed and started again on the way. The
// rollout stops by itself, the boxes that took the build are back on the one before, and the rest never heard of it.
func TestBadBuild(t *testing.T) {
	h := newHall(t)
	d, err := depot.Open(h.city)
	if err != nil {
		t.Fatal(err)
	}
	h.must("release", "firmware", h.payload(150<<10), "--version", "1.4.0", "--soak", "0s", "--within", "0s")
	h.must("release", "firmware", h.payload(150<<10), "--version", "1.4.1", "--soak", "0s", "--within", "0s")
	good, err := d.Manifest("firmware/1.4.0/manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	bad, err := d.Manifest("firmware/1.4.1/manifest.json")
	if err != nil {
		t.Fatal(err)
	}

	const n = 50
	var sick atomic.Pointer[func(id string, running update.Digest) bool]
	opts, err := crowd.Opts{Broker: h.broker.URL(), Dir: t.TempDir(), Cases: 3, Poll: 20 * time.Millisecond, Answer: 500 * time.Millisecond, Retry: 200 * time.Millisecond,
		Transfer: update.TransferOpts{Patience: 500 * time.Millisecond, Tries: 20},
		Sick: func(id string, running update.Digest, _ string) string {
			if is := sick.Load(); is != nil && (*is)(id, running) {
				return "the reader does not answer"
			}
			return ""
		}}.Of(d)
	if err != nil {
		t.Fatal(err)
	}
	all, err := crowd.Make(n, opts)
	if err != nil {
		t.Fatal(err)
	}
	boxes := map[string]*crowd.Box{}
	for i, b := range all {
		h.must("enroll", "add", b.String(), "--office", crowd.Office(i+1))
		boxes[b.String()] = b
	}
	ctx, stop := context.WithCancel(context.Background())
	var living sync.WaitGroup
	kill := h.serve()
	living.Go(func() {
		if err := all.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() { kill(); stop(); living.Wait() })

	// Everybody gets 1.4.0 first: what a revert goes back to.
	h.must("rollout", "create", "firmware/1.4.0", "--reason", "first", "--wave", "all:100%:0s", "--key", h.key("firmware-1"))
	h.refused("somebody else", "rollout", "approve", "firmware-1.4.0", "--key", h.key("firmware-1"))
	h.refused("none of role firmware", "rollout", "approve", "firmware-1.4.0", "--key", h.key("policy-1"))
	h.refused("it is draft", "rollout", "start", "firmware-1.4.0")
	h.must("rollout", "approve", "firmware-1.4.0", "--key", h.key("firmware-2"))
	h.must("rollout", "start", "firmware-1.4.0")
	patient, enough := context.WithTimeout(t.Context(), 40*time.Second)
	defer enough()
	if code, out := h.call(patient, "rollout", "status", "firmware-1.4.0", "--watch", "--every", "100ms"); code != 0 || h.rollout("firmware-1.4.0").Phase != rollout.Complete {
		t.Fatalf("the good build: exit %d\n%s", code, out)
	}
	for id, b := range boxes {
		if running, _ := b.Slot(update.Firmware); running != good.SHA256 {
			t.Fatalf("%s does not run 1.4.0", id)
		}
	}

	h.must("rollout", "create", "firmware/1.4.1", "--reason", "reader driver", "--wave", "canary:5:300ms:5", "--wave", "second:40%:1s", "--wave", "all:100%:0s", "--key", h.key("firmware-1"))
	plan := h.rollout("firmware-1.4.1")
	second := func(id string, running update.Digest) bool { // another board revision, say
		return running == bad.SHA256 && plan.Members[id].Wave == 1
	}
	sick.Store(&second)
	h.must("rollout", "approve", "firmware-1.4.1", "--key", h.key("firmware-2"))
	h.must("rollout", "start", "firmware-1.4.1")
	watched := make(chan string, 1)
	go func() {
		code, out := h.call(patient, "rollout", "status", "firmware-1.4.1", "--watch", "--every", "100ms")
		watched <- fmt.Sprintf("%s(exit %d)", out, code)
	}()
	for h.rollout("firmware-1.4.1").Tally(0)[rollout.Offered] == 0 && !h.rollout("firmware-1.4.1").Final() {
		if ctx.Err() != nil {
			t.Fatal(ctx.Err())
		}
	}
	kill() // while the canaries are on it
	kill = h.serve()
	out := <-watched
	t.Logf("fleet rollout status firmware-1.4.1 --watch\n%s", out)
	if !strings.Contains(out, "(exit 1)") || !strings.Contains(out, "was aborted") {
		t.Error("the watcher did not end with the abort")
	}

	r := h.rollout("firmware-1.4.1")
	if r.Phase != rollout.Aborted || !strings.Contains(r.Reason, "health ×") {
		t.Fatalf("phase %s: %s", r.Phase, r.Reason)
	}
	taken := 0
	for id, m := range r.Members {
		running, installed := boxes[id].Slot(update.Firmware)
		want := good.SHA256
		switch {
		case m.Wave == 0:
			want = bad.SHA256 // it is well there, and what is committed stays
		case installed > 1:
			taken++
		}
		if m.Wave == 2 && (m.State != rollout.Untouched || installed != 1) {
			t.Errorf("%s of the last wave is %s and installed %d versions", id, m.State, installed)
		}
		if running != want && m.State != rollout.Working && m.State != rollout.Offered {
			t.Errorf("%s of wave %d (%s) runs another version", id, m.Wave, m.State)
		}
	}
	t.Logf("%d of 50 boxes took the bad build besides the canaries", taken)
	for id, m := range r.Members {
		if m.State == rollout.Failed && m.Code == "health" { // another may by now say that its attempts are used up
			text := h.must("rollout", "why", id)
			if !strings.Contains(text, "did not keep 1.4.1: health") || !strings.Contains(text, "the rollout is aborted") {
				t.Errorf("why:\n%s", text)
			}
			t.Logf("fleet device why %s\n%s", id, text)
			break
		}
	}
	if out := h.must("audit", "--verify"); !strings.Contains(out, "lines, head") {
		t.Error(out)
	}
	acts := h.must("audit", "--last", "200")
	for _, want := range []string{"rollout approve", "rollout aborted", "enroll"} {
		if !strings.Contains(acts, want) {
			t.Errorf("the audit log lacks %q", want)
		}
	}
	// What was offered and not kept is withdrawn: the next assignment of any kind must not bring the bad build again.
	withdrawn(t, h, boxes, update.Firmware)
	if out := h.must("device", "diff"); !strings.Contains(out, "every box runs what it should") {
		t.Errorf("diff\n%s", out)
	}
	if out := h.must("serve", "--broker", h.broker.URL(), "--dry-run"); !strings.Contains(out, "would serve nabari") {
		t.Error(out)
	}
}

// withdrawn waits until no box but the canaries is assigned the bad build, and until every one has said that it knows.
func withdrawn(t *testing.T, h *hall, boxes map[string]*crowd.Box, kind update.Kind) {
	t.Helper()
	late := time.Now().Add(20 * time.Second)
	for {
		var list []deviceLine
		if err := json.Unmarshal([]byte(h.must("device", "list", "--json")), &list); err != nil {
			t.Fatal(err)
		}
		open := ""
		for _, l := range list {
			v := versionOf(l.Assigned[string(kind)])
			if v != l.Update.Versions[kind] || l.Gen != l.Update.Gen {
				open += fmt.Sprintf("%s should run %s and runs %s, generation %d of %d\n", l.ID, v, l.Update.Versions[kind], l.Update.Gen, l.Gen)
			}
		}
		if open == "" {
			return
		}
		if time.Now().After(late) {
			t.Fatalf("of %d boxes these are not told the truth yet:\n%s", len(boxes), open)
		}
		time.Sleep(100 * time.Millisecond) // the tool is called as a person would: there is no event to wait for
	}
}

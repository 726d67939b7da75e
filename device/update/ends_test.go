// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/device/update"
)

// limit is more than the longest limit of a step, its grace, and what comes before it.
const limit = 45 * time.Minute

// TestAgentHangs: whatever step of an installer does not come back, with the counter held or not: cases can open again, it is said why, and no step is called beside it. When
// it does come back, the box gets on.
func TestAgentHangs(t *testing.T) {
	for _, tt := range []struct {
		step, want string
		sick       bool
	}{
		{"check", "failed check.late", false},
		{"install", "failed install.late", false},
		{"activate", "failed revert", false}, // and it cannot be taken back before it ends
		{"probe", "failed revert", false},
		{"commit", "failed revert", false},
		{"revert", "failed revert", true},
	} {
		t.Run(tt.step, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false)
				good, m := b.release(t, update.Policy, "1", 1, []byte("good"))
				b.start()
				b.agent.Desired(b.assign(t, "box", 1, good))
				time.Sleep(time.Hour)
				b.states()
				ends := make(chan struct{})
				b.slot.hangs = map[string]chan struct{}{tt.step: ends}
				if tt.sick {
					b.slot.sick = errors.New("does not draw")
				}
				next, n := b.release(t, update.Policy, "2", 2, []byte("next"))
				b.agent.Desired(b.assign(t, "box", 2, next))
				time.Sleep(limit)
				synctest.Wait()
				if b.held.Load() {
					t.Error("no case can open")
				}
				if got := b.states(); !slices.Contains(got, tt.want) || slices.Contains(got, "committed") {
					t.Errorf("states %v, want %q", got, tt.want)
				}
				b.slot.sick = nil
				close(ends)
				var err error
				for range 3 { // what a caller does that is told an error
					select {
					case err = <-b.ended:
						ctx, cancel := context.WithCancel(context.Background())
						go func() { b.ended <- b.agent.Run(ctx) }()
						b.stop = func() { cancel(); <-b.ended }
						time.Sleep(time.Minute)
					default:
					}
				}
				b.agent.Desired(b.assign(t, "box", 3, good))
				time.Sleep(8 * time.Hour)
				synctest.Wait()
				want := m.SHA256
				if tt.step == "commit" { // it has taken effect, late
					want = n.SHA256
				}
				if b.at().running != want || b.held.Load() {
					t.Errorf("afterwards another version than the assigned one runs (%v), or the counter is held: %v", err, b.at().calls)
				}
				if got := b.states(); got[len(got)-1] != "idle" && tt.step != "commit" { // from which the first version is a step back
					t.Errorf("afterwards: states %v", got)
				}
				b.stop()
			})
		})
	}
}

// TestAgentNoStart: the start that a slot needs does not come. The counter serves residents again, it is told, and nothing may start into the other slot later.
func TestAgentNoStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		path, _ := b.release(t, update.Firmware, "2", 2, []byte("wanted"))
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, path))
		for n := 1; n <= 3; n++ {
			if err := <-b.ended; !errors.Is(err, update.ErrReboot) {
				t.Fatalf("run: %v, want ErrReboot", err)
			}
			if !b.held.Load() {
				t.Error("a case can open while the board goes down")
			}
			ctx, cancel := context.WithCancel(context.Background())
			go func() { b.ended <- b.agent.Run(ctx) }()
			b.stop = func() { cancel(); <-b.ended }
			time.Sleep(time.Minute)
			synctest.Wait()
			if b.held.Load() {
				t.Error("no case can open although the board stays up")
			}
			if got := b.states(); got[len(got)-1] != "reverted restart" {
				t.Errorf("states %v", got)
			}
			if b.at().next != (update.Digest{}) {
				t.Error("a later start would go into the slot that was given up")
			}
		}
		time.Sleep(24 * time.Hour)
		if n := len(b.at().calls); n != 12 { // three times check, install, activate, revert
			t.Errorf("calls %v, want three tries", b.at().calls)
		}
		if got := b.states(); got[len(got)-1] != "failed attempts" {
			t.Errorf("states %v", got)
		}
		if left := b.payloads(); len(left) > 0 {
			t.Errorf("nobody will install %v any more", left)
		}
		b.stop()
	})
}

// TestAgentNoStartBack: the start that would bring the old slot back does not come. It is told, and asked for again; in between residents are served.
func TestAgentNoStartBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		path, _ := b.release(t, update.Firmware, "2", 2, []byte("bad"))
		b.slot.sick = errors.New("no reader")
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, path))
		b.reboot()
		for range 3 {
			if err := <-b.ended; !errors.Is(err, update.ErrReboot) {
				t.Fatalf("run: %v, want ErrReboot", err)
			}
			b.states()
			again := make(chan error, 1)
			go func() { again <- b.agent.Run(t.Context()) }()
			if err := <-again; err == nil || errors.Is(err, update.ErrReboot) {
				t.Fatalf("run without a start: %v", err)
			}
			b.expect("failed restart")
			if b.held.Load() {
				t.Error("no case can open although the board stays up")
			}
			go func() { b.ended <- b.agent.Run(t.Context()) }()
		}
		b.reboot()
		time.Sleep(time.Second)
		if got := b.states(); !slices.Contains(got, "reverted health") {
			t.Errorf("states %v", got)
		}
		b.stop()
	})
}

// fussy is a store that refuses one name once.
type fussy struct {
	update.Store
	name *string
}

func (f fussy) Save(name string, raw []byte) error {
	if name == *f.name {
		*f.name = ""
		return errors.New("no space left on device")
	}
	return f.Store.Save(name, raw)
}

// TestAgentAdopts: the document of an assignment, or its generation, cannot be stored at first. After a power cut the box still carries out the newest that it said it follows.
func TestAgentAdopts(t *testing.T) {
	for _, name := range []string{"desired", "agent"} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, false)
			first, _ := b.release(t, update.Policy, "1", 1, []byte("first"))
			second, m := b.release(t, update.Policy, "2", 2, []byte("second"))
			refuse := ""
			b.wrap = func(s update.Store) update.Store { return fussy{s, &refuse} }
			b.start()
			b.agent.Desired(b.assign(t, "box", 1, first))
			time.Sleep(time.Hour)
			b.states()
			b.busy.Store(true)
			refuse = name
			b.agent.Desired(b.assign(t, "box", 2, second))
			time.Sleep(time.Hour)
			if got := b.states(); !slices.Contains(got, "failed storage") {
				t.Errorf("%s: states %v", name, got)
			}
			b.stop()
			b.down.Store(true) // nobody brings it again
			b.start()
			b.busy.Store(false)
			time.Sleep(time.Minute)
			b.down.Store(false)
			time.Sleep(12 * time.Hour)
			synctest.Wait()
			if b.at().committed != m.SHA256 {
				t.Errorf("%s: after a start the assignment is lost: %v", name, b.states())
			}
			b.stop()
		})
	}
}

// TestAgentNoInstaller: a start with another configuration finds a kind on trial that it cannot install. It says so and gets on with the others.
func TestAgentNoInstaller(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		path, _ := b.release(t, update.Firmware, "2", 2, []byte("wanted"))
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, path))
		if err := <-b.ended; !errors.Is(err, update.ErrReboot) {
			t.Fatal(err)
		}
		b.states()
		policy := &slot{}
		b.more = map[update.Kind]update.Installer{update.Firmware: nil, update.Policy: policy}
		rules, m := b.release(t, update.Policy, "2", 2, []byte("rules"))
		b.start()
		b.agent.Desired(b.assign(t, "box", 2, path, rules))
		time.Sleep(time.Hour)
		synctest.Wait()
		if got := b.states(); policy.committed != m.SHA256 || got[len(got)-1] != "failed refused.installer" {
			t.Errorf("states %v", got)
		}
		b.stop()
	})
}

// TestAgentWithdrawn: an assignment that wants another version ends a trial, one that wants the same or that is none of ours does not.
func TestAgentWithdrawn(t *testing.T) {
	for name, tt := range map[string]struct {
		come func(b *bench, good, next string) []byte
		line bool
		want string
	}{
		"withdrawn":            {func(b *bench, good, _ string) []byte { return b.assign(b.t, "box", 3, good) }, true, "reverted withdrawn"},
		"withdrawn, no line":   {func(b *bench, good, _ string) []byte { return b.assign(b.t, "box", 3, good) }, false, "reverted withdrawn"},
		"signed again":         {func(b *bench, _, next string) []byte { return b.assign(b.t, "box", 3, next) }, true, "committed"},
		"the one in force":     {func(b *bench, _, next string) []byte { return b.assign(b.t, "box", 2, next) }, true, "committed"},
		"another box's":        {func(b *bench, good, _ string) []byte { return b.assign(b.t, "twin", 3, good) }, true, "committed"},
		"an older one":         {func(b *bench, good, _ string) []byte { return b.assign(b.t, "box", 1, good) }, true, "committed"},
		"a stranger's, thrice": {func(b *bench, good, _ string) []byte { return []byte(strings.Repeat("{}", 3)) }, true, "committed"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := newBench(t, false)
				good, g := b.release(t, update.Policy, "1", 1, []byte("good"))
				next, n := b.release(t, update.Policy, "2", 2, []byte("next"))
				b.start()
				b.agent.Desired(b.assign(t, "box", 1, good))
				time.Sleep(time.Hour)
				b.states()
				b.agent.Desired(b.assign(t, "box", 2, next))
				time.Sleep(time.Minute)
				b.expect("fetching", "installing", "trial")
				b.down.Store(!tt.line)
				b.agent.Desired(tt.come(b, good, next))
				time.Sleep(4 * time.Minute)
				b.down.Store(false)
				time.Sleep(time.Hour)
				synctest.Wait()
				got := b.states()
				if !slices.Contains(got, tt.want) || got[len(got)-1] != "idle" {
					t.Errorf("states %v, want %q, and idle in the end", got, tt.want)
				}
				want := n.SHA256
				if tt.want != "committed" {
					want = g.SHA256
				}
				if b.at().running != want {
					t.Errorf("another version runs: %v", b.at().calls)
				}
				b.stop()
			})
		})
	}
}

// TestAgentWrongWithoutLine: one that is none of ours comes while the line is down. When it is back the good one is carried out.
func TestAgentWrongWithoutLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		path, m := b.release(t, update.Policy, "2", 2, []byte("wanted"))
		b.busy.Store(true)
		b.start()
		b.agent.Desired(b.assign(t, "box", 5, path))
		time.Sleep(time.Minute)
		b.down.Store(true)
		b.agent.Desired(b.assign(t, "twin", 9, path))
		time.Sleep(time.Hour)
		b.busy.Store(false)
		b.down.Store(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.at().committed != m.SHA256 {
			t.Errorf("states %v", b.states())
		}
		b.stop()
	})
}

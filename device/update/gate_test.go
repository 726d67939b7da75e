// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/device/update"
)

// TestAgentHolds: no case opens while a bundle is written and put in force, nor while a bad one is taken back; and none is kept from opening during the trial.
func TestAgentHolds(t *testing.T) {
	for _, reboots := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			b := newBench(t, reboots)
			kind := update.Policy
			if reboots {
				kind = update.Firmware
			}
			path, _ := b.release(t, kind, "2", 2, []byte("bad"))
			b.slot.sick = errors.New("no reader")
			b.slot.onStep = func(step string) {
				if !b.held.Load() && step != "check" {
					t.Errorf("slot %v: %s while a case could open", reboots, step)
				}
			}
			b.start()
			b.agent.Desired(b.assign(t, "box", 1, path))
			if reboots {
				b.reboot()
			}
			time.Sleep(10 * time.Minute)
			if b.held.Load() {
				t.Error("held during the trial")
			}
			b.busy.Store(true) // a resident types when the verdict falls
			time.Sleep(time.Hour)
			if slices.Contains(b.at().calls, "revert") {
				t.Error("taken back while a case was open")
			}
			b.busy.Store(false)
			if reboots {
				b.reboot()
			}
			time.Sleep(time.Minute)
			if got := b.states(); !slices.Contains(got, "reverted health") {
				t.Errorf("states %v", got)
			}
			if b.held.Load() {
				t.Error("still held at the end")
			}
			b.stop()
		})
	}
}

// TestAgentWrongAssignment: one that is not signed for this box neither displaces the one in force nor ends the work on it.
func TestAgentWrongAssignment(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		path, m := b.release(t, update.Policy, "2", 2, noise(t, 400<<10))
		b.busy.Store(true)
		b.start()
		b.agent.Desired(b.assign(t, "box", 5, path))
		time.Sleep(time.Minute)
		b.expect("fetching", "waiting")
		for _, wrong := range [][]byte{[]byte("{}"), b.assign(t, "twin", 9, path), b.assign(t, "box", 4, path)} {
			b.agent.Desired(wrong)
			time.Sleep(time.Minute)
			b.expect("waiting", "fetching", "waiting") // it is not said to have failed
		}
		b.busy.Store(false)
		time.Sleep(time.Hour)
		synctest.Wait()
		if b.at().committed != m.SHA256 {
			t.Errorf("the good one was not installed: %v", b.states())
		}
		for want, raw := range map[string][]byte{"assignment": []byte("{}"), "assignment.older": b.assign(t, "box", 4, path)} {
			b.states()
			b.agent.Desired(raw) // with nothing left to do, too, and what it was stays said
			time.Sleep(time.Hour)
			synctest.Wait()
			b.mu.Lock()
			last := b.told[len(b.told)-1]
			b.mu.Unlock()
			if last.Refused != want || last.State != update.Idle || last.Gen != 5 {
				t.Errorf("%+v, want idle and %q refused", last, want)
			}
		}
		b.states()
		b.agent.Desired(b.assign(t, "box", 5, path))
		time.Sleep(time.Hour)
		synctest.Wait()
		if last := b.told[len(b.told)-1]; last.Refused != "" {
			t.Errorf("%+v after a good one", last)
		}
		b.stop()
	})
}

// TestAgentKinds: a kind that is refused does not hold up those after it, and is what is said in the end.
func TestAgentKinds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, false)
		config, policy := &slot{refuse: errors.New("line 3")}, &slot{}
		b.more = map[update.Kind]update.Installer{update.Config: config, update.Policy: policy}
		c, _ := b.release(t, update.Config, "2", 2, []byte("settings"))
		p, m := b.release(t, update.Policy, "2", 2, []byte("rules"))
		b.start()
		b.agent.Desired(b.assign(t, "box", 1, c, p))
		time.Sleep(time.Hour)
		b.expect("fetching", "failed check", "fetching", "installing", "trial", "committed", "failed check")
		synctest.Wait()
		if policy.committed != m.SHA256 || slices.Contains(config.calls, "install") {
			t.Errorf("config %v, policy %v", config.calls, policy.calls)
		}
		b.stop()
	})
}

// TestAgentSweeps: what an assignment no longer wants is removed, also after a start.
func TestAgentSweeps(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench(t, true)
		first, m := b.release(t, update.Firmware, "2", 2, noise(t, 300<<10))
		second, n := b.release(t, update.Firmware, "3", 3, noise(t, 300<<10))
		b.busy.Store(true)
		b.start()
		for gen, want := range []struct {
			path string
			sum  update.Digest
		}{{first, m.SHA256}, {second, n.SHA256}} {
			b.agent.Desired(b.assign(t, "box", int64(gen)+1, want.path))
			time.Sleep(time.Minute)
			if d := cmp.Diff([]string{want.sum.String()}, b.payloads()); d != "" {
				t.Errorf("payloads (-want +got):\n%s", d)
			}
		}
		b.stop()
		if err := os.WriteFile(filepath.Join(b.dir, "left.part"), nil, 0o600); err != nil {
			t.Fatal(err)
		}
		b.start()
		time.Sleep(time.Minute)
		if d := cmp.Diff([]string{n.SHA256.String()}, b.payloads()); d != "" {
			t.Errorf("payloads after a start (-want +got):\n%s", d)
		}
		b.agent.Desired(b.assign(t, "box", 3))
		time.Sleep(time.Minute)
		if left := b.payloads(); len(left) > 0 {
			t.Errorf("withdrawn, and %v lie there", left)
		}
		b.stop()
	})
}

// payloads are the names in the agent's folder.
func (b *bench) payloads() []string {
	b.t.Helper()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// SPDX-License-Identifier: Apache-2.0

package update_test

import (
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/device/update"
)

// power goes at the n-th step that changes something; from then on nothing changes any more.
type power struct {
	n    int  // 0: never
	late bool // the step at which it goes still takes effect
	seen int
	gone chan struct{}
}

var errPower = errors.New("power cut")

// step says whether a step takes effect and what its caller learns.
func (p *power) step() (works bool, err error) {
	if p == nil || p.n == 0 {
		return true, nil
	}
	switch p.seen++; {
	case p.seen < p.n:
		return true, nil
	case p.seen == p.n:
		close(p.gone)
		return p.late, errPower
	}
	return false, errPower
}

// cutStore is a store whose power is the slot's.
type cutStore struct {
	memory
	slot *slot
}

func (c cutStore) Save(name string, raw []byte) error {
	works, err := c.slot.power.step()
	if works {
		if err := c.memory.Save(name, raw); err != nil {
			return err
		}
	}
	return err
}

// TestAgentPowerCut: the power goes at each step in turn, before or after it took effect. What runs in the end is the assigned version or the one before, never anything
// else; "committed" is said of what is committed only; and a box that is let go on gets there.
func TestAgentPowerCut(t *testing.T) {
	for _, reboots := range []bool{false, true} {
		for _, late := range []bool{false, true} {
			cuts := 0
			for n := 1; ; n++ {
				cut := false
				synctest.Test(t, func(t *testing.T) { cut = powerCut(t, reboots, late, n) })
				if !cut {
					break
				}
				cuts++
			}
			t.Logf("slot %v, late %v: %d cuts", reboots, late, cuts)
			if cuts < 8 {
				t.Errorf("only %d steps were cut", cuts)
			}
		}
	}
}

// powerCut tells whether the n-th step was reached.
func powerCut(t *testing.T, reboots, late bool, n int) bool {
	b := newBench(t, reboots)
	kind := update.Policy
	if reboots {
		kind = update.Firmware
	}
	path, m := b.release(t, kind, "2", 2, []byte("wanted"))
	b.slot.power = &power{n: n, late: late, gone: make(chan struct{})}
	b.start()
	b.agent.Desired(b.assign(t, "box", 1, path))
	cut := false
	for range 6 { // starts
		ended := false
		select {
		case <-b.slot.power.gone:
		case <-b.ended:
			ended = true
		case <-time.After(2 * time.Hour):
		}
		select {
		case <-b.slot.power.gone: // first, or the box would be started without power
			if !ended {
				b.stop()
			}
			cut = true
			b.slot.power = &power{gone: make(chan struct{})}
			b.states() // what was said between cut and stop, nobody has heard
			b.start()
			b.agent.Desired(b.assign(t, "box", 1, path)) // the line brings it again
		default:
			if ended {
				b.start()
			}
		}
		synctest.Wait()
		if r := b.at().running; r != m.SHA256 && r != (update.Digest{}) {
			t.Fatalf("cut %d: %s runs", n, r)
		}
		if slices.Contains(b.states(), "committed") && b.at().committed != m.SHA256 {
			t.Errorf("cut %d: committed was said too early", n)
		}
	}
	if b.at().committed != m.SHA256 || b.at().running != m.SHA256 {
		t.Errorf("slot %v, late %v, cut %d: the assigned version is not in force in the end: %v", reboots, late, n, b.at().calls)
	}
	b.stop()
	return cut
}

// SPDX-License-Identifier: Apache-2.0

package child

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pinpadtest"
)

// runClosures gives the closures of m, which run until the test ends, and what they answer: each mask as it was felt.
func runClosures(t *testing.T, m *pinpadtest.Matrix) (*closures, <-chan uint16) {
	t.Helper()
	felt := make(chan uint16)
	c := newClosures(m, pinpad.Opts{}, func(mask uint16) error { felt <- mask; return nil })
	stop := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() { c.run(stop) })
	t.Cleanup(func() { close(stop); wait.Wait() })
	return c, felt
}

// TestEachPressIsTaken: a press that is set and answered was taken by the real
// key-pad, once, whatever the mode did just before.
func TestEachPressIsTaken(t *testing.T) {
	m := pinpadtest.NewMatrix()
	pad, err := pinpad.New(m.Rows(), m.Cols(), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pad.Halt() })
	c, felt := runClosures(t, m)

	for i, k := range pinpad.Keys() {
		gen := uint32(i)
		pad.Menu(gen) // as at each new screen: nothing is taken until all keys were seen up
		for _, mask := range []uint16{k.Bit(), 0} {
			c.set(mask)
			if got := <-felt; got != mask {
				t.Fatalf("key %v: %#x was answered, want %#x", k, got, mask)
			}
		}
		var got []pinpad.Key
		for len(pad.Events()) > 0 {
			if e := <-pad.Events(); e.Kind == pinpad.EventPress {
				got = append(got, e.Key)
			}
		}
		if d := cmp.Diff([]pinpad.Key{k}, got); d != "" {
			t.Errorf("key %v (-want +got):\n%s", k, d)
		}
	}
	if f := m.Faults(); len(f) > 0 {
		t.Errorf("lines: %q", f)
	}
}

// TestNobodyScans: without a key-pad a closure is answered all the same.
func TestNobodyScans(t *testing.T) {
	c, felt := runClosures(t, pinpadtest.NewMatrix())
	c.set(1)
	select {
	case <-felt:
	case <-time.After(30 * time.Second):
		t.Error("a closure without a key-pad was never answered")
	}
}

// TestPadNotRun: a key-pad that the machine lets stand for a while, as one does with more to run than it can, still takes each press once.
func TestPadNotRun(t *testing.T) {
	m := pinpadtest.NewMatrix()
	calls := 0
	pad, err := pinpad.New(m.Rows(), m.Cols(), &pinpad.Opts{Sleep: func(d time.Duration) {
		if calls++; calls%61 == 0 {
			d = 200 * time.Millisecond
		}
		time.Sleep(d)
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pad.Halt() })
	c, felt := runClosures(t, m)
	var want, got []pinpad.Key
	all := pinpad.Keys()
	for i, k := range all[:6] {
		pad.Secret(uint32(2*i), pinpad.Entry{Slot: pinpad.SlotCode}) // as between a code and what follows
		pad.Menu(uint32(2*i + 1))
		for _, mask := range []uint16{k.Bit(), 0} {
			c.set(mask)
			<-felt
		}
		want = append(want, k)
		for len(pad.Events()) > 0 {
			if e := <-pad.Events(); e.Kind == pinpad.EventPress {
				got = append(got, e.Key)
			}
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("keys (-want +got):\n%s", d)
	}
}

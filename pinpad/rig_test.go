// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"testing"
	"testing/synctest"
	"time"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

// rig is a key-pad on a key matrix in a bubble of fake time.
type rig struct {
	t *testing.T
	m *pinpadtest.Matrix
	p *pinpad.Pad
}

// bubble runs f with a started key-pad. Afterwards nothing may be held, driven
// or misused.
func bubble(t *testing.T, prepare func(*pinpadtest.Matrix), f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := &rig{t: t, m: pinpadtest.NewMatrix()}
		r.m.RequireSettle(50 * time.Microsecond)
		if prepare != nil {
			prepare(r.m)
		}
		var err error
		r.p, err = pinpad.New(r.m.Rows(), r.m.Cols(), &pinpad.Opts{Sleep: time.Sleep})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = r.p.Halt() }()  // also when f gives up
		time.Sleep(200 * time.Millisecond) // the first scans
		f(r)
		r.m.Break(nil)
		if err := r.p.Halt(); err != nil {
			t.Errorf("Halt: %v", err)
		}
		if d := r.m.Driven(); d != 0 {
			t.Errorf("columns %04b driven after Halt", d)
		}
		for _, f := range r.m.Faults() {
			t.Errorf("the matrix noticed: %s", f)
		}
		if n := pin.InUse(); n != 0 {
			t.Errorf("%d pages held after Halt", n)
		}
	})
}

// tap presses and releases keys, one after the other, as a quick person does.
func (r *rig) tap(keys ...pinpad.Key) {
	for _, k := range keys {
		r.m.Press(k)
		time.Sleep(60 * time.Millisecond)
		r.m.Release(k)
		time.Sleep(140 * time.Millisecond)
	}
}

// events returns what was told since the last call.
func (r *rig) events() []pinpad.Event {
	synctest.Wait()
	var all []pinpad.Event
	for {
		select {
		case e, ok := <-r.p.Events():
			if !ok {
				return all
			}
			all = append(all, e)
		default:
			return all
		}
	}
}

// bare is events without their times.
func (r *rig) bare() []pinpad.Event {
	all := r.events()
	for i := range all {
		all[i].At = time.Time{}
	}
	return all
}

// keys parses "1 2 enter".
func keys(t testing.TB, names ...string) []pinpad.Key {
	t.Helper()
	var all []pinpad.Key
	for _, n := range names {
		k, err := pinpad.ParseKey(n)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, k)
	}
	return all
}

// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

// downUp is what the key test tells of presses.
func downUp(gen uint32, all ...pinpad.Key) []pinpad.Event {
	var want []pinpad.Event
	for _, k := range all {
		want = append(append(want, press(gen, k)...), pinpad.Event{Gen: gen, Kind: pinpad.EventRelease, Key: k})
	}
	return want
}

// keysOnly leaves out the contacts, which contacts_test.go is about.
func keysOnly(all []pinpad.Event) []pinpad.Event {
	return slices.DeleteFunc(all, func(e pinpad.Event) bool { return e.Kind == pinpad.EventContacts })
}

func TestKeyTest(t *testing.T) {
	const ms = time.Millisecond
	for _, tt := range []struct {
		name string
		do   func(*rig)
		want []pinpad.Event
	}{
		{"every key", func(r *rig) { all := pinpad.Keys(); r.tap(all[:]...) }, downUp(2, func() []pinpad.Key { k := pinpad.Keys(); return k[:] }()...)},
		{"held long", func(r *rig) { r.hold(pinpad.KeyMenu, 3*time.Second, 500*ms) }, downUp(2, pinpad.KeyMenu)},
		{"a worn key that bounces for long", func(r *rig) {
			r.hold(pinpad.Key5, 40*ms, 40*ms)
			r.hold(pinpad.Key5, 40*ms, 40*ms)
		}, downUp(2, pinpad.Key5, pinpad.Key5)},
		{"two at once", func(r *rig) {
			r.m.SetClosed(pinpad.Key1.Bit() | pinpad.Key2.Bit())
			time.Sleep(500 * ms)
			r.m.SetClosed(0)
			time.Sleep(100 * ms)
			r.tap(pinpad.Key3)
		}, downUp(2, pinpad.Key3)},
		{"a second finger ends the first", func(r *rig) {
			r.m.Press(pinpad.Key1)
			time.Sleep(50 * ms)
			r.m.Press(pinpad.Key2)
			time.Sleep(50 * ms)
			r.m.SetClosed(0)
			time.Sleep(100 * ms)
		}, downUp(2, pinpad.Key1)},
		{"the service keys are two keys", func(r *rig) {
			r.m.Press(pinpad.KeyService)
			time.Sleep(3 * time.Second)
			r.m.SetClosed(0)
			time.Sleep(100 * ms)
		}, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Menu(1)
				time.Sleep(100 * ms)
				if !r.p.Test(2) {
					t.Fatal("no key test from menu mode")
				}
				time.Sleep(100 * ms)
				tt.do(r)
				got := keysOnly(r.bare())
				if len(got) == 0 {
					got = nil
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				r.p.Menu(3)
				time.Sleep(100 * ms)
				r.hold(pinpad.Key5, 40*ms, 40*ms)
				r.hold(pinpad.Key5, 40*ms, 200*ms)
				if diff := cmp.Diff(press(3, pinpad.Key5), r.bare()); diff != "" {
					t.Errorf("in menu mode again (-want +got):\n%s", diff)
				}
			})
		})
	}
}

// Keys are not named beside a PIN, wherever it stands.
func TestNoKeyTestBesideAPIN(t *testing.T) {
	digits := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4}
	for _, tt := range []struct {
		name string
		do   func(*rig)
	}{
		{"a new code", func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotNewCode})
			r.tap(keys(r.t, "1", "2", "3", "4", "enter")...)
			r.p.Off(2)
		}},
		{"nothing typed yet", func(r *rig) { r.p.Secret(1, digits) }},
		{"typing", func(r *rig) { r.p.Secret(1, digits); r.tap(pinpad.Key1) }},
		{"rests", func(r *rig) { r.p.Secret(1, digits); r.tap(pinpad.Key1, pinpad.KeyCancel); r.p.Menu(2) }},
		{"entered", func(r *rig) { r.p.Secret(1, digits); r.tap(keys(r.t, "1", "2", "3", "4", "enter")...); r.p.Menu(2) }},
		{"a code", func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCode})
			r.tap(keys(r.t, "1", "2", "3", "4", "enter")...)
			r.p.Off(2)
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				tt.do(r)
				time.Sleep(200 * time.Millisecond)
				r.events()
				if r.p.Test(9) {
					t.Error("the key test began")
				}
				r.tap(pinpad.Key7)
				for _, e := range r.events() {
					if e.Gen == 9 || e.Kind == pinpad.EventRelease {
						t.Errorf("told %+v", e)
					}
				}
				r.p.Menu(3)
				r.p.Wipe()
				if !r.p.Test(10) {
					t.Error("no key test after Wipe")
				}
			})
		})
	}
}

// throwing is a row whose driver panics.
type throwing struct {
	gpio.PinIO
	read, wait atomic.Bool
}

func (l *throwing) Read() gpio.Level {
	if l.read.Load() {
		panic("1234 and other things nobody may see")
	}
	return l.PinIO.Read()
}

func (l *throwing) WaitForEdge(d time.Duration) bool {
	if l.wait.Load() {
		panic(errors.New("1234"))
	}
	return l.PinIO.WaitForEdge(d)
}

// A driver that panics ends the key-pad in order: pages are wiped, Events is
// closed, and what was thrown is not told.
func TestDriverPanics(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(*throwing)
		want string
	}{
		{"scanning", func(l *throwing) { l.read.Store(true) }, "pinpad: a line's driver panicked: string"},
		{"asleep", func(l *throwing) { l.wait.Store(true) }, "pinpad: a line's driver panicked: *errors.errorString"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := pinpadtest.NewMatrix()
				rows := m.Rows()
				line := &throwing{PinIO: rows[2]}
				rows[2] = line
				p, err := pinpad.New(rows, m.Cols(), &pinpad.Opts{Sleep: time.Sleep})
				if err != nil {
					t.Fatal(err)
				}
				r := &rig{t: t, m: m, p: p}
				p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4})
				time.Sleep(200 * time.Millisecond)
				r.tap(pinpad.Key1, pinpad.Key2)
				r.events()
				synctest.Wait()
				tt.do(line)
				p.Menu(2) // an entry rests, and the key-pad may sleep
				time.Sleep(time.Minute)
				for range p.Events() { // until it is closed
				}
				if err := p.Err(); !errors.Is(err, pinpad.ErrPanic) || err.Error() != tt.want {
					t.Errorf("Err() = %v, want %s", err, tt.want)
				}
				if n := pin.InUse(); n != 0 {
					t.Errorf("%d pages held", n)
				}
				p.Menu(3)
				p.Secret(4, pinpad.Entry{Slot: pinpad.SlotCurrent})
				if p.Test(5) {
					t.Error("a key-pad that ended began a test")
				}
				if err := p.Halt(); !errors.Is(err, pinpad.ErrPanic) {
					t.Errorf("Halt() = %v", err)
				}
			})
		})
	}
}

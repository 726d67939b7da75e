// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

// No key crosses from one mode into the other.
func TestModesDoNotMix(t *testing.T) {
	secret := func(r *rig) {
		r.p.Secret(2, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4})
	}
	menu := func(r *rig) { r.p.Menu(2) }
	off := func(r *rig) { r.p.Off(2) }
	for _, tt := range []struct {
		name     string
		from, to func(*rig)
		want     []pinpad.Event // of a key pressed after the held one is up
	}{
		{"menu to secret", func(r *rig) { r.p.Menu(1) }, secret, []pinpad.Event{{Gen: 2, Kind: pinpad.EventTyped, Filled: 1}}},
		{"secret to menu", func(r *rig) { r.p.Secret(1, pinpad.Entry{Form: pin.FormDigits4}) }, menu, press(2, pinpad.Key6)},
		{"secret to secret", func(r *rig) { r.p.Secret(1, pinpad.Entry{Form: pin.FormDigits4}) }, secret, []pinpad.Event{{Gen: 2, Kind: pinpad.EventTyped, Filled: 1}}},
		{"menu to off", func(r *rig) { r.p.Menu(1) }, off, nil},
		{"off to menu", func(r *rig) { r.p.Off(1) }, menu, press(2, pinpad.Key6)},
		{"off to secret", func(r *rig) { r.p.Off(1) }, secret, []pinpad.Event{{Gen: 2, Kind: pinpad.EventTyped, Filled: 1}}},
	} {
		// The mode changes this long after a key went down: before it is
		// debounced, while it is held.
		for _, at := range []time.Duration{time.Millisecond, 12 * time.Millisecond, 80 * time.Millisecond} {
			t.Run(tt.name+" after "+at.String(), func(t *testing.T) {
				bubble(t, nil, func(r *rig) {
					tt.from(r)
					time.Sleep(time.Second)
					r.tap(pinpad.Key9, pinpad.KeyDown) // nobody receives these
					r.m.Press(pinpad.Key3)
					time.Sleep(at)
					tt.to(r)
					time.Sleep(time.Second)
					r.m.Release(pinpad.Key3)
					time.Sleep(200 * time.Millisecond)
					if got := r.bare(); len(got) != 0 {
						t.Errorf("crossed: %v", got)
					}
					r.tap(pinpad.Key6)
					if diff := cmp.Diff(tt.want, r.bare()); diff != "" {
						t.Errorf("the next key (-want +got):\n%s", diff)
					}
				})
			})
		}
	}
}

// From menu to menu keys typed ahead stay, in order and with their generation.
func TestTypeAhead(t *testing.T) {
	bubble(t, nil, func(r *rig) {
		r.p.Menu(1)
		r.tap(pinpad.Key1, pinpad.Key2)
		r.m.Press(pinpad.Key3)
		time.Sleep(50 * time.Millisecond)
		r.p.Menu(2)
		time.Sleep(50 * time.Millisecond)
		r.m.Release(pinpad.Key3)
		time.Sleep(100 * time.Millisecond)
		r.tap(pinpad.Key4)
		want := append(press(1, pinpad.Key1, pinpad.Key2, pinpad.Key3), press(2, pinpad.Key4)...)
		if diff := cmp.Diff(want, r.bare()); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	})
}

// A key that could not be told is not taken either.
func TestNobodyReceives(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := pinpadtest.NewMatrix()
		p, err := pinpad.New(m.Rows(), m.Cols(), &pinpad.Opts{Sleep: time.Sleep, Events: 4})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = p.Halt() }()
		r := &rig{t: t, m: m, p: p}
		p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
		time.Sleep(time.Second)
		r.tap(pinpad.Key2, pinpad.Key1, pinpad.Key3, pinpad.Key1, pinpad.Key4)
		m.Press(pinpad.Key5)
		time.Sleep(15 * time.Second) // stuck is told all the same
		m.Release(pinpad.Key5)
		time.Sleep(time.Second)
		if n := p.Lost(); n != 3 {
			t.Errorf("Lost() = %d, want 3", n)
		}
		want := []said{{typed, 0, true, 0}, {typed, 1, false, 0}, {typed, 1, true, 0}, {pinpad.EventStuck, 0, false, 0}}
		if diff := cmp.Diff(want, r.said()); diff != "" {
			t.Errorf("told (-want +got):\n%s", diff)
		}
		time.Sleep(time.Second)
		r.tap(pinpad.Key1)
		want = []said{{pinpad.EventIdle, 0, false, 0}, {typed, 2, false, 0}}
		if diff := cmp.Diff(want, r.said()); diff != "" {
			t.Errorf("told later (-want +got):\n%s", diff)
		}
	})
}

func TestNewRefuses(t *testing.T) {
	m := pinpadtest.NewMatrix()
	rows := m.Rows()
	rows[2] = gpio.INVALID
	var none [4]gpio.PinIO
	for _, tt := range []struct {
		name string
		rows [4]gpio.PinIO
		opts *pinpad.Opts
		want string
	}{
		{"a line that fails", rows, nil, "opening the key-pad: setting row 3 (INVALID) as input: gpio: invalid pin"},
		{"no line", none, nil, "opening the key-pad: no line for row or column 1"},
		{"negative time", m.Rows(), &pinpad.Opts{Scan: -1}, "opening the key-pad: Scan is -1ns: want a positive time"},
		{"no room", m.Rows(), &pinpad.Opts{Events: 1}, "opening the key-pad: Events is 1: want room for at least 4"},
		{"stuck before held", m.Rows(), &pinpad.Opts{Stuck: time.Second}, "opening the key-pad: option Stuck is 1s: want longer than every long press"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := pinpad.New(tt.rows, m.Cols(), tt.opts)
			if err == nil || err.Error() != tt.want {
				t.Errorf("New: %v\nwant %s", err, tt.want)
			}
		})
	}
}

func TestHaltTwice(t *testing.T) {
	m := pinpadtest.NewMatrix()
	p, err := pinpad.New(m.Rows(), m.Cols(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := p.Halt(); err != nil {
			t.Errorf("Halt: %v", err)
		}
	}
	if _, open := <-p.Events(); open {
		t.Error("Events is open after Halt")
	}
	p.Menu(1) // nothing happens to who comes late
	p.Secret(2, pinpad.Entry{Form: pin.FormDigits4})
	p.Off(3)
	p.Wipe()
	if got, want := p.String(), "pinpad.Pad{rows R1 R2 R3 R4, columns C1 C2 C3 C4}"; got != want {
		t.Errorf("String() = %s, want %s", got, want)
	}
	if n := pin.InUse(); n != 0 {
		t.Errorf("%d pages held", n)
	}
}

// Everything at once, in real time, for the race detector.
func TestManyGoroutines(t *testing.T) {
	m := pinpadtest.NewMatrix()
	p, err := pinpad.New(m.Rows(), m.Cols(), nil)
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(300 * time.Millisecond)
	var all sync.WaitGroup
	for _, f := range []func(uint32){
		func(g uint32) { p.Menu(g) },
		func(g uint32) { p.Secret(g, pinpad.Entry{Slot: pinpad.Slot(g % 3), Form: pin.FormPassword}) },
		func(uint32) { p.Take(pinpad.SlotCurrent).Wipe(); p.TakeCode().Wipe(); p.Wipe() },
		func(g uint32) { m.SetClosed(1 << (g % 16)); time.Sleep(20 * time.Millisecond); m.SetClosed(0) },
		func(uint32) { _ = p.Err(); _ = p.Lost(); _ = p.String() },
	} {
		all.Go(func() {
			for g := uint32(0); time.Now().Before(end); g++ {
				f(g)
				time.Sleep(time.Millisecond)
			}
		})
	}
	all.Go(func() {
		for range p.Events() {
			if time.Now().After(end) {
				return
			}
		}
	})
	for time.Now().Before(end) {
		time.Sleep(10 * time.Millisecond)
	}
	if err := p.Halt(); err != nil {
		t.Errorf("Halt: %v", err)
	}
	all.Wait()
	for _, f := range m.Faults() {
		t.Errorf("the matrix noticed: %s", f)
	}
	if n := pin.InUse(); n != 0 {
		t.Errorf("%d pages held", n)
	}
}

func TestKeyNames(t *testing.T) {
	seen := map[uint16]bool{}
	for _, k := range pinpad.Keys() {
		got, err := pinpad.ParseKey(k.String())
		if err != nil || got != k {
			t.Errorf("ParseKey(%q) = %v, %v", k.String(), got, err)
		}
		if b := k.Bit(); b == 0 || b&(b-1) != 0 || seen[b] {
			t.Errorf("%s has bits %016b", k, b)
		} else {
			seen[b] = true
		}
	}
	for _, bad := range []string{"", "none", "menu+cancel", "10", "Enter", " 1"} {
		if k, err := pinpad.ParseKey(bad); err == nil {
			t.Errorf("ParseKey(%q) = %v, want an error", bad, k)
		}
	}
	if pinpad.Key1.Bit() != 1 || pinpad.KeyEnter.Bit() != 1<<15 || pinpad.KeyCancel.Bit() != 1<<3 {
		t.Error("caps are not where the matrix has them")
	}
}

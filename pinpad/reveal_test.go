// SPDX-License-Identifier: Apache-2.0

package pinpad_test

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"madoguchi/pinpad"
	"madoguchi/pinpad/pin"
	"madoguchi/pinpad/pinpadtest"
)

// atlas has 36 pictures of 8 bytes, each its own.
var atlas = func() []byte {
	b := make([]byte, 36*8)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}()

// revealing runs f with a key-pad that may show.
func revealing(t *testing.T, f func(*rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		m := pinpadtest.NewMatrix()
		p, err := pinpad.New(m.Rows(), m.Cols(), &pinpad.Opts{Sleep: time.Sleep, Reveal: true})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(200 * time.Millisecond)
		f(&rig{t: t, m: m, p: p})
		if err := p.Halt(); err != nil {
			t.Error(err)
		}
		if n := pin.InUse(); n != 0 {
			t.Errorf("%d pages held after Halt", n)
		}
	})
}

// password types ABC123 into a slot and goes to menu mode.
func (r *rig) password(s pinpad.Slot) {
	r.p.Secret(1, pinpad.Entry{Slot: s, Form: pin.FormPassword})
	r.tap(keys(r.t, "2", "1", "2", "2", "2", "3", "1", "1", "2", "4", "3", "4", "enter")...)
	r.p.Menu(2)
	time.Sleep(100 * time.Millisecond)
	r.events()
}

func TestReveal(t *testing.T) {
	revealing(t, func(r *rig) {
		r.password(pinpad.SlotCurrent)
		for at, k := range []int{0, 1, 2, 27, 28, 29} { // A B C 1 2 3 among A–Z 0–9
			shown := 0
			err := r.p.Reveal(pinpad.SlotCurrent, at, atlas, func(pic []byte) {
				shown++
				if !bytes.Equal(pic, atlas[8*k:8*k+8]) {
					t.Errorf("place %d: another picture", at)
				}
			})
			if err != nil || shown != 1 {
				t.Errorf("place %d: shown %d times, %v", at, shown, err)
			}
		}
		if err := r.p.Reveal(pinpad.SlotCurrent, 6, atlas, func([]byte) { t.Error("shown") }); !errors.Is(err, pin.ErrNoCharacter) {
			t.Errorf("behind the last: %v", err)
		}
		r.wantPIN(pinpad.SlotCurrent, "ABC123")
		if err := r.p.Reveal(pinpad.SlotCurrent, 0, atlas, func([]byte) { t.Error("shown") }); !errors.Is(err, pinpad.ErrNoReveal) {
			t.Errorf("after it was taken: %v", err)
		}
	})
}

// While a character is shown the key that asked for it is watched, and what it
// shows goes with a wipe.
func TestRevealUntilRelease(t *testing.T) {
	revealing(t, func(r *rig) {
		r.password(pinpad.SlotNew)
		r.m.Press(pinpad.KeyMenu)
		time.Sleep(1100 * time.Millisecond)
		if got := r.bare(); len(got) != 2 || got[1].Kind != pinpad.EventHold {
			t.Fatalf("メニュー held told %v", got)
		}
		err := r.p.Reveal(pinpad.SlotNew, 0, atlas, func(pic []byte) {
			time.AfterFunc(time.Second, func() { r.m.Release(pinpad.KeyMenu) })
			e := <-r.p.Events()
			if e.Kind != pinpad.EventRelease || e.Key != pinpad.KeyMenu {
				t.Errorf("told %+v, want the release", e)
			}
			r.p.Wipe()
			if !bytes.Equal(pic, make([]byte, 8)) {
				t.Error("the picture outlived a wipe")
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
}

// Everything but an entered password in menu mode, where it is allowed, is refused.
func TestRevealRefused(t *testing.T) {
	refused := func(t *testing.T, r *rig, s pinpad.Slot) {
		t.Helper()
		if err := r.p.Reveal(s, 0, atlas, func([]byte) { t.Error("shown") }); !errors.Is(err, pinpad.ErrNoReveal) {
			t.Errorf("%s: %v", s, err)
		}
	}
	t.Run("not allowed", func(t *testing.T) {
		bubble(t, nil, func(r *rig) {
			r.password(pinpad.SlotCurrent)
			refused(t, r, pinpad.SlotCurrent)
		})
	})
	for name, do := range map[string]func(r *rig){
		"typing": func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
			r.tap(pinpad.Key2, pinpad.Key1)
		},
		"typing rests": func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword})
			r.tap(pinpad.Key2, pinpad.Key1, pinpad.KeyCancel)
			r.p.Menu(2)
		},
		"the second typing": func(r *rig) {
			r.password(pinpad.SlotNew)
			r.p.Secret(3, pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormPassword, Again: true})
		},
		"off": func(r *rig) { r.password(pinpad.SlotCurrent); r.p.Off(3) },
		"four digits": func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4})
			r.tap(keys(r.t, "1", "2", "3", "4", "enter")...)
			r.p.Menu(2)
		},
		"four digits after a password": func(r *rig) {
			r.password(pinpad.SlotCurrent)
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4})
			r.tap(keys(r.t, "1", "2", "3", "4", "enter")...)
			r.p.Menu(2)
		},
		"a code": func(r *rig) {
			r.p.Secret(1, pinpad.Entry{Slot: pinpad.SlotCode})
			r.tap(keys(r.t, "1", "2", "3", "4", "enter")...)
			r.p.Menu(2)
		},
		"wiped": func(r *rig) { r.password(pinpad.SlotCurrent); r.password(pinpad.SlotNew); r.p.Wipe() },
	} {
		t.Run(name, func(t *testing.T) {
			revealing(t, func(r *rig) {
				do(r)
				for _, s := range []pinpad.Slot{pinpad.SlotCurrent, pinpad.SlotNew, pinpad.SlotCode, 9} {
					refused(t, r, s)
				}
			})
		})
	}
}

// The hint about look-alikes comes with a new password's first 確認 that stands,
// and with nothing else.
func TestLookAlikeHint(t *testing.T) {
	fresh := pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormNewPassword}
	current := pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword}
	digits := pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormDigits4}
	plain := []string{"2", "1", "2", "3", "3", "1", "3", "4", "4", "4", "6", "4"} // ACD346
	alike := []string{"2", "1", "2", "3", "3", "1", "3", "4", "4", "4", "0", "1"} // ACD340
	for _, tt := range []struct {
		name  string
		entry pinpad.Entry
		keys  []string
		want  bool
	}{
		{"none", fresh, plain, false},
		{"one", fresh, alike, true},
		{"one in a password that exists", current, alike, false},
		{"one in a password that is too short", fresh, alike[8:], false},
		{"four digits", digits, []string{"0", "1", "2", "5"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bubble(t, nil, func(r *rig) {
				r.p.Secret(1, tt.entry)
				r.tap(keys(t, append(tt.keys, "enter")...)...)
				got := r.events()
				for i, e := range got {
					if last := i == len(got)-1; e.LookAlike != (last && tt.want) {
						t.Errorf("event %d of %d: %+v", i+1, len(got), e)
					}
				}
				if tt.entry != fresh || len(tt.keys) < 12 {
					return
				}
				again := fresh
				again.Again = true
				r.p.Secret(2, again)
				time.Sleep(100 * time.Millisecond)
				r.tap(keys(t, append(tt.keys, "enter")...)...)
				for _, e := range r.events() {
					if e.LookAlike || e.Fault != pin.FaultNone {
						t.Errorf("the second typing: %+v", e)
					}
				}
			})
		})
	}
}

// TestReopen: what 確認 has accepted and nobody took goes on from where it stood, in menu mode and back; another form or slot begins anew.
func TestReopen(t *testing.T) {
	for _, tt := range []struct {
		name string
		next pinpad.Entry
		want said // after 訂正
	}{
		{"the same entry", pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword, Resume: true}, said{typed, 5, false, 0}},
		{"from the beginning", pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormPassword}, said{pinpad.EventClearEmpty, 0, false, 0}},
		{"another form", pinpad.Entry{Slot: pinpad.SlotCurrent, Form: pin.FormDigits4, Resume: true}, said{pinpad.EventClearEmpty, 0, false, 0}},
		{"another slot", pinpad.Entry{Slot: pinpad.SlotNew, Form: pin.FormPassword, Resume: true}, said{pinpad.EventClearEmpty, 0, false, 0}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			revealing(t, func(r *rig) {
				r.password(pinpad.SlotCurrent)
				r.p.Secret(3, tt.next)
				time.Sleep(100 * time.Millisecond)
				r.tap(pinpad.KeyClear)
				if diff := cmp.Diff([]said{tt.want}, r.said()); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if tt.name != "the same entry" {
					return
				}
				r.tap(keys(t, "4", "3", "enter")...)
				r.wantPIN(pinpad.SlotCurrent, "ABC12I")
			})
		})
	}
}
